//! Tests of the lint of place cells.

use super::*;
use hansa_policy::published_list::hierarchy_table::HierarchyTable;
use hansa_policy::published_list::{PublishedList, PublishedLists};
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::value::area::PublishedAreaTerm;
use hansa_policy::value::column::LookupTerm;
use std::sync::Arc;

fn cells(size: &str) -> Term {
    Term::PlaceCells(PlaceCellsTerm {
        lon: sql_name("lon"),
        lat: sql_name("lat"),
        cell: sql_name("cell"),
        size: size.parse().unwrap(),
    })
}

#[test]
fn small_cells_on_data_about_persons() {
    let hidden = || mask("device", MaskValue::Null);
    for size in ["h3:8", "h3:15", "grid:500"] {
        case(vec![cells(size)], &[]);
        case_on(
            personal,
            vec![cells(size), hidden()],
            &["W CELL_TOO_SMALL #c1"],
        );
    }
    for size in ["h3:7", "grid:1000"] {
        case_on(personal, vec![cells(size), hidden()], &[]);
    }
}

#[test]
fn cells_of_europe_alone() {
    let at = |area| move |dataset: &mut Dataset| dataset.area = Some(area);
    let ottawa = at([-76.0, 45.0, -75.0, 46.0]);
    case_on(ottawa, vec![cells("h3:7")], &[]);
    case_on(
        ottawa,
        vec![cells("grid:1000")],
        &["E POLICY_CONTRADICTION #c1"],
    );
    case_on(at([-76.0, 45.0, 8.0, 46.0]), vec![cells("grid:1000")], &[]);
    case_on(at([7.0, 51.0, 8.0, 52.0]), vec![cells("grid:1000")], &[]);
}

#[test]
fn rows_chosen_by_what_became_a_cell() {
    case(
        vec![cells("h3:7"), rows("lon > 7.5")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
}

#[test]
fn lists_that_are_not_held() {
    let list = hansa_audit_log::digest::Digest::of(b"list");
    let level = |level: &str| {
        Term::Lookup(LookupTerm {
            column: sql_name("site"),
            table: list,
            level: level.to_owned(),
        })
    };
    let within = Term::PublishedArea(PublishedAreaTerm {
        lon: sql_name("lon"),
        lat: sql_name("lat"),
        list,
        which: "name=a".parse().unwrap(),
    });
    let mut published = PublishedLists::default();
    let found = |terms: &[Term], published: &PublishedLists| {
        let terms = clauses(terms.iter().cloned());
        shown(missing_list_finding(&terms, published).as_slice())
    };
    let lacks = ["E TERM_NOT_EXECUTABLE_HERE #c1"];
    assert_eq!(found(&[level("a")], &published), lacks);
    let named = [cells(&format!("areas:{list}:name"))];
    assert_eq!(found(&named, &published), lacks);
    assert_eq!(found(std::slice::from_ref(&within), &published), lacks);
    let table = HierarchyTable::new(vec!["a".to_owned()]);
    published.add_list(list, PublishedList::Levels(Arc::new(table)));
    assert!(found(&[level("a")], &published).is_empty());
    assert_eq!(found(&[level("b")], &published), lacks);
    // A list of another kind counts as missing.
    assert_eq!(found(&[within], &published), lacks);
}

#[test]
fn cells_can_be_joined_over() {
    let over = |column: &str| Term::JoinKeys(sql_names(&[column]));
    case(vec![cells("h3:7"), over("cell")], &[]);
    case(vec![over("cell")], &["E TERM_COLUMN_UNKNOWN #c1"]);
}
