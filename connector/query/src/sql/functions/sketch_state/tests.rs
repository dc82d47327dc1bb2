//! Merged states equal the engine's result over all values.

mod malformed_states;

use super::{LARGEST, SketchKind, SketchOutput};
use crate::sql::functions::{aggregate_function, function_names, is_known_function};
use arrow_schema::{DataType, Field, FieldRef, Schema, TimeUnit};
use datafusion::arrow::array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    LargeStringArray, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::concat;
use datafusion_common::ScalarValue;
use datafusion_expr::function::AccumulatorArgs;
use datafusion_expr::{Accumulator, AggregateUDF, Expr};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// Accumulator of a function for this type.
fn accumulator(function: &AggregateUDF, kind: &DataType) -> Box<dyn Accumulator> {
    let field = |kind: DataType| -> FieldRef { Arc::new(Field::new("x", kind, true)) };
    let to = function.return_type(std::slice::from_ref(kind)).unwrap();
    let args = AccumulatorArgs {
        return_field: field(to),
        schema: &Schema::empty(),
        ignore_nulls: false,
        order_bys: &[],
        is_reversed: false,
        name: "x",
        is_distinct: false,
        exprs: &[],
        expr_fields: &[field(kind.clone())],
    };
    function.accumulator(args).unwrap()
}

/// Result of a function for values in batches of `piece`.
fn of(function: &AggregateUDF, values: &ArrayRef, piece: usize) -> ScalarValue {
    let mut all = accumulator(function, values.data_type());
    for start in (0..values.len()).step_by(piece) {
        let length = piece.min(values.len() - start);
        all.update_batch(&[values.slice(start, length)]).unwrap();
    }
    all.evaluate().unwrap()
}

fn state(state: SketchKind, values: &ArrayRef) -> Option<Vec<u8>> {
    match of(&state.function(), values, 1000) {
        ScalarValue::Binary(state) => state,
        other => panic!("{other}"),
    }
}

fn merging(state: SketchKind, sketch_output: SketchOutput) -> Box<dyn Accumulator> {
    let Expr::AggregateFunction(call) = state.merge_call(sketch_output, Expr::default()) else {
        panic!("no call");
    };
    accumulator(&call.func, &DataType::Binary)
}

fn binary(states: &[Option<Vec<u8>>]) -> ArrayRef {
    let states = states.iter().map(Option::as_deref);
    Arc::new(BinaryArray::from_iter(states))
}

fn merged(
    kind: SketchKind,
    sketch_output: SketchOutput,
    states: &[Option<Vec<u8>>],
) -> ScalarValue {
    let mut all = merging(kind, sketch_output);
    all.update_batch(&[binary(states)]).unwrap();
    all.evaluate().unwrap()
}

/// Columns of these values in each type, with NULLs.
fn columns(values: &[Option<i64>]) -> Vec<ArrayRef> {
    let texts = || {
        values
            .iter()
            .map(|x| x.map(|x| format!("{x} of the texts")))
    };
    let short = values.iter().map(|x| x.map(|x| x.to_string()));
    let days = values.iter().map(|x| x.map(|x| i32::try_from(x).unwrap()));
    vec![
        Arc::new(Int64Array::from(values.to_vec())),
        Arc::new(Date32Array::from_iter(days)),
        Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone("UTC")),
        Arc::new(Decimal128Array::from_iter(
            values.iter().map(|x| x.map(i128::from)),
        )),
        Arc::new(StringArray::from_iter(texts())),
        Arc::new(StringArray::from_iter(short)),
        Arc::new(LargeStringArray::from_iter(texts())),
    ]
}

#[test]
fn counts_are_those_of_the_engine() {
    let engine = aggregate_function("approx_distinct").unwrap();
    let mut chance = StdRng::seed_from_u64(11);
    for size in [0, 1, 2, 9, 257, 1025, 6000, 40_000] {
        let mut parts: Vec<Vec<Option<i64>>> = Vec::new();
        for _ in 0..3 {
            let mut value =
                || (chance.random_range(0..9) > 0).then(|| chance.random_range(0..size));
            parts.push((0..size).map(|_| value()).collect());
        }
        for column in 0..columns(&[]).len() {
            let arrays: Vec<ArrayRef> = parts
                .iter()
                .map(|part| Arc::clone(&columns(part)[column]))
                .collect();
            let states: Vec<_> = arrays
                .iter()
                .map(|part| state(SketchKind::Distinct, part))
                .collect();
            let all: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            let all = concat(&all).unwrap();
            let got = merged(SketchKind::Distinct, SketchOutput::Count, &states);
            assert_eq!(
                got,
                of(&engine, &all, 512),
                "{size} of {:?}",
                all.data_type()
            );
            // The state of all values equals the merged states.
            let again = merged(SketchKind::Distinct, SketchOutput::State, &states);
            assert_eq!(
                again,
                ScalarValue::Binary(state(SketchKind::Distinct, &all))
            );
        }
    }
}

