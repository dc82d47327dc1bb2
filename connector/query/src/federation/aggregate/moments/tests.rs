//! Moments merged from parts equal those computed from all values at once, also for means that are large beside deviations.

use super::{MomentAccumulator, MomentKind, PartialMoments};
use datafusion::arrow::array::{ArrayRef, Float64Array};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Accumulator as _;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// States of a part as a participant computes them, with spreads as sums.
fn part(pairs: &[(f64, f64)]) -> PartialMoments {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count.max(1.0);
    let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs.iter().map(|pair| of(pair.0 - x, pair.1 - y)).sum()
    };
    PartialMoments {
        count,
        mean: x,
        first: sum(&|x, _| x * x),
        other: y,
        second: sum(&|_, y| y * y),
        both: sum(&|x, y| x * y),
        total: None,
    }
}

const KINDS: [&str; 7] = [
    "var",
    "var_pop",
    "stddev",
    "stddev_pop",
    "covar_samp",
    "covar_pop",
    "corr",
];

#[test]
fn parts_give_what_all_values_give() {
    let mut chance = StdRng::seed_from_u64(7);
    for case in 0..500 {
        let far = [0.0, 1e3, 1e9][case % 3];
        let parts: Vec<Vec<(f64, f64)>> = (0..chance.random_range(0..6))
            .map(|_| {
                let size = [0, 1, 2, 40][chance.random_range(0..4)];
                let mut pair = || {
                    let x = far + chance.random_range(-9.0..9.0_f64);
                    (x, chance.random_range(-2.0..2.0_f64) - x / 3.0)
                };
                (0..size).map(|_| pair()).collect()
            })
            .collect();
        let mut all = PartialMoments::default();
        for one in &parts {
            all.add(&part(one), 0).unwrap();
        }
        let at_once = part(&parts.concat());
        for name in KINDS {
            let kind = MomentKind::of(name).unwrap();
            let (got, want) = (kind.result(&all), kind.result(&at_once));
            match (got, want) {
                (Some(got), Some(want)) => assert!(
                    (got - want).abs() <= 1e-6 * want.abs().max(1e-3),
                    "{name} at {far}: {got} for {want}"
                ),
                // Two equal values have no spread; a rounding error must not remain.
                (got, want) => assert_eq!(got, want, "{name} at {far}: {parts:?}"),
            }
        }
    }
}

/// Means of one constant can be rounded differently in two parts, which is no spread.
#[test]
fn a_constant_has_no_spread() {
    for constant in [0.1, 1.0 / 3.0, -7e11 / 9.0] {
        let mean = |count: u32| {
            let sum: f64 = (0..count).map(|_| constant).sum();
            sum / f64::from(count)
        };
        let part = |count: u32, other: f64| PartialMoments {
            count: f64::from(count),
            mean: mean(count),
            other,
            second: 2.0,
            ..PartialMoments::default()
        };
        let mut all = part(3, 2.0);
        for (count, other) in [(1, 10.0), (7, 3.0), (2, 4.0)] {
            all.add(&part(count, other), 0).unwrap();
        }
        let result = |name: &str| MomentKind::of(name).unwrap().result(&all);
        assert_eq!(result("stddev"), Some(0.0), "{constant}");
        assert_eq!(result("corr"), None, "{constant}");
    }
}

/// A sample of one value has no variance, and an empty part has no moments.
#[test]
fn too_few_values_give_null() {
    let result = |name: &str, all: &PartialMoments| MomentKind::of(name).unwrap().result(all);
    let (none, one) = (PartialMoments::default(), part(&[(3.0, 4.0)]));
    for name in KINDS {
        assert_eq!(result(name, &none), None, "{name}");
    }
    for name in ["var", "stddev", "covar_samp", "corr"] {
        assert_eq!(result(name, &one), None, "{name}");
    }
    for name in ["var_pop", "stddev_pop", "covar_pop"] {
        assert_eq!(result(name, &one), Some(0.0), "{name}");
    }
}

