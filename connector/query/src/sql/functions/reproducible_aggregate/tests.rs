//! Every permitted aggregate is bit-identical for any order of rows and any division into batches and threads.

use super::{DistinctValueAccumulator, NumericSummary, SummaryGroupsAccumulator};
use crate::sql::functions::sketch_state::SketchKind;
use crate::sql::functions::total_order::totally_ordered;
use crate::sql::functions::{AGGREGATE, aggregate_function};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_common::ScalarValue;
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};
use hansa_enforcement::power_sums::PowerSums;
use hansa_test_support::property_cases::seed;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls by which each listed function is tested.
const CALLS: &[(&str, &[&str])] = &[
    (
        "approx_distinct",
        &[
            "approx_distinct(i)",
            "approx_distinct(s)",
            "approx_distinct(n)",
        ],
    ),
    ("approx_median", &["approx_median(f)", "approx_median(i)"]),
    (
        "approx_percentile_cont",
        &[
            "approx_percentile_cont(f, 0.3)",
            "approx_percentile_cont(0.9) WITHIN GROUP (ORDER BY f DESC)",
        ],
    ),
    (
        "avg",
        &[
            "avg(f)",
            "avg(i)",
            "avg(DISTINCT f)",
            "avg(CAST(i AS DECIMAL(20, 3)))",
        ],
    ),
    ("bit_and", &["bit_and(i)"]),
    ("bit_or", &["bit_or(i)"]),
    ("bit_xor", &["bit_xor(i)"]),
    ("bool_and", &["bool_and(b)"]),
    ("bool_or", &["bool_or(b)"]),
    ("corr", &["corr(f, h)", "corr(h, n)"]),
    (
        "count",
        &[
            "count(*)",
            "count(f)",
            "count(DISTINCT f)",
            "count(DISTINCT s)",
        ],
    ),
    ("covar", &["covar(f, h)"]),
    ("covar_pop", &["covar_pop(h, n)"]),
    ("covar_samp", &["covar_samp(h, i)"]),
    (
        "first_value",
        &[
            "first_value(f)",
            "first_value(s ORDER BY n)",
            "first_value(f ORDER BY n DESC)",
            "first_value(h) IGNORE NULLS",
        ],
    ),
    ("grouping", &[]),
    (
        "last_value",
        &[
            "last_value(h)",
            "last_value(i ORDER BY n)",
            "last_value(f ORDER BY s)",
        ],
    ),
    (
        "max",
        &[
            "max(f)",
            "max(CAST(f AS REAL))",
            "max(i)",
            "max(s)",
            "max(-f)",
        ],
    ),
    ("mean", &["mean(h)"]),
    ("median", &["median(f)", "median(i)", "median(DISTINCT h)"]),
    (
        "min",
        &[
            "min(f)",
            "min(CAST(f AS REAL))",
            "min(i)",
            "min(s)",
            "min(-f)",
        ],
    ),
    (
        "nth_value",
        &["nth_value(h, 3)", "nth_value(f, 2 ORDER BY n)"],
    ),
    (
        "percentile_cont",
        &["percentile_cont(0.4) WITHIN GROUP (ORDER BY f)"],
    ),
    ("quantile_cont", &["quantile_cont(h, 0.7)"]),
    ("stddev", &["stddev(f)", "stddev(h)", "stddev(i)"]),
    ("stddev_pop", &["stddev_pop(h)"]),
    ("stddev_samp", &["stddev_samp(f) FILTER (WHERE n > 0)"]),
    (
        "sum",
        &[
            "sum(f)",
            "sum(h)",
            "sum(DISTINCT h)",
            "sum(i)",
            "sum(h) FILTER (WHERE b)",
            "sum(h * i + f)",
        ],
    ),
    ("var", &["var(h)"]),
    ("var_pop", &["var_pop(f)", "var_pop(DISTINCT h)"]),
    ("var_population", &["var_population(h)"]),
    ("var_samp", &["var_samp(h)"]),
    ("var_sample", &["var_sample(f)"]),
];

