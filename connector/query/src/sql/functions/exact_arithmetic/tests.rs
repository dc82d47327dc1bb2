//! Comparison of arithmetic with exact arithmetic.
#![expect(
    clippy::disallowed_methods,
    reason = "the expressions of these tests are asked of a plain engine over rows at hand"
)]

use super::*;
use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Decimal256Array, DurationNanosecondArray, Int32Array, Int64Array,
    RecordBatch, UInt64Array,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DurationNanosecondType, Int32Type, Int64Type, UInt64Type, i256,
};
use datafusion::datasource::MemTable;
use datafusion::optimizer::Analyzer;
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Number type: its name and range.
#[derive(Debug, Clone, Copy)]
struct NumberType {
    name: &'static str,
    least: i256,
    most: i256,
}

fn kinds() -> Vec<NumberType> {
    let wide = i256::from_i128;
    let kind = |name, least, most| NumberType { name, least, most };
    let digits = |many: u32| wide(10).checked_pow(many).unwrap() - wide(1);
    let decimal = |name, many| kind(name, digits(many).wrapping_neg(), digits(many));
    vec![
        kind("BIGINT", wide(i64::MIN.into()), wide(i64::MAX.into())),
        kind("INT", wide(i32::MIN.into()), wide(i32::MAX.into())),
        kind("BIGINT UNSIGNED", i256::ZERO, wide(u64::MAX.into())),
        decimal("DECIMAL(38, 0)", 38),
        decimal("DECIMAL(76, 0)", 76),
    ]
}

/// Random number, sometimes so large that few operations on it fit.
fn number(random: &mut StdRng, kind: NumberType) -> i256 {
    let small = i256::from_i128(random.random_range(0..9));
    match random.random_range(0..12) {
        0 => kind.most,
        1 => kind.least,
        2 => kind.most / (small + i256::from_i128(2)),
        3 => kind.least / (small + i256::from_i128(2)),
        4..=7 if kind.least != i256::ZERO => small.wrapping_neg(),
        _ => small,
    }
}

const COLUMNS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug)]
enum ArithmeticTree {
    Column(usize),
    Literal(i256),
    Negative(Box<ArithmeticTree>),
    Of(Box<ArithmeticTree>, Operator, Box<ArithmeticTree>),
}

impl ArithmeticTree {
    fn random(random: &mut StdRng, kind: NumberType, depth: u32) -> Self {
        let signed = kind.least != i256::ZERO;
        match random.random_range(0..if depth == 0 { 4 } else { 12 }) {
            0..=2 => Self::Column(random.random_range(0..COLUMNS.len())),
            3 => Self::Literal(number(random, kind)),
            4 if signed => Self::Negative(Box::new(Self::random(random, kind, depth - 1))),
            _ => {
                let ops = [Operator::Plus, Operator::Minus, Operator::Multiply];
                let op = ops[random.random_range(0..ops.len())];
                let left = Self::random(random, kind, depth - 1);
                let right = Self::random(random, kind, depth - 1);
                Self::Of(Box::new(left), op, Box::new(right))
            }
        }
    }

    fn sql(&self, kind: NumberType) -> String {
        match self {
            Self::Column(at) => COLUMNS[*at].to_owned(),
            // A cast from text avoids a literal of another type.
            Self::Literal(value) => format!("CAST('{value}' AS {})", kind.name),
            Self::Negative(inner) => format!("-({})", inner.sql(kind)),
            Self::Of(left, op, right) => {
                format!("({} {op} {})", left.sql(kind), right.sql(kind))
            }
        }
    }

