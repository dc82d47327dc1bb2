//! Tests of prohibitions in a decision: refusals, removed parts, and cut answers.

use super::*;
use crate::decision::clause_trace::trace_clauses;
use crate::row_filter::RowFilter;
use crate::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};

fn marketing() -> ProhibitionCondition {
    ProhibitionCondition {
        purpose: Some(parse_purposes(&["dpv:Marketing"])),
        ..ProhibitionCondition::ALWAYS
    }
}

fn prohibition(part: Option<ProhibitedPart>, when: ProhibitionCondition) -> Term {
    Term::from(ProhibitionTerm {
        action: ProhibitedAction::Use,
        part,
        condition: when,
    })
}

/// Conditions are conjunctive: if one fails, nothing is refused.
#[test]
fn a_prohibition_refuses_where_all_of_it_holds() {
    let summer = ProhibitionCondition {
        from: Some(parse_time("2026-06-01T00:00:00Z")),
        until: Some(parse_time("2026-07-01T00:00:00Z")),
        ..marketing()
    };
    let mut case = DecisionCase::of(vec![prohibition(None, summer)]);
    for (purpose, now, refuses) in [
        (Some("dpv:Marketing"), "2026-06-01T12:00:00Z", true),
        (None, "2026-06-01T12:00:00Z", true),
        (Some("dpv:Academic"), "2026-06-01T12:00:00Z", false),
        (Some("dpv:Marketing"), "2026-07-01T00:00:00Z", false),
        (Some("dpv:Marketing"), "2026-05-31T23:59:59Z", false),
    ] {
        (case.purpose, case.now) = (purpose, now);
        let got = case.decide();
        assert_eq!(got.is_err(), refuses, "{purpose:?} {now}");
        if let Err(refusal) = got {
            assert_eq!(refusal.code, ErrorCode::Prohibited);
            assert_eq!(refusal.clause, Some(ClauseId(1)));
            assert_eq!(refusal.contract, Some(contract_id("bikes")));
        }
    }
    // A running answer is cut when the prohibition begins to hold.
    case.now = "2026-05-31T23:59:59Z";
    let ruled = case.decide().unwrap();
    assert_eq!(ruled.end_instant(), parse_time("2026-06-01T00:00:00Z"));
    assert_eq!(ruled.cut_refusal().code, ErrorCode::Prohibited);
    case.purpose = Some("dpv:Academic");
    let ruled = case.decide().unwrap();
    assert_eq!(ruled.end_instant(), case.agreements[0].not_after);
    assert_eq!(ruled.cut_refusal().code, ErrorCode::Expired);
}

/// A prohibition overrides the permission, whatever the order of the clauses.
#[test]
fn prohibitions_win() {
    let permitted = || Term::Purpose(parse_purposes(&["dpv:Marketing"]));
    for terms in [
        vec![permitted(), prohibition(None, marketing())],
        vec![prohibition(None, marketing()), permitted()],
    ] {
        let mut case = DecisionCase::of(terms);
        case.purpose = Some("dpv:Marketing");
        assert_eq!(refused(&case).code, ErrorCode::Prohibited);
        case.purpose = Some("dpv:Research");
        assert_eq!(refused(&case).code, ErrorCode::PurposeNotCovered);
    }
}

/// A prohibition in the contract of one dataset refuses a question over two.
#[test]
fn each_contract_counts() {
    let mut case = DecisionCase::of(Vec::new());
    let air = sample_agreement("air", [prohibition(None, marketing())]);
    case.agreements.push(air);
    case.reads.push(("air", &["site"]));
    case.purpose = Some("dpv:Marketing");
    let refusal = refused(&case);
    assert_eq!(refusal.contract, Some(contract_id("air")));
}

#[test]
fn a_part_is_taken_away_where_the_conditions_hold() {
    let filter = || parse_row_filter("site = 'C'").unwrap();
    let rows = || Some(ProhibitedPart::Rows(filter()));
    let mut case = DecisionCase::of(vec![prohibition(rows(), marketing())]);
    let kept = |case: &DecisionCase<'_>| -> Vec<EffectKind> {
        let ruled = case.decide().unwrap();
        let effects = ruled.effects().values().flatten();
        effects.map(|effect| effect.kind.clone()).collect()
    };
    assert_eq!(kept(&case), []);
    let without = || vec![EffectKind::KeepRows(RowFilter::Not(Box::new(filter())))];
    for purpose in [Some("dpv:Marketing"), Some("dpv:Purpose"), None] {
        case.purpose = purpose;
        assert_eq!(kept(&case), without());
    }
    let case = DecisionCase::of(vec![prohibition(rows(), ProhibitionCondition::ALWAYS)]);
    assert_eq!(kept(&case), without());
    let columns = Some(ProhibitedPart::Columns(parse_names(&["bikes"])));
    let mut case = DecisionCase::of(vec![prohibition(columns, ProhibitionCondition::ALWAYS)]);
    assert_eq!(
        kept(&case),
        vec![EffectKind::HideColumns(parse_names(&["bikes"]))]
    );
    case.reads = vec![("bikes", &["bikes"])];
    assert_eq!(refused(&case).code, ErrorCode::ColumnUnknown);
}

/// The explanation for people uses this check.
#[test]
fn it_is_traced() {
    let active = active_contracts(vec![sample_agreement(
        "bikes",
        [prohibition(None, marketing())],
    )]);
    for (declared, code) in [
        ("dpv:Marketing", Some(ErrorCode::Prohibited)),
        ("dpv:Research", None),
    ] {
        let declared = parse_purpose(declared);
        let nothing = (
            BTreeMap::new(),
            BTreeMap::new(),
            BTreeMap::new(),
            BTreeMap::new(),
            BTreeMap::new(),
        );
        let facts = DecisionInput {
            now: parse_time("2026-06-01T12:00:00Z"),
            request: RequestId([7; 16]),
            sql_commit: Digest::of(b"sql"),
            purpose: Some(&declared),
            taxonomy: &small_taxonomy(),
            schemas: &nothing.0,
            extends: &nothing.1,
            snapshots: &nothing.2,
            spent: &nothing.3,
            contexts: &nothing.4,
            restrictions: &BTreeMap::new(),
            tenant: None,
            connector_version: "0.1.0",
        };
        let verdicts = trace_clauses(&active, &facts).unwrap();
        let codes: Vec<Option<ErrorCode>> = verdicts
            .iter()
            .map(|one| one.refusal.as_ref().map(|refusal| refusal.code))
            .collect();
        assert_eq!(codes, [code]);
    }
}
