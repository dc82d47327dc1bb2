//! What a row filter, two masks and a quota cost on the lines of TPC-H: beside the same filter and masks as a view of plain
//! DataFusion, and beside the question as it is.

use super::{data, pool, world};
use crate::bare_server::BareSession;
use crate::bare_server::client::BareClient;
use crate::governed_query::InProcessProvider;
use crate::measure::{self, RoundPlan, RunVolume};
use crate::objects::objects;
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;
use arrow_array::RecordBatch;
use std::path::Path;

/// What it is called in process, where nothing leaves and so no quota is drawn on.
pub(crate) const INSIDE: &str = "filter and two masks on";

/// What it is called over the wire.
pub(crate) const OUTSIDE: &str = "filter and two masks and a quota on";

/// The terms of the contract. The filter takes away one line of 28, spread over all: so all that stays is copied. One mask is of
/// a column that all questions read.
pub(crate) const TERMS: &str = "rows = \"l_linenumber <> 7\"\nrows_per_30_days = 1_000_000_000_000\nbytes_per_30_days = 1_000_000_000_000_000\n\
     mask = { l_extendedprice = { bands = [0, 20000, 40000, 60000, 80000, 100000] }, l_comment = { prefix = 4 } }\n";

/// What the filter takes away.
const HIDDEN: &str = "SELECT l_linenumber FROM t WHERE l_linenumber = 7";

/// All columns of lines.
const COLUMNS: &str = "l_orderkey, l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, l_discount, l_tax, l_returnflag, \
     l_linestatus, l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct, l_shipmode, l_comment";

/// Asks a question, with each batch handed on.
type QueryRunner<'a> = &'a dyn Fn(&LineitemQuery, &str, &mut dyn FnMut(RecordBatch)) -> RunVolume;

/// A question over `lineitem`.
struct LineitemQuery {
    name: &'static str,
    sql: String,
    /// The same, or some of its rows in an order, to be compared.
    compared: String,
    /// Whether the filter shows in the number of rows.
    rows: bool,
    /// Calls of each run: one alone is short beside what else the machine does.
    calls: usize,
    /// What the work beside that of the question as it is should be at most.
    most: f64,
}

fn questions() -> [LineitemQuery; 3] {
    let scan = format!("SELECT {COLUMNS} FROM lineitem");
    let some = format!("{scan} WHERE l_orderkey <= 6000 ORDER BY l_orderkey, l_linenumber");
    let aggregate = |name, number| LineitemQuery {
        name,
        sql: data::text(number),
        compared: data::text(number),
        rows: false,
        calls: 5,
        most: 1.2,
    };
    [
        aggregate("Q1", 1),
        aggregate("Q6", 6),
        LineitemQuery {
            name: "a 16-column scan",
            sql: scan,
            compared: some,
            rows: true,
            calls: 1,
            most: 1.4,
        },
    ]
}

/// Over the dataset under contract.
fn governed(sql: &str) -> String {
    sql.replace("FROM lineitem", "FROM counts_lines")
}

/// Over a plain view that shows the same. Bands of one width are what a rounded number is, which costs less than a CASE.
fn viewed(sql: &str) -> String {
    let rounded = "floor(l_extendedprice / 20000) * 20000 AS l_extendedprice";
    let shown = COLUMNS
        .replace("l_extendedprice", rounded)
        .replace("l_comment", "substr(l_comment, 1, 4) AS l_comment");
    format!("WITH lineitem AS (SELECT {shown} FROM t WHERE l_linenumber <> 7) {sql}")
}

/// Over the file as it is.
fn plain(sql: &str) -> String {
    sql.replace("FROM lineitem", "FROM t")
}

/// Writes the lines of all orders at that scale.
pub(crate) fn lines(file: &Path, scale: f64) {
    world::write(file, data::rows("lineitem", scale, 1, 1));
}

/// In one process.
///
/// # Panics
/// When the answers differ.
pub(crate) fn in_process(
    provider: &InProcessProvider,
    bare: &BareSession,
    table: &mut ResultTable,
    rounds: usize,
) {
    let files = provider.files("lines");
    let ours = |_: &LineitemQuery, sql: &str, take: &mut dyn FnMut(RecordBatch)| {
        provider.each("lines", sql, take)
    };
    let theirs = |_: &LineitemQuery, sql: &str, take: &mut dyn FnMut(RecordBatch)| {
        bare.each(sql, &files, take)
    };
    beside(
        table,
        ("in process", INSIDE),
        (rounds, None),
        &ours,
        &theirs,
    );
}

/// Over mutual TLS, beside a bare stream; `pids` are those of the provider and of the bare server.
///
/// # Panics
/// When the answers differ, or nothing was drawn of the quota.
pub(crate) fn over_tls(
    (federation, consumer, client): (&BenchFederation, &WireConsumer, &BareClient),
    table: &mut ResultTable,
    (rounds, pids): (usize, Option<(u32, u32)>),
) {
    let contract = federation.contract("lines");
    let ours = |_: &LineitemQuery, sql: &str, take: &mut dyn FnMut(RecordBatch)| {
        consumer.each(contract, sql, take)
    };
    // A text that is sent as a view brings all that lies beside it, one that is grouped costs less as a view.
    let theirs = |question: &LineitemQuery, sql: &str, take: &mut dyn FnMut(RecordBatch)| {
        client.each(if question.rows { "=lines" } else { "lines" }, sql, take)
    };
    let drawn = || {
        let progress = federation.provider.records("progress").into_iter();
        let reserved =
            progress.filter_map(|record| record["body"]["reservations"].as_array().cloned());
        reserved.flatten().count()
    };
    let before = drawn();
    beside(
        table,
        ("mutual TLS", OUTSIDE),
        (rounds, pids),
        &ours,
        &theirs,
    );
    assert!(drawn() > before, "rows are drawn of the quota");
}

fn beside(
    table: &mut ResultTable,
    (place, what): (&str, &str),
    (rounds, pids): (usize, Option<(u32, u32)>),
    ours: QueryRunner<'_>,
    theirs: QueryRunner<'_>,
) {
    for question in questions() {
        let answer = |ask: QueryRunner<'_>, sql: &str| {
            let mut batches = Vec::new();
            ask(&question, sql, &mut |batch| batches.push(batch));
            objects(&batches)
        };
        let mine = answer(ours, &governed(&question.compared));
        let other = answer(theirs, &viewed(&question.compared));
        assert!(!mine.is_empty(), "{}: there are rows", question.name);
        pool::same(question.name, &mine, &other);
        pool::same(question.name, &other, &mine);

        let plan = RoundPlan {
            rounds,
            calls: question.calls,
        };
        let (sql, view) = (governed(&question.sql), viewed(&question.sql));
        let bare = plain(&question.sql);
        let governed = || ours(&question, &sql, &mut |_| {});
        let viewed = || theirs(&question, &view, &mut |_| {});
        let bare = || theirs(&question, &bare, &mut |_| {});
        let pair = measure::alternately(plan, pids, governed, viewed);
        let name = format!("{what} {}, work at most 1.05", question.name);
        table.row(place, &name, "the same as a plain view", &pair);

        // Under no contract there are more rows.
        let (shown, all) = (governed().rows, bare().rows);
        let hidden = if question.rows {
            theirs(&question, HIDDEN, &mut |_| {}).rows
        } else {
            0
        };
        assert_eq!(shown + hidden, all, "{}: rows", question.name);
        let pair = measure::in_turn(plan, pids, governed, bare);
        let name = format!("{what} {}, work at most {}", question.name, question.most);
        table.row(place, &name, "the question as it is", &pair);
    }
}
