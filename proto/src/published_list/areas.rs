//! Areas as a GeoJSON FeatureCollection of polygons.

use super::invalid_list_refusal;
use hansa_policy::published_list::area_list::{
    AreaList, GeoPoint, LinearRing, ListedArea, Polygon,
};
use hansa_policy::refusal::Refusal;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Most corners of one list.
const MOST_CORNERS: usize = 2_000_000;

pub(super) fn read_areas(bytes: &[u8]) -> Result<AreaList, Refusal> {
    let collection: FeatureCollection = serde_json::from_slice(bytes)
        .map_err(|fault| invalid_list_refusal(format!("no GeoJSON of areas: {fault}")))?;
    if collection.kind != "FeatureCollection" {
        return Err(invalid_list_refusal("the GeoJSON is no FeatureCollection"));
    }
    if let Some(crs) = &collection.crs
        && !is_wgs84(crs)
    {
        return Err(invalid_list_refusal(
            "the coordinates are not WGS 84, longitude first",
        ));
    }
    let mut corners = 0_usize;
    let mut areas = Vec::with_capacity(collection.features.len());
    for (index, feature) in collection.features.into_iter().enumerate() {
        let number = index.saturating_add(1);
        let area = read_area(feature)
            .map_err(|fault| invalid_list_refusal(format!("feature {number}: {fault}")))?;
        corners = area
            .polygons
            .iter()
            .map(Polygon::corner_count)
            .fold(corners, usize::saturating_add);
        if corners > MOST_CORNERS {
            return Err(invalid_list_refusal(format!(
                "the outlines have more than {MOST_CORNERS} corners"
            )));
        }
        areas.push(area);
    }
    Ok(AreaList::new(areas))
}

#[derive(Deserialize)]
struct FeatureCollection {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    crs: Option<Value>,
    features: Vec<AreaFeature>,
}

#[derive(Deserialize)]
struct AreaFeature {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    properties: Option<FeatureProperties>,
    geometry: AreaGeometry,
}

#[derive(Deserialize)]
struct AreaGeometry {
    #[serde(rename = "type")]
    kind: String,
    coordinates: Value,
}

/// Properties of a feature that are texts or numbers. Duplicate names are refused, because another reader could take the other
/// value.
struct FeatureProperties(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for FeatureProperties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PropertiesVisitor)
    }
}

struct PropertiesVisitor;

impl<'de> Visitor<'de> for PropertiesVisitor {
    type Value = FeatureProperties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FeatureProperties, A::Error> {
        let mut names = std::collections::BTreeSet::new();
        let mut said = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom(format!("`{name}` is said twice")));
            }
            if let Some(text) = to_text(&value) {
                said.insert(name, text);
            }
        }
        Ok(FeatureProperties(said))
    }
}

fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn read_area(feature: AreaFeature) -> Result<ListedArea, String> {
    let mut said = feature.properties.map_or_else(BTreeMap::new, |said| said.0);
    if let Some(id) = feature.id.as_ref().and_then(to_text) {
        said.insert("id".to_owned(), id);
    }
    let coordinates = &feature.geometry.coordinates;
    let polygons = match feature.geometry.kind.as_str() {
        "Polygon" => vec![read_polygon(coordinates)?],
        "MultiPolygon" => as_list(coordinates)?
            .iter()
            .map(read_polygon)
            .collect::<Result<_, _>>()?,
        other => return Err(format!("`{other}` is no area")),
    };
    Ok(ListedArea {
        properties: said,
        polygons,
    })
}

fn read_polygon(value: &Value) -> Result<Polygon, String> {
    let mut rings = as_list(value)?.iter().map(read_ring);
    let outer = rings.next().ok_or("a polygon has no ring")??;
    Ok(Polygon::new(outer, rings.collect::<Result<_, _>>()?))
}

fn read_ring(value: &Value) -> Result<LinearRing, String> {
    let corners = as_list(value)?
        .iter()
        .map(read_corner)
        .collect::<Result<Vec<_>, _>>()?;
    LinearRing::of(corners).ok_or_else(|| {
        "a ring has at least four positions, and its last one is its first".to_owned()
    })
}

