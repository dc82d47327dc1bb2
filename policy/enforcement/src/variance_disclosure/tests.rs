//! Tests of values that a variance would disclose, and of values that it would not.

use super::*;
use datafusion_common::arrow::array::{Float64Array, StringViewArray};

/// Values by unit, or each of its own unit.
fn parts(by_unit: bool, values: &[(Option<&str>, f64)]) -> VarianceDisclosureAccumulator {
    let mut made = VarianceDisclosureAccumulator::new(by_unit);
    let units: StringViewArray = values.iter().map(|(unit, _)| *unit).collect();
    let numbers: ArrayRef = Arc::new(Float64Array::from_iter_values(
        values.iter().map(|one| one.1),
    ));
    let columns = if by_unit {
        vec![numbers, Arc::new(units) as ArrayRef]
    } else {
        vec![numbers]
    };
    made.update_batch(&columns).unwrap();
    made
}

#[track_caller]
fn check(values: &[f64], expect: bool) {
    let names: Vec<String> = (0..values.len()).map(|at| format!("u{at}")).collect();
    let of: Vec<(Option<&str>, f64)> = names
        .iter()
        .zip(values)
        .map(|(name, value)| (Some(name.as_str()), *value))
        .collect();
    for by_unit in [true, false] {
        units(by_unit, &of, expect);
    }
}

#[track_caller]
fn units(by_unit: bool, of: &[(Option<&str>, f64)], expect: bool) {
    let whole = parts(by_unit, of);
    assert_eq!(whole.is_narrow(), expect, "{by_unit} {of:?}");
    // Two halves, merged from their states.
    let (one, other) = of.split_at(of.len() / 2);
    let mut merged = parts(by_unit, &[]);
    for half in [one, other] {
        let state = parts(by_unit, half).state().unwrap();
        let arrays: Vec<ArrayRef> = state.iter().map(|s| s.to_array().unwrap()).collect();
        merged.merge_batch(&arrays).unwrap();
    }
    assert_eq!(merged.is_narrow(), expect, "{by_unit} {of:?}");
}

#[test]
fn what_tells_single_values_is_narrow() {
    let many = |value: f64, count: usize| vec![value; count];
    let with = |more: &[f64], value: f64, count: usize| [more, &many(value, count)].concat();
    for count in [5, 8, 40, 400] {
        // All values are disclosed.
        check(&many(0.3, count), true);
        check(&many(0.0, count), true);
        // One unit has everything: the squares are S²(1 - 1/n).
        check(&with(&[100.0], 0.0, count), true);
        check(&with(&[100.0], 7.0, count), true);
        check(&with(&[-100.0], 7.0, count), true);
        // This also holds for a person who knows one or two others.
        check(&with(&[100.0, 40.0], 7.0, count), true);
        check(&with(&[100.0, -40.0, 55.0], 7.0, count), true);
    }
    let apart: Vec<f64> = (0..40).map(f64::from).collect();
    check(&apart, false);
    check(&apart[..12], false);
    check(&apart[..8], false);
    // A few values far apart protect nobody.
    check(&apart[..4], true);
    check(&apart[..3], true);
    check(&[], true);
    check(&[f64::NAN, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], true);
    check(&with(&[1e9], 1.0, 3), true);
    // Values far from zero and close together are not a reason.
    let far: Vec<f64> = apart.iter().map(|value| value + 1e9).collect();
    check(&far, false);
    // One unit has more than all others together, even among many different ones.
    check(
        &with(&[1e6], 0.0, 0)
            .into_iter()
            .chain(apart)
            .collect::<Vec<_>>(),
        true,
    );
}

#[test]
fn values_of_one_unit_are_taken_out_together() {
    let names: Vec<String> = (0..30).map(|at| format!("u{}", at % 15)).collect();
    let of = |value: &dyn Fn(usize) -> f64| -> Vec<(Option<&str>, f64)> {
        let named = names.iter().enumerate();
        named
            .map(|(at, name)| (Some(name.as_str()), value(at)))
            .collect()
    };
    // The values far from the others belong to three units, or to four.
    let of_three = of(&|at| if at % 15 < 3 { 100.0 } else { 7.0 });
    units(true, &of_three, true);
    units(false, &of_three, false);
    let of_six = of(&|at| if at % 15 < 6 { 100.0 } else { 7.0 });
    units(true, &of_six, false);
    // Rows without a unit are one unit.
    let nobody: Vec<_> = of_six.iter().map(|one| (None, one.1)).collect();
    units(true, &nobody, true);
}

/// At the threshold the last digit of a sum decides. It must be independent of the order of the units.
#[test]
fn the_same_values_have_the_same_verdict_in_every_order() {
    let names: Vec<String> = (0..21).map(|at| format!("u{at}")).collect();
    for seed in 1..20_u64 {
        let draw = |at: u64| (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> at) & 0xffff;
        let near: Vec<f64> = (0..20).map(|at| draw(at) as f64 / 65_536.0).collect();
        let is_narrow = |far: u64, turn: usize| {
            let values = near.iter().copied().chain([f64::from_bits(far)]);
            let mut of: Vec<_> = names
                .iter()
                .map(|name| Some(name.as_str()))
                .zip(values)
                .collect();
            of.rotate_left(turn);
            parts(true, &of).is_narrow()
        };
        let (mut wide, mut narrow) = (1.0_f64.to_bits(), 1e6_f64.to_bits());
        assert!(!is_narrow(wide, 0) && is_narrow(narrow, 0), "{seed}");
        while narrow - wide > 1 {
            let middle = wide.midpoint(narrow);
            if is_narrow(middle, 0) {
                narrow = middle;
            } else {
                wide = middle;
            }
        }
        for far in wide - 8..narrow + 8 {
            let verdict = is_narrow(far, 0);
            for turn in 0..21 {
                assert_eq!(is_narrow(far, turn), verdict, "{seed} {far} {turn}");
            }
        }
    }
}
