//! One city, its questions answered by itself and with the help of two workers, in turns. Each process is bound to one core: the city and
//! the first worker to the first, the second worker to the second.

use super::data::{self, rows};
use super::world::write;
use crate::measure::{self, median};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::worker_process::WorkerProcess;
use hansa_test_support::workflow::ALL;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

const TABLES: [&str; 8] = [
    "orders", "lineitem", "customer", "part", "partsupp", "supplier", "nation", "region",
];

const QUESTIONS: [u32; 4] = [1, 5, 9, 18];

/// The time and the work of questions with two workers, beside the city alone.
///
/// # Panics
/// When answers differ in the number of their rows.
pub(super) fn beside(scale: f64, rounds: usize) -> Value {
    eprintln!("TPC-H at scale {scale}: one city with workers");
    let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
    let mut bremen = league.city("bremen");
    let firm = league.firm("firm");
    league.hand_bundle_to("bremen");
    publish(&bremen, scale);
    // Question 18 holds a side of a join that is larger than what a new connector gives a question.
    let file = bremen.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).expect("the configuration is there");
    bremen.write("hansa.toml", &text.replace("\"512 MB\"", "\"4 GB\""));
    bremen.serve();
    firm.knows(&bremen);
    for table in TABLES {
        let _ = firm.contract(&format!("bremen.{table}"));
    }
    bremen.hansa(&["cluster", "init"]).must();
    let workers = ["one", "two"].map(|name| WorkerProcess::of(&bremen, name));
    let bare = std::fs::read_to_string(bremen.folder().join("hansa.toml")).unwrap();
    for (pid, core) in bremen
        .pid()
        .into_iter()
        .chain(workers.iter().map(WorkerProcess::pid))
        .zip([0, 0, 1])
    {
        bind(pid, core);
    }
    let with = |count: usize| {
        let tables: String = workers[..count].iter().map(WorkerProcess::table).collect();
        bremen.write("hansa.toml", &format!("{bare}\n{tables}"));
        bremen.hansa(&["reload"]).must();
    };
    let pids = || {
        bremen
            .pid()
            .into_iter()
            .chain(workers.iter().map(WorkerProcess::pid))
    };
    let work = || pids().map(measure::seconds).sum::<f64>();
    println!("\nworkers beside none, scale {scale}: time, and work of the city and its workers\n");
    let mut all = Vec::new();
    for number in QUESTIONS {
        let sql = data::question(number, &["bremen"]);
        let ask = |count: usize| {
            with(count);
            // Connections to workers are opened by a first question.
            let rows = firm.ask(&sql).must().lines().len();
            let (started, before) = (Instant::now(), work());
            let _ = firm.ask(&sql).must();
            (started.elapsed().as_secs_f64(), work() - before, rows)
        };
        let [mut alone_ms, mut faster, mut works]: [Vec<f64>; 3] = Default::default();
        for _ in 0..rounds {
            let (alone, alone_work, rows) = ask(0);
            alone_ms.push(alone * 1e3);
            let (helped, helped_work, same) = ask(2);
            assert_eq!(rows, same, "question {number} with two workers");
            faster.push(alone / helped);
            works.push(helped_work / alone_work);
        }
        let (alone, faster, works) = (
            median(&mut alone_ms),
            median(&mut faster),
            median(&mut works),
        );
        println!(
            "{number:>3} alone {alone:>7.0} ms; with two workers {faster:.2} times as fast, work {works:.2}"
        );
        all.push(json!({
            "question": number,
            "alone_ms": alone,
            "faster": faster,
            "work": works,
        }));
    }
    assert!(workers.iter().all(|worker| worker.questions() > 0));
    bremen.stop();
    json!({ "scale": scale, "rounds": rounds, "questions": all })
}

/// Binds a process with all its threads to one core.
fn bind(pid: u32, core: usize) {
    let (core, pid) = (core.to_string(), pid.to_string());
    let bound = std::process::Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", &core, &pid])
        .stdout(std::process::Stdio::null())
        .status();
    assert!(
        bound.is_ok_and(|status| status.success()),
        "taskset is there"
    );
}

fn publish(city: &TestParticipant, scale: f64) {
    for table in TABLES {
        let file = city.folder().join(format!("{table}.parquet"));
        write(&file, rows(table, scale, 1, 1));
        let path = file.to_str().expect("temporary folders have plain names");
        let add = ["dataset", "add", path, "--name", table, "--licence"];
        city.hansa(&[&add[..], &["proprietary"]].concat()).must();
    }
    city.publishes();
    for table in TABLES {
        city.offers(table, table, ALL, "\"league\"", "auto");
    }
}
