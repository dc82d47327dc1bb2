//! Positions of features, and the refusal of a file without a point.

use crate::ingest::json_reader::JsonValue;
use std::collections::BTreeMap;

/// Point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    /// Longitude in degrees, from -180 to 180.
    pub(super) longitude: f64,
    /// Latitude in degrees, from -90 to 90.
    pub(super) latitude: f64,
    /// Third coordinate. RFC 7946 defines it as metres above the ellipsoid, but files use it differently.
    pub(super) height: Option<f64>,
}

/// Position of a feature.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FeaturePlace {
    /// No geometry.
    Absent,
    /// Point in degrees.
    Point(Position),
    /// Other geometry, with the reason why it is no row.
    Other(String),
}

impl FeaturePlace {
    /// Position of a feature.
    pub(super) fn of(feature: &JsonValue) -> Self {
        match feature.member("geometry") {
            None | Some(JsonValue::Null) => Self::Absent,
            Some(geometry) => match geometry_kind(geometry) {
                Some("Point") => match geometry_coordinates(geometry) {
                    Some([]) => Self::Absent,
                    Some(list) => parse_position(list),
                    None => Self::Other("its point has no list of coordinates".to_owned()),
                },
                Some(kind) => match shape_name(kind) {
                    Some(_) => Self::Other(format!(
                        "its geometry is a {kind}, and of geometries points alone are read"
                    )),
                    None => Self::Other("its geometry is none of GeoJSON".to_owned()),
                },
                None => Self::Other("its geometry is none of GeoJSON".to_owned()),
            },
        }
    }
}

fn parse_position(list: &[JsonValue]) -> FeaturePlace {
    let numbers: Option<Vec<f64>> = list.iter().map(JsonValue::nearest_float).collect();
    let Some(numbers) = numbers else {
        return FeaturePlace::Other("a coordinate of its point is no number".to_owned());
    };
    match numbers.as_slice() {
        [longitude, latitude, rest @ ..] if rest.len() <= 1 => {
            if !is_in_degrees(*longitude, *latitude) {
                let why = "its coordinates are no longitude and latitude in degrees";
                return FeaturePlace::Other(why.to_owned());
            }
            FeaturePlace::Point(Position {
                longitude: without_minus(*longitude),
                latitude: without_minus(*latitude),
                height: rest.first().copied().map(without_minus),
            })
        }
        _ => {
            let why = format!(
                "its point has {} coordinates, and 2 or 3 are read",
                numbers.len()
            );
            FeaturePlace::Other(why)
        }
    }
}

/// Replaces -0 by 0.
fn without_minus(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

fn is_in_degrees(longitude: f64, latitude: f64) -> bool {
    (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude)
}

fn geometry_kind(geometry: &JsonValue) -> Option<&str> {
    geometry.member("type")?.text()
}

fn geometry_coordinates(geometry: &JsonValue) -> Option<&[JsonValue]> {
    match geometry.member("coordinates")? {
        JsonValue::List(list) => Some(list),
        _ => None,
    }
}

/// Name of a geometry type for people, in the plural.
fn shape_name(kind: &str) -> Option<&'static str> {
    match kind {
        "Point" => Some("points"),
        "MultiPoint" => Some("groups of points"),
        "LineString" | "MultiLineString" => Some("lines"),
        "Polygon" | "MultiPolygon" => Some("polygons"),
        "GeometryCollection" => Some("collections of geometries"),
        _ => None,
    }
}

/// Counts of the geometry types in a file.
#[derive(Debug, Default)]
pub(super) struct GeometryTally {
    features: u64,
    points: u64,
    beyond_degrees: u64,
    shapes: BTreeMap<&'static str, u64>,
}

/// Fault of a complete file, with its remedy.
#[derive(Debug)]
pub(super) struct GeometryObjection {
    pub(super) sentence: String,
    pub(super) help: &'static str,
}

impl GeometryTally {
    /// Counts a feature.
    pub(super) fn count(&mut self, feature: &JsonValue) {
        self.features = self.features.saturating_add(1);
        let Some(geometry) = feature.member("geometry") else {
            return;
        };
        match (
            geometry_kind(geometry).and_then(shape_name),
            FeaturePlace::of(feature),
        ) {
            (_, FeaturePlace::Point(_)) => self.points = self.points.saturating_add(1),
            (Some("points"), FeaturePlace::Other(_)) => {
                let numbers: Option<Vec<f64>> = geometry_coordinates(geometry)
                    .and_then(|list| list.iter().map(JsonValue::nearest_float).collect());
                if let Some([x, y, ..]) = numbers.as_deref()
                    && !is_in_degrees(*x, *y)
                {
                    self.beyond_degrees = self.beyond_degrees.saturating_add(1);
                }
            }
            (Some(shape), _) if shape != "points" => {
                let count = self.shapes.entry(shape).or_default();
                *count = count.saturating_add(1);
            }
            _ => {}
        }
    }

    /// Sentence for a file without a readable point.
    pub(super) fn objection(&self) -> Option<GeometryObjection> {
        if self.points > 0 {
            return None;
        }
        if !self.shapes.is_empty() {
            let shapes: Vec<String> = self
                .shapes
                .iter()
                .enumerate()
                .map(|(index, (shape, count))| match index {
                    0 => format!("{count} of {} features are {shape}", self.features),
                    _ => format!("{count} are {shape}"),
                })
                .collect();
            return Some(GeometryObjection {
                sentence: format!("{}; of geometries points alone are read", shapes.join(", ")),
                help: "give each feature one point, such as its centroid; or save the properties alone, without a geometry, as CSV",
            });
        }
        (self.beyond_degrees > 0).then(|| GeometryObjection {
            sentence: format!(
                "the coordinates of {} of {} features are no longitude and latitude in degrees",
                self.beyond_degrees, self.features
            ),
            help: "where they are metres of a projection, save the file in WGS 84 (OGC:CRS84), as RFC 7946 demands",
        })
    }
}
