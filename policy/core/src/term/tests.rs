//! What terms do together, and that each can be read by a person.

mod variance;

use super::*;
use crate::fixture::{clauses, name, names, participant};
use budget::{Held, Values};
use release::Late;
use std::collections::BTreeSet;

#[track_caller]
fn check(terms: Vec<Term>, expect: Result<&[&str], Code>) {
    let asker = participant("hansa://firm.example");
    let got = of_clauses(&clauses(terms), &Binding::of(&asker));
    let words = got.map(|effects| {
        effects
            .iter()
            .map(|effect| match effect.what {
                What::KeepRows(_) => "rows",
                What::KeepInside { .. } => "inside",
                What::KeepBefore { .. } => "before",
                What::ShowColumns(_) => "columns",
                What::MaskColumn { .. } => "mask",
                What::CoarsenTime { .. } => "coarsen",
                What::AggregateOnly(_) => "aggregate",
                What::Pseudonymise { .. } => "pseudonym",
                What::Shorten { .. } => "prefix",
                What::Band { .. } => "band",
                What::LookUp(_) => "lookup",
                What::KeepWithin(_) => "within",
                What::CoarsenPlace { .. } => "cells",
                What::HideColumns(_) => "hidden",
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
        Term::Functions(vec![Function::Count, Function::Sum]),
        Term::Dimensions(names(&["site", "day"])),
        Term::Measures(names(&["bikes"])),
        Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
    ];
    terms.extend(more);
    terms
}

fn mask(column: &str) -> Term {
    Term::Mask {
        column: name(column),
        mask: Mask::Null,
    }
}

fn bucket(column: &str) -> Term {
    Term::TimeBucket {
        column: name(column),
        bucket: Bucket::Day,
        zone: None,
    }
}

fn cells(lon: &str, lat: &str, cell: &str) -> Term {
    Term::PlaceCells(PlaceCells {
        lon: name(lon),
        lat: name(lat),
        cell: name(cell),
        size: "h3:8".parse().unwrap(),
    })
}

const CONTRADICTS: Result<&[&str], Code> = Err(Code::PolicyContradiction);

#[test]
fn row_form() {
    let shown = |list: &[&str]| Term::Columns(names(list));
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
    let unit = |column: &str| Unit::Column(name(column));
    check(cube(vec![]), Ok(&["aggregate"]));
    check(
        cube(vec![
            bucket("day"),
            group(10, Unit::Rows),
            Term::TotalsFromPublished,
        ]),
        Ok(&["aggregate"]),
    );
    check(
        cube(vec![Term::Columns(names(&[
            "site", "day", "bikes", "more",
        ]))]),
        Ok(&["aggregate"]),
    );
    check(
        cube(vec![Term::Columns(names(&["site", "bikes"]))]),
        CONTRADICTS,
    );
    check(cube(vec![mask("bikes")]), CONTRADICTS);
    check(cube(vec![bucket("other")]), CONTRADICTS);
    check(cube(vec![cells("x", "y", "cell")]), CONTRADICTS);
    check(cube(vec![group(0, Unit::Rows)]), CONTRADICTS);
    check(cube(vec![group(2, unit("site"))]), CONTRADICTS);
    check(cube(vec![group(2, unit("device"))]), Ok(&["aggregate"]));
    check(cube(vec![])[..3].to_vec(), Err(Code::GridConflict));
    check(cube(vec![])[1..].to_vec(), CONTRADICTS);
    check(vec![group(10, Unit::Rows)], CONTRADICTS);
    check(vec![Term::TotalsFromPublished], CONTRADICTS);
    check(cube(vec![Term::Functions(vec![])]), CONTRADICTS);
}

#[test]
fn clause_numbers_are_unique_and_few() {
    let mut twice = clauses([mask("a"), mask("b")]);
    twice[1].id = ClauseId(1);
    let asker = participant("hansa://firm.example");
    assert!(of_clauses(&twice, &Binding::of(&asker)).is_err());
    let many = clauses((0..=MOST_CLAUSES).map(|_| Term::ResultRows(1)));
    assert!(of_clauses(&many, &Binding::of(&asker)).is_err());
}

#[test]
fn every_term_has_a_sentence_of_its_own() {
    let sentences: Vec<String> = Term::samples().iter().map(Term::plain).collect();
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

fn budget(change: impl FnOnce(&mut Budget)) -> Term {
    let mut budget = Budget {
        most: "1".parse().unwrap(),
        per: Bucket::Month,
        each: "0.25".parse().unwrap(),
        unit: name("device"),
        cells: 3,
        rows: 2,
        bounds: vec![Held {
            measure: name("bikes"),
            low: "0".parse().unwrap(),
            high: "10".parse().unwrap(),
        }],
        values: vec![Values {
            column: name("site"),
            list: vec!["a".to_owned(), "b".to_owned()],
        }],
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    change(&mut budget);
    Term::Budget(budget)
}

fn release(late: Late) -> Term {
    Term::Release(Release {
        column: name("day"),
        every: Bucket::Day,
        late,
    })
}

/// A budget is signed only where it can be kept: no exact rule beside it, no cells that depend on rows, nothing unbounded.
#[test]
fn a_budget_that_can_not_be_kept_is_not_signed() {
    let with = |change: fn(&mut Budget)| cube(vec![release(Late::Never), budget(change)]);
    check(with(|_| {}), Ok(&["aggregate"]));
    check(cube(vec![budget(|_| {})]), Err(Code::GridConflict));
    for late in [Late::Wait, Late::Correct] {
        check(
            cube(vec![release(late), budget(|_| {})]),
            Err(Code::GridConflict),
        );
    }
    check(
        with(|budget| budget.per = Bucket::Hour),
        Err(Code::GridConflict),
    );
    for change in [
        (|budget| budget.each = "1.1".parse().unwrap()) as fn(&mut Budget),
        |budget| budget.from = "1999-12-31T23:59:59Z".parse().unwrap(),
        |budget| budget.cells = 0,
        |budget| budget.rows = 0,
        |budget| budget.rows = u32::MAX,
        |budget| budget.bounds.clear(),
        |budget| budget.bounds.push(budget.bounds[0].clone()),
        |budget| budget.bounds[0].measure = name("site"),
        |budget| budget.bounds[0].low = "11".parse().unwrap(),
        |budget| budget.bounds[0].high = "0".parse().unwrap(),
        |budget| budget.values.clear(),
        |budget| budget.values[0].list.clear(),
        |budget| budget.values[0].list.push("a".to_owned()),
        |budget| budget.values[0].column = name("other"),
        |budget| budget.values[0].column = name("day"),
        |budget| budget.values[0].list = (0..300_000).map(|one| one.to_string()).collect(),
    ] {
        check(with(change), CONTRADICTS);
    }
    let beside = |term: Term| cube(vec![release(Late::Never), budget(|_| {}), term]);
    let unit = Unit::Column(name("device"));
    check(beside(Term::MinGroup { at_least: 5, unit }), CONTRADICTS);
    check(beside(budget(|_| {})), CONTRADICTS);
    let rule = Dominance {
        measure: name("bikes"),
        unit: name("device"),
        rule: dominance::Dominant::P(15),
    };
    check(beside(Term::Dominance(rule)), CONTRADICTS);
    let mut averages = beside(Term::TotalsFromPublished);
    averages[0] = Term::Functions(vec![Function::Avg]);
    check(averages, CONTRADICTS);
}

#[test]
fn a_secondary_protection_is_one_that_is_executed() {
    let counts = |more: Vec<Term>| -> Vec<Term> {
        let all = cube(more).into_iter();
        let kept = all.filter(|term| !matches!(term, Term::Measures(_)));
        kept.map(|term| match term {
            Term::Functions(_) => Term::Functions(vec![Function::Count]),
            other => other,
        })
        .collect()
    };
    let group = |unit| Term::MinGroup { at_least: 5, unit };
    let units = || group(Unit::Column(name("device")));
    let kept = || release(Late::Wait);
    check(
        cube(vec![kept(), Term::SuppressComplement]),
        Ok(&["aggregate"]),
    );
    check(
        cube(vec![Term::SuppressComplement]),
        Err(Code::GridConflict),
    );
    let rounded = |base| counts(vec![kept(), units(), Term::CellKey(base)]);
    check(rounded(5), Ok(&["aggregate"]));
    check(rounded(1), CONTRADICTS);
    check(rounded(1001), CONTRADICTS);
    check(
        counts(vec![units(), Term::CellKey(5)]),
        Err(Code::GridConflict),
    );
    check(
        counts(vec![kept(), group(Unit::Rows), Term::CellKey(5)]),
        CONTRADICTS,
    );
    check(counts(vec![kept(), Term::CellKey(5)]), CONTRADICTS);
    // Sums would tell exactly what the counts hide.
    check(cube(vec![kept(), units(), Term::CellKey(5)]), CONTRADICTS);
    let twice = vec![kept(), units(), Term::CellKey(5), Term::TotalsFromPublished];
    check(counts(twice), CONTRADICTS);
}
