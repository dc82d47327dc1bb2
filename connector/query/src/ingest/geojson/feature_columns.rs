//! Columns of features: those for the position and the id, then one for each property, with unique names.

use super::feature_geometry::{FeaturePlace, Position};
use crate::ingest::bounded_reader::MOST_COLUMNS;
use crate::ingest::json_reader::JsonValue;
use std::collections::BTreeSet;

/// Column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FeatureColumn {
    /// Name in the header.
    pub(super) name: String,
    origin: FeatureColumnOrigin,
}

/// Source of a column's values.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FeatureColumnOrigin {
    Longitude,
    Latitude,
    Height,
    Id,
    Property(String),
}

impl FeatureColumn {
    /// Value of a column for a property or the id.
    pub(super) fn value_of<'f>(&self, feature: &'f JsonValue) -> Option<&'f JsonValue> {
        match &self.origin {
            FeatureColumnOrigin::Property(name) => feature.member("properties")?.member(name),
            FeatureColumnOrigin::Id => feature.member("id"),
            FeatureColumnOrigin::Longitude
            | FeatureColumnOrigin::Latitude
            | FeatureColumnOrigin::Height => None,
        }
    }

    /// Value of a column for a coordinate.
    pub(super) const fn coordinate_of(&self, position: Position) -> Option<f64> {
        match self.origin {
            FeatureColumnOrigin::Longitude => Some(position.longitude),
            FeatureColumnOrigin::Latitude => Some(position.latitude),
            FeatureColumnOrigin::Height => position.height,
            FeatureColumnOrigin::Id | FeatureColumnOrigin::Property(_) => None,
        }
    }
}

/// Columns found while features are read.
#[derive(Debug, Default)]
pub(super) struct FeatureColumns {
    /// Properties in order of their first occurrence.
    properties: Vec<String>,
    known: BTreeSet<String>,
    has_id: bool,
    has_height: bool,
}

impl FeatureColumns {
    /// Adds the property names of a feature.
    ///
    /// # Errors
    /// The reason of the refusal, if there are more columns than permitted.
    pub(super) fn add(&mut self, feature: &JsonValue) -> Result<(), String> {
        let properties = feature.member("properties").and_then(JsonValue::members);
        for (name, _) in properties.unwrap_or_default() {
            if !self.known.contains(name) {
                self.known.insert(name.clone());
                self.properties.push(name.clone());
            }
        }
        self.has_id |= feature
            .member("id")
            .is_some_and(|id| *id != JsonValue::Null);
        if let FeaturePlace::Point(position) = FeaturePlace::of(feature) {
            self.has_height |= position.height.is_some();
        }
        if self.properties.len() > MOST_COLUMNS.saturating_sub(MADE.len()) {
            return Err(format!(
                "its features have more than {MOST_COLUMNS} properties"
            ));
        }
        Ok(())
    }

    /// Final columns. `lon`, `lat` and `feature_id` never name a property, so that they have one meaning in all files of a folder.
    /// A property keeps the common name `height`, and the third coordinate then gets another one.
    pub(super) fn finish(self) -> Vec<FeatureColumn> {
        let mut taken: BTreeSet<String> = MADE.iter().map(|name| (*name).to_owned()).collect();
        let mut columns = vec![
            feature_column("lon", FeatureColumnOrigin::Longitude),
            feature_column("lat", FeatureColumnOrigin::Latitude),
        ];
        if self.has_id {
            columns.push(feature_column(ID, FeatureColumnOrigin::Id));
        }
        let mut set_apart = |wanted: &str| {
            let mut name = wanted.to_owned();
            let mut number = 2_u32;
            // A name of another property is not reused.
            while taken.contains(&name) || (name != wanted && self.known.contains(&name)) {
                name = format!("{wanted}_{number}");
                number = number.saturating_add(1);
            }
            taken.insert(name.clone());
            name
        };
        let properties: Vec<FeatureColumn> = self
            .properties
            .iter()
            .map(|property| FeatureColumn {
                name: set_apart(property),
                origin: FeatureColumnOrigin::Property(property.clone()),
            })
            .collect();
        if self.has_height {
            columns.push(FeatureColumn {
                name: set_apart(HEIGHT),
                origin: FeatureColumnOrigin::Height,
            });
        }
        columns.extend(properties);
        columns
    }
}

fn feature_column(name: &str, origin: FeatureColumnOrigin) -> FeatureColumn {
    FeatureColumn {
        name: name.to_owned(),
        origin,
    }
}

const ID: &str = "feature_id";

const HEIGHT: &str = "height";

/// Names that never stand for a property.
const MADE: [&str; 3] = ["lon", "lat", ID];