    /// Value for one row, or `None` if a step exceeds the type.
    fn value(&self, row: &[Option<i256>; 3], kind: NumberType) -> Option<Option<i256>> {
        let fits = |value: Option<i256>| {
            value
                .filter(|value| (kind.least..=kind.most).contains(value))
                .map(Some)
        };
        match self {
            Self::Column(at) => Some(row[*at]),
            Self::Literal(value) => Some(Some(*value)),
            Self::Negative(inner) => match inner.value(row, kind)? {
                Some(value) => fits(value.checked_neg()),
                None => Some(None),
            },
            Self::Of(left, op, right) => match (left.value(row, kind)?, right.value(row, kind)?) {
                (Some(left), Some(right)) => fits(match op {
                    Operator::Plus => left.checked_add(right),
                    Operator::Minus => left.checked_sub(right),
                    _ => left.checked_mul(right),
                }),
                _ => Some(None),
            },
        }
    }
}

fn table(rows: &[[Option<i256>; 3]], kind: NumberType) -> Arc<MemTable> {
    let column = |at: usize| -> ArrayRef {
        let whole = rows.iter().map(|row| row[at]);
        let small = || whole.clone().map(|value| value.and_then(i256::to_i128));
        match kind.name {
            "BIGINT" => Arc::new(Int64Array::from_iter(
                small().map(|value| value.map(|value| value.try_into().unwrap())),
            )),
            "INT" => Arc::new(Int32Array::from_iter(
                small().map(|value| value.map(|value| i32::try_from(value).unwrap())),
            )),
            "BIGINT UNSIGNED" => Arc::new(UInt64Array::from_iter(
                small().map(|value| value.map(|value| u64::try_from(value).unwrap())),
            )),
            "DECIMAL(38, 0)" => {
                let values = Decimal128Array::from_iter(small());
                Arc::new(values.with_precision_and_scale(38, 0).unwrap())
            }
            _ => {
                let values = Decimal256Array::from_iter(whole);
                Arc::new(values.with_precision_and_scale(76, 0).unwrap())
            }
        }
    };
    let ids = Int64Array::from_iter_values(0..i64::try_from(rows.len()).unwrap());
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(ids) as ArrayRef, false),
        ("a", column(0), true),
        ("b", column(1), true),
        ("c", column(2), true),
    ])
    .unwrap();
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
}

async fn analysed(context: &SessionContext, sql: &str) -> Result<LogicalPlan> {
    let state = context.state();
    let plan = state.create_logical_plan(sql).await?;
    Analyzer::new().execute_and_check(plan, state.config_options(), |_, _| {})
}

/// Last column of the answer.
fn asked(context: &SessionContext, sql: &str) -> Result<Vec<Option<i256>>, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answer = runtime.block_on(async {
        let plan = replace_operators(analysed(context, sql).await?)?;
        context.execute_logical_plan(plan).await?.collect().await
    });
    let batches = answer.map_err(|error| engine_error::execution_refusal(&error))?;
    let values = |batch: &RecordBatch| -> Vec<Option<i256>> {
        fn of<T: ArrowPrimitiveType>(
            column: &ArrayRef,
            wide: impl Fn(T::Native) -> i256,
        ) -> Vec<Option<i256>> {
            let values = column.as_primitive::<T>().iter();
            values.map(|value| value.map(&wide)).collect()
        }
        let small = |value: i128| i256::from_i128(value);
        let column = batch.columns().last().unwrap();
        match column.data_type() {
            DataType::Int64 => of::<Int64Type>(column, |value| small(value.into())),
            DataType::Int32 => of::<Int32Type>(column, |value| small(value.into())),
            DataType::UInt64 => of::<UInt64Type>(column, |value| small(value.into())),
            DataType::Decimal128(38, 0) => of::<Decimal128Type>(column, small),
            DataType::Decimal256(76, 0) => of::<Decimal256Type>(column, |value| value),
            other => panic!("{other}"),
        }
    };
    Ok(batches.iter().flat_map(values).collect())
}

