//! Malformed states are refused and have no other effect.

use super::{binary, floats, merging, quantile, state};
use crate::sql::functions::sketch_state::{SketchKind, SketchOutput};
use datafusion::arrow::array::{ArrayRef, StringArray};
use hansa_policy::refusal::ErrorCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// State with these bytes for its buckets.
fn sketch(doubled: u8, ends: [f64; 2], buckets: &[u8]) -> Vec<u8> {
    let ends = ends.into_iter().flat_map(f64::to_le_bytes);
    let head = [doubled, 0].into_iter().chain(ends);
    head.chain(buckets.iter().copied()).collect()
}

/// Bucket of zero with one value, followed by `others` consecutive buckets with one value each.
fn zero_and(others: usize) -> Vec<u8> {
    let first = [0, 1, 0x80, 2, 1];
    let others = std::iter::repeat_n([1, 1], others.saturating_sub(1));
    first.into_iter().chain(others.flatten()).collect()
}

#[test]
fn what_is_no_state_is_refused() {
    let distinct: Vec<Vec<u8>> = vec![
        vec![],
        vec![7],
        // Register without a rank, with too high a rank, with too high a number.
        vec![1, 0, 0],
        vec![1, 0, 52],
        vec![0, 64, 1],
        // Registers out of order, and a duplicate.
        vec![2, 0, 1, 1, 0, 1],
        vec![1, 0, 1, 1, 0, 1],
        vec![0; 16_384],
        vec![52; 16_384],
        vec![1; 16_383],
        vec![1; 16_385],
        vec![1; 1 << 20],
    ];
    let (nan, least) = (f64::NAN, f64::MIN_POSITIVE);
    let percentile: Vec<Vec<u8>> = vec![
        vec![],
        // State without values, too many doublings, an unterminated integer, an overflowing integer.
        vec![0],
        vec![0, 0],
        vec![9, 1],
        vec![0, 0x80],
        [&[0][..], &[0xff; 10]].concat(),
        // Minimum and maximum without buckets, of other buckets, in the wrong order, or NaN.
        sketch(0, [0.0, 0.0], &[]),
        sketch(0, [0.0, 1.0], &[0, 1]),
        sketch(0, [least, 0.0], &zero_and(1)),
        sketch(0, [nan, 0.0], &[0, 1]),
        sketch(0, [-0.0, 0.0], &[0, 1]),
        sketch(0, [5e-324, 0.0], &[0, 1]),
        // Bucket without values, without its count, duplicate, or unused by any number.
        sketch(0, [0.0, 0.0], &[0, 0]),
        sketch(0, [0.0, 0.0], &[0]),
        sketch(0, [0.0, 0.0], &[0, 1, 0, 1]),
        sketch(0, [0.0, 0.0], &[0, 1, 5, 1]),
        sketch(0, [0.0, 0.0], &[0xff, 0xff, 0xff, 0xff, 0x7f, 1]),
        // More values than can be counted.
        sketch(
            0,
            [0.0, 0.0],
            &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ),
        // More buckets than permitted.
        sketch(
            0,
            [0.0, f64::from_bits((256 + 4095) << 44)],
            &zero_and(4096),
        ),
    ];
    for (kind, states) in [
        (SketchKind::Distinct, distinct),
        (SketchKind::Percentile, percentile),
    ] {
        for wrong in states {
            let array = binary(&[None, Some(wrong.clone())]);
            let refusal = kind.check(&array).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{refusal}");
            assert!(refusal.sentence.contains(kind.name()), "{refusal}");
            let sketch_output = match kind {
                SketchKind::Distinct => SketchOutput::Count,
                SketchKind::Percentile => quantile(0.5),
            };
            let error = merging(kind, sketch_output)
                .update_batch(&[array])
                .unwrap_err();
            let refusal = crate::engine_error::execution_refusal(&error);
            assert_eq!(
                refusal.code,
                ErrorCode::PeerDataInvalid,
                "{:?}",
                wrong.first()
            );
        }
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        assert_eq!(
            kind.check(&texts).unwrap_err().code,
            ErrorCode::PeerDataInvalid
        );
        assert!(kind.check(&binary(&[None])).is_ok());
    }
    // Well-formed state with more values than possible.
    let mut all = merging(SketchKind::Distinct, SketchOutput::Count);
    all.update_batch(&[binary(&[Some(vec![51; 16_384])])])
        .unwrap();
    let refusal = crate::engine_error::execution_refusal(&all.evaluate().unwrap_err());
    assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{refusal}");
}

/// Any bytes give a refusal or an answer.
#[test]
fn any_bytes_end_well() {
    let mut chance = StdRng::seed_from_u64(9);
    let valid: ArrayRef = floats(&(0..300).map(f64::from).collect::<Vec<_>>());
    let valid = state(SketchKind::Percentile, &valid).unwrap();
    for _ in 0..5000 {
        let mut bytes = valid.clone();
        for _ in 0..chance.random_range(1..4) {
            let at = chance.random_range(0..bytes.len());
            bytes[at] = chance.random();
        }
        bytes.truncate(chance.random_range(0..=bytes.len()));
        for (kind, sketch_output) in [
            (SketchKind::Distinct, SketchOutput::Count),
            (
                SketchKind::Percentile,
                quantile(chance.random_range(0.0..=1.0)),
            ),
        ] {
            let mut all = merging(kind, sketch_output);
            let states = [Some(bytes.clone()), Some(valid.clone())];
            for one in states {
                if all.update_batch(&[binary(&[one])]).is_ok() {
                    let _ = all.evaluate();
                }
            }
        }
    }
}
