//! Models: shared schemas that datasets of several cities conform to, so that one question serves them all.
//!
//! Named after Smart Data Models (AirQualityObserved of dataModel.Environment, ItemFlowObserved of
//! dataModel.Transportation), written as one row per value, since a union over cities needs the same columns everywhere.

pub mod conformance;

use arrow_schema::SchemaRef;
use hansa_catalog::dataset::{ColumnType, DatasetKind};
use std::sync::Arc;

/// A shared schema.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name in SQL, after `model.`.
    pub name: &'static str,
    /// What its rows are.
    pub meaning: &'static str,
    /// How the values of its datasets came about; those of another kind are taken where a question asks for them.
    pub kind: DatasetKind,
    /// Its columns in order.
    pub columns: &'static [ModelColumn],
}

/// A column of a model.
#[derive(Debug, PartialEq, Eq)]
pub struct ModelColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// Every row has a value.
    pub required: bool,
    /// UCUM unit.
    pub unit: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
}

/// The model of that name.
#[must_use]
pub fn model(name: &str) -> Option<&'static Model> {
    #[cfg(test)]
    if name == TRIPS.name {
        return Some(&TRIPS);
    }
    MODELS.iter().find(|model| model.name == name)
}

impl Model {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ModelColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Its Arrow schema, as its union over participants has it before `participant` and `dataset`.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<arrow_schema::Field> = self
            .columns
            .iter()
            .map(|column| {
                arrow_schema::Field::new(column.name, column.kind.arrow(), !column.required)
            })
            .collect();
        Arc::new(arrow_schema::Schema::new(fields))
    }
}

/// All models.
pub const MODELS: [Model; 2] = [
    Model {
        name: "air_quality_observed",
        meaning: "one pollutant at one station in one interval",
        kind: DatasetKind::Measured,
        columns: &[
            OBSERVED_AT,
            INTERVAL,
            LOCAL_DATE,
            ModelColumn {
                name: "town",
                kind: ColumnType::Text,
                required: true,
                unit: None,
                meaning: "town or city in which the station stands",
            },
            ModelColumn {
                name: "station",
                kind: ColumnType::Text,
                required: true,
                unit: None,
                meaning: "the publisher's stable key of the station",
            },
            ModelColumn {
                name: "pollutant",
                kind: ColumnType::Text,
                required: true,
                unit: None,
                meaning: "NO2, PM10, PM2.5, O3, NO, SO2",
            },
            ModelColumn {
                name: "value",
                kind: ColumnType::Float,
                required: false,
                unit: Some("ug.m-3"),
                meaning: "mean mass concentration over the interval; absent where nothing was measured",
            },
        ],
    },
    Model {
        name: "bicycle_counts",
        meaning: "bicycles that passed one counter in one interval",
        kind: DatasetKind::Measured,
        columns: &[
            OBSERVED_AT,
            INTERVAL,
            LOCAL_DATE,
            ModelColumn {
                name: "site",
                kind: ColumnType::Text,
                required: true,
                unit: None,
                meaning: "the publisher's stable key of the counter",
            },
            ModelColumn {
                name: "site_name",
                kind: ColumnType::Text,
                required: false,
                unit: None,
                meaning: "where the counter stands",
            },
            ModelColumn {
                name: "bikes",
                kind: ColumnType::Int,
                required: false,
                unit: Some("{bicycle}"),
                meaning: "bicycles counted, all directions; absent where nothing was counted",
            },
        ],
    },
];

const OBSERVED_AT: ModelColumn = ModelColumn {
    name: "observed_at",
    kind: ColumnType::Instant,
    required: true,
    unit: None,
    meaning: "start of the interval; days of it are those of the dataset's zone",
};

const INTERVAL: ModelColumn = ModelColumn {
    name: "interval",
    kind: ColumnType::Text,
    required: true,
    unit: None,
    meaning: "length of the interval as an ISO 8601 duration: PT15M, PT30M, PT1H, P1D",
};

const LOCAL_DATE: ModelColumn = ModelColumn {
    name: "local_date",
    kind: ColumnType::Date,
    required: true,
    unit: None,
    meaning: "the day in the dataset's zone on which the interval starts",
};

/// A model of the tests of questions, with a column of each type.
#[cfg(test)]
const TRIPS: Model = Model {
    name: "trips",
    meaning: "trips of the tests",
    kind: DatasetKind::Measured,
    columns: &[
        plain("id", ColumnType::Int, None),
        plain("place", ColumnType::Text, None),
        plain("n", ColumnType::Int, Some("{trip}")),
        plain("x", ColumnType::Float, Some("km")),
        plain("open", ColumnType::Bool, None),
        plain("day", ColumnType::Date, None),
        plain("ts", ColumnType::Instant, None),
    ],
};

#[cfg(test)]
const fn plain(name: &'static str, kind: ColumnType, unit: Option<&'static str>) -> ModelColumn {
    ModelColumn {
        name,
        kind,
        required: false,
        unit,
        meaning: "",
    }
}
