//! Comparison of each own aggregate with a plain loop over the rows: all rows, filtered rows, distinct values, no rows and NULLs,
//! in groups and in sliding windows. The oracle uses no code of the engine or of the product.

use super::aggregate_function;
use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;
use tokio::runtime::Runtime;

struct AggregateTestRow {
    k: i64,
    g: i64,
    b: bool,
    f: Option<f64>,
    h: Option<f64>,
    i: Option<i32>,
}

impl AggregateTestRow {
    fn value(&self, column: &str) -> Option<f64> {
        match column {
            "f" => self.f,
            "h" => self.h,
            _ => self.i.map(f64::from),
        }
    }
}

/// Random numbers with few digits, many duplicates and some NULLs.
fn random_rows() -> Vec<AggregateTestRow> {
    (0..240_i32)
        .map(|k| {
            let at = (k * 7919 + k * k * 31) % 1009;
            AggregateTestRow {
                k: i64::from(k),
                g: i64::from(at % 5),
                b: at % 3 != 0,
                f: (at % 6 != 0).then(|| f64::from(at % 97 - 40) / 8.0),
                h: (at % 7 != 0).then(|| f64::from(at % 113 - 50) / 16.0),
                i: (at % 8 != 0).then_some(at % 300 - 150),
            }
        })
        .collect()
}

/// Result of a loop over the rows whose numbers are all non-NULL.
type LoopOracle = fn(&[Vec<f64>]) -> Option<f64>;

struct AggregateCall {
    name: &'static str,
    columns: &'static [&'static str],
    share: Option<&'static str>,
    oracle: LoopOracle,
}

impl AggregateCall {
    fn text(&self, distinct: &str) -> String {
        let columns = self.columns.iter().chain(&self.share).copied();
        let columns: Vec<&str> = columns.collect();
        format!("{}({distinct}{})", self.name, columns.join(", "))
    }

    fn call_oracle<'r>(&self, rows: impl IntoIterator<Item = &'r AggregateTestRow>) -> Option<f64> {
        (self.oracle)(&self.values(rows))
    }

    fn of_different<'r>(
        &self,
        rows: impl IntoIterator<Item = &'r AggregateTestRow>,
    ) -> Option<f64> {
        let mut values = self.values(rows);
        values.sort_by(|one, other| one[0].total_cmp(&other[0]));
        values.dedup();
        (self.oracle)(&values)
    }

    fn values<'r>(&self, rows: impl IntoIterator<Item = &'r AggregateTestRow>) -> Vec<Vec<f64>> {
        let values = |row: &AggregateTestRow| -> Option<Vec<f64>> {
            self.columns
                .iter()
                .map(|column| row.value(column))
                .collect()
        };
        rows.into_iter().filter_map(values).collect()
    }

    /// Checks for a percentile, which supports neither DISTINCT nor a sliding window.
    fn is_percentile(&self) -> bool {
        self.name.starts_with("approx_")
    }
}

fn aggregate_calls() -> Vec<AggregateCall> {
    let one: [(&'static str, Option<&'static str>, LoopOracle); 15] = [
        ("sum", None, oracle_sum),
        ("avg", None, oracle_mean),
        ("mean", None, oracle_mean),
        ("min", None, |rows| first_column(rows).reduce(f64::min)),
        ("max", None, |rows| first_column(rows).reduce(f64::max)),
        ("var", None, |rows| sample_covariance(rows, 0)),
        ("var_samp", None, |rows| sample_covariance(rows, 0)),
        ("var_sample", None, |rows| sample_covariance(rows, 0)),
        ("var_pop", None, |rows| population_covariance(rows, 0)),
        ("var_population", None, |rows| {
            population_covariance(rows, 0)
        }),
        ("stddev", None, |rows| {
            sample_covariance(rows, 0).map(f64::sqrt)
        }),
        ("stddev_samp", None, |rows| {
            sample_covariance(rows, 0).map(f64::sqrt)
        }),
        ("stddev_pop", None, |rows| {
            population_covariance(rows, 0).map(f64::sqrt)
        }),
        ("approx_median", None, |rows| oracle_percentile(rows, 5)),
        ("approx_percentile_cont", Some("0.3"), |rows| {
            oracle_percentile(rows, 3)
        }),
    ];
    let two: [(&'static str, LoopOracle); 4] = [
        ("covar", |rows| sample_covariance(rows, 1)),
        ("covar_samp", |rows| sample_covariance(rows, 1)),
        ("covar_pop", |rows| population_covariance(rows, 1)),
        ("corr", oracle_correlation),
    ];
    let singles: [&'static [&'static str]; 3] = [&["f"], &["h"], &["i"]];
    let pairs: [&'static [&'static str]; 2] = [&["f", "h"], &["h", "i"]];
    let mut calls = Vec::new();
    for (name, share, oracle) in one {
        calls.extend(singles.map(|columns| AggregateCall {
            name,
            columns,
            share,
            oracle,
        }));
    }
    for (name, oracle) in two {
        calls.extend(pairs.map(|columns| AggregateCall {
            name,
            columns,
            share: None,
            oracle,
        }));
    }
    calls
}