/// A state depends on the set of values alone, not on their order, duplicates or text representation.
#[test]
fn a_state_is_one_of_the_values() {
    let mut texts: Vec<String> = (0..700).map(|at| format!("{}", at * 7919)).collect();
    let first: ArrayRef = Arc::new(StringArray::from(texts.clone()));
    let expect = state(SketchKind::Distinct, &first);
    texts.extend(texts.clone());
    texts.shuffle(&mut StdRng::seed_from_u64(3));
    let views: ArrayRef = Arc::new(StringViewArray::from_iter_values(&texts));
    assert_eq!(state(SketchKind::Distinct, &views), expect);
    let expect = expect.unwrap();
    assert!(expect.len() <= 3 * 700, "{}", expect.len());
}

/// Fixed versions: a release with another format must have other names.
#[test]
fn versions_are_fixed() {
    let bytes = |array: ArrayRef| state(SketchKind::Distinct, &array).unwrap();
    let entry = |number: u16, rank: u8| {
        let [low, high] = number.to_le_bytes();
        [low, high, rank]
    };
    assert_eq!(
        bytes(Arc::new(Int64Array::from(vec![1, 2, 3, 1]))),
        [entry(1626, 1), entry(4047, 4), entry(10_272, 3)].concat()
    );
    assert_eq!(
        bytes(Arc::new(StringViewArray::from(vec!["north", "münster"]))),
        [entry(811, 6), entry(2623, 4)].concat()
    );
    assert_eq!(
        bytes(Arc::new(Date32Array::from(vec![19_716]))),
        entry(3881, 2)
    );
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![2.5, -1.0]));
    // No doubling, no NaN, minimum and maximum, the bucket of -1 with one value, and that of 2.5 with one value.
    let ends = [-1.0, 2.5].into_iter().flat_map(f64::to_le_bytes);
    let expect: Vec<u8> = [0, 0].into_iter().chain(ends).collect();
    let (first, apart) = (0x3ff00_u32 << 1 | 1, 0x3ff00 + 0x40040_u32);
    let seven = |number: u32, at: u32| u8::try_from(number >> (7 * at) & 0x7f).unwrap();
    let three = |number: u32| {
        [
            seven(number, 0) | 0x80,
            seven(number, 1) | 0x80,
            seven(number, 2),
        ]
    };
    let expect = [
        expect,
        three(first).into(),
        vec![1],
        three(apart).into(),
        vec![1],
    ]
    .concat();
    assert_eq!(state(SketchKind::Percentile, &floats).unwrap(), expect);
}

fn quantile(share: f64) -> SketchOutput {
    SketchOutput::Quantile {
        share: share.to_bits(),
        descends: false,
    }
}

