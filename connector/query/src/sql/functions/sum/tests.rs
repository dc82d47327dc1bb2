//! Comparison of sums with exact arithmetic.
#![expect(
    clippy::disallowed_methods,
    reason = "the sums of these tests are asked of a plain engine over rows at hand"
)]

use super::*;
use crate::engine_error;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, DurationNanosecondArray, Float64Array, Int64Array,
    RecordBatch, UInt64Array,
};
use datafusion::arrow::datatypes::i256;
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DecimalType, Float64Type};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::property_cases::seed;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};

mod means;
mod null_counts;

/// Equal numbers in each type.
struct TypedNumbers {
    keys: Vec<i64>,
    numbers: Vec<Option<i64>>,
}

impl TypedNumbers {
    /// Random numbers of which few or many are so large that two of them overflow.
    fn random(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let many = random.random_range(1..60);
        let large = random.random_range(0..6);
        let mut rows = Self {
            keys: Vec::new(),
            numbers: Vec::new(),
        };
        for _ in 0..many {
            rows.keys.push(random.random_range(0..5));
            let draw = random.random_range(0..24);
            rows.numbers.push(if draw < 2 {
                None
            } else if draw < 2 + large {
                let edge = if random.random_range(0..3) == 0 {
                    i64::MIN
                } else {
                    i64::MAX
                };
                Some(edge / random.random_range(1..4))
            } else {
                Some(random.random_range(-1000..1000))
            });
        }
        rows
    }

    fn tables(&self) -> Arc<MemTable> {
        let numbers = || self.numbers.iter().copied();
        let unsigned = numbers().map(|number| number.map(i64::unsigned_abs));
        // A decimal with 38 digits exceeds twice a 64-bit number by one digit.
        let decimal = numbers().map(|number| number.map(|number| i128::from(number) * TEN18));
        let ids = 0..i64::try_from(self.keys.len()).unwrap();
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "id",
                Arc::new(Int64Array::from_iter_values(ids)) as ArrayRef,
                false,
            ),
            ("k", Arc::new(Int64Array::from(self.keys.clone())), false),
            ("i", Arc::new(Int64Array::from_iter(numbers())), true),
            ("u", Arc::new(UInt64Array::from_iter(unsigned)), true),
            (
                "t",
                Arc::new(DurationNanosecondArray::from_iter(numbers())),
                true,
            ),
            (
                "d",
                Arc::new(
                    Decimal128Array::from_iter(decimal)
                        .with_precision_and_scale(38, 2)
                        .unwrap(),
                ),
                true,
            ),
        ])
        .unwrap();
        // Several partitions, so that partial sums are merged.
        let many = batch.num_rows();
        let parts = [(0, many / 3), (many / 3, many - many / 3)];
        let parts = parts.map(|(from, length)| vec![batch.slice(from, length)]);
        Arc::new(MemTable::try_new(batch.schema(), parts.to_vec()).unwrap())
    }
}

const TEN18: i128 = 1_000_000_000_000_000_000;

fn context(rows: &TypedNumbers) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(3)
        .with_batch_size(7);
    let context = SessionContext::new_with_config(config);
    context.register_udaf(checked_sum().as_ref().clone());
    context.register_table("r", rows.tables()).unwrap();
    context
}

/// Last column of the answer as integers, by the first column.
fn asked(context: &SessionContext, sql: &str) -> Result<BTreeMap<i64, Option<i256>>, Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let answer = runtime.block_on(async { context.sql(sql).await?.collect().await });
    let batches = answer.map_err(|error| engine_error::execution_refusal(&error))?;
    let mut reported = BTreeMap::new();
    for batch in batches {
        let keys = batch.column(0).as_primitive::<Int64Type>().clone();
        let values = batch.columns().last().unwrap();
        for row in 0..batch.num_rows() {
            reported.insert(keys.value(row), whole_number(values.as_ref(), row));
        }
    }
    Ok(reported)
}

fn whole_number(values: &dyn Array, row: usize) -> Option<i256> {
    fn of<T: ArrowPrimitiveType<Native: Into<i128>>>(values: &dyn Array, row: usize) -> i256 {
        i256::from_i128(values.as_primitive::<T>().value(row).into())
    }
    values.is_valid(row).then(|| match values.data_type() {
        DataType::Int64 => of::<Int64Type>(values, row),
        DataType::UInt64 => of::<UInt64Type>(values, row),
        DataType::Duration(_) => of::<DurationNanosecondType>(values, row),
        DataType::Decimal128(_, _) => of::<Decimal128Type>(values, row),
        other => panic!("{other}"),
    })
}

