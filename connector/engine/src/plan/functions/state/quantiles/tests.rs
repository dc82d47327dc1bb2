//! A sketch is one of its values, however they come, and as near as it says.

use super::{MOST, QuantileSketch, WIDEST};
use arrow_array::{ArrayRef, Float64Array};
use harness::cases::seed;
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

/// Values over so many powers of two, with some that are none, infinite or almost zero.
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
            // Parts put together from the left, from the right, and as a tree.
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
        for share in [0.0, 0.01, 0.25, 0.5, 0.77, 0.999, 1.0] {
            let exact = values[(share * (values.len() - 1) as f64).floor() as usize];
            let told = sketch.quantile(share).unwrap();
            let is_near = if exact.is_infinite() || exact.abs() < f64::MIN_POSITIVE {
                told == exact || told == 0.0
            } else {
                told * exact > 0.0 && (0.0..=part).contains(&((exact - told) / exact))
            };
            assert!(
                is_near,
                "{share} of {many} over {powers}: {told} for {exact}"
            );
        }
    }
}

#[test]
fn what_has_few_digits_is_told_exactly() {
    let numbers: Vec<f64> = (-512..=512).map(|number| f64::from(number) / 4.0).collect();
    let sketch = of(&numbers, 100);
    for (at, number) in numbers.iter().enumerate() {
        let share = at as f64 / (numbers.len() - 1) as f64;
        let below = numbers[at.saturating_sub(1)];
        let told = sketch.quantile(share).unwrap();
        assert!(told == *number || told == below, "{told} for {number}");
    }
    // The ends are told as they are, whatever their digits.
    for value in [0.1, -7.3, 1e300, f64::INFINITY] {
        assert_eq!(of(&[value; 9], 2).quantile(0.5), Some(value));
    }
}

#[test]
fn what_is_no_number_stands_above_all_others() {
    let sketch = of(&[f64::NAN, 1.0, f64::NEG_INFINITY, -f64::NAN], 1);
    assert_eq!(sketch.quantile(0.0), Some(f64::NEG_INFINITY));
    assert_eq!(sketch.quantile(0.34), Some(1.0));
    assert!(sketch.quantile(0.7).unwrap().is_nan());
    assert!(of(&[f64::NAN], 1).quantile(0.0).unwrap().is_nan());
    assert_eq!(QuantileSketch::default().quantile(0.5), None);
}
