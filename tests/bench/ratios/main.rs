//! `cargo ratios`: what governance and its wire cost, as ratios measured alternately in one run.
//!
//! Each figure is the time of the governed way divided by that of a bare one which does the same work without contract,
//! ruling, record and receipt: plain DataFusion on the same file, a bare Arrow Flight stream over the same mutual TLS, a
//! bare unary call. Times alone say little on a machine that does other things too; ratios of neighbours say more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and stops at the first surprise"
)]

mod bare_server;
mod console_answer;
mod console_pages;
mod console_visit;
mod governed_query;
mod many;
mod measure;
mod moments;
mod objects;
mod page;
mod participants;
mod point;
mod range;
mod readers;
mod reads;
mod small;
mod strangers;
mod sync;
mod table;
mod tpch;
mod twins;
mod wire;
mod world;

use hansa_test_support::network_relay::LinkProfile;
use measure::RoundPlan;
use std::path::PathBuf;
use std::time::Duration;
use table::ResultTable;
use tpch::gate;

/// That of the connector, so that what is compared in this process is built alike.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The two questions, over a dataset that the contract shows whole and over one of which it filters rows and masks columns.
/// The bare side asks the same of the file, with the contract's filter written into the question.
const QUESTIONS: [(&str, &str, &str, &str); 4] = [
    (
        "scan, everything permitted",
        "open",
        "SELECT id, site, kind, n, value FROM counts_open",
        "SELECT id, site, kind, n, value FROM t",
    ),
    (
        "scan, row filter and two unread masks",
        "filtered",
        "SELECT id, site, kind, n, value FROM counts_filtered",
        "SELECT id, site, kind, n, value FROM t WHERE site <> 'site 7'",
    ),
    (
        "aggregate, everything permitted",
        "open",
        "SELECT site, count(*) AS c, sum(n) AS s, avg(value) AS a FROM counts_open GROUP BY site",
        "SELECT site, count(*) AS c, sum(n) AS s, avg(value) AS a FROM t GROUP BY site",
    ),
    (
        "aggregate, row filter and two unread masks",
        "filtered",
        "SELECT site, count(*) AS c, sum(n) AS s, avg(value) AS a FROM counts_filtered GROUP BY site",
        "SELECT site, count(*) AS c, sum(n) AS s, avg(value) AS a FROM t WHERE site <> 'site 7' GROUP BY site",
    ),
];

/// Counts and sums of each site, beside the same without a contract.
const GROUPED: &str = "SELECT site, count(*) AS c, sum(n) AS s FROM counts_grouped GROUP BY site";

/// Cells that were released are read; the bare side computes them.
const RELEASED: &str = "SELECT site, count(*) AS c, sum(n) AS s FROM counts_released GROUP BY site";

/// What the bare side asks instead of either.
const UNGOVERNED: &str = "SELECT site, count(*) AS c, sum(n) AS s FROM t GROUP BY site";

/// Treatments of a column, beside the same column as it is; both under a contract.
const TREATED: [(&str, &str, &str, &str); 2] = [
    (
        "rounding a time, ns of work a row, at most 20",
        "rounded",
        "SELECT id, at FROM counts_rounded",
        "SELECT id, at FROM counts_open",
    ),
    (
        "keyed hash of a text, ns of work a row, at most 200",
        "keyed",
        "SELECT id, device FROM counts_keyed",
        "SELECT id, device FROM counts_open",
    ),
];

/// How texts of `--only` begin that name nothing in the league of two.
const ELSEWHERE: [&str; 10] = [
    "TPC-H",
    "postgres_fdw",
    "joins on a link",
    "aggregate: ",
    "hourly series",
    "participants",
    "datasets and contracts",
    strangers::NAME,
    console_pages::NAME,
    console_answer::NAME,
];

