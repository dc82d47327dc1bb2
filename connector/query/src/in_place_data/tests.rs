//! Rows in place: statements for a database, changed files, and invalid configurations.

mod column_types;
mod numeric_columns;
mod row_order;
mod scan_statements;

use crate::execute::cancellation::CancellationSignal;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::storage::{FixtureStorage, shared_server};
use crate::in_place_data::InPlaceLocation;
use crate::in_place_data::postgres::query_connections::connection_string_problem;
use crate::in_place_data::storage_backend::is_local_endpoint;
use crate::ingest::config::parser::parse_datasets;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use std::path::Path;
use std::sync::Arc;

fn city(kept: FixtureStorage, rows: i64) -> FixtureParticipant {
    let mut city = FixtureParticipant::new();
    let set = build_dataset("counts", &["site:text", "n:int", "speed:float?"]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            (0..rows).map(|row| format!("Straße {}", row % 7)),
        )),
        Arc::new(Int64Array::from_iter_values(0..rows)),
        Arc::new(Float64Array::from_iter((0..rows).map(|row| {
            (row % 5 != 0).then(|| f64::from(i32::try_from(row).unwrap()) / 8.0)
        }))),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let layout = DatasetFileLayout {
        storage: kept,
        files: 2,
        row_group: 500,
        ..DatasetFileLayout::default()
    };
    city.publish(set, &batch, layout, Vec::<Term>::new());
    city
}

/// Table with the rows of a dataset.
fn table(city: &FixtureParticipant) -> String {
    match city.in_place_location("counts") {
        Some(InPlaceLocation::Postgres(table)) => table.name,
        other => panic!("{other:?}"),
    }
}

/// Last statement of the server on a table.
fn asked(table: &str) -> String {
    let from = format!(" FROM \"public\".\"{table}\"");
    let log = shared_server().0.log();
    let last = log.lines().rev().find(|line| line.contains(&from));
    last.unwrap().to_owned()
}

#[test]
fn conditions_columns_and_limits_go_into_the_database() {
    let city = city(FixtureStorage::Database, 3_000);
    let copied = self::city(FixtureStorage::Copied, 3_000);
    for (sql, text) in [
        (
            "SELECT n FROM counts WHERE n BETWEEN 10 AND 12",
            "\"Spalte 1\" >= '10'::int8 AND \"Spalte 1\" <= '12'::int8",
        ),
        (
            "SELECT count(*) c FROM counts WHERE site IN ('Straße 1', 'it''s')",
            "\"Spalte 0\"",
        ),
        (
            "SELECT sum(n) s FROM counts WHERE site > 'Straße 3'",
            "\"Spalte 0\" COLLATE \"C\" > 'Straße 3'",
        ),
        (
            "SELECT n FROM counts WHERE speed < 0.5",
            "\"Spalte 2\" < '0.5'::float8",
        ),
        (
            "SELECT n FROM counts WHERE speed IS NULL AND n < 9",
            "\"Spalte 2\" IS NULL",
        ),
        ("SELECT n FROM counts LIMIT 5", "LIMIT 5"),
    ] {
        let rows = city.query_rows(sql).unwrap();
        let last = asked(&table(&city));
        assert!(last.contains(text), "{sql}: {last}");
        let needed = sql.contains("speed");
        assert_eq!(last.contains("Spalte 2\"::"), needed, "{sql}: {last}");
        if !sql.contains("LIMIT") {
            let (mut rows, mut same) = (rows, copied.query_rows(sql).unwrap());
            rows.sort();
            same.sort();
            assert_eq!(rows, same, "{sql}");
        }
    }
}

#[test]
fn a_table_that_was_changed_is_refused() {
    let city = city(FixtureStorage::Database, 10);
    let table = table(&city);
    assert_eq!(city.query_rows("SELECT n FROM counts").unwrap().len(), 10);
    shared_server().0.run(&format!(
        "ALTER TABLE {table} ALTER COLUMN \"Spalte 1\" TYPE text"
    ));
    let refusal = city.query_rows("SELECT n FROM counts").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaChanged, "{refusal}");
    // The refusal does not depend on the columns of the question.
    let refusal = city.query_rows("SELECT site FROM counts").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaChanged, "{refusal}");
    shared_server().0.run(&format!("DROP TABLE {table}"));
    let refusal = city.query_rows("SELECT n FROM counts").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaChanged, "{refusal}");
}

#[test]
fn files_in_place_are_read_as_they_were_published_or_not_at_all() {
    let city = city(FixtureStorage::InPlace, 3_000);
    let copied = self::city(FixtureStorage::Copied, 3_000);
    let sql = "SELECT site, sum(n) n, count(speed) c FROM counts WHERE n > 700 GROUP BY site ORDER BY site";
    assert_eq!(
        city.query_rows(sql).unwrap(),
        copied.query_rows(sql).unwrap()
    );
    // The file is rewritten with equal bytes.
    let file = city.files("counts").remove(1);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let refusal = city.query_rows(sql).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceChanged, "{refusal}");
    std::fs::remove_file(&file).unwrap();
    let refusal = city.query_rows(sql).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceChanged, "{refusal}");
    // The consumer does not learn the location of the files.
    assert!(!format!("{refusal:?}").contains("parquet"), "{refusal:?}");
}

