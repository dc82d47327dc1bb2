//! Models: shared schemas of datasets from several cities, so that one question covers all of them.
//!
//! They are named after Smart Data Models (AirQualityObserved of dataModel.Environment, ItemFlowObserved of
//! dataModel.Transportation). Each row has a single value, since a union over cities needs equal columns.

pub mod conformance;

use arrow_schema::SchemaRef;
use hansa_catalog::dataset::{ColumnType, DatasetKind};
use std::sync::Arc;

/// Shared schema.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// Name in SQL, after `model.`.
    pub name: &'static str,
    /// Meaning of a row.
    pub meaning: &'static str,
    /// Kind of the datasets. Datasets of another kind are included only if a question asks for them.
    pub kind: DatasetKind,
    /// Columns, in order.
    pub columns: &'static [ModelColumn],
}

/// Column of a model.
#[derive(Debug, PartialEq, Eq)]
pub struct ModelColumn {
    /// Name of the column.
    pub name: &'static str,
    /// Type of the column.
    pub kind: ColumnType,
    /// Requirement of a value in every row.
    pub required: bool,
    /// Unit in UCUM notation.
    pub unit: Option<&'static str>,
    /// Meaning of the column.
    pub meaning: &'static str,
}

/// Model with this name.
#[must_use]
pub fn find_model(name: &str) -> Option<&'static Model> {
    #[cfg(test)]
    if name == TRIPS.name {
        return Some(&TRIPS);
    }
    MODELS.iter().find(|model| model.name == name)
}

impl Model {
    /// Column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ModelColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Arrow schema of the union over participants, without `participant` and `dataset`.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<arrow_schema::Field> = self
            .columns
            .iter()
            .map(|column| {
                arrow_schema::Field::new(column.name, column.kind.to_arrow(), !column.required)
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

/// Model for tests of questions, with a column of each type.
#[cfg(test)]
const TRIPS: Model = Model {
    name: "trips",
    meaning: "trips of the tests",
    kind: DatasetKind::Measured,
    columns: &[
        optional_column("id", ColumnType::Int, None),
        optional_column("place", ColumnType::Text, None),
        optional_column("n", ColumnType::Int, Some("{trip}")),
        optional_column("x", ColumnType::Float, Some("km")),
        optional_column("open", ColumnType::Bool, None),
        optional_column("day", ColumnType::Date, None),
        optional_column("ts", ColumnType::Instant, None),
    ],
};

#[cfg(test)]
const fn optional_column(
    name: &'static str,
    kind: ColumnType,
    unit: Option<&'static str>,
) -> ModelColumn {
    ModelColumn {
        name,
        kind,
        required: false,
        unit,
        meaning: "",
    }
}