/// Rows whose sums depend on their order, with NaN and infinities, in one of several sizes.
fn rows(random: &mut StdRng, many: usize) -> RecordBatch {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.0,
        5e-324,
        -1e308,
        1e308,
    ];
    let is_odd = random.random_bool(0.5);
    let mut float = |is_odd: bool| {
        let random = &mut *random;
        if random.random_bool(0.1) {
            return None;
        }
        if is_odd && random.random_bool(0.1) {
            return Some(odd[random.random_range(0..odd.len())]);
        }
        let scale = 10_f64.powi(random.random_range(-6..7));
        Some(random.random_range(-1.0..1.0) * scale)
    };
    let f: Float64Array = (0..many).map(|_| float(is_odd)).collect();
    let h: Float64Array = (0..many).map(|_| float(false)).collect();
    let mut int = |to: i64| -> Int64Array {
        let mut one = || {
            random
                .random_bool(0.9)
                .then(|| random.random_range(-to..=to))
        };
        (0..many).map(|_| one()).collect()
    };
    let (i, n, g) = (int(1 << 40), int(3), int(2));
    let s: StringArray = n
        .iter()
        .map(|n| n.map(|n| format!("text {}", n % 2)))
        .collect();
    let b: BooleanArray = i.iter().map(|i| i.map(|i| i % 3 == 0)).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("f", Arc::new(f) as ArrayRef, true),
        ("h", Arc::new(h), true),
        ("i", Arc::new(i), true),
        ("n", Arc::new(n), true),
        ("g", Arc::new(g), true),
        ("s", Arc::new(s), true),
        ("b", Arc::new(b), true),
        (
            "k",
            Arc::new(Int64Array::from_iter_values(
                0..i64::try_from(many).unwrap(),
            )),
            true,
        ),
    ])
    .unwrap()
}

/// Permuted rows in random batches and partitions.
fn turned(rows: &RecordBatch, random: &mut StdRng) -> SessionContext {
    let mut order: Vec<u64> = (0..u64::try_from(rows.num_rows()).unwrap()).collect();
    order.shuffle(random);
    let rows = take_record_batch(rows, &arrow_array::UInt64Array::from(order)).unwrap();
    let mut parts = vec![Vec::new(); random.random_range(1..5)];
    let mut from = 0;
    while from < rows.num_rows() {
        let piece = [1, 3, 20, 1000][random.random_range(0..4)].min(rows.num_rows() - from);
        let which = random.random_range(0..parts.len());
        parts[which].push(rows.slice(from, piece));
        from += piece;
    }
    let config = SessionConfig::new()
        .with_target_partitions(random.random_range(1..5))
        .with_batch_size([2, 7, 100, 8192][random.random_range(0..4)]);
    let context = SessionContext::new_with_config(config);
    for name in AGGREGATE.split(' ') {
        context.register_udaf(aggregate_function(name).unwrap().as_ref().clone());
    }
    for state in SketchKind::ALL {
        context.register_udaf(state.function().as_ref().clone());
    }
    let table = MemTable::try_new(rows.schema(), parts).unwrap();
    context.register_table("r", Arc::new(table)).unwrap();
    context
}

/// Rows of an answer as bits.
fn reported_values(context: &SessionContext, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let batches = runtime.block_on(async {
        let plan = context.state().create_logical_plan(sql).await?;
        let plan = totally_ordered(plan)?;
        context.execute_logical_plan(plan).await?.collect().await
    });
    let cell = |column: &ArrayRef, row: usize| match column.as_primitive_opt::<Float64Type>() {
        Some(floats) if floats.is_valid(row) => {
            format!("{}={:x}", floats.value(row), floats.value(row).to_bits())
        }
        _ => format!("{:?}", column.slice(row, 1)),
    };
    let mut lines = Vec::new();
    for batch in batches.unwrap_or_else(|error| panic!("{sql}: {error}")) {
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = batch.columns().iter().map(|one| cell(one, row)).collect();
            lines.push(cells.join(" | "));
        }
    }
    lines.sort();
    lines
}

#[test]
fn every_function_of_the_list_is_judged() {
    let judged: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    assert_eq!(judged, AGGREGATE.split(' ').collect::<Vec<_>>());
}

