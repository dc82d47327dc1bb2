//! Statements of database scans: no leak of hidden rows, no lost rows, and cancellation.

use super::{city, table};
use crate::fixture::storage::{FixtureStorage, shared_server};
use crate::in_place_data::error_detail::ErrorDetail;
use crate::in_place_data::postgres::connection_limits::ConnectionLimits;
use crate::in_place_data::postgres::query_connections::QueryConnections;
use crate::in_place_data::postgres::table_scan::{InPlaceColumns, scan_table};
use crate::in_place_data::postgres::{PgType, PostgresColumn, PostgresTable};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt as _;
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

/// Scan of columns of a table or view, all nullable, for the question of `sessions`.
fn scan_of(
    name: &str,
    columns: &[(&str, PgType)],
    projection: &[usize],
    sessions: &QueryConnections,
) -> Arc<dyn ExecutionPlan> {
    let schema = columns.iter().map(|(name, kind)| {
        let held = match kind {
            PgType::Text => DataType::Utf8View,
            other => other.column().to_arrow(),
        };
        Field::new(*name, held, true)
    });
    let schema = Arc::new(Schema::new(schema.collect::<Vec<_>>()));
    let columns = columns.iter().map(|(name, kind)| PostgresColumn {
        name: (*name).to_owned(),
        kind: *kind,
        nullable: true,
    });
    let table = PostgresTable {
        server: shared_server().1.clone(),
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns: columns.collect(),
        keys: Vec::new(),
    };
    let columns = InPlaceColumns {
        schema: &schema,
        projection: Some(&projection.to_vec()),
        key: &[],
    };
    scan_table(&table, columns, sessions, ErrorDetail::Little).unwrap()
}

fn reads(scan: &Arc<dyn ExecutionPlan>) -> SendableRecordBatchStream {
    scan.execute(0, Arc::new(TaskContext::default())).unwrap()
}

fn code(outcome: Option<datafusion_common::Result<RecordBatch>>) -> Result<usize, ErrorCode> {
    outcome
        .unwrap()
        .map(|batch| batch.num_rows())
        .map_err(|error| crate::engine_error::execution_refusal(&error).code)
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build().unwrap()
}

const BOTH: [(&str, PgType); 2] = [("Spalte 0", PgType::Text), ("Spalte 1", PgType::Int)];

/// An error in the computation of a view's row must not reveal the row.
#[test]
fn a_view_that_fails_for_one_row_fails_for_every_question() {
    let city = city(FixtureStorage::Database, 3_000);
    let table = table(&city);
    let view = format!("{table}_shown");
    shared_server().0.run(&format!(
        "CREATE VIEW {view} AS SELECT \"Spalte 0\", (10 / (\"Spalte 1\" - 2999))::int8 AS \"Spalte 1\" FROM {table}"
    ));
    runtime().block_on(async {
        let one = || async {
            let sessions = QueryConnections::new(city.limits.time, ConnectionLimits::default());
            let scan = scan_of(&view, &BOTH, &[0], &sessions)
                .with_fetch(Some(1))
                .unwrap();
            code(reads(&scan).next().await)
        };
        assert_eq!(one().await, Err(ErrorCode::SourceUnavailable));
        let sql = format!("DELETE FROM {table} WHERE \"Spalte 1\" = 2999");
        shared_server().0.run(&sql);
        assert_eq!(one().await, Ok(1));
    });
}

#[test]
fn one_question_reads_one_state_of_a_database() {
    let (first, second) = (
        city(FixtureStorage::Database, 10),
        city(FixtureStorage::Database, 10),
    );
    runtime().block_on(async {
        let sessions = QueryConnections::new(first.limits.time, ConnectionLimits::default());
        let begun = scan_of(&table(&first), &BOTH, &[0, 1], &sessions);
        assert_eq!(code(reads(&begun).next().await), Ok(12));
        let fewer = format!("DELETE FROM {} WHERE \"Spalte 1\" < 4", table(&second));
        shared_server().0.run(&fewer);
        let then = scan_of(&table(&second), &BOTH, &[0, 1], &sessions);
        assert_eq!(code(reads(&then).next().await), Ok(12));
        let sessions = QueryConnections::new(first.limits.time, ConnectionLimits::default());
        let now = scan_of(&table(&second), &BOTH, &[0, 1], &sessions);
        assert_eq!(code(reads(&now).next().await), Ok(8));
    });
}

