//! Tests of restrictions in a decision: they refuse after the contract, count beside it, withhold columns, and never admit
//! anything.

use super::*;
use crate::decision::clause_trace::trace_clauses;
use crate::decision::quota_budget::QuotaKind;
use crate::restriction::{ProviderRestriction, StoredRestriction};
use crate::term::Clause;
use crate::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use crate::term::purpose::OwnPurpose;

pub(super) fn restrictions_of(terms: Vec<Term>) -> ProviderRestrictions {
    let clauses = terms.into_iter().zip(2..).map(|(term, number)| Clause {
        id: ClauseId(number),
        term,
    });
    let own: Vec<OwnPurpose> = Vec::new();
    let restriction = ProviderRestriction::new(
        "g".to_owned(),
        clauses.collect(),
        small_taxonomy().label,
        own,
    );
    ProviderRestrictions::from([(
        provider_dataset("bikes"),
        StoredRestriction {
            document: Digest::of(b"restriction"),
            restriction: Some(restriction.unwrap()),
        },
    )])
}

fn prohibition(
    act: ProhibitedAction,
    part: Option<ProhibitedPart>,
    when: ProhibitionCondition,
) -> Term {
    Term::from(ProhibitionTerm {
        action: act,
        part,
        condition: when,
    })
}

fn code(case: &DecisionCase<'_>) -> Option<ErrorCode> {
    case.decide().err().map(|refusal| refusal.code)
}