fn first_column(rows: &[Vec<f64>]) -> impl Iterator<Item = f64> {
    rows.iter().map(|row| row[0])
}

fn oracle_sum(rows: &[Vec<f64>]) -> Option<f64> {
    first_column(rows).reduce(|all, value| all + value)
}

fn oracle_mean(rows: &[Vec<f64>]) -> Option<f64> {
    oracle_sum(rows).map(|sum| sum / rows.len() as f64)
}

fn deviation_sum(rows: &[Vec<f64>], one: usize, other: usize) -> f64 {
    let mean = |at: usize| rows.iter().map(|row| row[at]).sum::<f64>() / rows.len() as f64;
    let (left, right) = (mean(one), mean(other));
    let products = rows
        .iter()
        .map(|row| (row[one] - left) * (row[other] - right));
    products.sum()
}

fn sample_covariance(rows: &[Vec<f64>], other: usize) -> Option<f64> {
    (rows.len() > 1).then(|| deviation_sum(rows, 0, other) / (rows.len() - 1) as f64)
}

fn population_covariance(rows: &[Vec<f64>], other: usize) -> Option<f64> {
    (!rows.is_empty()).then(|| deviation_sum(rows, 0, other) / rows.len() as f64)
}

fn oracle_correlation(rows: &[Vec<f64>]) -> Option<f64> {
    let spread = (deviation_sum(rows, 0, 0) * deviation_sum(rows, 1, 1)).sqrt();
    (rows.len() > 1 && spread != 0.0).then(|| deviation_sum(rows, 0, 1) / spread)
}

fn oracle_percentile(rows: &[Vec<f64>], tenths: usize) -> Option<f64> {
    let mut all: Vec<f64> = first_column(rows).collect();
    all.sort_by(f64::total_cmp);
    all.get(tenths * all.len().checked_sub(1)? / 10).copied()
}

struct AggregateFixture {
    context: SessionContext,
    runtime: Runtime,
}

impl AggregateFixture {
    fn of(rows: &[AggregateTestRow]) -> Self {
        let columns: [(&str, ArrayRef, bool); 6] = [
            (
                "k",
                Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.k))),
                true,
            ),
            (
                "g",
                Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.g))),
                true,
            ),
            (
                "b",
                Arc::new(BooleanArray::from(
                    rows.iter().map(|row| row.b).collect::<Vec<_>>(),
                )),
                true,
            ),
            (
                "f",
                Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.f))),
                true,
            ),
            (
                "h",
                Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.h))),
                true,
            ),
            (
                "i",
                Arc::new(Int64Array::from_iter(
                    rows.iter().map(|row| row.i.map(i64::from)),
                )),
                true,
            ),
        ];
        let all = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let mut parts = vec![Vec::new(), Vec::new()];
        for (at, start) in (0..all.num_rows()).step_by(7).enumerate() {
            let piece = all.slice(start, 7.min(all.num_rows() - start));
            parts[at % 2].push(piece);
        }
        let config = SessionConfig::new()
            .with_target_partitions(2)
            .with_batch_size(16);
        let context = SessionContext::new_with_config(config);
        for call in aggregate_calls() {
            context.register_udaf(aggregate_function(call.name).unwrap().as_ref().clone());
        }
        let table = MemTable::try_new(all.schema(), parts).unwrap();
        context.register_table("r", Arc::new(table)).unwrap();
        Self {
            context,
            runtime: tokio::runtime::Builder::new_multi_thread().build().unwrap(),
        }
    }

    /// Last column of an answer.
    fn query_last_column(&self, sql: &str) -> Vec<Option<f64>> {
        let batches = self.runtime.block_on(async {
            let plan = self.context.state().create_logical_plan(sql).await?;
            self.context
                .execute_logical_plan(plan)
                .await?
                .collect()
                .await
        });
        let mut reported = Vec::new();
        for batch in batches.unwrap_or_else(|error| panic!("{sql}: {error}")) {
            let column = batch.columns().last().unwrap();
            let column = cast(column, &DataType::Float64).unwrap();
            reported.extend(column.as_primitive::<Float64Type>().iter());
        }
        reported
    }

    #[track_caller]
    fn expect_values(&self, sql: &str, expect: &[Option<f64>]) {
        let reported = self.query_last_column(sql);
        let near = |pair: (&Option<f64>, &Option<f64>)| match pair {
            (None, None) => true,
            (Some(reported), Some(expect)) => {
                (reported - expect).abs() <= 1e-9 * (1.0 + expect.abs())
            }
            _ => false,
        };
        let alike = reported.len() == expect.len() && reported.iter().zip(expect).all(near);
        assert!(alike, "{sql}\n told: {reported:?}\n loop: {expect:?}");
    }
}

