//! Tests of declared purposes.

use super::*;

#[track_caller]
pub(super) fn purpose_of(
    terms: &[&str],
    declared: Option<&'static str>,
    expect: Result<(), ErrorCode>,
) {
    let case = DecisionCase {
        purpose: declared,
        ..DecisionCase::of(vec![Term::Purpose(parse_purposes(terms))])
    };
    let got = case.decide().map(|_| ()).map_err(|refusal| {
        assert_eq!(refusal.clause, Some(ClauseId(1)));
        assert!(refusal.contract.is_some() && refusal.allowed.is_some());
        assert!(!refusal.help.is_empty(), "something must help");
        refusal.code
    });
    assert_eq!(got, expect);
}

#[test]
fn purposes_are_covered_or_refused() {
    purpose_of(&["dpv:Research"], Some("dpv:Research"), Ok(()));
    purpose_of(&["dpv:Research"], Some("dpv:Academic"), Ok(()));
    purpose_of(&["dpv:Research"], Some("mobility-research"), Ok(()));
    purpose_of(&["mobility-research"], Some("mobility-research"), Ok(()));
    purpose_of(
        &["dpv:Marketing", "dpv:Research"],
        Some("dpv:Academic"),
        Ok(()),
    );
    purpose_of(
        &["dpv:Academic"],
        Some("dpv:Research"),
        Err(ErrorCode::PurposeNotCovered),
    );
    purpose_of(
        &["mobility-research"],
        Some("dpv:Research"),
        Err(ErrorCode::PurposeNotCovered),
    );
    purpose_of(
        &["dpv:Research"],
        Some("advertising"),
        Err(ErrorCode::PurposeUnknown),
    );
    purpose_of(&["dpv:Research"], None, Err(ErrorCode::PurposeMissing));
    purpose_of(
        &["dpv:Gone"],
        Some("dpv:Research"),
        Err(ErrorCode::PurposeNotCovered),
    );
}

#[test]
fn purposes_that_are_excluded() {
    let check = |excluded: &[&str], declared: Option<&'static str>| {
        let case = DecisionCase {
            purpose: declared,
            ..DecisionCase::of(vec![Term::PurposeNot(parse_purposes(excluded))])
        };
        case.decide().map(|_| ()).map_err(|refusal| refusal.code)
    };
    assert_eq!(check(&["dpv:Marketing"], Some("dpv:Academic")), Ok(()));
    let refused = Err(ErrorCode::PurposeNotCovered);
    assert_eq!(check(&["dpv:Marketing"], Some("dpv:Marketing")), refused);
    assert_eq!(check(&["dpv:Research"], Some("dpv:Academic")), refused);
    // A wider purpose contains the excluded one.
    assert_eq!(check(&["dpv:Academic"], Some("dpv:Research")), refused);
    assert_eq!(
        check(&["dpv:Academic"], None),
        Err(ErrorCode::PurposeMissing)
    );
}

#[test]
fn a_missing_purpose_lists_the_covered_ones() {
    let case = DecisionCase {
        purpose: None,
        ..DecisionCase::of(vec![Term::Purpose(parse_purposes(&["dpv:Research"]))])
    };
    assert_eq!(
        refused(&case).help,
        [
            "ask with --purpose dpv:Research",
            "covered as well: dpv:Academic, mobility-research"
        ]
    );
}

#[test]
fn another_vocabulary_than_the_contracts_is_refused() {
    let mut case = DecisionCase::of(vec![Term::Purpose(parse_purposes(&["dpv:Research"]))]);
    case.agreements[0].purposes = "2.2:sha256:other".to_owned();
    assert_eq!(refused(&case).code, ErrorCode::TermUnknown);
}
