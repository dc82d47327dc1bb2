//! What the Java connector of today lets pass, and prohibitions that are refused.

use super::*;

#[test]
fn java_fault_1_a_constraint_that_nothing_executes_is_not_dropped() {
    check(
        r##""leftOperand":"count""##,
        r##""leftOperand":"h:moonPhase""##,
        ErrorCode::TermUnknown,
        Some(|term| matches!(term, Term::Queries(_))),
    );
}

#[test]
fn java_fault_2_a_rule_left_without_constraints_does_not_permit() {
    let good = text(&to_json(&policy(vec![Clause {
        id: ClauseId(2),
        term: Term::Purpose(vec!["dpv:PublicBenefit".parse().unwrap()]),
    }])));
    let start = good.find(r##""constraint":["##).unwrap();
    let end = good[start..].find(']').unwrap() + start;
    let emptied = format!(r##"{}"constraint":[{}"##, &good[..start], &good[end..]);
    assert_eq!(read(&emptied).unwrap_err().code, ErrorCode::TermIllTyped);
    // Without the member it is another policy, with another hash, that nobody signed.
    let without = format!("{}{}", &good[..start], &good[end + 2..]);
    assert_eq!(read(&without).unwrap().clauses, Vec::new());
}

#[test]
fn java_fault_3_an_empty_policy_does_not_pass() {
    let good = text(&to_json(&policy(samples::sample_clauses())));
    for empty in ["{}", r##"{"@type":"Agreement"}"##, "[]", "null"] {
        assert!(read(empty).is_err(), "{empty}");
    }
    let start = good.find(r##""permission":["##).unwrap();
    let end = good.find(r##"],"profile""##).unwrap();
    let emptied = format!(r##"{}"permission":[{}"##, &good[..start], &good[end..]);
    assert_eq!(read(&emptied).unwrap_err().code, ErrorCode::TermUnknown);
}

/// A prohibition that is executed: its constraints and its refinement stand in it, and everything else is refused.
#[test]
fn prohibitions_of_a_part_or_under_a_condition() {
    use hansa_policy::term::prohibition::{
        ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
    };
    let rows = hansa_policy::row_filter::parse_row_filter("site = 'C'").unwrap();
    let whole = policy(vec![Clause {
        id: ClauseId(2),
        term: Term::from(ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: Some(ProhibitedPart::Rows(rows)),
            condition: ProhibitionCondition {
                purpose: Some(vec!["dpv:Marketing".parse().unwrap()]),
                until: Some("2026-09-01T00:00:00Z".parse().unwrap()),
                ..ProhibitionCondition::ALWAYS
            },
        }),
    }]);
    let good = text(&to_json(&whole));
    let written = concat!(
        r##""prohibition":[{"action":"use","constraint":[{"leftOperand":"purpose","operator":"isA","##,
        r##""rightOperand":{"@id":"dpv:Marketing"},"uid":"#c3"},{"leftOperand":"dateTime","operator":"lt","##,
        r##""rightOperand":{"@type":"xsd:dateTime","@value":"2026-09-01T00:00:00Z"},"uid":"#c4"}],"##,
        r##""target":{"@type":"AssetCollection","refinement":[{"leftOperand":"h:rowFilter","operator":"eq","##,
        r##""rightOperand":"site = 'C'","uid":"#c5"}],"source":"hansa://munster.example/d/bike_counts"},"uid":"#c2"}]"##
    );
    assert!(good.contains(written), "{good}");
    assert_eq!(read(&good).unwrap(), whole);
    for (from, to, code) in [
        // Constraints that a prohibition can't carry, or carries once.
        (
            r##"purpose","operator":"isA""##,
            r##"purpose","operator":"isNoneOf""##,
            ErrorCode::TermIllTyped,
        ),
        (
            r##"{"leftOperand":"purpose","operator":"isA","rightOperand":{"@id":"dpv:Marketing"},"##,
            r##"{"leftOperand":"industry","operator":"isAnyOf","rightOperand":[{"@id":"nace:H49"}],"##,
            ErrorCode::TermUnknown,
        ),
        (
            r##"{"leftOperand":"purpose","operator":"isA","rightOperand":{"@id":"dpv:Marketing"},"##,
            r##"{"leftOperand":"dateTime","operator":"lt","rightOperand":{"@type":"xsd:dateTime","@value":"2026-08-01T00:00:00Z"},"##,
            ErrorCode::TermUnknown,
        ),
        (
            r##""leftOperand":"purpose""##,
            r##""leftOperand":"dpv:place""##,
            ErrorCode::TermUnknown,
        ),
        (
            r##""uid":"#c3""##,
            r##""uid":"#c9""##,
            ErrorCode::ContractMalformed,
        ),
        (
            r##""uid":"#c5""##,
            r##""uid":"#c5","zzz":1"##,
            ErrorCode::TermUnknown,
        ),
        // A refinement that can't be subtracted, and another dataset.
        (
            r##"{"leftOperand":"h:rowFilter","operator":"eq","rightOperand":"site = 'C'","##,
            r##"{"leftOperand":"version","operator":"eq","rightOperand":{"@id":"h:exact"},"##,
            ErrorCode::TermUnknown,
        ),
        (
            r##""uid":"#c5"}],"source":"hansa://munster.example/d/bike_counts""##,
            r##""uid":"#c5"}],"source":"hansa://munster.example/d/other""##,
            ErrorCode::ContractMalformed,
        ),
        (
            r##""action":"use""##,
            r##""action":"read""##,
            ErrorCode::TermUnknown,
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let refusal = read(&good.replacen(from, to, 1)).expect_err(to);
        assert_eq!(refusal.code, code, "{to}: {refusal}");
        if code != ErrorCode::ContractMalformed {
            assert_eq!(refusal.clause, Some(ClauseId(2)), "{to}");
        }
    }
}

#[test]
fn java_fault_4_a_prohibition_is_kept_and_constraints_in_it_are_refused() {
    let sell = policy(vec![Clause {
        id: ClauseId(2),
        term: Term::Prohibit(hansa_policy::term::duty::ForbiddenUse::Sell),
    }]);
    let good = text(&to_json(&sell));
    assert_eq!(read(&good).unwrap().clauses, sell.clauses);
    let constrained = good.replace(
        r##""action":"sell""##,
        r##""action":"sell","constraint":[{"leftOperand":"purpose","operator":"isA","rightOperand":{"@id":"dpv:Marketing"},"uid":"#c3"}]"##,
    );
    let refusal = read(&constrained).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.clause),
        (ErrorCode::TermUnknown, Some(ClauseId(2)))
    );
}
