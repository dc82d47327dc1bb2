//! Tests of terms in combination, and of their sentences for people.

mod variance;

use super::clause_effects::of_clauses;
use super::rule::EffectBinding;
use super::*;
use crate::effect::EffectKind;
use crate::fixture::{number_clauses, parse_name, parse_names, parse_participant};
use crate::refusal::ErrorCode;
use crate::value::cube::{DominanceRule, LateDataPolicy};
use crate::value::privacy_budget::{ClampRange, DimensionValues};
use std::collections::BTreeSet;

#[track_caller]
fn check(terms: Vec<Term>, expect: Result<&[&str], ErrorCode>) {
    let asker = parse_participant("hansa://firm.example");
    let got = of_clauses(&number_clauses(terms), &EffectBinding::of(&asker));
    let words = got.map(|effects| {
        effects
            .iter()
            .map(|effect| match effect.kind {
                EffectKind::KeepRows(_) => "rows",
                EffectKind::KeepInside { .. } => "inside",
                EffectKind::KeepBefore { .. } => "before",
                EffectKind::ShowColumns(_) => "columns",
                EffectKind::MaskColumn { .. } => "mask",
                EffectKind::CoarsenTime { .. } => "coarsen",
                EffectKind::AggregateOnly(_) => "aggregate",
                EffectKind::Pseudonymise { .. } => "pseudonym",
                EffectKind::Shorten { .. } => "prefix",
                EffectKind::Band { .. } => "band",
                EffectKind::LookUp(_) => "lookup",
                EffectKind::KeepWithin(_) => "within",
                EffectKind::CoarsenPlace { .. } => "cells",
                EffectKind::HideColumns(_) => "hidden",
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(
        words.map_err(|refusal| refusal.code),
        expect.map(<[&str]>::to_vec)
    );
}

fn cube(more: Vec<Term>) -> Vec<Term> {
    let mut terms = vec![
        Term::Functions(vec![CubeFunction::Count, CubeFunction::Sum]),
        Term::Dimensions(parse_names(&["site", "day"])),
        Term::Measures(parse_names(&["bikes"])),
        Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
    ];
    terms.extend(more);
    terms
}

fn mask(column: &str) -> Term {
    Term::Mask {
        column: parse_name(column),
        mask: MaskValue::Null,
    }
}

fn bucket(column: &str) -> Term {
    Term::TimeBucket {
        column: parse_name(column),
        bucket: TimeBucketWidth::Day,
        zone: None,
    }
}

fn cells(lon: &str, lat: &str, cell: &str) -> Term {
    Term::PlaceCells(PlaceCellsTerm {
        lon: parse_name(lon),
        lat: parse_name(lat),
        cell: parse_name(cell),
        size: "h3:8".parse().unwrap(),
    })
}

const CONTRADICTS: Result<&[&str], ErrorCode> = Err(ErrorCode::PolicyContradiction);

#[test]
fn row_form() {
    let shown = |list: &[&str]| Term::Columns(parse_names(list));
    check(vec![], Ok(&[]));
    check(vec![shown(&["a"]), mask("a")], Ok(&["columns", "mask"]));
    check(vec![bucket("t"), mask("a")], Ok(&["coarsen", "mask"]));
    check(vec![shown(&["a"]), mask("b")], CONTRADICTS);
    check(vec![shown(&["a"]), bucket("b")], CONTRADICTS);
    check(vec![shown(&["a"]), shown(&["a"])], CONTRADICTS);
    check(vec![shown(&["a", "a"])], CONTRADICTS);
    check(vec![shown(&[])], CONTRADICTS);
    check(vec![mask("a"), mask("a")], CONTRADICTS);
    check(vec![mask("a"), bucket("a")], CONTRADICTS);
    check(vec![Term::Purpose(vec![])], CONTRADICTS);
    let place = || cells("x", "y", "cell");
    check(vec![place(), mask("a")], Ok(&["cells", "mask"]));
    check(vec![shown(&["x", "y"]), place()], Ok(&["columns", "cells"]));
    check(vec![shown(&["x"]), place()], CONTRADICTS);
    check(vec![place(), place()], CONTRADICTS);
    check(vec![place(), mask("x")], CONTRADICTS);
    check(vec![place(), mask("y")], CONTRADICTS);
    check(vec![place(), mask("cell")], CONTRADICTS);
    check(vec![place(), cells("a", "b", "cell")], CONTRADICTS);
    check(vec![cells("x", "x", "cell")], CONTRADICTS);
    check(vec![cells("x", "y", "y")], CONTRADICTS);
}

#[test]
fn aggregate_form() {
    let group = |at_least, unit| Term::MinGroup { at_least, unit };
    let unit = |column: &str| CountingUnit::Column(parse_name(column));
    check(cube(vec![]), Ok(&["aggregate"]));
    check(
        cube(vec![
            bucket("day"),
            group(10, CountingUnit::Rows),
            Term::TotalsFromPublished,
        ]),
        Ok(&["aggregate"]),
    );
    check(
        cube(vec![Term::Columns(parse_names(&[
            "site", "day", "bikes", "more",
        ]))]),
        Ok(&["aggregate"]),
    );
    check(
        cube(vec![Term::Columns(parse_names(&["site", "bikes"]))]),
        CONTRADICTS,
    );
    check(cube(vec![mask("bikes")]), CONTRADICTS);
    check(cube(vec![bucket("other")]), CONTRADICTS);
    check(cube(vec![cells("x", "y", "cell")]), CONTRADICTS);
    check(cube(vec![group(0, CountingUnit::Rows)]), CONTRADICTS);
    check(cube(vec![group(2, unit("site"))]), CONTRADICTS);
    check(cube(vec![group(2, unit("device"))]), Ok(&["aggregate"]));
    check(cube(vec![])[..3].to_vec(), Err(ErrorCode::GridConflict));
    check(cube(vec![])[1..].to_vec(), CONTRADICTS);
    check(vec![group(10, CountingUnit::Rows)], CONTRADICTS);
    check(vec![Term::TotalsFromPublished], CONTRADICTS);
    check(cube(vec![Term::Functions(vec![])]), CONTRADICTS);
}

#[test]
fn clause_numbers_are_unique_and_few() {
    let mut twice = number_clauses([mask("a"), mask("b")]);
    twice[1].id = ClauseId(1);
    let asker = parse_participant("hansa://firm.example");
    assert!(of_clauses(&twice, &EffectBinding::of(&asker)).is_err());
    let many = number_clauses((0..=MOST_CLAUSES).map(|_| Term::ResultRows(1)));
    assert!(of_clauses(&many, &EffectBinding::of(&asker)).is_err());
}

#[test]
fn every_term_has_a_sentence_of_its_own() {
    let sentences: Vec<String> = Term::samples().iter().map(Term::to_english).collect();
    for sentence in &sentences {
        assert!(!sentence.ends_with('.'), "{sentence}");
        assert!(
            sentence.starts_with(|c: char| c.is_lowercase()),
            "{sentence}"
        );
    }
    let distinct: BTreeSet<&String> = sentences.iter().collect();
    assert_eq!(distinct.len(), sentences.len());
}

fn budget(change: impl FnOnce(&mut PrivacyBudgetTerm)) -> Term {
    let mut budget = PrivacyBudgetTerm {
        most: "1".parse().unwrap(),
        per: TimeBucketWidth::Month,
        each: "0.25".parse().unwrap(),
        unit: parse_name("device"),
        cells: 3,
        rows: 2,
        bounds: vec![ClampRange {
            measure: parse_name("bikes"),
            low: "0".parse().unwrap(),
            high: "10".parse().unwrap(),
        }],
        values: vec![DimensionValues {
            column: parse_name("site"),
            list: vec!["a".to_owned(), "b".to_owned()],
        }],
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    change(&mut budget);
    Term::Budget(budget)
}

fn release(late: LateDataPolicy) -> Term {
    Term::Release(ReleaseTerm {
        column: parse_name("day"),
        every: TimeBucketWidth::Day,
        late,
    })
}

/// A privacy budget is signed only if it can be kept: without an exact rule, without cells that depend on rows, with all bounds.
#[test]
fn a_budget_that_can_not_be_kept_is_not_signed() {
    let with = |change: fn(&mut PrivacyBudgetTerm)| {
        cube(vec![release(LateDataPolicy::Never), budget(change)])
    };
    check(with(|_| {}), Ok(&["aggregate"]));
    check(cube(vec![budget(|_| {})]), Err(ErrorCode::GridConflict));
    for late in [LateDataPolicy::Wait, LateDataPolicy::Correct] {
        check(
            cube(vec![release(late), budget(|_| {})]),
            Err(ErrorCode::GridConflict),
        );
    }
    check(
        with(|budget| budget.per = TimeBucketWidth::Hour),
        Err(ErrorCode::GridConflict),
    );
    for change in [
        (|budget| budget.each = "1.1".parse().unwrap()) as fn(&mut PrivacyBudgetTerm),
        |budget| budget.from = "1999-12-31T23:59:59Z".parse().unwrap(),
        |budget| budget.cells = 0,
        |budget| budget.rows = 0,
        |budget| budget.rows = u32::MAX,
        |budget| budget.bounds.clear(),
        |budget| budget.bounds.push(budget.bounds[0].clone()),
        |budget| budget.bounds[0].measure = parse_name("site"),
        |budget| budget.bounds[0].low = "11".parse().unwrap(),
        |budget| budget.bounds[0].high = "0".parse().unwrap(),
        |budget| budget.values.clear(),
        |budget| budget.values[0].list.clear(),
        |budget| budget.values[0].list.push("a".to_owned()),
        |budget| budget.values[0].column = parse_name("other"),
        |budget| budget.values[0].column = parse_name("day"),
        |budget| budget.values[0].list = (0..300_000).map(|one| one.to_string()).collect(),
    ] {
        check(with(change), CONTRADICTS);
    }
    let beside = |term: Term| cube(vec![release(LateDataPolicy::Never), budget(|_| {}), term]);
    let unit = CountingUnit::Column(parse_name("device"));
    check(beside(Term::MinGroup { at_least: 5, unit }), CONTRADICTS);
    check(beside(budget(|_| {})), CONTRADICTS);
    let rule = DominanceTerm {
        measure: parse_name("bikes"),
        unit: parse_name("device"),
        rule: DominanceRule::P(15),
    };
    check(beside(Term::Dominance(rule)), CONTRADICTS);
    let mut averages = beside(Term::TotalsFromPublished);
    averages[0] = Term::Functions(vec![CubeFunction::Avg]);
    check(averages, CONTRADICTS);
}

#[test]
fn a_secondary_protection_is_one_that_is_executed() {
    let counts = |more: Vec<Term>| -> Vec<Term> {
        let all = cube(more).into_iter();
        let kept = all.filter(|term| !matches!(term, Term::Measures(_)));
        kept.map(|term| match term {
            Term::Functions(_) => Term::Functions(vec![CubeFunction::Count]),
            other => other,
        })
        .collect()
    };
    let group = |unit| Term::MinGroup { at_least: 5, unit };
    let units = || group(CountingUnit::Column(parse_name("device")));
    let kept = || release(LateDataPolicy::Wait);
    check(
        cube(vec![kept(), Term::SuppressComplement]),
        Ok(&["aggregate"]),
    );
    check(
        cube(vec![Term::SuppressComplement]),
        Err(ErrorCode::GridConflict),
    );
    let rounded = |base| counts(vec![kept(), units(), Term::CellKey(base)]);
    check(rounded(5), Ok(&["aggregate"]));
    check(rounded(1), CONTRADICTS);
    check(rounded(1001), CONTRADICTS);
    check(
        counts(vec![units(), Term::CellKey(5)]),
        Err(ErrorCode::GridConflict),
    );
    check(
        counts(vec![kept(), group(CountingUnit::Rows), Term::CellKey(5)]),
        CONTRADICTS,
    );
    check(counts(vec![kept(), Term::CellKey(5)]), CONTRADICTS);
    // Sums would disclose what rounded counts hide.
    check(cube(vec![kept(), units(), Term::CellKey(5)]), CONTRADICTS);
    let twice = vec![kept(), units(), Term::CellKey(5), Term::TotalsFromPublished];
    check(counts(twice), CONTRADICTS);
}
