//! Tests: a decision is total, and does not depend on names.

use super::*;

#[test]
fn deciding_is_total() {
    let samples = Term::samples();
    let mut random = crate::fixture::random_terms::SeededRandom(11);
    let mut permitted = 0;
    for _ in 0..6_000 {
        let terms: Vec<Term> = random.make_list(6, |random| {
            if random.draw_below(2) == 0 {
                random.choose_item(&samples)
            } else {
                random.term()
            }
        });
        let mut case = DecisionCase::of(terms);
        case.spent = random.choose_item(&[0, 1_000, u64::MAX]);
        case.now = random.choose_item(&[
            "2025-01-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            "2030-01-01T00:00:00Z",
        ]);
        case.purpose = random.choose_item(&[None, Some("mobility-research"), Some("nonsense")]);
        match case.decide() {
            Ok(ruled) => {
                permitted += 1;
                assert!(ruled.to_record_body().to_json().is_within_limits(8));
                assert_eq!(ruled.effects().len(), 1);
            }
            Err(refusal) => assert!(!refusal.sentence.is_empty()),
        }
    }
    assert!(
        permitted > 300,
        "only {permitted} of the cases were permitted"
    );
}

#[test]
fn names_of_columns_do_not_matter_without_a_list() {
    let case = DecisionCase::of(vec![Term::Mask {
        column: parse_name("site"),
        mask: crate::value::column::MaskValue::Null,
    }]);
    assert!(case.decide().is_ok());
}
