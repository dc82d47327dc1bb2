//! Published areas and a published table, with results that the test computes itself.

use super::dataset_pair::SECRET;
use crate::fixture::dataset_files::parse_name;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::published_list::area_list::{
    AreaList, DEGREE, GeoPoint, LinearRing, ListedArea, Polygon,
};
use hansa_policy::published_list::hierarchy_table::HierarchyTable;
use hansa_policy::published_list::{PublishedList, PublishedLists};
use hansa_policy::term::Term;
use hansa_policy::value::area::PublishedAreaTerm;
use hansa_policy::value::column::LookupTerm;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use std::sync::Arc;

fn text_digest(what: &str) -> Digest {
    Digest::of(what.as_bytes())
}

/// A square of one degree with a hole in its middle, an adjacent triangle, and an area that no question uses. The table contains
/// the numbers below twenty.
pub(super) fn published_lists() -> Arc<PublishedLists> {
    let tenth = DEGREE / 10;
    let ring = |corners: &[(i64, i64)]| {
        let corners = corners
            .iter()
            .map(|(lon, lat)| GeoPoint::from_billionths(lon * tenth, lat * tenth).unwrap());
        LinearRing::of(corners.collect()).unwrap()
    };
    let square = ring(&[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]);
    let hole = ring(&[(4, 4), (4, 6), (6, 6), (6, 4), (4, 4)]);
    let triangle = ring(&[(30, 0), (50, 0), (30, 20), (30, 0)]);
    let other = ring(&[(-20, 0), (-10, 0), (-10, 10), (-20, 0)]);
    let area = |is: &str, polygons| ListedArea {
        properties: [("name".to_owned(), is.to_owned())].into(),
        polygons,
    };
    let areas = AreaList::new(vec![
        area("here", vec![Polygon::new(square, vec![hole])]),
        area("there", vec![Polygon::new(other, vec![])]),
        area("here", vec![Polygon::new(triangle, vec![])]),
    ]);
    let mut levels = HierarchyTable::new(vec!["parity".to_owned(), "size".to_owned()]);
    for number in 0..20 {
        let size = (number > 2).then(|| size_text(number).to_owned());
        assert!(levels.add_value(number.to_string(), vec![Some("x".to_owned()), size]));
    }
    // Two sides of a city with a common edge, and a part of the eastern side that comes later in the list.
    let box_of = |west: i64, east: i64| {
        let corners = [
            (west, 52_000),
            (east, 52_000),
            (east, 53_000),
            (west, 53_000),
            (west, 52_000),
        ];
        let corners = corners.map(|(lon, lat)| {
            GeoPoint::from_billionths(lon * (DEGREE / 1_000), lat * (DEGREE / 1_000)).unwrap()
        });
        Polygon::new(LinearRing::of(corners.to_vec()).unwrap(), vec![])
    };
    let sides = AreaList::new(vec![
        area("west", vec![box_of(13_390, 13_400)]),
        area("east", vec![box_of(13_400, 13_410)]),
        area("later", vec![box_of(13_404, 13_412)]),
    ]);
    let mut published = PublishedLists::default();
    published.add_list(text_digest("sides"), PublishedList::Areas(Arc::new(sides)));
    published.add_list(text_digest("areas"), PublishedList::Areas(Arc::new(areas)));
    published.add_list(
        text_digest("levels"),
        PublishedList::Levels(Arc::new(levels)),
    );
    Arc::new(published)
}

const fn size_text(number: i64) -> &'static str {
    if number < 10 { "3" } else { "12" }
}

/// Expression that refers to these areas.
pub(super) fn side_expression() -> String {
    format!("areas:{}:name", text_digest("sides"))
}

/// First area of the list that contains a place, computed by the test.
pub(super) fn find_side(lon: f64, lat: f64) -> Option<&'static str> {
    if !(52.0..=53.0).contains(&lat) {
        return None;
    }
    match lon {
        13.39..=13.4 => Some("west"),
        13.4..=13.41 => Some("east"),
        13.41..=13.412 => Some("later"),
        _ => None,
    }
}

pub(super) fn area_term() -> Term {
    Term::PublishedArea(PublishedAreaTerm {
        lon: parse_name("lon"),
        lat: parse_name("lat"),
        list: text_digest("areas"),
        which: "name=here".parse().unwrap(),
    })
}

pub(super) fn lookup_term(column: SqlIdentifier) -> Term {
    Term::Lookup(LookupTerm {
        column,
        table: text_digest("levels"),
        level: "size".to_owned(),
    })
}

/// Checks that a place is in the square and outside its hole, or in the triangle, whose slanted edge is where both coordinates add
/// up to five.
pub(super) fn is_inside_area(lon: Option<f64>, lat: Option<f64>) -> bool {
    let (Some(lon), Some(lat)) = (lon, lat) else {
        return false;
    };
    let square = (0.0..=1.0).contains(&lon) && (0.0..=1.0).contains(&lat);
    let allow_random = lon > 0.4 && lon < 0.6 && lat > 0.4 && lat < 0.6;
    let triangle = lon >= 3.0 && lat >= 0.0 && lon + lat <= 5.0;
    (square && !allow_random) || triangle
}

/// Random place inside, on an outline, or on the edge of the hole.
pub(super) fn random_inside_place(random: &mut StdRng) -> (Option<f64>, Option<f64>) {
    let places = [
        (0.1, 0.5),
        (0.0, 0.0),
        (1.0, 0.75),
        (0.4, 0.5),
        (0.6, 0.6),
        (0.399_999_999, 0.5),
        (3.0, 0.0),
        (4.0, 1.0),
        (3.5, 1.5),
        (3.1, 0.2),
    ];
    let (lon, lat) = *places.choose(random).unwrap();
    assert!(is_inside_area(Some(lon), Some(lat)));
    (Some(lon), Some(lat))
}

/// Random place outside: in the hole, beyond each edge, or without coordinates.
pub(super) fn random_outside_place(random: &mut StdRng) -> (Option<f64>, Option<f64>) {
    let places = [
        (Some(0.5), Some(0.5)),
        (Some(0.41), Some(0.59)),
        (Some(1.000_001), Some(0.5)),
        (Some(1.5), Some(0.5)),
        (Some(4.0), Some(1.000_001)),
        (Some(-1.5), Some(0.1)),
        (Some(0.5), Some(-0.25)),
        (Some(f64::NAN), Some(0.5)),
        (Some(0.5), Some(f64::INFINITY)),
        (None, Some(0.5)),
        (Some(0.5), None),
    ];
    let place = *places.choose(random).unwrap();
    assert!(!is_inside_area(place.0, place.1));
    place
}

/// Value of the table for a text, computed by the test.
pub(super) fn look_up_level(text: &str) -> Option<&'static str> {
    let number: i64 = text.parse().ok()?;
    (3..20).contains(&number).then(|| size_text(number))
}

/// Another text with an equal table value.
pub(super) fn choose_alike_text(text: &str, random: &mut StdRng) -> String {
    match look_up_level(text) {
        Some("3") => random.random_range(3..10).to_string(),
        Some(_) => random.random_range(10..20).to_string(),
        None => format!("{SECRET}{}", random.random_range(0..1000)),
    }
}