/// An older transaction sees a truncated table as empty, which would be a plausible but wrong answer.
#[test]
fn a_table_that_is_emptied_while_a_question_runs_is_refused() {
    let (first, second) = (
        city(FixtureStorage::Database, 10),
        city(FixtureStorage::Database, 10),
    );
    // Ten valid rows, and two whose numbers are invalid.
    let view = format!("{}_seen", table(&second));
    shared_server().0.run(&format!(
        "CREATE VIEW {view} AS SELECT * FROM {}",
        table(&second)
    ));
    runtime().block_on(async {
        for name in [table(&second), view] {
            let sessions = QueryConnections::new(first.limits.time, ConnectionLimits::default());
            let begun = scan_of(&table(&first), &BOTH, &[0, 1], &sessions);
            assert_eq!(code(reads(&begun).next().await), Ok(12));
            let then = scan_of(&name, &BOTH, &[0, 1], &sessions);
            assert_eq!(code(reads(&then).next().await), Ok(12));
            shared_server().0.run(&format!(
                "TRUNCATE {0}; INSERT INTO {0} VALUES ('a', 1, 1)",
                table(&second)
            ));
            let now = code(reads(&then).next().await);
            assert_eq!(now, Err(ErrorCode::SourceUnavailable), "{name}");
            let sessions = QueryConnections::new(first.limits.time, ConnectionLimits::default());
            let again = scan_of(&name, &BOTH, &[0, 1], &sessions);
            assert_eq!(code(reads(&again).next().await), Ok(1));
            let many = "INSERT INTO {0} SELECT 'a', g, 1 FROM generate_series(2, 12) g";
            shared_server().0.run(&many.replace("{0}", &table(&second)));
        }
    });
}

/// The database does not check NOT NULL in a foreign table or in inheriting tables. A row without a required value never belongs to
/// the dataset.
#[test]
fn a_required_column_that_lacks_a_value_is_no_error() {
    let city = city(FixtureStorage::Database, 10);
    let name = table(&city);
    let before = city.query_rows("SELECT n FROM counts").unwrap();
    shared_server().0.run(&format!(
        "CREATE TABLE {name}_heir (LIKE {name}); \
         ALTER TABLE {name}_heir ALTER COLUMN \"Spalte 1\" DROP NOT NULL; \
         INSERT INTO {name}_heir VALUES ('x', NULL, 1); \
         CREATE TABLE {name}_top (LIKE {name}); ALTER TABLE {name}_top ALTER COLUMN \"Spalte 1\" DROP NOT NULL; \
         ALTER TABLE {name}_heir INHERIT {name}_top; ALTER TABLE ONLY {name}_top ALTER COLUMN \"Spalte 1\" SET NOT NULL; \
         INSERT INTO {name}_top SELECT * FROM {name}; DROP TABLE {name}; ALTER TABLE {name}_top RENAME TO {name}"
    ));
    assert_eq!(city.query_rows("SELECT n FROM counts").unwrap(), before);
    assert_eq!(
        city.query_rows("SELECT n FROM counts LIMIT 1000").unwrap(),
        before
    );
}

/// A server permits a limited number of connections, and one question may not use them all.
#[test]
fn one_question_takes_few_connections() {
    let city = city(FixtureStorage::Database, 10_000);
    runtime().block_on(async {
        let sessions = QueryConnections::new(city.limits.time, ConnectionLimits::default());
        let scan = scan_of(&table(&city), &BOTH, &[0, 1], &sessions);
        let mut open = Vec::new();
        for _ in 0..8 {
            let mut rows = reads(&scan);
            assert_eq!(code(rows.next().await), Ok(8192));
            open.push(rows);
        }
        let more = code(reads(&scan).next().await);
        assert_eq!(more, Err(ErrorCode::ResourceLimit));
        open.pop();
        assert_eq!(code(reads(&scan).next().await), Ok(8192));
    });
}

/// A statement in the database ends when its rows are no longer read.
#[test]
fn who_lets_go_ends_the_statement() {
    let city = city(FixtureStorage::Database, 10);
    let view = format!("{}_slow", table(&city));
    shared_server().0.run(&format!(
        "CREATE VIEW {view} AS SELECT r.* FROM {} r, generate_series(1, 1000000000) g WHERE g < 0 OR r.\"Spalte 1\" < 0",
        table(&city)
    ));
    let running = || {
        let count = shared_server().0.run(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%\"{view}\"%' AND query NOT LIKE '%activity%'"
        ));
        count.trim().parse::<u32>().unwrap()
    };
    runtime().block_on(async {
        let sessions = QueryConnections::new(
            std::time::Duration::from_secs(600),
            ConnectionLimits::default(),
        );
        let mut rows = reads(&scan_of(&view, &BOTH, &[0], &sessions));
        drop(sessions);
        let next = tokio::spawn(async move { rows.next().await.is_some() });
        while running() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        next.abort();
        // The statement ends by cancellation; it would otherwise run for minutes.
        for _ in 0..500 {
            if running() == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the statement runs on: {}", shared_server().0.log());
    });
}