/// Value of each column, and the minimum and maximum of its sum.
fn columns(number: i64) -> [(&'static str, i256, i256, i256); 4] {
    let wide = |number: i128| i256::from_i128(number);
    let (low, high) = (wide(i64::MIN.into()), wide(i64::MAX.into()));
    let most = Decimal128Type::MAX_FOR_EACH_PRECISION[38];
    [
        ("i", wide(number.into()), low, high),
        (
            "u",
            wide(number.unsigned_abs().into()),
            i256::ZERO,
            wide(u64::MAX.into()),
        ),
        ("t", wide(number.into()), low, high),
        (
            "d",
            wide(i128::from(number) * TEN18),
            wide(-most),
            wide(most),
        ),
    ]
}

type ExactSums = BTreeMap<i64, Option<i256>>;

/// Sums of numbers by key, or `None` if one does not fit.
fn exactly(column: usize, groups: BTreeMap<i64, Vec<i64>>) -> Option<ExactSums> {
    let mut sums = BTreeMap::new();
    for (key, numbers) in groups {
        let mut sum = None;
        for number in &numbers {
            let (_, value, ..) = columns(*number)[column];
            sum = Some(sum.unwrap_or(i256::ZERO).checked_add(value).unwrap());
        }
        let (_, _, low, high) = columns(0)[column];
        if sum.is_some_and(|sum| sum < low || sum > high) {
            return None;
        }
        sums.insert(key, sum);
    }
    Some(sums)
}

/// Numbers by group. A filtered row still creates its group.
fn grouped(
    rows: &TypedNumbers,
    of: impl Fn(usize, usize) -> Option<i64>,
) -> BTreeMap<i64, Vec<i64>> {
    let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for at in 0..rows.keys.len() {
        for row in 0..rows.keys.len() {
            if let Some(key) = of(at, row) {
                let group = groups.entry(key).or_default();
                group.extend(rows.numbers[row]);
            }
        }
    }
    groups
}

#[test]
fn a_sum_is_exact_or_ends_the_question() {
    let (mut right, mut ended) = (0, 0);
    for seed in 0..120 {
        let rows = TypedNumbers::random(seed);
        let context = context(&rows);
        let key = |row: usize| rows.keys[row];
        let once = |at: usize, row: usize| at == row;
        for (column, (name, ..)) in columns(0).into_iter().enumerate() {
            let different = |groups: BTreeMap<i64, Vec<i64>>| {
                let unlike = |numbers: Vec<i64>| -> Vec<i64> {
                    // One of several numbers with an equal value in the column.
                    let mut seen = BTreeSet::new();
                    let new = |number: &i64| seen.insert(columns(*number)[column].1.to_string());
                    numbers.into_iter().filter(new).collect()
                };
                let groups = groups.into_iter();
                groups
                    .map(|(key, numbers)| (key, unlike(numbers)))
                    .collect()
            };
            let all = grouped(&rows, |at, row| once(at, row).then_some(0));
            let by_key = grouped(&rows, |at, row| once(at, row).then(|| key(row)));
            let filtered = grouped(&rows, |at, row| once(at, row).then(|| key(row)));
            let filtered = {
                let mut kept: BTreeMap<i64, Vec<i64>> =
                    filtered.into_keys().map(|key| (key, Vec::new())).collect();
                for row in (0..rows.keys.len()).filter(|row| row % 2 == 0) {
                    kept.get_mut(&key(row)).unwrap().extend(rows.numbers[row]);
                }
                kept
            };
            let slid = grouped(&rows, |at, row| {
                (row <= at && at - row <= 2).then(|| i64::try_from(at).unwrap())
            });
            let ran = grouped(&rows, |at, row| {
                (row <= at).then(|| i64::try_from(at).unwrap())
            });
            let window = "OVER (ORDER BY id ROWS BETWEEN";
            for (sql, groups) in [
                (format!("SELECT 0 AS k, sum({name}) FROM r"), all.clone()),
                (
                    format!("SELECT 0 AS k, sum(DISTINCT {name}) FROM r"),
                    different(all),
                ),
                (
                    format!("SELECT k, sum({name}) FROM r GROUP BY k"),
                    by_key.clone(),
                ),
                (
                    format!("SELECT k, sum(DISTINCT {name}) FROM r GROUP BY k"),
                    different(by_key.clone()),
                ),
                (
                    format!("SELECT k, count(id), sum(DISTINCT {name}) FROM r GROUP BY k"),
                    different(by_key),
                ),
                (
                    format!("SELECT k, sum({name}) FILTER (WHERE id % 2 = 0) FROM r GROUP BY k"),
                    filtered,
                ),
                (
                    format!("SELECT id, sum({name}) {window} 2 PRECEDING AND CURRENT ROW) FROM r"),
                    slid.clone(),
                ),
                (
                    format!(
                        "SELECT id, sum(DISTINCT {name}) {window} 2 PRECEDING AND CURRENT ROW) FROM r"
                    ),
                    different(slid),
                ),
                (
                    format!(
                        "SELECT id, sum({name}) {window} UNBOUNDED PRECEDING AND CURRENT ROW) FROM r"
                    ),
                    ran,
                ),
            ] {
                let reported = asked(&context, &sql);
                match exactly(column, groups) {
                    Some(sums) => {
                        right += 1;
                        assert_eq!(reported.unwrap(), sums, "seed {seed}: {sql}");
                    }
                    None => {
                        ended += 1;
                        let refusal = reported.expect_err(&format!("seed {seed}: {sql}"));
                        assert_eq!(
                            refusal.code,
                            ErrorCode::SumOverflow,
                            "seed {seed}: {sql}: {refusal}"
                        );
                    }
                }
            }
        }
    }
    // Both cases must be frequent, or the test has little meaning.
    assert!(right > 500 && ended > 500, "{right} sums, {ended} ends");
}

#[test]
fn a_whole_sum_is_never_too_large() {
    let rows = TypedNumbers {
        keys: vec![0, 0, 1, 1],
        numbers: vec![Some(i64::MAX), Some(i64::MAX), Some(i64::MIN), None],
    };
    let context = context(&rows);
    context.register_udaf(decimal_sum_function().as_ref().clone());
    let reported = asked(&context, "SELECT k, whole_sum(i) FROM r GROUP BY k").unwrap();
    let wide = |number: i128| Some(i256::from_i128(number));
    let sums = [
        (0, wide(2 * i128::from(i64::MAX))),
        (1, wide(i64::MIN.into())),
    ];
    assert_eq!(reported, BTreeMap::from(sums));
    let all = asked(&context, "SELECT 0 AS k, whole_sum(i) FROM r").unwrap();
    assert_eq!(
        all[&0],
        wide(2 * i128::from(i64::MAX) + i128::from(i64::MIN))
    );
}

#[test]
fn what_can_be_written_is_the_checked_one() {
    assert!(Arc::ptr_eq(
        &super::super::aggregate_function("sum").unwrap(),
        &checked_sum()
    ));
}

/// For cells, the last digit of a sum would otherwise reveal the order of their rows.
#[test]
fn whole_sums_of_floating_point_numbers_are_the_same_in_every_order() {
    let mut random = StdRng::seed_from_u64(21);
    let mut rows: Vec<(i64, Option<f64>)> = (0..500)
        .map(|_| {
            let value = random.random_range(-1.0..1.0) * 10_f64.powi(random.random_range(-9..9));
            (
                random.random_range(0..4),
                random.random_bool(0.9).then_some(value),
            )
        })
        .collect();
    let mut reported = BTreeSet::new();
    let mut engines = BTreeSet::new();
    for _ in 0..20 {
        rows.rotate_left(random.random_range(1..400));
        let keys = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
        let values = Float64Array::from_iter(rows.iter().map(|row| row.1));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("k", Arc::new(keys) as ArrayRef, false),
            ("v", Arc::new(values), true),
        ]);
        let batch = batch.unwrap();
        let config = SessionConfig::new()
            .with_target_partitions(3)
            .with_batch_size(7);
        let context = SessionContext::new_with_config(config);
        context.register_udaf(decimal_sum_function().as_ref().clone());
        let parts = (0..5)
            .map(|part| vec![batch.slice(part * 100, 100)])
            .collect();
        let table = Arc::new(MemTable::try_new(batch.schema(), parts).unwrap());
        context.register_table("r", table).unwrap();
        let bits = |sql: &str| -> Vec<u64> {
            let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
            let answer = runtime.block_on(async { context.sql(sql).await?.collect().await });
            let answer = answer.unwrap();
            let columns = answer.iter().flat_map(|batch| batch.columns().last());
            let values = columns.flat_map(|column| column.as_primitive::<Float64Type>().values());
            values.map(|value| value.to_bits()).collect()
        };
        reported.insert([
            bits("SELECT k, whole_sum(v) FROM r GROUP BY k ORDER BY k"),
            bits("SELECT k, whole_sum(v) FILTER (WHERE v > 0) FROM r GROUP BY k ORDER BY k"),
            bits("SELECT whole_sum(v) FROM r"),
            bits("SELECT whole_sum(v) FROM r WHERE v > 1e300"),
        ]);
        engines.insert(bits("SELECT k, sum(v) FROM r GROUP BY k ORDER BY k"));
    }
    assert_eq!(reported.len(), 1);
    // The engine's sums must differ, or the test has little meaning.
    assert!(engines.len() > 1);
}
