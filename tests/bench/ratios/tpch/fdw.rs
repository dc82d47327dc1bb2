//! The first question through PostgreSQL as a user writes it: a server for the lines of each city, and a fourth one that reads
//! them through `postgres_fdw` and puts them together in a view.

use super::data;
use super::world::{CITIES, TpchFederation};
use crate::measure::median;
use arrow_csv::WriterBuilder;
use arrow_schema::{DataType, Schema};
use hansa_test_support::postgres_server::PostgresServer;
use serde_json::{Value, json};
use std::time::Instant;

/// Bytes of rows that are loaded at once.
const LOADED: usize = 32 * 1024 * 1024;

/// Each round takes seconds: so many at most.
const ROUNDS: usize = 5;

/// How many times faster ours should be.
const TARGET: f64 = 6.0;

/// The columns of the answer.
const COLUMNS: [&str; 10] = [
    "l_returnflag",
    "l_linestatus",
    "sum_qty",
    "sum_base_price",
    "sum_disc_price",
    "sum_charge",
    "avg_qty",
    "avg_price",
    "avg_disc",
    "count_order",
];

/// Asks both in turn; nothing where PostgreSQL is not installed.
///
/// # Panics
/// When the answers differ.
pub(super) fn beside(federation: &TpchFederation, scale: f64, rounds: usize) -> Option<Value> {
    if !PostgresServer::is_installed() {
        eprintln!("PostgreSQL is not installed: postgres_fdw is left out");
        return None;
    }
    eprintln!("the first question through postgres_fdw: loading three servers");
    let servers: Vec<PostgresServer> = (1..=3).map(|part| loaded(scale, part)).collect();
    let fourth = fourth(&servers);
    let (sql, theirs) = (data::question(1, &CITIES), data::text(1));
    let ours = || seconds(|| federation.ask(&sql).rows);
    let psql = || seconds(|| fourth.run(&format!("{theirs};")));
    let (_, rows) = ours();
    same(&rows, &psql().1);
    let rounds = rounds.min(ROUNDS);
    let turns = || {
        let pairs: Vec<(f64, f64)> = (0..rounds).map(|_| (ours().0, psql().0)).collect();
        FdwMedians {
            ours_ms: middle(pairs.iter().map(|pair| pair.0 * 1e3)),
            psql_ms: middle(pairs.iter().map(|pair| pair.1 * 1e3)),
            times: middle(pairs.iter().map(|pair| pair.1 / pair.0)),
        }
    };
    let plain = turns();
    for city in CITIES {
        fourth.run(&format!(
            "ALTER SERVER {city} OPTIONS (ADD async_capable 'true')"
        ));
    }
    same(&rows, &psql().1);
    // PostgreSQL may choose a plan that has no use for it.
    let used = fourth
        .run(&format!("EXPLAIN {theirs};"))
        .contains("Async Foreign Scan");
    let at_once = turns();
    let figures = json!({
        "version": fourth.run("SHOW server_version").trim(),
        "rounds": rounds,
        "ms": plain.ours_ms,
        "psql_ms": plain.psql_ms,
        "times": plain.times,
        "times_at_least": TARGET,
        "async_ms": at_once.psql_ms,
        "async_times": at_once.times,
        "async_in_its_plan": used,
    });
    println!("\nquestion 1 beside postgres_fdw: {figures}");
    Some(figures)
}

/// Medians of turns.
struct FdwMedians {
    ours_ms: f64,
    psql_ms: f64,
    /// How many times faster ours is.
    times: f64,
}

/// How long something takes, and what comes of it.
fn seconds<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let started = Instant::now();
    let done = run();
    (started.elapsed().as_secs_f64(), done)
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    median(&mut values.collect::<Vec<f64>>())
}

/// A server with the lines of one city.
fn loaded(scale: f64, part: i32) -> PostgresServer {
    let postgres = quiet();
    let mut rows = data::rows("lineitem", scale, part, 3).peekable();
    let schema = rows.peek().expect("a table has rows").schema();
    postgres.run(&format!("CREATE TABLE lineitem ({})", columns(&schema)));
    let mut csv = Vec::new();
    for batch in rows {
        let mut writer = WriterBuilder::new().with_header(false).build(&mut csv);
        writer.write(&batch).expect("rows as CSV");
        drop(writer);
        if csv.len() > LOADED {
            copy(&postgres, &csv);
            csv.clear();
        }
    }
    copy(&postgres, &csv);
    postgres.run("ANALYZE lineitem");
    postgres
}

fn copy(postgres: &PostgresServer, csv: &[u8]) {
    let rows = std::str::from_utf8(csv).expect("CSV is text");
    postgres.run(&format!(
        "COPY lineitem FROM STDIN (FORMAT csv);\n{rows}\\.\n"
    ));
}

fn columns(schema: &Schema) -> String {
    let columns = schema.fields().iter().map(|field| {
        let kind = match field.data_type() {
            DataType::Int64 => "bigint",
            DataType::Float64 => "double precision",
            DataType::Date32 => "date",
            _ => "text",
        };
        format!("{} {kind} NOT NULL", field.name())
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// The server that reads the others' tables.
fn fourth(servers: &[PostgresServer]) -> PostgresServer {
    let fourth = quiet();
    fourth.run("CREATE EXTENSION postgres_fdw");
    for (city, server) in CITIES.iter().zip(servers) {
        let (folder, port) = (server.socket(), server.port());
        fourth.run(&format!(
            "CREATE SERVER {city} FOREIGN DATA WRAPPER postgres_fdw \
             OPTIONS (host '{}', port '{port}', dbname 'postgres');\n\
             CREATE USER MAPPING FOR owner SERVER {city} OPTIONS (user 'owner');\n\
             CREATE SCHEMA {city};\n\
             IMPORT FOREIGN SCHEMA public LIMIT TO (lineitem) FROM SERVER {city} INTO {city};\n\
             ANALYZE {city}.lineitem;",
            folder.display()
        ));
    }
    let parts = CITIES.map(|city| format!("SELECT * FROM {city}.lineitem"));
    fourth.run(&format!(
        "CREATE VIEW lineitem AS {}",
        parts.join(" UNION ALL ")
    ));
    fourth
}

/// A server that does not write down what it is asked.
fn quiet() -> PostgresServer {
    let postgres = PostgresServer::on_a_socket();
    postgres.run("ALTER ROLE owner SET log_statement = 'none'");
    postgres
}

/// Stops where the answers differ: other groups, or sums by more than a millionth.
fn same(ours: &[Value], theirs: &str) {
    let lines: Vec<&str> = theirs.lines().collect();
    assert_eq!(ours.len(), lines.len(), "groups: {theirs}");
    for (row, line) in ours.iter().zip(lines) {
        let cells: Vec<&str> = line.split('|').collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{line}");
        for (name, cell) in COLUMNS.iter().zip(cells) {
            let mine = match &row[*name] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let alike = match (mine.parse::<f64>(), cell.parse::<f64>()) {
                (Ok(mine), Ok(cell)) => (mine - cell).abs() <= 1e-6 * cell.abs(),
                _ => mine == cell,
            };
            assert!(alike, "{name} is {mine}, not {cell}");
        }
    }
}