#[test]
fn each_aggregate_gives_what_a_loop_over_the_rows_gives() {
    let rows = random_rows();
    let fixture = AggregateFixture::of(&rows);
    for call in aggregate_calls() {
        let text = call.text("");
        let kept = || rows.iter().filter(|row| row.b);
        fixture.expect_values(&format!("SELECT {text} FROM r"), &[call.call_oracle(&rows)]);
        fixture.expect_values(
            &format!("SELECT {text} FILTER (WHERE b) FROM r"),
            &[call.call_oracle(kept())],
        );
        fixture.expect_values(&format!("SELECT {text} FROM r WHERE k < 0"), &[None]);
        for column in call.columns {
            let sql = format!("SELECT {text} FROM r WHERE {column} IS NULL");
            fixture.expect_values(&sql, &[None]);
        }
        let groups = |rows: &[&AggregateTestRow]| -> Vec<Option<f64>> {
            let group = |g: i64| call.call_oracle(rows.iter().copied().filter(|row| row.g == g));
            (0..5).map(group).collect()
        };
        fixture.expect_values(
            &format!("SELECT g, {text} FROM r GROUP BY g ORDER BY g"),
            &groups(&rows.iter().collect::<Vec<_>>()),
        );
        fixture.expect_values(
            &format!("SELECT g, {text} FILTER (WHERE b) FROM r GROUP BY g ORDER BY g"),
            &groups(&kept().collect::<Vec<_>>()),
        );
        fixture.expect_values(
            &format!("SELECT k, {text} FROM r WHERE k % 50 = 0 GROUP BY k ORDER BY k"),
            &(0..240)
                .step_by(50)
                .map(|at| call.call_oracle(&rows[at..=at]))
                .collect::<Vec<_>>(),
        );
    }
}

#[test]
fn each_aggregate_of_different_values_gives_what_a_loop_gives() {
    let rows = random_rows();
    let fixture = AggregateFixture::of(&rows);
    let calls = aggregate_calls();
    let single = |call: &&AggregateCall| call.columns.len() == 1 && !call.is_percentile();
    for call in calls.iter().filter(single) {
        let text = call.text("DISTINCT ");
        let expect = [call.of_different(&rows)];
        // A single distinct aggregate is computed by groups; beside another aggregate, the function itself handles duplicates.
        fixture.expect_values(&format!("SELECT {text} FROM r"), &expect);
        fixture.expect_values(&format!("SELECT sum(DISTINCT k), {text} FROM r"), &expect);
        fixture.expect_values(
            &format!("SELECT sum(DISTINCT k), {text} FROM r WHERE k < 0"),
            &[None],
        );
        let group = |g: i64| call.of_different(rows.iter().filter(|row| row.g == g));
        fixture.expect_values(
            &format!("SELECT g, sum(DISTINCT k), {text} FROM r GROUP BY g ORDER BY g"),
            &(0..5).map(group).collect::<Vec<_>>(),
        );
    }
}

#[test]
fn each_aggregate_in_a_window_that_slides_gives_what_a_loop_gives() {
    let rows = random_rows();
    let fixture = AggregateFixture::of(&rows);
    for call in aggregate_calls()
        .iter()
        .filter(|call| !call.is_percentile())
    {
        let text = call.text("");
        for (before, behind) in [(3, 2), (0, 1), (9, 0)] {
            let sql = format!(
                "SELECT k, {text} OVER (ORDER BY k ROWS BETWEEN {before} PRECEDING AND {behind} FOLLOWING) AS told FROM r ORDER BY k"
            );
            let expect: Vec<Option<f64>> = (0..rows.len())
                .map(|at| {
                    let to = (at + behind + 1).min(rows.len());
                    call.call_oracle(&rows[at.saturating_sub(before)..to])
                })
                .collect();
            fixture.expect_values(&sql, &expect);
        }
    }
}
