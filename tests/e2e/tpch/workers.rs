//! One city whose questions workers help with, each a process of its own: the answers stay the same, whoever computes them.

use super::data::{self, rows};
use super::pool::{self, PooledSession};
use super::world::write;
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::worker_process::WorkerProcess;
use hansa_test_support::workflow::ALL;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Two and more row groups of lines, which are what is dealt.
const SCALE: f64 = 0.05;

const TABLES: [&str; 6] = [
    "orders", "lineitem", "customer", "supplier", "nation", "region",
];

#[test]
fn questions_1_5_and_18_with_any_number_of_workers() {
    let league = TestLeague::new(binary());
    let mut bremen = league.city("bremen");
    let firm = league.firm("firm");
    league.hand_bundle_to("bremen");
    let files = publish(&bremen);
    let pool = PooledSession::new(&files);
    bremen.serve();
    firm.knows(&bremen);
    for table in TABLES {
        let _ = firm.contract(&format!("bremen.{table}"));
    }
    let asked = |number: u32| {
        let sql = data::question(number, &["bremen"]);
        let lines = firm.ask(&sql).must().lines();
        let rows = lines.into_iter().filter(|line| line.get("hansa").is_none());
        rows.collect::<Vec<Value>>()
    };
    let permitted = |number: u32| {
        let sql = data::question(number, &["bremen"]);
        let lines = "* FROM bremen.lineitem";
        pool.ask(&sql.replace(lines, &format!("{lines} WHERE l_quantity < 50")))
    };
    let all = || [1, 5, 18].map(asked);
    for (number, rows) in [1, 5, 18].into_iter().zip(all()) {
        pool::same(number, &rows, &permitted(number));
    }
    bremen.hansa(&["cluster", "init"]).must();
    let mut workers: Vec<WorkerProcess> = (1..=3)
        .map(|number| WorkerProcess::of(&bremen, &format!("w{number}")))
        .collect();
    // On another machine, where nothing of the connector is but what a worker needs.
    workers.push(WorkerProcess::elsewhere(&bremen, "w4"));
    let bare = std::fs::read_to_string(bremen.folder().join("hansa.toml")).unwrap();
    let with = |workers: &[WorkerProcess]| {
        let tables: Vec<String> = workers.iter().map(WorkerProcess::table).collect();
        let text = format!("{bare}\n[cluster]\nat_least = 1000\n{}", tables.join("\n"));
        bremen.write("hansa.toml", &text);
        bremen.hansa(&["reload"]).must();
    };
    with(&workers[..1]);
    let alone = all();
    for (number, rows) in [1, 5, 18].into_iter().zip(&alone) {
        pool::same(number, rows, &permitted(number));
    }
    assert!(workers[0].shares() >= 3, "{}", workers[0].shares());
    for count in [2, 4] {
        with(&workers[..count]);
        let before: Vec<usize> = workers.iter().map(WorkerProcess::shares).collect();
        // To the last digit.
        assert_eq!(all(), alone, "{count} workers");
        for (worker, before) in workers[..count].iter().zip(before) {
            assert!(worker.shares() >= before + 3, "{worker:?}");
        }
    }
    // What is counted is counted where the answer leaves.
    let each = "SELECT l_orderkey, count(*) AS n FROM bremen.lineitem GROUP BY l_orderkey";
    firm.ask(each).refused("QUOTA_ROWS", 3);
    // What one does not do any more another one does.
    workers[1].kill();
    let before = workers[2].shares();
    assert_eq!(all(), alone, "one of four is lost");
    assert!(workers[2].shares() >= before + 6, "{}", workers[2].shares());
    // And without any the city computes it itself.
    workers.iter_mut().for_each(WorkerProcess::kill);
    assert_eq!(all(), alone, "all are lost");
    bremen.verifies();
}

/// The columns of lines but for the comment.
fn shown() -> String {
    let first = rows("lineitem", SCALE, 1, 1).next().unwrap();
    let schema = first.schema();
    let names = schema
        .fields()
        .iter()
        .map(|field| format!("\"{}\"", field.name()));
    let names: Vec<String> = names.filter(|name| !name.contains("comment")).collect();
    names.join(", ")
}

/// The tables, of which lines of large quantities and all comments are hidden; what lies where, for the pool.
fn publish(city: &TestParticipant) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for table in TABLES {
        let file = city.folder().join(format!("{table}.parquet"));
        write(&file, rows(table, SCALE, 1, 1));
        let path = file.to_str().unwrap();
        let add = ["dataset", "add", path, "--name", table, "--licence"];
        city.hansa(&[&add[..], &["proprietary"]].concat()).must();
        files.insert(format!("bremen.{table}"), file);
    }
    city.publishes();
    for table in TABLES {
        let terms = match table {
            "lineitem" => format!(
                "{ALL}\nrows = \"l_quantity < 50\"\nrows_per_day = 1_000\nbytes_per_day = \"1 GB\"\ncolumns = [{}]",
                shown()
            ),
            _ => ALL.to_owned(),
        };
        city.offers(table, table, &terms, "\"league\"", "auto");
    }
    files
}
