//! Tests: points in areas, compared with another library that uses doubles with exact predicates.

use super::*;
use geo::{Coord, Intersects as _, LineString};
use hansa_policy::published_list::area_list::{DEGREE, GeoPoint, LinearRing, Polygon};
use serde_json::Value;

/// Multiples of 1/512 degree are exact as doubles and as billionths, so both libraries must agree exactly.
const STEP: f64 = 1.0 / 512.0;

struct LcgRandom(u64);

impl LcgRandom {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % end
    }
}

type GridPoint = (i64, i64);

fn degrees((lon, lat): GridPoint) -> (f64, f64) {
    (lon as f64 * STEP, lat as f64 * STEP)
}

fn ours(rings: &[Vec<GridPoint>]) -> Polygon {
    let mut rings = rings.iter().map(|ring| {
        let corners = ring.iter().map(|corner| {
            let (lon, lat) = degrees(*corner);
            GeoPoint::from_degrees(lon, lat).unwrap()
        });
        LinearRing::of(corners.collect()).unwrap()
    });
    Polygon::new(rings.next().unwrap(), rings.collect())
}

fn theirs(rings: &[Vec<GridPoint>]) -> geo::Polygon<f64> {
    let mut rings = rings.iter().map(|ring| -> LineString<f64> {
        let corners = ring.iter().map(|corner| Coord::from(degrees(*corner)));
        corners.collect()
    });
    geo::Polygon::new(rings.next().unwrap(), rings.collect())
}

/// Corners around a centre in angular order, so that no edges cross.
fn star(random: &mut LcgRandom, (x, y): GridPoint, near: i64, far: i64) -> Vec<GridPoint> {
    const AROUND: [GridPoint; 12] = [
        (10, 0),
        (9, 5),
        (5, 9),
        (0, 10),
        (-5, 9),
        (-9, 5),
        (-10, 0),
        (-9, -5),
        (-5, -9),
        (0, -10),
        (5, -9),
        (9, -5),
    ];
    let mut ring: Vec<GridPoint> = AROUND
        .iter()
        .map(|(dx, dy)| {
            let out = near + random.below(far - near + 1);
            (x + dx * out, y + dy * out)
        })
        .collect();
    ring.push(ring[0]);
    ring
}

#[test]
fn the_same_points_lie_in_random_areas_with_holes() {
    let mut random = LcgRandom(7);
    let (mut inside, mut on, mut asked) = (0, 0, 0);
    for _ in 0..300 {
        let middle = (random.below(20_000) - 10_000, random.below(20_000) - 10_000);
        let mut rings = vec![star(&mut random, middle, 8, 30)];
        if random.below(2) == 0 {
            rings.push(star(&mut random, middle, 1, 6));
        }
        let (own, other) = (ours(&rings), theirs(&rings));
        let mut points: Vec<GridPoint> = rings.concat();
        for ring in &rings {
            for edge in ring.windows(2) {
                // Along the line of the edge, on it and beyond it.
                let (dx, dy) = (edge[1].0 - edge[0].0, edge[1].1 - edge[0].1);
                for part in [-1, 0, 1, 2, 3] {
                    points.push((edge[0].0 + dx * part / 2, edge[0].1 + dy * part / 2));
                }
            }
        }
        points.extend((0..300).map(|_| {
            (
                middle.0 + random.below(700) - 350,
                middle.1 + random.below(700) - 350,
            )
        }));
        // At the latitude of corners, at which a line to the east meets them.
        points.extend(
            rings
                .concat()
                .iter()
                .map(|(_, y)| (middle.0 - 300 + random.below(600), *y)),
        );
        for point in points {
            let (lon, lat) = degrees(point);
            let held = own.holds(GeoPoint::from_degrees(lon, lat).unwrap());
            let expect = other.intersects(&geo::Point::new(lon, lat));
            assert_eq!(held, expect, "{point:?} of {rings:?}");
            asked += 1;
            inside += usize::from(held);
            on += usize::from(held && rings.concat().contains(&point));
        }
    }
    assert!(
        inside > asked / 10 && inside < asked * 9 / 10 && on > 1_000,
        "{inside} {on} {asked}"
    );
}

/// The outlines of Berlin's districts, as published.
#[test]
fn the_same_places_lie_in_the_districts_of_a_city() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/lists/berlin_bezirke.geojson"
    );
    let bytes = std::fs::read(file).unwrap();
    let PublishedList::Areas(areas) = read_list(ListKind::Areas, &bytes).unwrap() else {
        panic!("areas");
    };
    assert_eq!(areas.count(), 12);
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    let coord =
        |place: &Value| Coord::from((place[0].as_f64().unwrap(), place[1].as_f64().unwrap()));
    let line =
        |ring: &Value| -> LineString<f64> { ring.as_array().unwrap().iter().map(coord).collect() };
    let mut random = LcgRandom(3);
    let mut held = 0;
    for feature in json["features"].as_array().unwrap() {
        let name = feature["properties"]["name"].as_str().unwrap();
        let own = areas
            .select(&format!("name={name}").parse().unwrap())
            .unwrap();
        let parts = feature["geometry"]["coordinates"].as_array().unwrap();
        let other = geo::MultiPolygon::new(
            parts
                .iter()
                .map(|part| {
                    let mut rings = part.as_array().unwrap().iter().map(line);
                    geo::Polygon::new(rings.next().unwrap(), rings.collect())
                })
                .collect(),
        );
        let corners = other
            .0
            .iter()
            .flat_map(|part| part.exterior().0.iter().copied());
        let mut places: Vec<Coord<f64>> = corners.step_by(7).collect();
        places.extend((0..3_000).map(|_| Coord {
            x: 13.0 + random.below(800_000) as f64 / 1e6,
            y: 52.3 + random.below(400_000) as f64 / 1e6,
        }));
        for place in places {
            let point = GeoPoint::from_degrees(place.x, place.y).unwrap();
            let inside = own.iter().any(|part| part.holds(point));
            assert_eq!(
                inside,
                other.intersects(&geo::Point::from(place)),
                "{name} {place:?}"
            );
            held += usize::from(inside);
        }
    }
    assert!(held > 3_000, "{held}");
    // Reichstag, and the town hall of a neighbouring district.
    let mitte = areas.select(&"name=Mitte".parse().unwrap()).unwrap();
    let there = |lon, lat| {
        mitte
            .iter()
            .any(|part| part.holds(GeoPoint::from_degrees(lon, lat).unwrap()))
    };
    assert!(there(13.3762, 52.5186) && !there(13.3451, 52.4849));
    assert_eq!(DEGREE, 1_000_000_000);
}