#[test]
fn arithmetic_is_exact_or_ends_the_question() {
    let (mut right, mut ended) = (0, 0);
    for seed in 0..400 {
        let mut random = StdRng::seed_from_u64(seed);
        let kinds = kinds();
        let kind = kinds[random.random_range(0..kinds.len())];
        let many = random.random_range(1..6);
        let cell =
            |random: &mut StdRng| (random.random_range(0..8) > 0).then(|| number(random, kind));
        let rows: Vec<[Option<i256>; 3]> = (0..many)
            .map(|_| std::array::from_fn(|_| cell(&mut random)))
            .collect();
        let context = SessionContext::new_with_config(SessionConfig::new().with_batch_size(3));
        context.register_table("r", table(&rows, kind)).unwrap();
        let tree = ArithmeticTree::random(&mut random, kind, 4);
        let text = tree.sql(kind);
        let exact: Option<Vec<Option<i256>>> =
            rows.iter().map(|row| tree.value(row, kind)).collect();
        let greatest = exact
            .as_ref()
            .map(|all| vec![all.iter().copied().max().flatten()]);
        for (sql, expect) in [
            (format!("SELECT id, {text} FROM r ORDER BY id"), &exact),
            (
                format!("SELECT id, x FROM (SELECT id, {text} AS x FROM r) ORDER BY id"),
                &exact,
            ),
            (format!("SELECT max({text}) FROM r"), &greatest),
        ] {
            match (asked(&context, &sql), expect) {
                (Ok(reported), Some(exact)) => {
                    assert_eq!(&reported, exact, "{seed}: {sql}");
                    right += 1;
                }
                (Err(refusal), None) => {
                    assert_eq!(
                        refusal.code,
                        ErrorCode::ArithmeticOverflow,
                        "{seed}: {sql}: {refusal}"
                    );
                    ended += 1;
                }
                (reported, _) => panic!("{seed}: {sql}: {reported:?}, not {expect:?} of {rows:?}"),
            }
        }
    }
    assert!(right > 300 && ended > 300, "{right} {ended}");
}

/// Averages whose sum wraps around in the engine.
#[test]
fn an_average_is_exact_or_ends_the_question() {
    let most = i64::MAX;
    let durations = [Some(most), Some(most - 2), None, Some(most), Some(most - 2)];
    let large = i256::from_i128(10).checked_pow(75).unwrap();
    let decimals = [Some(large), Some(large), None, Some(large), Some(large)];
    let decimals = Decimal256Array::from_iter(decimals);
    let batch = RecordBatch::try_from_iter_with_nullable([
        (
            "k",
            Arc::new(Int64Array::from(vec![1, 1, 1, 2, 2])) as ArrayRef,
            false,
        ),
        (
            "t",
            Arc::new(DurationNanosecondArray::from_iter(durations)) as _,
            true,
        ),
        (
            "d",
            Arc::new(decimals.with_precision_and_scale(76, 0).unwrap()) as _,
            true,
        ),
    ])
    .unwrap();
    // Several partitions, so that partial sums are merged.
    let parts = [(0, 2), (2, 3)].map(|(from, length)| vec![batch.slice(from, length)]);
    let table = MemTable::try_new(batch.schema(), parts.to_vec()).unwrap();
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    context.register_udaf(super::super::sum::average_function().as_ref().clone());
    context.register_table("r", Arc::new(table)).unwrap();
    let mean = |sql: &str| -> Result<Vec<i64>, Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let reported = runtime.block_on(async { context.sql(sql).await?.collect().await });
        let reported = reported.map_err(|error| engine_error::execution_refusal(&error))?;
        let values = |batch: &RecordBatch| -> Vec<i64> {
            let column = batch.columns().last().unwrap();
            let values = column.as_primitive::<DurationNanosecondType>();
            values.iter().flatten().collect()
        };
        Ok(reported.iter().flat_map(values).collect())
    };
    for (sql, many) in [
        ("SELECT avg(t) FROM r", 1),
        ("SELECT mean(t) FROM r", 1),
        ("SELECT avg(DISTINCT t) FROM r", 1),
        ("SELECT k, avg(t) FROM r GROUP BY k", 2),
        ("SELECT k, count(DISTINCT d), avg(t) FROM r GROUP BY k", 2),
        ("SELECT k, avg(t) OVER (PARTITION BY k) FROM r", 5),
    ] {
        assert_eq!(mean(sql).expect(sql), vec![most - 1; many], "{sql}");
    }
    // There is no wider type for these values, and four more decimal places exceed their type.
    for sql in ["SELECT avg(d) FROM r", "SELECT avg(DISTINCT d) FROM r"] {
        assert_eq!(
            mean(sql).expect_err(sql).code,
            ErrorCode::SumOverflow,
            "{sql}"
        );
    }
}

