//! Tests of outlines to the last billionth, and of the selection of areas.

use super::*;

fn ring(corners: &[(i64, i64)]) -> LinearRing {
    let points = corners
        .iter()
        .map(|(lon, lat)| GeoPoint::from_billionths(lon * DEGREE, lat * DEGREE).unwrap());
    LinearRing::of(points.collect()).unwrap()
}

fn square(from: i64, to: i64) -> LinearRing {
    ring(&[(from, from), (to, from), (to, to), (from, to), (from, from)])
}

#[track_caller]
fn check(polygon: &Polygon, lon: i64, lat: i64, expect: bool) {
    let point = GeoPoint::from_billionths(lon, lat).unwrap();
    assert_eq!(polygon.holds(point), expect, "{lon} {lat}");
}

#[test]
fn outlines_belong_to_the_area_to_the_last_billionth() {
    let polygon = Polygon::new(square(0, 10), vec![square(4, 6)]);
    for (lon, lat, expect) in [
        (0, 0, true),
        (10 * DEGREE, 10 * DEGREE, true),
        (0, 5 * DEGREE, true),
        (-1, 5 * DEGREE, false),
        (10 * DEGREE + 1, 5 * DEGREE, false),
        (5 * DEGREE, 10 * DEGREE + 1, false),
        (4 * DEGREE, 5 * DEGREE, true),
        (4 * DEGREE + 1, 5 * DEGREE, false),
        (6 * DEGREE, 6 * DEGREE, true),
        (6 * DEGREE - 1, 6 * DEGREE - 1, false),
        (5 * DEGREE, 5 * DEGREE, false),
    ] {
        check(&polygon, lon, lat, expect);
    }
}

/// Slanted edge: no double represents a third exactly, and integers need none.
#[test]
fn slanted_edges_are_exact() {
    let polygon = Polygon::new(ring(&[(0, 0), (3, 1), (0, 1), (0, 0)]), vec![]);
    check(&polygon, 3_000, 1_000, true);
    check(&polygon, 3_001, 1_000, false);
    check(&polygon, 2_999, 1_000, true);
    check(&polygon, 2_999_999_997, 999_999_999, true);
    check(&polygon, 2_999_999_998, 999_999_999, false);
}

#[test]
fn a_line_through_corners_crosses_as_often_as_it_must() {
    // A tooth that points up and one that points down, at the height of the point.
    let teeth = ring(&[
        (0, 0),
        (2, 2),
        (4, 0),
        (6, 2),
        (8, 0),
        (8, 4),
        (6, 2),
        (4, 4),
        (0, 4),
        (0, 0),
    ]);
    let polygon = Polygon::new(teeth, vec![]);
    check(&polygon, DEGREE, 2 * DEGREE, true);
    check(&polygon, -DEGREE, 2 * DEGREE, false);
    check(&polygon, 7 * DEGREE, 2 * DEGREE, true);
    check(&polygon, 4 * DEGREE, DEGREE, true);
    check(&polygon, 2 * DEGREE, DEGREE, false);
    check(&polygon, 9 * DEGREE, 2 * DEGREE, false);
}

#[test]
fn which_area() {
    let areas = AreaList::new(vec![
        ListedArea {
            properties: [("name".to_owned(), "a".to_owned())].into(),
            polygons: vec![Polygon::new(square(0, 1), vec![])],
        },
        ListedArea {
            properties: [("name".to_owned(), "a".to_owned())].into(),
            polygons: vec![Polygon::new(square(5, 6), vec![])],
        },
    ]);
    let which = |text: &str| text.parse::<AreaSelector>().unwrap();
    assert_eq!(areas.select(&which("name=a")).unwrap().len(), 2);
    assert!(areas.select(&which("name=b")).is_err());
    assert!(areas.select(&which("id=a")).is_err());
    for bad in ["", "name", "=a", "name=", "na me=a", "name=\u{1b}"] {
        assert!(bad.parse::<AreaSelector>().is_err(), "{bad:?}");
    }
    assert_eq!(which("name=a=b").is, "a=b");
}

#[test]
fn degrees_to_the_nearest_billionth() {
    for (degrees, expect) in [
        (0.0, 0),
        (-0.0, 0),
        (13.403_528, 13_403_528_000),
        (-0.000_000_000_4, 0),
        (-0.000_000_000_6, -1),
        (0.000_000_000_6, 1),
        (-180.0, -180 * DEGREE),
        (180.0, 180 * DEGREE),
    ] {
        assert_eq!(
            GeoPoint::from_degrees(degrees, 0.0),
            GeoPoint::from_billionths(expect, 0),
            "{degrees}"
        );
    }
    for odd in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        180.000_000_1,
        1e300,
    ] {
        assert_eq!(GeoPoint::from_degrees(odd, 0.0), None);
        assert_eq!(GeoPoint::from_degrees(0.0, odd), None);
    }
}

#[test]
fn rings_are_closed() {
    let point = |lon: i64, lat: i64| GeoPoint::from_billionths(lon, lat).unwrap();
    assert!(LinearRing::of(vec![]).is_none());
    assert!(LinearRing::of(vec![point(0, 0), point(1, 0), point(0, 0)]).is_none());
    assert!(LinearRing::of(vec![point(0, 0), point(1, 0), point(1, 1), point(0, 1)]).is_none());
    assert!(GeoPoint::from_billionths(180 * DEGREE + 1, 0).is_none());
    assert!(GeoPoint::from_billionths(0, -90 * DEGREE - 1).is_none());
}

#[test]
fn rings_are_found_by_their_box_and_told_in_degrees() {
    let polygon = Polygon::new(square(0, 10), vec![square(4, 6)]);
    let at = |degrees: i64| GeoPoint::from_billionths(degrees * DEGREE, degrees * DEGREE).unwrap();
    let count = |low: i64, high: i64| {
        let rings = polygon.all_rings();
        rings
            .filter(|ring| ring.meets_box(at(low), at(high)))
            .count()
    };
    assert_eq!(count(5, 5), 2);
    assert_eq!(count(-5, 0), 1, "the corner belongs to it");
    assert_eq!(count(7, 90), 1);
    assert_eq!(count(11, 20), 0);
    let point = GeoPoint::from_degrees(-7.625, 51.960_665).unwrap();
    assert_eq!(
        (point.lon_degrees(), point.lat_degrees()),
        (-7.625, 51.960_665)
    );
    let outer = polygon.all_rings().next().unwrap();
    assert_eq!(outer.ring_corners().first(), outer.ring_corners().last());
    let list = AreaList::new(vec![ListedArea {
        properties: BTreeMap::new(),
        polygons: vec![polygon.clone()],
    }]);
    assert_eq!(list.listed_areas().len(), list.count());
}
