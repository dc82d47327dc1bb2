//! Lint of place cells: cells so small that persons could be identified, and data outside the grid.

use super::{LintFinding, LintedPolicy, is_personal};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::value::cell::CellSize;

pub(super) fn check_place_cells(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for clause in policy.clauses {
        let Term::PlaceCells(place) = &clause.term else {
            continue;
        };
        if place.size.is_small() && is_personal(policy.dataset) {
            let refusal = Refusal::new(
                ErrorCode::CellTooSmall,
                format!(
                    "a cell of {} is smaller than a square of 1 km, on data about persons",
                    place.size
                ),
            )
            .with_help("show larger cells: to = \"grid:1000\" or \"h3:7\"");
            findings.push(LintFinding::warning(Some(clause.id), refusal));
        }
        if matches!(place.size, CellSize::Square(_)) && is_outside_use_area(policy.dataset.area) {
            let refusal = Refusal::new(
                ErrorCode::PolicyContradiction,
                "no place of the dataset lies in the European grid, so no row would show a cell",
            )
            .with_help("use cells that cover the Earth: to = \"h3:7\"");
            findings.push(LintFinding::error(Some(clause.id), refusal));
        }
    }
    findings
}

/// True if the whole area (west, south, east, north) lies outside the area of use of EPSG:3035.
fn is_outside_use_area(area: Option<[f64; 4]>) -> bool {
    let Some([west, south, east, north]) = area else {
        return false;
    };
    east < -35.58 || west > 44.83 || north < 24.6 || south > 84.73
}
