//! A sketch depends on its values alone, and has the stated accuracy.

use super::{MOST, QuantileSketch, VALUES, WIDEST, share_rank};
use arrow_array::{ArrayRef, Float64Array};
use hansa_test_support::property_cases::seed;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

fn of(values: &[f64], piece: usize) -> QuantileSketch {
    let mut all = QuantileSketch::default();
    for part in values.chunks(piece) {
        let part: ArrayRef = Arc::new(Float64Array::from(part.to_vec()));
        all.add(&part).unwrap();
    }
    all
}

/// Random values over several powers of two, with NaN, infinities and subnormal numbers.
fn values(random: &mut StdRng, many: usize, powers: i32) -> Vec<f64> {
    let odd = [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        1e-310,
    ];
    (0..many)
        .map(|_| {
            if random.random_bool(0.02) {
                return odd[random.random_range(0..odd.len())];
            }
            let power = random.random_range(-powers..=powers);
            random.random_range(-2.0..2.0_f64) * 2.0_f64.powi(power)
        })
        .collect()
}

#[test]
fn no_order_and_no_parting_shows() {
    let mut random = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
    for (many, powers) in [
        (1, 0),
        (30, 3),
        (3000, 5),
        (20_000, 9),
        (30_000, 40),
        (60_000, 1000),
    ] {
        let mut values = values(&mut random, many, powers);
        let whole = of(&values, 1000).write();
        for piece in [1, 17, 8192] {
            values.shuffle(&mut random);
            assert_eq!(of(&values, piece).write(), whole, "{many} over {powers}");
            // Parts merged from the left, from the right, and as a tree.
            let parts = || values.chunks(many.div_ceil(7)).map(|part| of(part, 100));
            let merged = |all: Vec<QuantileSketch>| {
                let mut sum = QuantileSketch::default();
                for one in all {
                    sum.merge(&one.write().unwrap()).unwrap();
                }
                sum
            };
            let left = merged(parts().collect());
            let right = merged(parts().rev().collect());
            let pairs: Vec<QuantileSketch> = parts().collect();
            let tree = merged(pairs.chunks(2).map(|pair| merged(pair.to_vec())).collect());
            for sum in [left, right, tree] {
                assert_eq!(sum.write(), whole, "{many} over {powers}");
            }
        }
    }
}

#[test]
fn each_share_is_as_near_as_is_said() {
    let mut random = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
    for (many, powers) in [
        (1, 0),
        (2, 1),
        (900, 4),
        (20_000, 6),
        (60_000, 30),
        (60_000, 1000),
    ] {
        let mut values = values(&mut random, many, powers);
        values.retain(|value| !value.is_nan());
        let sketch = of(&values, 512);
        assert!(sketch.buckets.len() <= MOST && sketch.doubled <= WIDEST);
        let part = f64::from(1_u32 << sketch.doubled) / 256.0;
        values.sort_by(f64::total_cmp);
        for thousandths in [0, 10, 250, 290, 500, 770, 999, 1000] {
            let share = thousandths as f64 / 1000.0;
            let exact = values[thousandths * (values.len() - 1) / 1000];
            let reported = sketch.quantile(share, false).unwrap();
            let is_near = if exact.is_infinite() || exact.abs() < f64::MIN_POSITIVE {
                reported == exact || reported == 0.0
            } else {
                // The quotient is checked, since the product of two very small numbers is zero.
                reported / exact > 0.0 && (0.0..=part).contains(&((exact - reported) / exact))
            };
            assert!(
                is_near,
                "{share} of {many} over {powers}: {reported} for {exact}"
            );
        }
    }
}

#[test]
fn what_has_few_digits_is_reported_exactly() {
    let numbers: Vec<f64> = (-512..=512).map(|number| f64::from(number) / 4.0).collect();
    let sketch = of(&numbers, 100);
    for (at, number) in numbers.iter().enumerate() {
        let share = at as f64 / (numbers.len() - 1) as f64;
        let below = numbers[at.saturating_sub(1)];
        let reported = sketch.quantile(share, false).unwrap();
        assert!(
            reported == *number || reported == below,
            "{reported} for {number}"
        );
    }
    // Minimum and maximum are exact for any digits.
    for value in [0.1, -7.3, 1e300, f64::INFINITY] {
        assert_eq!(of(&[value; 9], 2).quantile(0.5, false), Some(value));
    }
}

#[test]
fn what_is_no_number_stands_above_all_others() {
    let sketch = of(&[f64::NAN, 1.0, f64::NEG_INFINITY, -f64::NAN], 1);
    assert_eq!(sketch.quantile(0.0, false), Some(f64::NEG_INFINITY));
    assert_eq!(sketch.quantile(0.34, false), Some(1.0));
    assert!(sketch.quantile(0.7, false).unwrap().is_nan());
    assert!(of(&[f64::NAN], 1).quantile(0.0, false).unwrap().is_nan());
    assert_eq!(QuantileSketch::default().quantile(0.5, false), None);
}

/// Rank of a share, computed with integers alone.
#[test]
fn the_place_of_a_share_is_the_one_that_is_written() {
    for last in (0..1200_u64).chain([VALUES - 1, VALUES - 8, 123_456_789_100]) {
        for percent in 0..=100_u64 {
            let share = percent as f64 / 100.0;
            let expect = u128::from(percent) * u128::from(last) / 100;
            // For so many values, the floating-point representation of a hundredth gives another rank.
            let tolerance = u64::from(last > 1 << 50);
            let found = share_rank(share, last);
            assert!(
                found.abs_diff(u64::try_from(expect).unwrap()) <= tolerance,
                "{share} of {last}: {found}"
            );
        }
    }
    for parts in 1..80_u64 {
        for part in 0..=parts {
            for last in 0..200 {
                let found = share_rank(part as f64 / parts as f64, last);
                assert_eq!(found, part * last / parts, "{part}/{parts} of {last}");
            }
        }
    }
    assert_eq!(share_rank(-0.0, 9), 0);
    assert_eq!(share_rank(f64::from_bits(1), VALUES - 1), 0);
}

/// Integers up to a hundred are exact, so each rank is visible.
#[test]
fn each_place_is_found_from_both_ends() {
    let values: Vec<f64> = (0..101).map(f64::from).collect();
    let sketch = of(&values, 7);
    for percent in 0..=100_u32 {
        let share = f64::from(percent) / 100.0;
        let percent = f64::from(percent);
        assert_eq!(sketch.quantile(share, false), Some(percent), "{share}");
        assert_eq!(
            sketch.quantile(share, true),
            Some(100.0 - percent),
            "{share}"
        );
    }
    let few = of(&[1.0, 2.0, 3.0, 4.0], 1);
    let both = |share| [false, true].map(|descends| few.quantile(share, descends).unwrap());
    assert_eq!(both(0.0), [1.0, 4.0]);
    assert_eq!(both(0.5), [2.0, 3.0]);
    assert_eq!(both(0.7), [3.0, 2.0]);
    assert_eq!(both(1.0), [4.0, 1.0]);
}
