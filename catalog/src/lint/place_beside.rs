//! Lint of columns that disclose a place besides a clause that limits or coarsens it. The content of a column is guessed from its
//! name and reference system, so the finding is a warning.

use super::{LintFinding, LintedPolicy};
use crate::dataset::DatasetColumn;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::column::MaskValue;

pub(super) fn check_place_columns(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let clauses = policy.clauses.iter();
    clauses
        .filter_map(|clause| clause_finding(policy, clause))
        .collect()
}

fn clause_finding(policy: &LintedPolicy<'_>, clause: &Clause) -> Option<LintFinding> {
    let (governed, verb) = governed_place(policy, clause)?;
    let telling: Vec<String> = policy
        .dataset
        .columns
        .iter()
        .filter(|column| !governed.contains(&column.name))
        .filter(|column| tells_place(column) && is_shown(policy, &column.name))
        .map(|column| format!("`{}`", column.name))
        .collect();
    let (shown, verb_of_columns) = match telling.as_slice() {
        [] => return None,
        [one] => (one.clone(), "tells"),
        several => (several.join(", "), "tell"),
    };
    let refusal = Refusal::new(
        ErrorCode::PlaceBeside,
        format!("the clause {verb} the place of a row, and {shown} {verb_of_columns} a place too"),
    )
    .with_help("leave it out of columns, or mask it; if it holds no place, change nothing");
    Some(LintFinding::warning(Some(clause.id), refusal))
}

/// Columns of a place that a clause limits or coarsens, and the kind of the clause.
fn governed_place(
    policy: &LintedPolicy<'_>,
    clause: &Clause,
) -> Option<(Vec<SqlIdentifier>, &'static str)> {
    match &clause.term {
        Term::Area { lon, lat, .. } => Some((vec![lon.clone(), lat.clone()], "limits")),
        Term::PublishedArea(area) => Some((vec![area.lon.clone(), area.lat.clone()], "limits")),
        Term::PlaceCells(place) => Some((vec![place.lon.clone(), place.lat.clone()], "coarsens")),
        // A term that hides the place completely does not coarsen it.
        Term::Mask {
            mask: MaskValue::Null | MaskValue::Constant(_),
            ..
        } => None,
        term => {
            let replaced = term.replaced_columns();
            let columns = policy.dataset.columns.iter();
            let mut places = columns.filter(|column| is_coordinate(column));
            if !places.any(|column| replaced.contains(&column.name)) {
                return None;
            }
            // The other coordinate of the place is not a further column.
            let columns = policy.dataset.columns.iter();
            let coordinates = columns.filter(|column| is_coordinate(column));
            Some((
                coordinates.map(|column| column.name.clone()).collect(),
                "coarsens",
            ))
        }
    }
}

/// True if an answer shows the values of the column: in rows, or as a dimension of aggregates.
fn is_shown(policy: &LintedPolicy<'_>, name: &SqlIdentifier) -> bool {
    if !policy.is_aggregate() {
        return policy.shows_clear(name);
    }
    let mut clauses = policy.clauses.iter();
    clauses.any(|clause| matches!(&clause.term, Term::Dimensions(list) if list.contains(name)))
}

fn is_coordinate(column: &DatasetColumn) -> bool {
    column.crs.is_some() || name_words(column).any(|word| COORDINATES.contains(&word))
}

fn tells_place(column: &DatasetColumn) -> bool {
    is_coordinate(column)
        || name_words(column).any(|word| {
            let begins = |start: &&str| word.starts_with(start);
            PLACES.contains(&word) || PLACE_BEGINNINGS.iter().any(begins)
        })
}

/// Words in the name of a column.
fn name_words(column: &DatasetColumn) -> impl Iterator<Item = &str> {
    column.name.as_str().split('_')
}

const COORDINATES: [&str; 14] = [
    "lon",
    "lng",
    "long",
    "longitude",
    "lat",
    "latitude",
    "easting",
    "northing",
    "rechtswert",
    "hochwert",
    "coord",
    "coords",
    "coordinates",
    "koordinaten",
];

/// Words that mean places: geometry in text, addresses, postcodes, cells, and nodes of networks.
const PLACES: [&str; 36] = [
    "wkt",
    "ewkt",
    "wkb",
    "geojson",
    "geo",
    "shape",
    "polygon",
    "linestring",
    "point",
    "position",
    "location",
    "standort",
    "address",
    "addr",
    "adresse",
    "anschrift",
    "street",
    "strasse",
    "str",
    "rue",
    "calle",
    "via",
    "hausnummer",
    "hausnr",
    "postcode",
    "postal",
    "plz",
    "zip",
    "zipcode",
    "cap",
    "h3",
    "geohash",
    "quadkey",
    "s2",
    "mgrs",
    "node",
];

const PLACE_BEGINNINGS: [&str; 5] = ["geom", "address", "housenumber", "pluscode", "plus"];
