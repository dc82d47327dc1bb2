//! GeoJSON points: `lon`, `lat`, and one column for each property. Features are read one by one from a collection, alone, or from a
//! sequence (RFC 7946, RFC 8142).

mod feature_columns;
mod feature_document;
mod feature_geometry;
mod foreign_document;

use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::json_field::{json_field, nested_texts};
use crate::ingest::json_reader::JsonValue;
use crate::ingest::source_files::SourceFile;
use feature_columns::{FeatureColumn, FeatureColumns};
use feature_document::{read_features, unreadable_file_refusal};
use feature_geometry::{FeaturePlace, GeometryTally, Position};
use hansa_policy::refusal::Refusal;

/// Reads a file twice: for the names of its properties, and for its rows.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is no GeoJSON in WGS 84, or has no feature with a point.
pub fn read_geojson_file(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut columns = FeatureColumns::default();
    let mut tally = GeometryTally::default();
    read_features(file, config, &mut |line, feature| {
        tally.count(&feature);
        columns
            .add(&feature)
            .map_err(|why| unreadable_file_refusal(&file.display_name, Some(line), &why))
    })?;
    if let Some(why) = tally.objection() {
        return Err(
            unreadable_file_refusal(&file.display_name, None, &why.sentence).with_help(why.help),
        );
    }
    let columns = columns.finish();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    each(SourceFileEvent::Header(&names))?;
    read_features(file, config, &mut |line, feature| {
        read_row(&columns, config, &NumberedFeature { line, feature }, each)
    })
}

/// Feature with the line number of its start.
#[derive(Debug)]
struct NumberedFeature {
    line: u64,
    feature: JsonValue,
}

fn read_row(
    columns: &[FeatureColumn],
    config: &SourceConfig,
    numbered: &NumberedFeature,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let NumberedFeature { line, feature } = numbered;
    let line = *line;
    if let Some(why) = feature_fault(feature) {
        return each(SourceFileEvent::Broken { line, why: &why });
    }
    let position = match FeaturePlace::of(feature) {
        FeaturePlace::Absent => {
            each(SourceFileEvent::Counted("feature without a geometry"))?;
            None
        }
        FeaturePlace::Point(position) => Some(position),
        FeaturePlace::Other(why) => return each(SourceFileEvent::Broken { line, why: &why }),
    };
    let known = ["type", "id", "geometry", "properties", "bbox", "crs"];
    let members = feature.members().unwrap_or_default();
    if members
        .iter()
        .any(|(name, _)| !known.contains(&name.as_str()))
    {
        each(SourceFileEvent::Counted(
            "feature with members beside its properties, which are left out",
        ))?;
    }
    let values: Vec<Option<&JsonValue>> = columns
        .iter()
        .map(|column| column.value_of(feature))
        .collect();
    let nested = nested_texts(&values);
    let fields: Vec<RawField<'_>> = columns
        .iter()
        .zip(values)
        .zip(&nested)
        .map(|((column, value), nested)| match value {
            Some(value) => json_field(value, nested.as_ref(), config),
            None => position_field(column, position),
        })
        .collect();
    each(SourceFileEvent::Row {
        line,
        fields: &fields,
    })
}

fn position_field(column: &FeatureColumn, position: Option<Position>) -> RawField<'static> {
    let number = position.and_then(|position| column.coordinate_of(position));
    number.map_or(RawField::Null, RawField::Float)
}

/// Reason why a value in the place of a feature is no row.
fn feature_fault(feature: &JsonValue) -> Option<String> {
    if feature.members().is_none() {
        return Some("it is no JSON object, as a feature is".to_owned());
    }
    if let Some(why) = feature.repetition() {
        return Some(why);
    }
    if feature.member("type").and_then(JsonValue::text) != Some("Feature") {
        return Some("its type is not Feature".to_owned());
    }
    match feature.member("properties") {
        None | Some(JsonValue::Null | JsonValue::Object(_)) => {}
        Some(_) => return Some("its properties are no JSON object".to_owned()),
    }
    match feature.member("id") {
        None | Some(JsonValue::Null | JsonValue::Number(_) | JsonValue::Text(_)) => {}
        Some(_) => return Some("its id is neither a text nor a number".to_owned()),
    }
    if !feature_document::is_wgs84(feature.member("crs")) {
        return Some("its crs is not WGS 84 longitude and latitude".to_owned());
    }
    None
}

#[cfg(test)]
mod tests;
