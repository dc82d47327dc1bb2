//! Cells that stand for places.

use super::*;
use policy::term::place_cells::PlaceCells;

fn cells(size: &str) -> Term {
    Term::PlaceCells(PlaceCells {
        lon: name("lon"),
        lat: name("lat"),
        cell: name("cell"),
        size: size.parse().unwrap(),
    })
}

#[test]
fn small_cells_on_data_about_persons() {
    let hidden = || mask("device", Mask::Null);
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
fn cells_can_be_joined_over() {
    let over = |column: &str| Term::JoinKeys(names(&[column]));
    case(vec![cells("h3:7"), over("cell")], &[]);
    case(vec![over("cell")], &["E TERM_COLUMN_UNKNOWN #c1"]);
}
