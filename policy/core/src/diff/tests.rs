//! Tests of changes, and of their verdicts.

use super::*;
use crate::fixture::{
    number_clauses, parse_name, parse_names, parse_purposes, parse_time, sample_agreement,
};
use crate::row_filter::parse_row_filter;
use crate::term::duty::ForbiddenUse;
use crate::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use crate::value::cube::{CubeFunction, LateDataPolicy, ReleaseTerm};
use crate::value::time::{PeriodQuota, QuotaDays, QuotaPeriod, TimeBucketWidth};

fn quota(max: u64, per: QuotaPeriod) -> Term {
    Term::Queries(PeriodQuota { max, per })
}

fn day(zone: &str) -> QuotaPeriod {
    QuotaPeriod::Days {
        count: QuotaDays::One,
        zone: zone.parse().unwrap(),
    }
}

#[track_caller]
fn check(old: Vec<Term>, new: Vec<Term>, expect: &[&str]) {
    let changes = compare_policies(&number_clauses(old), &number_clauses(new)).0;
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(lines, expect);
}

#[test]
fn clause_by_clause() {
    let columns = |list: &[&str]| Term::Columns(parse_names(list));
    check(vec![columns(&["a"])], vec![columns(&["a"])], &[]);
    check(
        vec![columns(&["a"]), quota(5, day("UTC"))],
        vec![quota(5, day("UTC")), columns(&["a", "b"])],
        &[
            "~ #c2: only the columns a; for the consumer there are no others -> only the columns a and b; for the consumer there are no others  > LOOSER",
        ],
    );
    check(
        vec![quota(5, day("UTC"))],
        vec![quota(50, day("UTC")), quota(5, QuotaPeriod::Hour)],
        &[
            "~ #c1: at most 5 queries on each day (UTC) -> at most 50 queries on each day (UTC)  > LOOSER",
            "+ #c2: at most 5 queries in each period of one hour  < TIGHTER",
        ],
    );
    // Other days are another limit; neither is tighter.
    check(
        vec![quota(5, day("UTC"))],
        vec![quota(5, day("Europe/Berlin"))],
        &[
            "~ #c1: at most 5 queries on each day (UTC) -> at most 5 queries on each day (Berlin time)  ? NOT COMPARABLE",
        ],
    );
    check(
        vec![
            Term::Prohibit(ForbiddenUse::Sell),
            Term::Purpose(parse_purposes(&["dpv:Research"])),
        ],
        vec![Term::Prohibit(ForbiddenUse::Distribute)],
        &[
            "+ #c1: the consumer does not pass the data on to third parties  < TIGHTER",
            "- #c1: the consumer does not sell the data  > LOOSER",
            "- #c2: the purpose declared for each query is dpv:Research, or a narrower one  > LOOSER",
        ],
    );
    let rows = |text: &str| Term::Rows(parse_row_filter(text).unwrap());
    check(
        vec![rows("a = 1 AND b = 2")],
        vec![rows("b = 2 AND a = 1")],
        &[],
    );
}

/// An additional prohibition is tighter, a removed one is looser, and one that prohibits more of its kind is tighter.
#[test]
fn prohibitions() {
    let prohibition = |purpose: &str, rows: Option<&str>| {
        Term::from(ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: rows.map(|rows| ProhibitedPart::Rows(parse_row_filter(rows).unwrap())),
            condition: ProhibitionCondition {
                purpose: Some(parse_purposes(&[purpose])),
                ..ProhibitionCondition::ALWAYS
            },
        })
    };
    let ads = || prohibition("dpv:Marketing", None);
    verdict(vec![], vec![ads()], ChangeVerdict::Tighter);
    verdict(vec![ads()], vec![], ChangeVerdict::Looser);
    verdict(vec![ads()], vec![ads()], ChangeVerdict::Same);
    let research = || prohibition("dpv:Research", None);
    verdict(vec![ads()], vec![research()], ChangeVerdict::NotComparable);
    let rows = |text| prohibition("dpv:Marketing", Some(text));
    verdict(
        vec![rows("a = 1")],
        vec![rows("a IN (1, 2)")],
        ChangeVerdict::Tighter,
    );
    verdict(
        vec![rows("a IN (1, 2)")],
        vec![rows("a = 1")],
        ChangeVerdict::Looser,
    );
    verdict(vec![ads()], vec![rows("a = 1")], ChangeVerdict::Looser);
    verdict(
        vec![ads()],
        vec![ads(), rows("a = 1")],
        ChangeVerdict::Tighter,
    );
}

#[test]
fn all_of_them_shown() {
    let rows = |most| number_clauses([Term::ResultRows(most)]);
    let none = compare_policies(&rows(1), &rows(1));
    assert_eq!(none.to_string(), "no clause changes");
    let two = compare_policies(
        &rows(1),
        &number_clauses([Term::ResultRows(2), Term::TotalsFromPublished]),
    );
    assert_eq!(two.to_string().lines().count(), 2);
}

#[track_caller]
fn verdict(old: Vec<Term>, new: Vec<Term>, expect: ChangeVerdict) {
    assert_eq!(
        compare_policies(&number_clauses(old), &number_clauses(new)).verdict(),
        expect
    );
}