fn main() {
    let mut args = std::env::args().skip(1);
    let mut rows = 4_000_000;
    let mut rounds = 11;
    let mut many = 100_000;
    let mut json = PathBuf::from("ratios.json");
    let mut only = String::new();
    let mut scales = vec![0.1];
    let mut link = None;
    let mut page = None;
    let mut python = "python3".to_owned();
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--rows" => rows = value().parse().expect("--rows is a number"),
            "--rounds" => rounds = value().parse().expect("--rounds is a number"),
            "--many" => many = value().parse().expect("--many is a number"),
            "--json" => json = value().into(),
            "--only" => only = value(),
            "--scale" => scales = some_scales(&value()),
            "--python" => python = value(),
            "--page" => page = Some(PathBuf::from(value())),
            "--link" => link = Some(a_link(&value())),
            // This program again, as the other end of the bare stream.
            "--bare-server" => return bare_server::server::run(&value()),
            _ => {
                eprintln!(
                    "usage: cargo ratios [--rows N] [--rounds N] [--many N] [--only TEXT,…] [--scale N,…] [--link MBIT,MS] [--python PROGRAM] [--json FILE] [--page FILE]"
                );
                std::process::exit(2);
            }
        }
    }
    let plans = scales.iter().map(|scale| tpch::TpchPlan {
        scale: *scale,
        rounds,
        link,
    });
    let plans: Vec<_> = plans.collect();
    let figures = run((rows, many), &plans, &only, &python);
    std::fs::write(&json, format!("{figures:#}\n")).expect("the figures can be written");
    eprintln!("figures: {}", json.display());
    if let Some(page) = page {
        let before = std::fs::read_to_string(&page).unwrap_or_default();
        let whole = page::page(&figures) + page::others_part(&before);
        std::fs::write(page, whole).expect("the page can be written");
    }
}

/// `0.1,1`: the questions of TPC-H are asked at each scale, all else is measured at the first.
fn some_scales(text: &str) -> Vec<f64> {
    let scales = text.split(',').map(|scale| scale.parse());
    scales
        .collect::<Result<_, _>>()
        .expect("--scale is a number, or some with commas between")
}

/// `100,20`: megabits in a second, and milliseconds that each byte is on its way, one way.
fn a_link(text: &str) -> LinkProfile {
    let (megabits, delay) = text.split_once(',').expect("--link is MBIT,MS");
    LinkProfile {
        bits: megabits.parse::<u64>().expect("megabits are a number") * 1_000_000,
        delay: Duration::from_millis(delay.parse().expect("milliseconds are a number")),
    }
}

/// Measures what has `only` in its name, where it says something.
fn run(
    (rows, many): (usize, usize),
    plans: &[tpch::TpchPlan],
    only: &str,
    python: &str,
) -> serde_json::Value {
    let plan = plans[0];
    let rounds = plan.rounds;
    let mut table = ResultTable::new(rows, rounds);
    let elsewhere = |one: &str| ELSEWHERE.iter().any(|name| one.starts_with(*name));
    if only.split(',').any(|one| !elsewhere(one)) {
        eprintln!("making {rows} rows, a league of two and its contracts");
        let mut federation =
            world::BenchFederation::new(rows, plan.scale, |dataset| match dataset {
                "sorted" => wanted("mutual TLS", point::NAME, only),
                "tenth" => wanted("mutual TLS", reads::READS[0].0, only),
                "lines" => {
                    wanted("in process", gate::INSIDE, only)
                        || wanted("mutual TLS", gate::OUTSIDE, only)
                }
                _ => true,
            });
        in_process(&federation, &mut table, rounds, only);
        over_tls(&mut federation, &mut table, (rounds, only, python));
    }
    if wanted("mutual TLS", many::NAME, only) {
        many::beside(&mut table, rounds, many);
    }
    if wanted("console", console_pages::NAME, only) {
        console_pages::beside(&mut table, many);
    }
    if wanted("console", console_answer::NAME, only) {
        console_answer::beside(&mut table, rows);
    }
    table.print();
    let number = |number: u32| wanted("TPC-H", &format!("q{number:02}"), only);
    let fdw = wanted("TPC-H", "postgres_fdw", only);
    for (which, plan) in plans.iter().enumerate() {
        let fdw = fdw && which == 0;
        if fdw || (1..=22).any(number) {
            table.tpch(tpch::run(*plan, number, fdw));
        }
    }
    if wanted("TPC-H", "workers", only) {
        table.workers(tpch::with_workers(plan));
    }
    if wanted("TPC-H", "joins on a link", only) {
        table.joins(tpch::joins_on_a_link(plan));
    }
    if wanted("aggregate", "hourly series", only) {
        table.series(tpch::hourly_series(plan));
    }
    if wanted("participants", "one aggregate over 3 to 100", only) {
        table.participants(participants::beside(rounds));
    }
    if wanted("port", strangers::NAME, only) {
        table.strangers(strangers::beside());
    }
    table.json()
}