/// A restriction refuses what a contract permits, with the restriction's clause; it does not permit what a contract refuses.
#[test]
fn a_restriction_refuses_what_a_contract_permits() {
    let purpose = |list: &[&'static str]| Term::Purpose(parse_purposes(list));
    let mut case = DecisionCase::of(vec![purpose(&["dpv:Research"])]);
    assert_eq!(code(&case), None);
    case.restrictions = restrictions_of(vec![purpose(&["dpv:Marketing"])]);
    let refusal = refused(&case);
    assert_eq!(refusal.code, ErrorCode::DatasetRestricted);
    assert_eq!(refusal.contract, Some(contract_id("bikes")));
    assert_eq!(refusal.clause, Some(ClauseId(2).in_restriction()));
    assert!(
        refusal.sentence.contains("restriction of `bikes`"),
        "{refusal:?}"
    );
    assert!(refusal.help.iter().all(|help| !help.contains("amendment")));
    // Both are checked, the contract first.
    case.purpose = Some("dpv:Marketing");
    assert_eq!(code(&case), Some(ErrorCode::PurposeNotCovered));
    // It does not affect other datasets.
    case.purpose = Some("dpv:Academic");
    let other = case
        .restrictions
        .remove(&provider_dataset("bikes"))
        .unwrap();
    case.restrictions.insert(provider_dataset("air"), other);
    assert_eq!(code(&case), None);
}

/// A restriction that can't be read, or has another vocabulary, refuses everything.
#[test]
fn what_can_not_be_judged_refuses() {
    let mut case = DecisionCase::of(vec![]);
    case.restrictions = restrictions_of(vec![Term::Purpose(parse_purposes(&["dpv:Research"]))]);
    assert_eq!(code(&case), None);
    let held = case
        .restrictions
        .get_mut(&provider_dataset("bikes"))
        .unwrap();
    let clauses = held.restriction.as_ref().unwrap().clauses().to_vec();
    held.restriction =
        Some(ProviderRestriction::new("g".into(), clauses, "other".into(), vec![]).unwrap());
    assert_eq!(code(&case), Some(ErrorCode::DatasetRestricted));
    case.restrictions
        .get_mut(&provider_dataset("bikes"))
        .unwrap()
        .restriction = None;
    assert_eq!(code(&case), Some(ErrorCode::DatasetRestricted));
}

/// Quotas of a restriction count beside those of the contract, each with its own slot and number.
#[test]
fn a_restriction_counts_beside_the_contract() {
    let mut case = DecisionCase::of(vec![Term::Queries(quota(10)), Term::ResultRows(50)]);
    case.restrictions = restrictions_of(vec![
        Term::Queries(quota(3)),
        Term::RowQuota(quota(100)),
        Term::ResultRows(7),
    ]);
    let ruled = case.decide().unwrap();
    let drawn: Vec<(ClauseId, QuotaKind, u64)> = ruled
        .budgets()
        .iter()
        .map(|budget| (budget.clause, budget.counts, budget.quota.max))
        .collect();
    let own = |number| ClauseId(number).in_restriction();
    assert_eq!(
        drawn,
        [
            (ClauseId(1), QuotaKind::Queries, 10),
            (own(2), QuotaKind::Queries, 3),
            (own(3), QuotaKind::Rows, 100),
        ]
    );
    // Periods of the contract begin with the contract, those of the restriction with the day.
    assert_eq!(ruled.budgets()[1].slot, parse_time("2026-06-01T00:00:00Z"));
    assert_eq!(ruled.row_limit().map(|limit| limit.rows), Some(7));
    let text = String::from_utf8(to_canonical_bytes(&ruled.to_record_body().to_json())).unwrap();
    assert!(text.contains("\"restriction\":2"), "{text}");
    assert!(
        text.contains(&Digest::of(b"restriction").to_string()),
        "{text}"
    );
    let looked_up = collect_budgets(
        ruled.active_contracts(),
        &case.restrictions,
        parse_time(case.now),
    )
    .unwrap();
    assert_eq!(looked_up.len(), ruled.budgets().len());

    case.spent_by_restriction = 3;
    let refusal = refused(&case);
    assert_eq!(refusal.code, ErrorCode::QuotaQueries);
    assert_eq!(refusal.clause, Some(own(2)));
    let reported = PendingRefusal::from_refusal(refusal, None)
        .to_record_body()
        .to_json();
    let text = String::from_utf8(to_canonical_bytes(&reported)).unwrap();
    assert!(text.contains("\"restriction\":2"), "{text}");
    assert!(!text.contains("\"clause\":"), "{text}");
}

/// A column is withheld from every use, also behind a place cell and within the cells of an aggregate. A question that does not
/// need the column is answered in full.
#[test]
fn columns_are_withheld_by_refusing() {
    let hidden = |columns: &[&str]| Some(ProhibitedPart::Columns(parse_names(columns)));
    let mut case = DecisionCase::of(vec![Term::Columns(parse_names(&["site", "note"]))]);
    case.restrictions = restrictions_of(vec![prohibition(
        ProhibitedAction::Use,
        hidden(&["note"]),
        ProhibitionCondition::ALWAYS,
    )]);
    assert_eq!(code(&case), None);
    case.reads = vec![("bikes", &["note", "site"])];
    let refusal = refused(&case);
    assert_eq!(refusal.code, ErrorCode::DatasetRestricted);
    assert!(refusal.sentence.contains("`note`"), "{refusal:?}");
    // A condition is evaluated for the question, not for the plan.
    let later = ProhibitionCondition {
        from: Some(parse_time("2026-06-02T00:00:00Z")),
        ..ProhibitionCondition::ALWAYS
    };
    case.restrictions = restrictions_of(vec![prohibition(
        ProhibitedAction::Use,
        hidden(&["note"]),
        later,
    )]);
    let ruled = case.decide().unwrap();
    assert_eq!(ruled.end_instant(), parse_time("2026-06-02T00:00:00Z"));
    assert_eq!(ruled.cut_refusal().code, ErrorCode::DatasetRestricted);
    // Aggregates alone may be closed.
    case.restrictions = restrictions_of(vec![prohibition(
        ProhibitedAction::Aggregate,
        None,
        ProhibitionCondition::ALWAYS,
    )]);
    assert_eq!(code(&case), None);
    case.restrictions = restrictions_of(vec![prohibition(
        ProhibitedAction::Query,
        None,
        ProhibitionCondition::ALWAYS,
    )]);
    assert_eq!(code(&case), Some(ErrorCode::DatasetRestricted));

    let mut case = DecisionCase::of(vec![
        Term::Functions(vec![crate::value::cube::CubeFunction::Count]),
        Term::Dimensions(parse_names(&["site"])),
        Term::Measures(parse_names(&["count"])),
        Term::Grid("hansa://munster.example/grid/bikes".to_owned()),
        Term::MinGroup {
            at_least: 3,
            unit: crate::value::cube::CountingUnit::Column(parse_name("person")),
        },
    ]);
    assert_eq!(code(&case), None);
    for (column, refuses) in [
        ("site", true),
        ("count", true),
        ("person", true),
        ("note", false),
    ] {
        case.restrictions = restrictions_of(vec![prohibition(
            ProhibitedAction::Use,
            hidden(&[column]),
            ProhibitionCondition::ALWAYS,
        )]);
        assert_eq!(code(&case).is_some(), refuses, "{column}");
    }

    let cells = PlaceCellsTerm {
        lon: parse_name("lon"),
        lat: parse_name("lat"),
        cell: parse_name("cell"),
        size: "h3:8".parse().unwrap(),
    };
    let mut case = DecisionCase::of(vec![Term::PlaceCells(cells)]);
    case.reads = vec![("bikes", &["cell"])];
    assert_eq!(code(&case), None);
    case.restrictions = restrictions_of(vec![prohibition(
        ProhibitedAction::Use,
        hidden(&["lat"]),
        ProhibitionCondition::ALWAYS,
    )]);
    assert_eq!(code(&case), Some(ErrorCode::DatasetRestricted));
}

/// Local users are not subject to restrictions for own data; a simulation reports what a restriction would refuse.
#[test]
fn it_is_traced() {
    let mut case = DecisionCase::of(vec![]);
    case.restrictions = restrictions_of(vec![prohibition(
        ProhibitedAction::Use,
        None,
        ProhibitionCondition::ALWAYS,
    )]);
    let active = active_contracts(case.agreements.clone());
    let verdicts = case
        .with_facts(|facts| trace_clauses(&active, facts))
        .unwrap();
    let reported: Vec<(String, Option<ErrorCode>)> = verdicts
        .iter()
        .map(|one| {
            (
                one.clause.id.to_string(),
                one.refusal.as_ref().map(|why| why.code),
            )
        })
        .collect();
    assert_eq!(
        reported,
        [("#r2".to_owned(), Some(ErrorCode::DatasetRestricted))]
    );
}
