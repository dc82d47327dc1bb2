//! A GeoJSON collection of points: `lon`, `lat`, and each property a column. Features are read one by one.

use crate::ingest::bounded_reader::{self, BoundedReader, MOST_COLUMNS, RowByteAllowance};
use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::source_files::SourceFile;
use crate::ingest::transcoding_reader::TranscodingReader;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufReader, Read};

/// Reads a file: once for the names of its properties, once for its rows.
///
/// # Errors
/// `SOURCE_UNREADABLE` where it is no GeoJSON collection in WGS 84.
pub fn read(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut names = vec!["lon".to_owned(), "lat".to_owned()];
    let mut known: BTreeSet<String> = names.iter().cloned().collect();
    features(file, config, &mut |line, feature| {
        for key in properties(&feature).into_iter().flat_map(|map| map.keys()) {
            if known.insert(key.clone()) {
                names.push(key.clone());
            }
        }
        if names.len() > MOST_COLUMNS {
            let why = format!("its features have more than {MOST_COLUMNS} properties");
            return Err(unreadable(&file.display_name, Some(line), &why));
        }
        Ok(())
    })?;
    each(SourceFileEvent::Header(&names))?;
    features(file, config, &mut |line, feature| {
        row(&names, config, line, &feature, each)
    })
}

fn row(
    names: &[String],
    config: &SourceConfig,
    line: u64,
    feature: &Value,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if let Some(why) = broken(feature) {
        return each(SourceFileEvent::Broken { line, why });
    }
    let point = match feature.get("geometry") {
        None | Some(Value::Null) => {
            each(SourceFileEvent::Counted("feature without a geometry"))?;
            None
        }
        Some(geometry) => match position(geometry) {
            Some(point) => Some(point),
            None => {
                let why = "the geometry is no point with longitude and latitude";
                return each(SourceFileEvent::Broken { line, why });
            }
        },
    };
    let nested: Vec<Option<String>> = names
        .iter()
        .map(
            |name| match properties(feature).and_then(|map| map.get(name)) {
                Some(value @ (Value::Array(_) | Value::Object(_))) => Some(value.to_string()),
                _ => None,
            },
        )
        .collect();
    let mut fields = Vec::with_capacity(names.len());
    for (index, (name, nested)) in names.iter().zip(&nested).enumerate() {
        fields.push(match (index, point) {
            (0, Some((lon, _))) => RawField::Float(lon),
            (1, Some((_, lat))) => RawField::Float(lat),
            (0 | 1, None) => RawField::Null,
            _ => match nested {
                Some(text) => RawField::Text(text),
                None => property(feature, name, config),
            },
        });
    }
    each(SourceFileEvent::Row {
        line,
        fields: &fields,
    })
}

/// Why something in the list of features is no row.
fn broken(feature: &Value) -> Option<&'static str> {
    let Some(members) = feature.as_object() else {
        return Some("it is no JSON object, as a feature is");
    };
    if members.get("type").and_then(Value::as_str) != Some("Feature") {
        return Some("its type is not Feature");
    }
    match members.get("properties") {
        None | Some(Value::Null | Value::Object(_)) => {}
        Some(_) => return Some("its properties are no JSON object"),
    }
    let mut values = properties(feature).into_iter().flat_map(|map| map.values());
    let is_inexact = values.any(is_inexact);
    is_inexact.then_some("a whole number is too long to be kept exactly")
}

/// Whether it is, or holds, a whole number that was read as the nearest one of floating point.
fn is_inexact(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|_| number.as_i64().is_none());
            float.is_some_and(|float| float.fract() == 0.0 && float.abs() >= WHOLE)
        }
        Value::Array(values) => values.iter().any(is_inexact),
        Value::Object(members) => members.values().any(is_inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// From there on not every whole number is one of floating point: 2^53.
const WHOLE: f64 = 9_007_199_254_740_992.0;

fn property<'f>(feature: &'f Value, name: &str, config: &SourceConfig) -> RawField<'f> {
    match properties(feature).and_then(|map| map.get(name)) {
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => RawField::Null,
        Some(Value::Bool(truth)) => RawField::Bool(*truth),
        Some(Value::String(text)) if config.nulls.contains(text) => RawField::Null,
        Some(Value::String(text)) => RawField::Text(text),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => RawField::Int(whole),
            (None, Some(float)) => RawField::Float(float),
            (None, None) => RawField::Null,
        },
    }
}

fn properties(feature: &Value) -> Option<&serde_json::Map<String, Value>> {
    feature.get("properties")?.as_object()
}

