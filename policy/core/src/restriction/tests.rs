//! Tests of the content of restrictions, and of the numbers of their clauses.

use super::*;
use crate::fixture::{parse_name, parse_purposes, parse_time};
use crate::id::ClauseId;
use crate::row_filter;
use crate::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};

fn restriction_of(terms: Vec<Term>) -> Result<ProviderRestriction, Refusal> {
    let clauses = terms.into_iter().zip(2..).map(|(term, number)| Clause {
        id: ClauseId(number),
        term,
    });
    ProviderRestriction::new("g".to_owned(), clauses.collect(), "test".to_owned(), vec![])
}

fn prohibition(part: Option<ProhibitedPart>, when: ProhibitionCondition) -> Term {
    Term::from(ProhibitionTerm {
        action: ProhibitedAction::Use,
        part,
        condition: when,
    })
}

/// A term that changes an answer, or needs more than the facts at admission, is not accepted in a restriction.
#[test]
fn a_restriction_holds_what_only_refuses() {
    let rows = ProhibitedPart::Rows(row_filter::parse_row_filter("site = 'a'").unwrap());
    let columns = ProhibitedPart::Columns(vec![parse_name("note")]);
    let summer = ProhibitionCondition {
        from: Some(parse_time("2026-06-01T00:00:00Z")),
        ..ProhibitionCondition::ALWAYS
    };
    for good in [
        Term::Purpose(parse_purposes(&["dpv:Research"])),
        Term::ResultRows(3),
        prohibition(None, ProhibitionCondition::ALWAYS),
        prohibition(Some(columns), summer.clone()),
    ] {
        assert!(restriction_of(vec![good.clone()]).is_ok(), "{good:?}");
    }
    let never = ProhibitionCondition {
        until: summer.from,
        ..summer
    };
    for (bad, code) in [
        (
            prohibition(Some(rows), ProhibitionCondition::ALWAYS),
            ErrorCode::TermNotExecutableHere,
        ),
        (prohibition(None, never), ErrorCode::PolicyContradiction),
        (
            Term::Rows(row_filter::parse_row_filter("site = 'a'").unwrap()),
            ErrorCode::TermNotExecutableHere,
        ),
        (
            Term::Columns(vec![parse_name("note")]),
            ErrorCode::TermNotExecutableHere,
        ),
        (Term::Concurrent(3), ErrorCode::TermNotExecutableHere),
        (
            Term::NotAfter(parse_time("2026-06-01T00:00:00Z")),
            ErrorCode::TermNotExecutableHere,
        ),
    ] {
        let refusal = restriction_of(vec![Term::ResultRows(3), bad]).unwrap_err();
        assert_eq!((refusal.code, refusal.clause), (code, Some(ClauseId(3))));
    }
    assert_eq!(
        restriction_of(vec![]).unwrap_err().code,
        ErrorCode::PolicyContradiction
    );
}

#[test]
fn a_clause_of_a_restriction_is_none_of_a_contract() {
    let clause = ClauseId(7).in_restriction();
    assert_eq!(clause.to_string(), "#r7");
    assert_eq!(
        (clause.of_restriction(), ClauseId(7).of_restriction()),
        (Some(7), None)
    );
    for text in ["#r7", "#c2147483648", "#c4294967295"] {
        assert!(text.parse::<ClauseId>().is_err(), "{text}");
    }
    assert_eq!("#c2147483647".parse(), Ok(ClauseId(2_147_483_647)));
}