#[test]
fn what_a_file_says_of_its_own_values_is_not_believed() {
    let (lying, copied) = (
        city(FixtureStorage::Lying, 3_000),
        city(FixtureStorage::Copied, 3_000),
    );
    for sql in [
        "SELECT n FROM counts WHERE n = 5",
        "SELECT count(*) c FROM counts WHERE site = 'Straße 3'",
        "SELECT count(*) c FROM counts WHERE speed IS NULL",
        "SELECT count(*) c FROM counts WHERE speed < 3.5 OR speed IS NULL",
        "SELECT min(n) a, max(n) b, count(speed) c FROM counts",
    ] {
        assert_eq!(
            lying.query_rows(sql).unwrap(),
            copied.query_rows(sql).unwrap(),
            "{sql}"
        );
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_gives_no_other_rows() {
    let city = city(FixtureStorage::InPlace, 3_000);
    let sql = "SELECT n, site FROM counts";
    let all = city.query_rows(sql).unwrap().len();
    let result = futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let mut answer = city.answer(sql, CancellationSignal::new_idle()).await?;
        let mut rows = answer.next().await.transpose()?.unwrap().num_rows();
        // The second file was not read yet: one batch waits, and one is being made.
        let file = city.files("counts").remove(1);
        std::fs::write(&file, "something else").unwrap();
        while let Some(batch) = answer.next().await {
            rows += batch?.num_rows();
        }
        Ok::<usize, hansa_policy::refusal::Refusal>(rows)
    });
    // The file may have been read to its end before the change.
    match result {
        Ok(rows) => assert_eq!(rows, all),
        Err(refusal) => assert_eq!(refusal.code, ErrorCode::SourceChanged, "{refusal}"),
    }
    let refusal = city.query_rows(sql).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceChanged, "{refusal}");
}

#[test]
fn what_a_database_is_reached_by_holds_no_secret_and_travels_under_tls() {
    for (database, verified, part) in [
        ("host=/run/postgresql user=hansa dbname=city", false, ""),
        ("host=127.0.0.1 user=hansa dbname=city", false, ""),
        ("host=db.example user=hansa dbname=city", true, ""),
        (
            "host=db.example user=hansa dbname=city",
            false,
            "root_certificate",
        ),
        (
            "host=localhost user=hansa dbname=city password=x",
            false,
            "password_file",
        ),
        ("host=localhost dbname=city", false, "lacks `user`"),
        ("host=a,b user=u dbname=d", true, "one `host`"),
        (
            "host=localhost user=u dbname=d sslmode=disable",
            true,
            "sslmode",
        ),
        ("user=u dbname=d", true, "one `host`"),
    ] {
        let why = connection_string_problem(database, verified).unwrap_or_default();
        assert!(
            why.contains(part) && why.is_empty() == part.is_empty(),
            "{database}: {why}"
        );
    }
    for (endpoint, here) in [
        ("http://127.0.0.1:9000", true),
        ("http://localhost/x", true),
        ("http://[::1]:9000", true),
        ("http://127.0.0.1.example", false),
        ("http://localhost.example", false),
        ("http://s3.example", false),
        ("https://127.0.0.1", false),
    ] {
        assert_eq!(is_local_endpoint(endpoint), here, "{endpoint}");
    }
}

#[test]
fn what_makes_other_rows_can_not_be_said_of_rows_in_place() {
    let start = "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"CC0-1.0\"\n";
    let place = "[dataset.source]\nkind = \"parquet\"\npath = \"a.parquet\"\nin_place = true\n";
    let table = "[dataset.source]\nkind = \"postgres\"\ndatabase = \"host=localhost user=u dbname=d\"\ntable = \"t\"\n";
    for (before, source, after, key) in [
        ("prepare = \"SELECT 1\"\n", place, "", "prepare"),
        ("sort = [\"x\"]\n", place, "", "sort"),
        ("max_bad_rows = 0.5\n", table, "", "max_bad_rows"),
        ("model = \"bicycle_counts\"\n", table, "", "model"),
        ("", place, "nulls = [\"-\"]\n", "nulls"),
        (
            "",
            place,
            "[[dataset.column]]\nname = \"x\"\nvalue = \"1\"\n",
            "from",
        ),
        (
            "",
            place,
            "[[dataset.column]]\nname = \"x\"\ntype = \"instant\"\nzone = \"UTC\"\n",
            "zone",
        ),
        (
            "",
            place,
            "[dataset.grid]\ndimensions = [\"x\"]\nrelease = \"day\"\n",
            "release",
        ),
        (
            "",
            "[dataset.source]\nkind = \"text\"\npath = \"a\"\nin_place = true\n",
            "",
            "in_place",
        ),
        (
            "",
            "[dataset.source]\nkind = \"parquet\"\npath = \"s3://b/k\"\n",
            "",
            "path",
        ),
        (
            "",
            "[dataset.source]\nkind = \"parquet\"\nin_place = true\npath = [\"s3://b/k\", \"s3://c/k\"]\n",
            "",
            "path",
        ),
        (
            "",
            "[dataset.source]\nkind = \"parquet\"\nin_place = true\npath = \"s3://b/k\"\nendpoint = \"http://s3.example\"\n",
            "",
            "endpoint",
        ),
    ] {
        let text = format!("{start}{before}{source}{after}");
        let problems = parse_datasets(&text, "hansa.toml", Path::new("/")).unwrap_err();
        let reported = problems.iter().any(|problem| {
            problem
                .location
                .as_ref()
                .and_then(|location| location.key.as_deref())
                == Some(key)
        });
        assert!(reported, "{text}{problems:#?}");
    }
    for source in [place, table] {
        let text = format!(
            "{start}{source}[[dataset.column]]\nname = \"x\"\nfrom = \"X y\"\ntype = \"int\"\n"
        );
        let read = parse_datasets(&text, "hansa.toml", Path::new("/")).unwrap();
        assert_eq!(read[0].columns[0].name, parse_name("x"));
    }
}
