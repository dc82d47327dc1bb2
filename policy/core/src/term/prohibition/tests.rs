//! Tests of prohibitions: when they hold, their effect, invalid ones, and their comparison.

use super::condition::Circumstances;
use super::*;
use crate::contract::{ActiveContracts, DatasetGrant};
use crate::fixture::random_terms::SeededRandom;
use crate::fixture::{
    active_contracts, number_clauses, parse_names, parse_purpose, parse_purposes, parse_time,
    sample_agreement, sample_rows, small_taxonomy,
};
use crate::row_filter::parse_row_filter;
use crate::term::Term;
use crate::term::clause_effects::of_clauses;
use crate::term::contract_context::ContractContext;

/// All circumstances at noon on a Monday, from an address within 10.20.0.0/16.
const NOON: &str = "2026-06-01T12:00:00Z";

fn hours(text: &str) -> Option<HoursTerm> {
    Some(text.parse().unwrap())
}

fn refuses(when: ProhibitionCondition) -> ProhibitionTerm {
    ProhibitionTerm {
        action: ProhibitedAction::Use,
        part: None,
        condition: when,
    }
}

fn takes(part: ProhibitedPart, when: ProhibitionCondition) -> ProhibitionTerm {
    ProhibitionTerm {
        action: ProhibitedAction::Use,
        part: Some(part),
        condition: when,
    }
}

fn filter(text: &str) -> ProhibitedPart {
    ProhibitedPart::Rows(parse_row_filter(text).unwrap())
}

fn marketing() -> ProhibitionCondition {
    ProhibitionCondition {
        purpose: Some(parse_purposes(&["dpv:Marketing"])),
        ..ProhibitionCondition::ALWAYS
    }
}

