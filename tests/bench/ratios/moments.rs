//! Moments: how soon a withdrawal cuts a stream, a cancel leaves the processor alone, and a connector that starts answers.

use crate::measure::{median, seconds};
use crate::readers::{own, resident};
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;
use hansa_test_support::workflow::instant;
use hansa_transport::peer::settings::TransportSettings;
use std::time::{Duration, Instant};

/// What the provider still works in the second that begins so long after a cancel.
pub(crate) fn cancelled(
    federation: &BenchFederation,
    consumer: &WireConsumer,
    table: &mut ResultTable,
) {
    let pid = federation.provider.pid().unwrap();
    let second = || {
        let before = seconds(pid);
        std::thread::sleep(Duration::from_secs(1));
        seconds(pid) - before
    };
    std::thread::sleep(Duration::from_secs(2));
    let idle = second();
    let sql = "SELECT note, sum(value) AS s FROM counts_open GROUP BY note ORDER BY s, note";
    let before = seconds(pid);
    consumer.let_go(federation.contract("open"), sql, Duration::from_millis(500));
    let at_work = seconds(pid) - before;
    std::thread::sleep(Duration::from_millis(200));
    table.note(
        "a cancel: work of the half second before it, ms",
        at_work * 1e3,
    );
    table.note(
        "a cancel: work of the second that begins 200 ms after it beyond that of an idle one, ms",
        (second() - idle) * 1e3,
    );
}

/// How much longer a question takes while the provider's own people ask six that never end: each of the two has half of the threads.
pub(crate) fn shared(
    federation: &BenchFederation,
    consumer: &WireConsumer,
    table: &mut ResultTable,
    rounds: usize,
) {
    let sql = "SELECT site, kind, count(*) AS c, sum(n) AS s, avg(value) AS a FROM counts_open GROUP BY site, kind";
    let contract = federation.contract("open");
    let typical = || {
        let mut times = Vec::new();
        for round in 0..=rounds {
            let started = Instant::now();
            consumer.ask(contract, sql);
            if round > 0 {
                times.push(started.elapsed().as_secs_f64());
            }
        }
        eprintln!("questions one after the other, seconds: {times:.3?}");
        median(&mut times)
    };
    let alone = typical();
    let endless = "SELECT count(*) FROM north.counts_small a, north.counts_small c, north.counts_small d, north.counts_open b \
                   WHERE a.id + b.id + c.id + d.id = -1";
    let args = [
        "sql",
        endless,
        "--purpose",
        hansa_test_support::workflow::PURPOSE,
    ];
    let mut others: Vec<_> = (0..6)
        .map(|_| {
            let mut command = federation.provider.command(&args);
            let quiet = std::process::Stdio::null;
            command.stdout(quiet()).stderr(quiet());
            command.spawn().expect("the binary starts")
        })
        .collect();
    let pid = federation.provider.pid().unwrap();
    // Until they compute.
    let before = seconds(pid);
    while seconds(pid) - before < 3.0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    let beside = typical();
    for other in &mut others {
        assert!(
            other.try_wait().expect("it is a child").is_none(),
            "it still asks"
        );
        other.kill().expect("it is there");
        let _ = other.wait();
    }
    table.note(
        "a question beside six endless ones of the provider's own people: time beside that of it alone",
        beside / alone,
    );
}

/// What still comes after the withdrawal of a contract is in the log.
pub(crate) fn withdrawn(
    federation: &BenchFederation,
    consumer: &WireConsumer,
    table: &mut ResultTable,
) {
    let contract = federation.contract("rounded");
    let sql = "SELECT id, site, kind, n, value, note FROM counts_rounded";
    let named = contract.to_string();
    let args = [
        "--yes", "contract", "withdraw", &named, "--reason", "measured",
    ];
    let mut command = federation.provider.command(&args);
    let mut withdrawing = None;
    let came = consumer.until_cut(contract, sql, || {
        withdrawing = Some(command.spawn().expect("the binary starts"));
    });
    let done = withdrawing.expect("something came").wait();
    assert!(done.expect("it ends").success(), "it is withdrawn");
    let record = federation.provider.records("withdraw").pop();
    let withdrawn = instant(&record.expect("it is on the books"));
    let after = came.iter().filter(|(at, _)| *at > withdrawn);
    let bytes: u64 = after.map(|(_, bytes)| bytes).sum();
    let last = came.iter().map(|(at, _)| *at).max().unwrap_or(withdrawn);
    let window = f64::from(TransportSettings::default().stream_window);
    table.note(
        "a withdrawal: last message after its record, ms, at most 50",
        (last - withdrawn) as f64 / 1e3,
    );
    table.note(
        "a withdrawal: bytes after its record beside one window, at most 1",
        bytes as f64 / window,
    );
}

/// How long a connector with a hundred more datasets takes to its first answer over a new connection, and what it holds in memory then.
pub(crate) fn started(
    federation: &mut BenchFederation,
    table: &mut ResultTable,
    (rounds, sql): (usize, &str),
) {
    federation.provider.stop();
    for number in 0..100 {
        federation.provider.configure(&format!(
            "\n[[dataset]]\nname = \"more_{number}\"\ntitle = \"More\"\nlicence = \"proprietary\"\n\
             [dataset.source]\nkind = \"parquet\"\npath = \"small.parquet\"\n"
        ));
    }
    federation.provider.publishes();
    let mut times = Vec::new();
    let (mut memory, mut owned) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let start = Instant::now();
        federation.provider.serve();
        let consumer = WireConsumer::connect(federation);
        consumer.ask(federation.contract("small"), sql);
        if round > 0 {
            times.push(start.elapsed().as_secs_f64());
            std::thread::sleep(Duration::from_secs(2));
            let pid = federation.provider.pid().unwrap();
            memory.push(resident(pid) / f64::from(1 << 20));
            owned.push(own(pid) / f64::from(1 << 20));
        }
        federation.provider.stop();
    }
    federation.provider.serve();
    table.note(
        "a start with 100 datasets: seconds to the first answer over a new connection, at most 0.3",
        median(&mut times),
    );
    table.note(
        "a start with 100 datasets: MiB in memory after it, at most 64",
        median(&mut memory),
    );
    table.note(
        "a start with 100 datasets: MiB of them that are its own, and no pages of the binary's file",
        median(&mut owned),
    );
}
