//! A hundred million rows on a store, read where they are: by one machine, and by two workers.

use super::bucket::ObjectStoreServer;
use super::{SOME, parquet, publishes, rows};
use hansa_test_support::league::TestLeague;
use hansa_test_support::worker_process::WorkerProcess;
use std::path::PathBuf;
use std::time::Instant;

const FILES: usize = 10;

/// Rows of a file.
const ROWS: i64 = 10_000_000;

#[test]
#[ignore = "a quarter of an hour, and 2 GB of disk; HANSA_PROGRAM names an optimised program"]
fn a_hundred_million_rows_of_a_store_are_read_by_workers() {
    let program =
        std::env::var_os("HANSA_PROGRAM").map_or_else(|| crate::binary().to_owned(), PathBuf::from);
    let league = TestLeague::new(&program);
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("water");
    std::fs::create_dir_all(bucket.join("levels")).unwrap();
    let rows = parquet(&rows(0, ROWS));
    for number in 0..FILES {
        std::fs::write(bucket.join(format!("levels/{number}.parquet")), &rows).unwrap();
    }
    let store = ObjectStoreServer::over(folder.path(), "127.0.0.1:0");
    let source = store.source(&folder.path().join("keys"));
    let started = Instant::now();
    let (lindau, acme) = publishes(
        &league,
        &source,
        &SOME.replace("\"site\"]", "\"site\", \"level\"]"),
    );
    println!("published after {:?}", started.elapsed());
    let sql = "SELECT site, count(*) AS n, sum(level) AS total, max(id) AS last FROM lindau.levels GROUP BY site ORDER BY site";
    let ask = || {
        let started = Instant::now();
        (acme.ask(sql).must().rows(), started.elapsed())
    };
    let (alone, _) = ask();
    let (_, by_itself) = ask();
    lindau.hansa(&["cluster", "init"]).must();
    let workers = ["w1", "w2"].map(|name| WorkerProcess::of(&lindau, name));
    let tables = workers.each_ref().map(WorkerProcess::table).join("\n");
    lindau.configure(&tables);
    lindau.hansa(&["reload"]).must();
    let (helped, _) = ask();
    let (again, with_workers) = ask();
    assert_eq!((&helped, &again), (&alone, &alone));
    assert_eq!(workers.each_ref().map(WorkerProcess::questions), [2, 2]);
    let shown: i64 = alone.iter().map(|row| row["n"].as_i64().unwrap()).sum();
    println!("{shown} rows shown; by itself {by_itself:?}, with two workers {with_workers:?}");
    for worker in &workers {
        println!("{} MB of memory at most", worker.resident()[1] >> 20);
    }
    assert!(shown > 80_000_000);
}