fn under<T>(
    now: &str,
    declared: Option<&str>,
    address: Option<&str>,
    ask: impl FnOnce(&Circumstances<'_>) -> T,
) -> T {
    let active: ActiveContracts = active_contracts(vec![sample_agreement("bikes", [])]);
    let grant: &DatasetGrant = active.grants().values().next().unwrap();
    let declared = declared.map(parse_purpose);
    let around = ContractContext {
        address: address.map(|address| address.parse().unwrap()),
        ..ContractContext::QUIET
    };
    ask(&Circumstances {
        now: parse_time(now),
        purpose: declared.as_ref(),
        taxonomy: &small_taxonomy(),
        purposes: (grant.purpose_vocabulary(), grant.own_purposes()),
        around: &around,
    })
}

#[track_caller]
fn holds(
    when: &ProhibitionCondition,
    now: &str,
    declared: Option<&str>,
    address: Option<&str>,
    expect: bool,
) {
    let got = under(now, declared, address, |among| when.holds(among));
    assert_eq!(got.unwrap(), expect, "{when:?}");
}

#[test]
fn all_conditions_must_hold_and_what_is_not_known_does() {
    let here = Some("10.20.1.1");
    holds(&ProhibitionCondition::ALWAYS, NOON, None, None, true);
    for (declared, expect) in [
        (Some("dpv:Marketing"), true),
        (Some("dpv:Research"), false),
        (Some("dpv:Academic"), false),
        // A wider purpose contains the narrower one.
        (Some("dpv:Purpose"), true),
        (Some("dpv:Nothing"), true),
        (None, true),
    ] {
        holds(&marketing(), NOON, declared, here, expect);
    }
    let networks = ProhibitionCondition {
        networks: Some(vec!["10.20.0.0/16".parse().unwrap()]),
        ..ProhibitionCondition::ALWAYS
    };
    for (address, expect) in [(here, true), (Some("10.21.0.1"), false), (None, true)] {
        holds(&networks, NOON, None, address, expect);
    }
    let office = ProhibitionCondition {
        hours: hours("Mo-Fr 06:00-20:00 UTC"),
        from: Some(parse_time("2026-06-01T00:00:00Z")),
        until: Some(parse_time("2026-06-02T12:00:00Z")),
        ..marketing()
    };
    let ads = Some("dpv:Marketing");
    holds(&office, NOON, ads, here, true);
    holds(&office, NOON, Some("dpv:Research"), here, false);
    holds(&office, "2026-06-01T05:59:59Z", ads, here, false);
    holds(&office, "2026-06-02T11:59:59Z", ads, here, true);
    holds(&office, "2026-06-02T12:00:00Z", ads, here, false);
    holds(&office, "2026-05-31T12:00:00Z", ads, here, false);
}

#[test]
fn another_vocabulary_of_purposes_refuses() {
    let mut other = small_taxonomy();
    other.label = "other".to_owned();
    let got = under(NOON, Some("dpv:Research"), None, |among| {
        marketing().holds(&Circumstances {
            taxonomy: &other,
            ..*among
        })
    });
    assert_eq!(got.unwrap_err().code, ErrorCode::TermUnknown);
}

#[test]
fn the_next_beginning() {
    let (from, until) = (
        parse_time("2026-06-02T12:00:00Z"),
        parse_time("2026-06-06T00:00:00Z"),
    );
    let begins = |when: &ProhibitionCondition, now: &str, declared: &str| {
        under(now, Some(declared), None, |among| {
            when.next_start(among).unwrap()
        })
    };
    let later = ProhibitionCondition {
        from: Some(from),
        ..marketing()
    };
    assert_eq!(begins(&later, NOON, "dpv:Marketing"), Some(from));
    assert_eq!(begins(&later, NOON, "dpv:Research"), None);
    assert_eq!(
        begins(&later, "2026-06-03T00:00:00Z", "dpv:Marketing"),
        None
    );
    let office = ProhibitionCondition {
        hours: hours("Mo-Fr 06:00-20:00 UTC"),
        until: Some(until),
        ..ProhibitionCondition::ALWAYS
    };
    for (now, expect) in [
        (NOON, None),
        ("2026-06-01T20:00:00Z", Some("2026-06-02T06:00:00Z")),
        ("2026-06-05T20:00:00Z", None),
    ] {
        assert_eq!(
            begins(&office, now, "dpv:Research"),
            expect.map(parse_time),
            "{now}"
        );
    }
    let both = ProhibitionCondition {
        from: Some(from),
        ..office.clone()
    };
    assert_eq!(
        begins(&both, "2026-06-01T21:00:00Z", "dpv:Research"),
        Some(from)
    );
    let night = ProhibitionCondition {
        from: Some(parse_time("2026-06-02T22:00:00Z")),
        ..office
    };
    let morning = Some(parse_time("2026-06-03T06:00:00Z"));
    assert_eq!(begins(&night, NOON, "dpv:Research"), morning);
}

/// A row stays only where the test of the prohibition is false: NULL counts as a match.
#[test]
fn deny_wins_over_null() {
    let asker = "hansa://tallinn.example".parse().unwrap();
    let mut random = SeededRandom(9);
    for _ in 0..200 {
        let one = random.filter(2);
        if one.check().is_err() {
            continue;
        }
        let part = ProhibitedPart::Rows(one.clone());
        let Ok(EffectKind::KeepRows(kept)) = part.effect(&EffectBinding::of(&asker)) else {
            panic!("{one}");
        };
        let (bound, pushed) = (one.bind_consumer("tallinn.example"), one.negation());
        for row in sample_rows::distinguishing_rows(&[&bound]) {
            let negated = RowFilter::Not(Box::new(bound.clone()));
            assert_eq!(row.meets(&kept), row.meets(&negated), "{one} | {row:?}");
            assert!(!(row.meets(&kept) && row.meets(&bound)), "{one} | {row:?}");
            let pushed = pushed.bind_consumer("tallinn.example");
            assert_eq!(row.meets(&pushed), row.meets(&kept), "{one} | {row:?}");
        }
    }
    let is_null =
        ProhibitedPart::Rows(parse_row_filter("a = 1").unwrap()).effect(&EffectBinding::of(&asker));
    let Ok(EffectKind::KeepRows(kept)) = is_null else {
        panic!("{is_null:?}");
    };
    let filter = parse_row_filter("a = 1").unwrap();
    let stay = sample_rows::distinguishing_rows(&[&filter])
        .into_iter()
        .filter(|row| row.meets(&kept));
    let other = parse_row_filter("a IS NOT NULL AND a <> 1").unwrap();
    assert!(stay.into_iter().all(|row| row.meets(&other)));
}

#[track_caller]
fn signed(terms: Vec<Term>, expect: Option<ErrorCode>) {
    let asker = "hansa://tallinn.example".parse().unwrap();
    let got = of_clauses(&number_clauses(terms), &EffectBinding::of(&asker));
    assert_eq!(got.err().map(|refusal| refusal.code), expect);
}

#[test]
fn what_a_prohibition_cant_carry() {
    let bad = Some(ErrorCode::PolicyContradiction);
    let one = |one: ProhibitionTerm| vec![Term::from(one)];
    let columns = || ProhibitedPart::Columns(parse_names(&["a", "b"]));
    signed(one(refuses(marketing())), None);
    signed(one(refuses(ProhibitionCondition::ALWAYS)), bad);
    signed(
        one(takes(filter("a = 1"), ProhibitionCondition::ALWAYS)),
        None,
    );
    signed(one(takes(filter("a = 1"), marketing())), None);
    signed(one(takes(columns(), ProhibitionCondition::ALWAYS)), None);
    signed(one(takes(columns(), marketing())), bad);
    signed(
        one(takes(
            ProhibitedPart::Columns(Vec::new()),
            ProhibitionCondition::ALWAYS,
        )),
        bad,
    );
    signed(
        one(takes(
            ProhibitedPart::Columns(parse_names(&["a", "a"])),
            ProhibitionCondition::ALWAYS,
        )),
        bad,
    );
    let never = ProhibitionCondition {
        from: Some(parse_time(NOON)),
        until: Some(parse_time(NOON)),
        ..ProhibitionCondition::ALWAYS
    };
    signed(one(refuses(never)), bad);
    let nobody = ProhibitionCondition {
        purpose: Some(Vec::new()),
        ..ProhibitionCondition::ALWAYS
    };
    signed(one(refuses(nobody)), bad);
    // An action that the contract does not permit can't be prohibited.
    for (act, expect) in [
        (ProhibitedAction::Query, None),
        (ProhibitedAction::Aggregate, bad),
    ] {
        signed(
            one(ProhibitionTerm {
                action: act,
                ..refuses(marketing())
            }),
            expect,
        );
    }
    let masked = Term::Mask {
        column: crate::fixture::parse_name("a"),
        mask: crate::value::column::MaskValue::Null,
    };
    let both = Term::from(takes(columns(), ProhibitionCondition::ALWAYS));
    signed(vec![masked, both], bad);
}

#[test]
fn what_would_cut_through_cells() {
    let bad = Some(ErrorCode::PolicyContradiction);
    let cube = |one: ProhibitionTerm| {
        vec![
            Term::Functions(vec![crate::value::cube::CubeFunction::Count]),
            Term::Dimensions(parse_names(&["site"])),
            Term::Grid("g".to_owned()),
            Term::MinGroup {
                at_least: 5,
                unit: crate::value::cube::CountingUnit::Rows,
            },
            Term::from(one),
        ]
    };
    signed(cube(refuses(marketing())), None);
    for (act, expect) in [
        (ProhibitedAction::Query, bad),
        (ProhibitedAction::Aggregate, None),
    ] {
        signed(
            cube(ProhibitionTerm {
                action: act,
                ..refuses(marketing())
            }),
            expect,
        );
    }
    signed(
        cube(takes(filter("site = 'C'"), ProhibitionCondition::ALWAYS)),
        None,
    );
    signed(cube(takes(filter("site = 'C'"), marketing())), bad);
    signed(
        cube(takes(
            ProhibitedPart::Columns(parse_names(&["site"])),
            ProhibitionCondition::ALWAYS,
        )),
        bad,
    );
    let released = |text: &str| {
        let mut terms = cube(takes(filter(text), ProhibitionCondition::ALWAYS));
        terms[1] = Term::Dimensions(parse_names(&["site", "at"]));
        terms.push(Term::TimeBucket {
            column: crate::fixture::parse_name("at"),
            bucket: crate::value::time::TimeBucketWidth::Day,
            zone: None,
        });
        terms.push(Term::Release(crate::term::ReleaseTerm {
            column: crate::fixture::parse_name("at"),
            every: crate::value::time::TimeBucketWidth::Day,
            late: crate::value::cube::LateDataPolicy::ALL[0].1,
        }));
        terms
    };
    // Released cells are whole, so the prohibition removes cells.
    signed(released("site = 'C'"), None);
    signed(released("bikes = 3"), Some(ErrorCode::GridConflict));
}

#[track_caller]
fn order(one: &ProhibitionTerm, other: &ProhibitionTerm, expect: Option<Ordering>) {
    let [first, second] = [one, other].map(|one| Term::from(one.clone()));
    assert_eq!(
        first.compare(&second),
        expect,
        "{} | {}",
        first.to_english(),
        second.to_english()
    );
    assert_eq!(second.compare(&first), expect.map(Ordering::reverse));
}

#[test]
fn what_prohibits_more_is_tighter() {
    let (less, equal) = (Some(Ordering::Less), Some(Ordering::Equal));
    let rows = |text: &str, when: ProhibitionCondition| takes(filter(text), when);
    let columns = |list: &[&str]| {
        takes(
            ProhibitedPart::Columns(parse_names(list)),
            ProhibitionCondition::ALWAYS,
        )
    };
    let both = ProhibitionCondition {
        purpose: Some(parse_purposes(&["dpv:Marketing", "dpv:Research"])),
        ..ProhibitionCondition::ALWAYS
    };
    let summer = ProhibitionCondition {
        until: Some(parse_time(NOON)),
        ..marketing()
    };
    order(&refuses(both), &refuses(marketing()), less);
    order(&refuses(marketing()), &refuses(summer.clone()), less);
    order(&refuses(marketing()), &rows("a = 1", summer.clone()), less);
    order(
        &rows("a IN (1, 2)", marketing()),
        &rows("a = 1", marketing()),
        less,
    );
    order(
        &rows("a = 1", ProhibitionCondition::ALWAYS),
        &rows("a = 1", marketing()),
        less,
    );
    order(
        &rows("a = 1 OR b = 2", ProhibitionCondition::ALWAYS),
        &rows("a = 1", summer),
        less,
    );
    order(&columns(&["a", "b"]), &columns(&["b"]), less);
    order(&columns(&["a", "b"]), &columns(&["b", "a"]), equal);
    order(&columns(&["a"]), &columns(&["b"]), None);
    order(
        &rows("a = 1", ProhibitionCondition::ALWAYS),
        &rows("b = 1", ProhibitionCondition::ALWAYS),
        None,
    );
    // Both remove NULL, so the second keeps no row that the first does not.
    order(
        &rows("a < 3", ProhibitionCondition::ALWAYS),
        &rows("a < 2", ProhibitionCondition::ALWAYS),
        less,
    );
}

/// A prohibition reported as tighter keeps no row that the other does not.
#[test]
fn the_order_of_rows_is_that_of_what_stays() {
    let mut random = SeededRandom(4);
    let mut found = 0;
    for _ in 0..4_000 {
        let (one, other) = (random.filter(2), random.filter(2));
        if !ProhibitedPart::Rows(one.clone()).covers(&ProhibitedPart::Rows(other.clone()))
            || one == other
        {
            continue;
        }
        found += 1;
        let [one, other] = [one, other].map(|filter| RowFilter::Not(Box::new(filter)));
        for row in sample_rows::distinguishing_rows(&[&one, &other]) {
            assert!(
                !row.meets(&one) || row.meets(&other),
                "{one} | {other} | {row:?}"
            );
        }
    }
    assert!(found > 20, "{found}");
}
