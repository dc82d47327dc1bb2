//! A hundred million rows on a store, read where they are: by one machine, and by two workers.

use super::bucket::{KEYS, ObjectStoreServer};
use super::{SOME, publishes};
use datafusion::arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use hansa_test_support::league::TestLeague;
use hansa_test_support::worker_process::WorkerProcess;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

const FILES: usize = 10;
const ROWS: i64 = 10_000_000;

/// One file of ten million rows in row groups of a million.
fn file() -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("site", DataType::Utf8, false),
        Field::new("level", DataType::Float64, false),
    ]));
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, Arc::clone(&schema), None).unwrap();
    let mut first = 0;
    while first < ROWS {
        let ids = first..first + 100_000;
        let sites = ids.clone().map(|id| format!("s{}", id % 7));
        let levels = ids
            .clone()
            .map(|id| f64::from(u32::try_from(id % 1_000_003).unwrap()) / 3.0);
        let columns: Vec<Arc<dyn datafusion::arrow::array::Array>> = vec![
            Arc::new(Int64Array::from_iter_values(ids.clone())),
            Arc::new(StringArray::from_iter_values(sites)),
            Arc::new(Float64Array::from_iter_values(levels)),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        writer.write(&batch).unwrap();
        first += 100_000;
    }
    writer.close().unwrap();
    bytes
}

#[test]
#[ignore = "a quarter of an hour, and 2 GB of disk; HANSA_PROGRAM names an optimised program"]
fn a_hundred_million_rows_of_a_store_are_read_by_workers() {
    let program =
        std::env::var_os("HANSA_PROGRAM").map_or_else(|| crate::binary().to_owned(), PathBuf::from);
    let league = TestLeague::new(&program);
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("water");
    std::fs::create_dir_all(bucket.join("levels")).unwrap();
    let rows = file();
    for number in 0..FILES {
        std::fs::write(bucket.join(format!("levels/{number}.parquet")), &rows).unwrap();
    }
    let store = ObjectStoreServer::over(folder.path(), "127.0.0.1:0");
    let keys = folder.path().join("keys");
    std::fs::write(&keys, KEYS).unwrap();
    let source = format!(
        "kind = \"parquet\"\npath = \"s3://water/levels/*.parquet\"\nin_place = true\nendpoint = \"http://{}\"\n\
         region = \"eu-central-1\"\ncredentials_file = \"{}\"",
        store.address,
        keys.display()
    );
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
        let lines = acme.ask(sql).must().lines();
        let rows = lines.into_iter().filter(|line| line.get("hansa").is_none());
        (rows.collect::<Vec<serde_json::Value>>(), started.elapsed())
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