fn in_process(
    federation: &world::BenchFederation,
    table: &mut ResultTable,
    rounds: usize,
    only: &str,
) {
    eprintln!("in process");
    let place = "in process";
    let many = RoundPlan { rounds, calls: 1 };
    let provider = governed_query::InProcessProvider::open(federation);
    let plain = bare_server::BareSession::new();
    let grouped = (
        "aggregate, groups of three and more",
        "grouped",
        GROUPED,
        UNGOVERNED,
    );
    for (name, dataset, governed, bare) in QUESTIONS.into_iter().chain([grouped]) {
        if !wanted(place, name, only) {
            continue;
        }
        let files = provider.files(dataset);
        let pair = measure::alternately(
            many,
            None,
            || provider.ask(dataset, governed),
            || plain.ask(bare, &files),
        );
        table.row(place, name, "plain DataFusion", &pair);
    }
    for (name, dataset, treated, as_it_is) in TREATED {
        if !wanted(place, name, only) {
            continue;
        }
        let pair = measure::alternately(
            many,
            None,
            || provider.ask(dataset, treated),
            || provider.ask("open", as_it_is),
        );
        table.note(name, pair.more_work() * 1e9 / table.rows() as f64);
    }
    if wanted(place, range::NAME, only) {
        range::beside(&provider, table, rounds);
    }
    if wanted(place, gate::INSIDE, only) {
        gate::in_process(&provider, &plain, table, rounds);
    }
}

fn over_tls(
    federation: &mut world::BenchFederation,
    table: &mut ResultTable,
    (rounds, only, python): (usize, &str, &str),
) {
    let place = "mutual TLS";
    let released = (
        "aggregate of released cells",
        "released",
        RELEASED,
        UNGOVERNED,
    );
    let streams: Vec<_> = QUESTIONS.into_iter().chain([released]).collect();
    let small = wanted(place, small::NAME, only);
    let stopped = wanted(place, "readers that stop", only);
    let polled = wanted(place, "twins that poll", only);
    let moments = wanted(place, "moments", only);
    let point = wanted(place, point::NAME, only);
    let gated = wanted(place, gate::OUTSIDE, only);
    let names = streams.iter().map(|one| one.0);
    let mut names = names.chain(reads::READS.map(|one| one.0));
    let alone = [small, stopped, polled, moments, point, gated];
    if !alone.contains(&true) && !names.any(|name| wanted(place, name, only)) {
        return;
    }
    eprintln!("over mutual TLS");
    let paths = federation.files();
    federation.serve();
    let server =
        bare_server::server::BareServerProcess::start(federation.folder(), "north", &paths);
    let consumer = wire::WireConsumer::connect(federation);
    let client =
        bare_server::client::BareClient::connect(federation.folder(), "north", server.address());
    let pids = Some((federation.provider.pid().unwrap(), server.pid()));
    for (name, dataset, governed, bare) in streams {
        if !wanted(place, name, only) {
            continue;
        }
        let pair = measure::alternately(
            RoundPlan { rounds, calls: 1 },
            pids,
            || consumer.ask(federation.contract(dataset), governed),
            || client.stream(dataset, bare),
        );
        table.row(place, name, "bare Flight stream", &pair);
    }
    reads::whole(
        (&*federation, &consumer, &paths),
        table,
        (rounds, only, python),
    );
    if gated {
        gate::over_tls((&*federation, &consumer, &client), table, (rounds, pids));
    }
    if point {
        point::beside((&*federation, &consumer, &paths), table, (rounds, python));
    }
    if stopped {
        readers::stopped(federation, &consumer, table, QUESTIONS[0].2);
    }
    if polled {
        twins::polling(federation, table, small::SQL);
    }
    if let (true, Some(pids)) = (small, pids) {
        small::beside((&*federation, &consumer, &client), table, (rounds, pids));
    }
    if moments {
        moments::shared(federation, &consumer, table, rounds);
        moments::cancelled(federation, &consumer, table);
        moments::withdrawn(federation, &consumer, table);
        moments::started(federation, table, (rounds, small::SQL));
    }
    if wanted(place, reads::READS[0].0, only) {
        reads::larger(federation, table, rounds);
    }
    federation.provider.stop();
}

/// Whether what is measured has one of the texts in its name.
fn wanted(place: &str, name: &str, only: &str) -> bool {
    let name = format!("{place}: {name}");
    only.split(',').any(|one| name.contains(one))
}
