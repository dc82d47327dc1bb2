//! Database types: published values are right, and other types are refused with the name of the column.

use crate::fixture::storage::shared_server;
use crate::in_place_data::postgres::table_description::{count_rows, read_columns};
use crate::in_place_data::postgres::{PgType, PostgresColumn, PostgresTable};
use std::time::Duration;

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn a_type_that_can_not_be_kept_is_refused_with_its_column() {
    let (postgres, endpoint) = shared_server();
    postgres.run(
        "CREATE SCHEMA odd; CREATE TYPE odd.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN odd.date AS text; \
         CREATE DOMAIN odd.positive AS int CHECK (value > 0); CREATE TYPE odd.int8 AS (a int, b int); \
         CREATE TABLE odd.types (a text, b char(5), c odd.mood, d uuid, e real, f pg_catalog.date, g timestamptz, \
         m money, n interval, o timetz, p time, q timestamp, r int[], s json, t odd.date, u odd.positive, v odd.int8, \
         w bytea, x name);",
    );
    let found = run(read_columns(endpoint, "odd", "types")).unwrap();
    for column in &found {
        let expected = match column.name.as_str() {
            "a" => Some(PgType::Text),
            "b" | "c" | "d" => Some(PgType::AsText),
            "e" => Some(PgType::Float),
            "f" => Some(PgType::Date),
            "g" => Some(PgType::Instant),
            _ => None,
        };
        assert_eq!(column.kind, expected, "{column:?}");
        if expected.is_none() {
            let (why, help) = PostgresColumn::from_column(column, None).unwrap_err();
            let part = format!("column `{}` of type {}", column.name, column.written);
            assert!(why.contains(&part), "{why}");
            let fitting = match column.name.as_str() {
                "m" => "numeric(19,2)",
                "n" => "epoch",
                "o" | "p" => "time of day",
                "q" => "AT TIME ZONE",
                "r" => "list",
                _ => "skip_columns",
            };
            assert!(help.contains(fitting), "{why}: {help}");
        }
    }
    assert_eq!(found.len(), 19);
}

#[test]
fn a_day_beyond_the_calendar_is_no_row() {
    let (postgres, endpoint) = shared_server();
    postgres.run(
        "CREATE TABLE days (day date, at timestamptz); INSERT INTO days VALUES \
         ('2026-01-01', '2026-01-01'), (NULL, NULL), ('0044-03-15 BC', NULL), ('9999-12-31', '9999-12-31T23:59:59Z'), \
         ('infinity', NULL), ('-infinity', NULL), ('10000-01-01', NULL), (NULL, 'infinity'), (NULL, '200000-01-01');",
    );
    let found = run(read_columns(endpoint, "public", "days")).unwrap();
    let table = PostgresTable {
        server: endpoint.clone(),
        schema: "public".to_owned(),
        name: "days".to_owned(),
        columns: found
            .iter()
            .map(|column| PostgresColumn::from_column(column, None).unwrap())
            .collect(),
        keys: Vec::new(),
    };
    assert_eq!(
        run(count_rows(&table, Duration::from_secs(60))).unwrap(),
        (9, 4)
    );
}
