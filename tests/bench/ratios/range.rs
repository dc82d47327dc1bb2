//! One percent of the rows: a condition of the asker that may enter below the permitted view and skips pages there, beside one
//! that finds the same rows and stays above.

use crate::governed_query::InProcessProvider;
use crate::measure::{self, RoundPlan};
use crate::objects::objects;
use crate::table::ResultTable;

/// What it is called.
pub(crate) const NAME: &str = "a 1 % range";

/// A hundredth of the time over which the rows are spread, by which they are stored: 16,777 of 1,677,721 seconds.
const LET_IN: &str = "at >= '2026-06-10T00:00:00Z' AND at < '2026-06-10T04:39:37Z'";

/// The same instants as numbers with one microsecond more: arithmetic can fail, so it is no harmless condition.
const KEPT_OUT: &str = "CAST(at AS BIGINT) + 1 BETWEEN 1781049600000001 AND 1781066377000000";

/// Asks for the same aggregate of both in turn, of a dataset with a row filter and two masks.
///
/// # Panics
/// When they do not give the same.
pub(crate) fn beside(provider: &InProcessProvider, table: &mut ResultTable, rounds: usize) {
    let sql = |condition: &str| {
        format!(
            "SELECT count(*) AS c, sum(n) AS s, min(value) AS least, max(value) AS most FROM counts_filtered WHERE {condition}"
        )
    };
    let (let_in, kept_out) = (sql(LET_IN), sql(KEPT_OUT));
    let answer = |sql: &str| {
        let mut batches = Vec::new();
        provider.each("filtered", sql, |batch| batches.push(batch));
        objects(&batches)
    };
    let found = answer(&let_in);
    assert_eq!(found, answer(&kept_out), "both conditions find the same");
    let count = found[0]["c"].as_f64().unwrap();
    assert!(count > 0.0, "there are rows: ask for more with --rows");
    let pair = measure::alternately(
        RoundPlan { rounds, calls: 5 },
        None,
        || provider.ask("filtered", &let_in),
        || provider.ask("filtered", &kept_out),
    );
    table.row("in process", NAME, "the same, not let in", &pair);
    table.note(
        "a 1 % range: rows that it finds, percent of all",
        100.0 * count / table.rows() as f64,
    );
    table.note(
        "a 1 % range: times faster with harmless conditions let in, at least 5",
        1.0 / pair.time(),
    );
}