#[test]
fn the_gravest_verdict_counts() {
    let columns = |list: &[&str]| Term::Columns(parse_names(list));
    let rows = |text: &str| Term::Rows(parse_row_filter(text).unwrap());
    let mask = || Term::Mask {
        column: crate::fixture::parse_name("a"),
        mask: crate::value::column::MaskValue::Null,
    };
    let prefix = |length| {
        Term::Prefix(crate::term::prefix::PrefixTerm {
            column: crate::fixture::parse_name("a"),
            length,
        })
    };
    verdict(vec![mask()], vec![mask()], ChangeVerdict::Same);
    verdict(
        vec![columns(&["a", "b"])],
        vec![columns(&["a"])],
        ChangeVerdict::Tighter,
    );
    verdict(
        vec![rows("a = 1")],
        vec![rows("a IN (1, 2)")],
        ChangeVerdict::Looser,
    );
    verdict(
        vec![rows("a = 1")],
        vec![rows("b = 1")],
        ChangeVerdict::NotComparable,
    );
    verdict(vec![mask()], vec![prefix(2)], ChangeVerdict::Looser);
    verdict(vec![prefix(4)], vec![prefix(2)], ChangeVerdict::Tighter);
    verdict(
        vec![columns(&["a", "b"]), prefix(2)],
        vec![columns(&["a"]), prefix(3)],
        ChangeVerdict::Looser,
    );
    verdict(vec![], vec![Term::TotalsFromPublished], ChangeVerdict::Same);
}

/// Sums over fewer rows, beside sums over all rows, disclose the difference.
#[test]
fn fewer_rows_of_an_aggregate_are_not_comparable() {
    let functions = || Term::Functions(vec![CubeFunction::Count]);
    let only = || Term::Columns(parse_names(&["a"]));
    let release = || {
        Term::Release(ReleaseTerm {
            column: parse_name("at"),
            every: TimeBucketWidth::Day,
            late: LateDataPolicy::Never,
        })
    };
    let prohibited = || {
        Term::Prohibition(Box::new(ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: Some(ProhibitedPart::Rows(parse_row_filter("a = 77").unwrap())),
            condition: ProhibitionCondition::ALWAYS,
        }))
    };
    let check = |old: Vec<Term>, new: Vec<Term>, expect: ChangeVerdict| {
        let drafts = compare_policies(&number_clauses(old.clone()), &number_clauses(new.clone()));
        assert_eq!(drafts.verdict(), expect);
        // The line of the clause shows the verdict, too.
        assert!(drafts.to_string().ends_with(expect.as_str()), "{drafts}");
        let [old, new] = [old, new].map(|terms| sample_agreement("bikes", terms));
        assert_eq!(of_agreements(&old, &new), expect);
        let lines = change_lines(&old, &new);
        assert!(
            lines.iter().any(|line| line.ends_with(expect.as_str())),
            "{lines:?}"
        );
    };
    for fewer in [Term::Rows(parse_row_filter("a = 1").unwrap()), prohibited()] {
        check(
            vec![functions()],
            vec![functions(), fewer.clone()],
            ChangeVerdict::NotComparable,
        );
        check(
            vec![only()],
            vec![only(), fewer.clone()],
            ChangeVerdict::Tighter,
        );
        check(
            vec![functions(), release()],
            vec![functions(), release(), fewer],
            ChangeVerdict::Tighter,
        );
    }
}

#[test]
fn of_agreements_the_gravest_counts() {
    let check = |change: &dyn Fn(&mut Agreement), expect: ChangeVerdict| {
        let old = sample_agreement("bikes", [Term::ResultRows(5)]);
        let mut new = sample_agreement("bikes", [Term::ResultRows(5)]);
        new.nonce = "other".to_owned();
        change(&mut new);
        assert_eq!(of_agreements(&old, &new), expect);
    };
    let rows = |most| number_clauses([Term::ResultRows(most)]);
    check(&|_| {}, ChangeVerdict::Same);
    check(&|new| new.clauses = rows(4), ChangeVerdict::Tighter);
    check(&|new| new.clauses = rows(6), ChangeVerdict::Looser);
    check(
        &|new| new.not_after = parse_time("2026-06-01T00:00:00Z"),
        ChangeVerdict::Tighter,
    );
    check(
        &|new| {
            new.clauses = rows(4);
            new.not_after = parse_time("2028-01-01T00:00:00Z");
        },
        ChangeVerdict::Looser,
    );
    check(
        &|new| new.not_before = parse_time("2025-01-01T00:00:00Z"),
        ChangeVerdict::Looser,
    );
    check(
        &|new| new.own_purposes.clear(),
        ChangeVerdict::NotComparable,
    );
    check(
        &|new| new.dataset.schema = crate::fixture::sample_schema("other"),
        ChangeVerdict::NotComparable,
    );
}

#[test]
fn agreements() {
    let old = sample_agreement("bikes", [Term::ResultRows(5)]);
    let mut new = sample_agreement("bikes", [Term::ResultRows(5)]);
    new.nonce = "other".to_owned();
    assert!(change_lines(&old, &new).is_empty());
    new.not_after = parse_time("2028-01-01T00:00:00Z");
    new.own_purposes.clear();
    assert_eq!(
        change_lines(&old, &new),
        [
            "~ in force until: 2027-01-01T00:00:00Z -> 2028-01-01T00:00:00Z",
            "~ own purposes: mobility-research (part of dpv:Research: how people move) -> none",
        ]
    );
}
