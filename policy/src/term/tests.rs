//! What terms do together, and that each can be read by a person.

use super::*;
use crate::fixture::{clauses, name, names, participant};
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