/// Longitude, latitude, and an optional height, which is ignored.
fn read_corner(value: &Value) -> Result<GeoPoint, String> {
    let degrees = match as_list(value)?.as_slice() {
        [lon, lat] | [lon, lat, _] => lon.as_f64().zip(lat.as_f64()),
        _ => None,
    };
    degrees
        .and_then(|(lon, lat)| GeoPoint::from_degrees(lon, lat))
        .ok_or_else(|| format!("{value} is no position in degrees, longitude first"))
}

fn as_list(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| "coordinates are no list".to_owned())
}

/// Checks that the reference system of an older file is that of GeoJSON.
fn is_wgs84(crs: &Value) -> bool {
    let name = crs.pointer("/properties/name").and_then(Value::as_str);
    matches!(
        name,
        Some("urn:ogc:def:crs:OGC:1.3:CRS84" | "urn:ogc:def:crs:OGC::CRS84" | "EPSG:4326")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(features: &str) -> Result<AreaList, Refusal> {
        read_areas(format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#).as_bytes())
    }

    const SQUARE: &str = "[[0,0],[2,0],[2,2],[0,2],[0,0]]";

    fn feature(geometry: &str) -> String {
        format!(
            r#"{{"type":"Feature","id":7,"properties":{{"name":"a","code":5,"none":null}},"geometry":{geometry}}}"#
        )
    }

    #[test]
    fn polygons_with_holes_and_in_parts() {
        let hole = "[[0.5,0.5],[1,0.5],[1,1],[0.5,0.5]]";
        let one = feature(&format!(
            r#"{{"type":"Polygon","coordinates":[{SQUARE},{hole}]}}"#
        ));
        let other = feature(&format!(
            r#"{{"type":"MultiPolygon","coordinates":[[{SQUARE}],[[[5,5,90],[6,5,90],[6,6,90],[5,5,90]]]]}}"#
        ));
        let areas = collection(&format!("{one},{other}")).unwrap();
        assert_eq!(areas.count(), 2);
        for which in ["name=a", "code=5", "id=7"] {
            assert_eq!(areas.select(&which.parse().unwrap()).unwrap().len(), 3);
        }
        assert!(areas.select(&"none=null".parse().unwrap()).is_err());
        let polygons = areas.select(&"id=7".parse().unwrap()).unwrap();
        let holds = |lon, lat| {
            let point = GeoPoint::from_degrees(lon, lat).unwrap();
            polygons
                .iter()
                .map(|part| part.holds(point))
                .collect::<Vec<_>>()
        };
        assert_eq!(holds(0.9, 0.6), [false, true, false]);
        assert_eq!(holds(5.9, 5.1), [false, false, true]);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            r#"{"type":"Point","coordinates":[1,2]}"#,
            r#"{"type":"Polygon","coordinates":[]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[181,0],[1,1],[0,0]]]}"#,
            r#"{"type":"Polygon","coordinates":[[["0","0"],[1,0],[1,1],["0","0"]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0],[1],[1],[0]]]}"#,
            r#"{"type":"Polygon","coordinates":{}}"#,
            "null",
        ] {
            assert!(collection(&feature(bad)).is_err(), "{bad}");
        }
        let twice = r#"{"type":"Feature","properties":{"name":"a","name":"b"},"geometry":{"type":"Polygon","coordinates":[]}}"#;
        let text = collection(twice).unwrap_err().sentence;
        assert!(text.contains("`name` is said twice"), "{text}");
        for bad in [
            "",
            "[]",
            r#"{"type":"Feature","features":[]}"#,
            r#"{"type":"FeatureCollection","features":[],"features":[]}"#,
            r#"{"type":"FeatureCollection","features":[],"crs":{"type":"name","properties":{"name":"EPSG:25833"}}}"#,
        ] {
            assert!(read_areas(bad.as_bytes()).is_err(), "{bad}");
        }
        let nested = "[".repeat(100_000);
        assert!(collection(&nested).is_err());
    }
}