#[test]
fn every_aggregate_is_the_same_in_every_order() {
    let seed = seed("HANSA_PROPERTY_SEED");
    let mut random = StdRng::seed_from_u64(seed);
    let states = [
        "distinct_state_v1(i)",
        "distinct_state_v1(s)",
        "percentile_state_v2(f)",
    ];
    let calls = CALLS.iter().flat_map(|(_, calls)| *calls).copied();
    let calls: Vec<&str> = calls.chain(states).collect();
    for case in 0..6 {
        let many = [1, 2, 9, 70, 700, 5000][case];
        let rows = rows(&mut random, many);
        let worlds: Vec<SessionContext> = (0..4).map(|_| turned(&rows, &mut random)).collect();
        for call in &calls {
            let windowed =
                !call.contains("state") && !call.contains("WITHIN") && !call.contains("DISTINCT");
            let slides = windowed
                && !call.contains("approx_")
                && !call.contains("IGNORE")
                && !call.contains("ORDER");
            let mut questions = vec![
                format!("SELECT {call} AS told FROM r"),
                format!("SELECT g, {call} AS told, count(*) AS all_rows FROM r GROUP BY g"),
                format!(
                    "SELECT n % 2 AS m, s, {call} AS told FROM r WHERE h > -1 GROUP BY n % 2, s"
                ),
            ];
            let by_value = [
                "sum(", "avg(", "mean(", "var", "stddev", "cov", "corr", "min(", "max(", "count(",
            ];
            if slides
                && by_value.iter().any(|name| call.starts_with(name))
                && !call.contains("FILTER")
                && many <= 700
            {
                // Rows with equal keys are all in the window, whichever comes first.
                questions.push(format!(
                    "SELECT k, {call} OVER (PARTITION BY g ORDER BY n) AS told FROM r"
                ));
                questions.push(format!("SELECT k, {call} OVER (ORDER BY k ROWS BETWEEN 5 PRECEDING AND 2 FOLLOWING) AS told FROM r"));
            }
            for sql in &questions {
                let first = reported_values(&worlds[0], sql);
                for other in &worlds[1..] {
                    assert_eq!(
                        reported_values(other, sql),
                        first,
                        "seed {seed}, {many} rows: {sql}"
                    );
                }
            }
        }
    }
}

#[test]
fn zero_is_one_value_whatever_its_sign() {
    let fresh = || DistinctValueAccumulator::<PowerSums<1>>::new(|values| Some(values.count()));
    let column =
        |values: &[f64]| -> [ArrayRef; 1] { [Arc::new(Float64Array::from(values.to_vec()))] };
    let count =
        |values: &mut DistinctValueAccumulator<PowerSums<1>>| match values.evaluate().unwrap() {
            ScalarValue::Float64(Some(count)) => count,
            other => panic!("{other}"),
        };
    let mut values = fresh();
    values.update_batch(&column(&[0.0, -0.0, 1.5])).unwrap();
    assert_eq!(count(&mut values), 2.0);
    let mut merged = fresh();
    merged.update_batch(&column(&[-0.0])).unwrap();
    let state = values.state().unwrap();
    let state: Vec<ArrayRef> = state.iter().map(|one| one.to_array().unwrap()).collect();
    merged.merge_batch(&state).unwrap();
    assert_eq!(count(&mut merged), 2.0);
    // A value is removed after it was retracted as often as it was added.
    values.retract_batch(&column(&[-0.0])).unwrap();
    assert_eq!(count(&mut values), 2.0);
    values.retract_batch(&column(&[-0.0])).unwrap();
    assert_eq!(count(&mut values), 1.0);
}

/// Number of rows. The summary counts the calls for its size.
#[derive(Debug, Default, Clone)]
struct CountingSummary(usize);

static LOOKS: AtomicUsize = AtomicUsize::new(0);

impl NumericSummary<1> for CountingSummary {
    fn add(&mut self, _: [f64; 1]) {
        self.0 += 1;
    }

    fn remove_row(&mut self, _: [f64; 1]) {
        self.0 -= 1;
    }

    fn merge(&mut self, _: &[u8]) -> Option<()> {
        None
    }

    fn write(&self) -> Option<Vec<u8>> {
        None
    }

    fn heap_bytes(&self) -> usize {
        LOOKS.fetch_add(1, Ordering::Relaxed);
        self.0
    }
}

/// Emitting groups in several steps costs no more than emitting them at once.
#[test]
fn each_group_that_is_taken_is_looked_at_once() {
    let many = 1000;
    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0; many]));
    let groups: Vec<usize> = (0..many).collect();
    let mut all = SummaryGroupsAccumulator::<CountingSummary, 1>::new(|rows| {
        Some(f64::from(u32::try_from(rows.0).unwrap()))
    });
    for _ in 0..3 {
        all.update_batch(&[Arc::clone(&column)], &groups, None, many)
            .unwrap();
    }
    assert_eq!(all.held, 3 * many);
    let before = LOOKS.load(Ordering::Relaxed);
    for taken in 1..=many / 10 {
        let reported = all.evaluate(EmitTo::First(10)).unwrap();
        assert_eq!(reported.as_primitive::<Float64Type>().values(), &[3.0; 10]);
        assert_eq!(all.held, 3 * (many - 10 * taken));
    }
    assert_eq!(LOOKS.load(Ordering::Relaxed) - before, many);
}