fn position(geometry: &Value) -> Option<(f64, f64)> {
    if geometry.get("type")?.as_str()? != "Point" {
        return None;
    }
    let place = geometry.get("coordinates")?.as_array()?;
    let (lon, lat) = (place.first()?.as_f64()?, place.get(1)?.as_f64()?);
    ((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)).then_some((lon, lat))
}

/// Hands out each feature with the line on which it begins.
fn features(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(u64, Value) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let shown = file.display_name.as_str();
    let file = file.open()?;
    let line = Cell::new(1);
    let allowance = RowByteAllowance::of_features(config);
    // Bounded where the JSON reader takes one byte at a time: nothing is read ahead of a feature.
    let decoded = BufReader::new(TranscodingReader::new(file, encoding_rs::UTF_8));
    let reader = LineCountingReader {
        inner: BoundedReader::new(decoded, &allowance),
        line: &line,
    };
    let mut refused = None;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let collection = FeatureCollectionSeed {
        place: FeaturePosition {
            line: &line,
            allowance: &allowance,
        },
        each,
        refused: &mut refused,
    };
    let outcome = collection.deserialize(&mut json).and_then(|()| json.end());
    match (refused, outcome) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(error)) => {
            let line = u64::try_from(error.line()).ok();
            let refusal = unreadable(shown, line, &error.to_string());
            Err(if bounded_reader::is_too_long(&error.into()) {
                bounded_reader::with_help(refusal)
            } else {
                refusal
            })
        }
        (None, Ok(())) => Ok(()),
    }
}

fn unreadable(shown: &str, line: Option<u64>, why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::SourceUnreadable,
        format!("`{shown}` can't be read: {why}"),
    )
    .with_place(shown, line, None)
}

/// Where the reader is, and what it may still read for one feature.
#[derive(Clone, Copy)]
struct FeaturePosition<'l> {
    line: &'l Cell<u64>,
    allowance: &'l RowByteAllowance,
}

/// Counts lines as they are read; the JSON reader takes one byte at a time.
struct LineCountingReader<'l, R> {
    inner: R,
    line: &'l Cell<u64>,
}

impl<R: Read> Read for LineCountingReader<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(target)?;
        let read = target.get(..count).unwrap_or_default();
        let breaks = read.iter().filter(|byte| **byte == b'\n').count();
        let breaks = u64::try_from(breaks).unwrap_or_default();
        self.line.set(self.line.get().saturating_add(breaks));
        Ok(count)
    }
}

struct FeatureCollectionSeed<'e, 'l> {
    place: FeaturePosition<'l>,
    each: &'e mut dyn FnMut(u64, Value) -> Result<(), Refusal>,
    refused: &'e mut Option<Refusal>,
}

impl<'de> DeserializeSeed<'de> for FeatureCollectionSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeatureCollectionSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON FeatureCollection")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut found = false;
        loop {
            // What stands beside the features is no row: each key and each value has the bytes of one.
            self.place.allowance.renew();
            let Some(key) = map.next_key::<String>()? else {
                break;
            };
            self.place.allowance.renew();
            match key.as_str() {
                "features" => {
                    found = true;
                    map.next_value_seed(FeatureListSeed {
                        place: self.place,
                        each: &mut *self.each,
                        refused: &mut *self.refused,
                    })?;
                }
                "crs" => {
                    let crs = map.next_value::<Value>()?.to_string();
                    if crs != "null" && !crs.contains("CRS84") && !crs.contains("4326") {
                        return Err(M::Error::custom(
                            "its crs is not WGS 84 longitude and latitude",
                        ));
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found {
            Ok(())
        } else {
            Err(M::Error::custom("it has no features"))
        }
    }
}

struct FeatureListSeed<'e, 'l> {
    place: FeaturePosition<'l>,
    each: &'e mut dyn FnMut(u64, Value) -> Result<(), Refusal>,
    refused: &'e mut Option<Refusal>,
}

impl<'de> DeserializeSeed<'de> for FeatureListSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FeatureListSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        while let Some((line, feature)) = seq.next_element_seed(FeatureSeed(self.place))? {
            if let Err(refusal) = (self.each)(line, feature) {
                *self.refused = Some(refusal);
                return Err(S::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// One feature and the line on which it begins.
struct FeatureSeed<'l>(FeaturePosition<'l>);

impl<'de> DeserializeSeed<'de> for FeatureSeed<'_> {
    type Value = (u64, Value);

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        let line = self.0.line.get();
        // The reader has seen its first byte.
        self.0.allowance.begun(1);
        let feature = serde::Deserialize::deserialize(from)?;
        // What stands between two features is of neither.
        self.0.allowance.renew();
        Ok((line, feature))
    }
}