#[test]
fn percentiles_are_near() {
    let mut chance = StdRng::seed_from_u64(5);
    for (parts, size) in [(1, 1), (3, 2), (3, 50), (3, 1000), (40, 200), (2, 30_000)] {
        let parts: Vec<Vec<f64>> = (0..parts)
            .map(|_| {
                let mut value = || chance.random_range(-9.0..9.0_f64).powi(3);
                (0..size).map(|_| value()).collect()
            })
            .collect();
        let states: Vec<_> = parts
            .iter()
            .map(|part| state(SketchKind::Percentile, &floats(part)))
            .collect();
        let mut all = parts.concat();
        all.sort_by(f64::total_cmp);
        let mut back = states.clone();
        back.reverse();
        for percent in [0_u32, 1, 10, 37, 50, 75, 99, 100] {
            let share = f64::from(percent) / 100.0;
            let got = merged(SketchKind::Percentile, quantile(share), &states);
            // The order of merges has no effect on the last digit.
            assert_eq!(got, merged(SketchKind::Percentile, quantile(share), &back));
            let ScalarValue::Float64(Some(got)) = got else {
                panic!("{got}");
            };
            near(&all, share, got);
        }
    }
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// Checks that a value is the one at this share, or nearer to zero by less than 1/256; by more for large ranges.
#[track_caller]
fn near(sorted: &[f64], share: f64, got: f64) {
    let exact = sorted[(share * (sorted.len() - 1) as f64).floor() as usize];
    let part = match sorted.len() {
        0..=4_000 => 256.0,
        4_001..=20_000 => 128.0,
        _ => 64.0,
    };
    let nearer = exact.abs() - got.abs();
    assert!(
        (0.0..=exact.abs() / part).contains(&nearer) && exact * got >= 0.0,
        "{share} of {}: {got} for {exact}",
        sorted.len()
    );
}

/// The answer of several participants equals that of one with all values.
#[test]
fn states_give_what_all_rows_give() {
    let engine = aggregate_function("approx_median").unwrap();
    let values: Vec<f64> = (0..5000).map(|at| f64::from(at * 7919 % 1009)).collect();
    let part = |rows: &[f64]| state(SketchKind::Percentile, &floats(rows));
    let states = [None, part(&values[..77]), part(&[]), part(&values[77..])];
    let got = merged(SketchKind::Percentile, quantile(0.5), &states);
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(got, ScalarValue::Float64(Some(sorted[2499])));
    let values = floats(&values);
    assert_eq!(got, of(&engine, &values, 1000));
    let again = merged(SketchKind::Percentile, SketchOutput::State, &states);
    let whole = state(SketchKind::Percentile, &values);
    assert!(whole.as_ref().unwrap().len() < 4000);
    assert_eq!(again, ScalarValue::Binary(whole));
}

#[test]
fn nothing_gives_what_the_engine_gives() {
    let none: [Option<Vec<u8>>; 2] = [None, None];
    let empty: ArrayRef = Arc::new(Int64Array::from(vec![None, None]));
    assert_eq!(state(SketchKind::Distinct, &empty), None);
    assert_eq!(state(SketchKind::Percentile, &floats(&[])), None);
    let count = merged(SketchKind::Distinct, SketchOutput::Count, &none);
    assert_eq!(count, ScalarValue::UInt64(Some(0)));
    let median = merged(SketchKind::Percentile, quantile(0.5), &none);
    assert_eq!(median, ScalarValue::Float64(None));
}

/// NaNs may occur in files. They are no fault of the sender, and do not end the question.
#[test]
fn values_that_are_no_numbers_are_put_together() {
    let strange = [
        f64::NAN,
        1.0,
        f64::INFINITY,
        -0.0,
        f64::NEG_INFINITY,
        -f64::NAN,
    ];
    let states = [
        state(SketchKind::Percentile, &floats(&strange)),
        state(SketchKind::Percentile, &floats(&[f64::NAN])),
        state(SketchKind::Percentile, &floats(&[3.0; 400])),
    ];
    for share in [0.0, 0.3, 0.5, 0.9, 1.0] {
        merged(SketchKind::Percentile, quantile(share), &states);
    }
}

/// Within one question, states are passed on as lists.
#[test]
fn states_are_handed_on() {
    for (kind, sketch_output) in [
        (SketchKind::Distinct, SketchOutput::Count),
        (SketchKind::Percentile, quantile(0.4)),
    ] {
        let part = |from: i64| -> ArrayRef {
            match kind {
                SketchKind::Distinct => Arc::new(Int64Array::from_iter_values(from..from + 600)),
                SketchKind::Percentile => {
                    floats(&(0..600).map(|at| (from + at) as f64).collect::<Vec<_>>())
                }
            }
        };
        let states: Vec<_> = [0, 300, 9000].map(|from| state(kind, &part(from))).into();
        let mut first = merging(kind, sketch_output);
        first.update_batch(&[binary(&states[..2])]).unwrap();
        let mut second = merging(kind, sketch_output);
        second.update_batch(&[binary(&states[2..])]).unwrap();
        let mut last = merging(kind, sketch_output);
        for part in [&mut second, &mut first, &mut merging(kind, sketch_output)] {
            let state = part.state().unwrap();
            let state = state[0].to_array().unwrap();
            last.merge_batch(&[state]).unwrap();
        }
        assert_eq!(
            last.evaluate().unwrap(),
            merged(kind, sketch_output, &states)
        );
    }
}

/// No state exceeds the maximum size.
#[test]
fn states_are_bounded() {
    let many: ArrayRef = Arc::new(Int64Array::from_iter_values(0..200_000));
    let distinct = state(SketchKind::Distinct, &many).unwrap();
    let many = floats(&(0..200_000).map(f64::from).collect::<Vec<_>>());
    let percentile = state(SketchKind::Percentile, &many).unwrap();
    let largest = usize::try_from(LARGEST).unwrap();
    assert_eq!(distinct.len(), largest);
    assert!(percentile.len() <= largest, "{}", percentile.len());
}

#[test]
fn they_can_be_written_and_are_not_shown() {
    for state in SketchKind::ALL {
        assert!(is_known_function(state.name()), "{}", state.name());
        assert!(function_names().all(|name| name != state.name()));
        assert_eq!(SketchKind::from_function_name(state.name()), Some(state));
        assert!(aggregate_function(state.name()).is_some());
    }
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert!(SketchKind::Distinct.accepts_type(&micros));
    // Types that the engine counts exactly or does not support.
    for kind in [DataType::Boolean, DataType::Int16, DataType::Float64] {
        assert!(!SketchKind::Distinct.accepts_type(&kind), "{kind}");
        assert!(
            SketchKind::Distinct
                .function()
                .return_type(&[kind])
                .is_err()
        );
    }
}
