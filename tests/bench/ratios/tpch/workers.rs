//! One city, its questions answered by itself and with the help of workers, in turns.

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

const TABLES: [&str; 6] = [
    "orders", "lineitem", "customer", "supplier", "nation", "region",
];

const QUESTIONS: [u32; 3] = [1, 5, 18];

/// The time and the work of questions with one and with two workers, beside the city alone.
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
        let mut ratios: [[Vec<f64>; 2]; 2] = Default::default();
        let mut alone_ms = Vec::new();
        for _ in 0..rounds {
            let (alone, alone_work, rows) = ask(0);
            alone_ms.push(alone * 1e3);
            for (count, [time, works]) in (1..).zip(&mut ratios) {
                let (helped, helped_work, same) = ask(count);
                assert_eq!(rows, same, "question {number} with {count} workers");
                time.push(helped / alone);
                works.push(helped_work / alone_work);
            }
        }
        let [[one, one_work], [two, two_work]] =
            ratios.map(|both| both.map(|mut all| median(&mut all)));
        let alone = median(&mut alone_ms);
        println!(
            "{number:>3} alone {alone:>7.0} ms; one: time {one:.2}, work {one_work:.2}; two: time {two:.2}, work {two_work:.2}"
        );
        all.push(json!({
            "question": number,
            "alone_ms": alone,
            "one_time": one,
            "one_work": one_work,
            "two_time": two,
            "two_work": two_work,
        }));
    }
    assert!(workers.iter().all(|worker| worker.shares() > 0));
    bremen.stop();
    json!({ "scale": scale, "rounds": rounds, "questions": all })
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