/// Means of integers beyond 2^53, and of decimals with many digits, differ by less than the precision of a floating-point number.
#[test]
fn sums_of_units_lose_no_digit() {
    let part = |numbers: &[i128], first: f64| PartialMoments {
        count: numbers.len() as f64,
        first,
        total: Some(numbers.iter().sum()),
        ..PartialMoments::default()
    };
    for (far, scale) in [(0_i128, 0), (1 << 53, 0), (10_i128.pow(30), 10)] {
        let unit = 10_f64.powi(scale);
        let spread = 2.0 / unit / unit;
        let parts = [
            part(&[far + 1, far + 3], spread),
            part(&[far + 2], 0.0),
            part(&[far + 6], 0.0),
        ];
        let mut all = PartialMoments::default();
        for one in &parts {
            let written: Vec<u8> = one.write().collect();
            let read = PartialMoments::from_bytes(written.first_chunk().unwrap()).unwrap();
            all.add(&read, i8::try_from(scale).unwrap()).unwrap();
        }
        let variance = MomentKind::VarPop.result(&all).unwrap() * unit * unit;
        assert!((variance - 3.5).abs() < 1e-9, "{variance} at {far}");
    }
    let mut all = part(&[i128::MAX], 0.0);
    assert!(all.add(&part(&[1], 0.0), 0).is_err());
}

/// The last digit depends neither on the order of answers nor on the grouping of parts in the merge.
#[test]
fn parts_are_put_together_alike_in_every_order() {
    let mut chance = StdRng::seed_from_u64(11);
    let mut parts: Vec<PartialMoments> = (0..9)
        .map(|at| {
            let pair = |_| (chance.random_range(-9.0..9.0_f64), chance.random::<f64>());
            part(&(0..at * 7).map(pair).collect::<Vec<_>>())
        })
        .collect();
    let report = |kind: MomentKind, parts: &[PartialMoments], cut: usize| {
        let merging = |parts: &[PartialMoments]| MomentAccumulator {
            kind,
            scale: 0,
            parts: parts.to_vec(),
        };
        let mut all = merging(&[]);
        for some in [&parts[cut..], &parts[..cut]] {
            let state = merging(some).state().unwrap();
            all.merge_batch(&[state[0].to_array().unwrap()]).unwrap();
        }
        format!("{:?}", all.evaluate().unwrap())
    };
    for name in KINDS {
        let kind = MomentKind::of(name).unwrap();
        let first = report(kind, &parts, 0);
        for cut in 0..parts.len() {
            parts.rotate_left(1);
            assert_eq!(report(kind, &parts, cut), first, "{name}");
        }
    }
}

/// The result is NULL if a participant sends its count but withholds its spread, also after an intermediate merge. A participant
/// without values does not have this effect.
#[test]
fn what_one_withholds_is_null_of_all() {
    type Sent = (Option<f64>, Option<f64>, Option<f64>);
    let merging = |parts: &[Sent]| {
        let column = |of: fn(&Sent) -> Option<f64>| -> ArrayRef {
            Arc::new(parts.iter().map(of).collect::<Float64Array>())
        };
        let mut merging = MomentAccumulator {
            kind: MomentKind::VarPop,
            scale: 0,
            parts: Vec::new(),
        };
        let columns = [
            column(|one| one.0),
            column(|one| one.1),
            column(|one| one.2),
        ];
        merging.update_batch(&columns).unwrap();
        merging
    };
    let shown = (Some(40.0), Some(1.0), Some(2.5));
    let (nothing, untold) = ((Some(0.0), None, None), (None, None, None));
    for (other, expect) in [
        ((Some(5.0), Some(3.0), None), None),
        ((Some(5.0), None, None), None),
        (nothing, Some(2.5)),
        (untold, Some(2.5)),
    ] {
        let expect = ScalarValue::Float64(expect);
        assert_eq!(merging(&[shown, other]).evaluate().unwrap(), expect);
        let mut all = merging(&[shown]);
        let state = merging(&[other]).state().unwrap();
        all.merge_batch(&[state[0].to_array().unwrap()]).unwrap();
        assert_eq!(all.evaluate().unwrap(), expect, "{other:?}");
    }
    let alone = merging(&[(Some(5.0), Some(3.0), None)]).evaluate().unwrap();
    assert_eq!(alone, ScalarValue::Float64(None));
}
