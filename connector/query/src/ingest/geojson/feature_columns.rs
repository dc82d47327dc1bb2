//! The columns of features: those that are made of a place and an id, then each property under a name that no other column has.

use super::feature_geometry::{FeaturePlace, Position};
use crate::ingest::bounded_reader::MOST_COLUMNS;
use crate::ingest::json_reader::JsonValue;
use std::collections::BTreeSet;

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FeatureColumn {
    /// Its name in the header.
    pub(super) name: String,
    origin: FeatureColumnOrigin,
}

/// Origin of a column's values.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FeatureColumnOrigin {
    Longitude,
    Latitude,
    Height,
    Id,
    Property(String),
}

impl FeatureColumn {
    /// The value of this column where it is a property or the id.
    pub(super) fn value_of<'f>(&self, feature: &'f JsonValue) -> Option<&'f JsonValue> {
        match &self.origin {
            FeatureColumnOrigin::Property(name) => feature.member("properties")?.member(name),
            FeatureColumnOrigin::Id => feature.member("id"),
            FeatureColumnOrigin::Longitude
            | FeatureColumnOrigin::Latitude
            | FeatureColumnOrigin::Height => None,
        }
    }

    /// The value of this column where it is part of a place.
    pub(super) const fn coordinate_of(&self, position: Position) -> Option<f64> {
        match self.origin {
            FeatureColumnOrigin::Longitude => Some(position.longitude),
            FeatureColumnOrigin::Latitude => Some(position.latitude),
            FeatureColumnOrigin::Height => position.height,
            FeatureColumnOrigin::Id | FeatureColumnOrigin::Property(_) => None,
        }
    }
}

/// Columns seen while features are read.
#[derive(Debug, Default)]
pub(super) struct FeatureColumns {
    /// In the order in which they were met.
    properties: Vec<String>,
    known: BTreeSet<String>,
    has_id: bool,
    has_height: bool,
}

impl FeatureColumns {
    /// Takes in the names of a feature.
    ///
    /// # Errors
    /// Why the file can't be read, where there are more than a file may have.
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

    /// The columns. `lon`, `lat` and `feature_id` never name a property, so that they mean the same in all files of a folder; a
    /// property keeps the name `height`, which is common, and the third coordinate then gets another.
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
            // A name that a property has of itself is not given to another.
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