#[test]
fn operators_come_back_as_they_were_written() {
    let context = SessionContext::new();
    let kind = kinds()[0];
    context
        .register_table("r", table(&[[None; 3]], kind))
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for sql in [
        "SELECT a + b - c * 2, -(a - 1) AS x FROM r WHERE a * b > c + 1 ORDER BY a - b",
        "SELECT a + b, count(*), sum(c * 2) FROM r GROUP BY a + b HAVING sum(c * 2) > 1 + max(a)",
        "SELECT a + 1, b, count(*) FROM r GROUP BY ROLLUP (a + 1, b)",
        "SELECT a, b * 2, count(*) FROM r GROUP BY GROUPING SETS ((a), (a, b * 2), ())",
        "SELECT a + 1, count(*) FROM r GROUP BY CUBE (a + 1)",
        "SELECT sum(a + 1) OVER (PARTITION BY b * 2 ORDER BY c - 1), lag(a + 1) OVER (ORDER BY id) FROM r",
        "SELECT l.a FROM r l JOIN r m ON l.a = m.b + 1 AND l.b - m.c > 2",
        "SELECT a FROM r WHERE b + 1 IN (SELECT c - 1 FROM r) AND c > (SELECT max(b * 2) FROM r)",
        "SELECT CAST(a AS DOUBLE) * 2 + b, (DATE '2026-01-02' - DATE '2026-01-01') + a FROM r",
        "SELECT CASE WHEN a > 5 THEN a * b ELSE -b END + 1 FROM r LIMIT 3",
    ] {
        let plan = runtime.block_on(analysed(&context, sql)).unwrap();
        let calls = replace_operators(plan.clone()).unwrap();
        assert!(calls.to_string().contains("exact("), "{calls}");
        assert_eq!(calls.schema(), plan.schema(), "{sql}");
        assert_eq!(restore_operators(calls.clone()).unwrap(), plan, "{sql}");
        // The plan can also be optimised and executed.
        let ran = runtime.block_on(async {
            let plan = context.state().optimize(&calls)?;
            context.execute_logical_plan(plan).await?.collect().await
        });
        ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// Divisions in 128 bits and in 256 bits give equal results, also at the limits of both.
#[test]
fn quotients_are_rounded_alike_in_128_and_256_bits() {
    use decimal_cast::{divide_in_256_bits, divide_rounding};
    let mut random = StdRng::seed_from_u64(hansa_test_support::property_cases::seed(
        "HANSA_PROPERTY_SEED",
    ));
    let mut number = move || {
        let few: i128 = random.random_range(-9..=9);
        match random.random_range(0..4) {
            0 => i256::from_i128(few),
            1 => i256::from_i128(i128::MAX.wrapping_add(few)),
            2 => i256::from_i128(random.random()),
            _ => i256::from_i128(random.random::<i128>() >> random.random_range(1..127)),
        }
    };
    for _ in 0..20_000 {
        let (dividend, divisor) = (number(), number());
        let quotient = divide_rounding(dividend, divisor);
        assert_eq!(
            quotient,
            divide_in_256_bits(dividend, divisor),
            "{dividend} / {divisor}"
        );
    }
}
