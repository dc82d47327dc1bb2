//! Publication: from a declared entry and the schema of a snapshot to a dataset that may be listed.

use crate::Catalog;
use crate::dataset::{ColumnType, Dataset, DatasetColumn, RegisteredGrid};
use crate::feed::DatasetFeed;
use crate::literal_type;
use arrow_schema::Schema;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::publications::{PublicationRecord, UnpublicationRecord};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::ReleaseTerm;
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::BTreeSet;

/// Declared entry, not yet compared with the snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetDraft {
    /// Entry of the dataset.
    pub dataset: Dataset,
}

/// Dataset that may be listed: its entry agrees with its snapshot.
#[derive(Debug)]
pub struct PublishableDataset {
    dataset: Dataset,
}

impl DatasetDraft {
    /// Checks that the snapshot has exactly the declared columns, and that the entry's statements about them are possible. This is
    /// the only constructor of [`PublishableDataset`].
    ///
    /// # Errors
    /// All problems together.
    pub fn check_snapshot(self, snapshot: &Schema) -> Result<PublishableDataset, Vec<Refusal>> {
        let mut problems = column_refusals(&self.dataset, snapshot);
        problems.extend(unit_refusal(&self.dataset));
        problems.extend(grid_refusals(&self.dataset));
        problems.extend(fact_refusals(&self.dataset));
        if problems.is_empty() {
            Ok(PublishableDataset {
                dataset: self.dataset,
            })
        } else {
            Err(problems)
        }
    }
}

impl PublishableDataset {
    /// Entry of the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    pub(crate) fn into_dataset(self) -> Dataset {
        self.dataset
    }
}

impl Evidence for PublishableDataset {
    fn to_record_body(&self) -> RecordBody {
        publication_body(&self.dataset).into()
    }
}

/// Body of the publication record.
#[must_use]
pub fn publication_body(dataset: &Dataset) -> PublicationRecord {
    let personal = dataset.columns.iter().filter(|column| column.personal);
    PublicationRecord {
        dataset: dataset.id.to_string(),
        version: dataset.version.to_string(),
        schema_sha256: dataset.schema_digest(),
        published_at: dataset.published_at,
        rows: dataset.rows,
        bytes: dataset.bytes,
        licence: dataset.licence.to_string(),
        high_value: dataset.high_value,
        personal: dataset.personal,
        personal_columns: personal.map(|column| column.name.to_string()).collect(),
        unit_column: dataset.unit_column.as_ref().map(ToString::to_string),
        grid: dataset.grid.as_ref().map(|grid| grid.id.to_string()),
        feed: dataset.feed.as_ref().map(DatasetFeed::to_entry),
    }
}

/// Withdrawal of a dataset that is not recorded yet.
#[derive(Debug)]
pub struct DatasetWithdrawal {
    dataset: DatasetId,
    version: String,
    reason: String,
}

impl DatasetWithdrawal {
    /// Makes the withdrawal of a published dataset. This is the only constructor.
    ///
    /// # Errors
    /// `DATASET_NOT_PUBLISHED`.
    pub fn from_catalog(
        catalog: &Catalog,
        name: &SqlIdentifier,
        reason: &str,
    ) -> Result<Self, Refusal> {
        let dataset = catalog.dataset(name).ok_or_else(|| {
            Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!("`{name}` is not published"),
            )
        })?;
        Ok(Self {
            dataset: dataset.id.clone(),
            version: dataset.version.clone(),
            reason: reason.to_owned(),
        })
    }

    /// Identity of the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.dataset
    }
}

impl Evidence for DatasetWithdrawal {
    fn to_record_body(&self) -> RecordBody {
        UnpublicationRecord {
            dataset: self.dataset.to_string(),
            version: self.version.clone(),
            reason: self.reason.clone(),
        }
        .into()
    }
}

fn column_refusals(dataset: &Dataset, snapshot: &Schema) -> Vec<Refusal> {
    let mut problems = Vec::new();
    if dataset.columns.is_empty() {
        problems.push(schema_mismatch_refusal(dataset, "it has no columns"));
    }
    let mut seen = BTreeSet::new();
    for column in &dataset.columns {
        if !seen.insert(&column.name) {
            problems.push(schema_mismatch_refusal(
                dataset,
                format!("the column `{}` is declared twice", column.name),
            ));
        }
    }
    for column in &dataset.columns {
        match snapshot.field_with_name(column.name.as_str()) {
            Err(_) => problems.push(schema_mismatch_refusal(
                dataset,
                format!("the snapshot has no column `{}`", column.name),
            )),
            Ok(field) if *field.data_type() != column.kind.to_arrow() => {
                problems.push(schema_mismatch_refusal(
                    dataset,
                    format!(
                        "`{}` is declared as {} but stored as {}",
                        column.name,
                        column.kind,
                        field.data_type()
                    ),
                ));
            }
            Ok(field) if field.is_nullable() && !column.nullable => {
                problems.push(schema_mismatch_refusal(
                    dataset,
                    format!("`{}` is declared without NULL but may hold it", column.name),
                ))
            }
            Ok(_) => {}
        }
    }
    for field in snapshot.fields() {
        if !dataset
            .columns
            .iter()
            .any(|column| column.name.as_str() == field.name())
        {
            problems.push(schema_mismatch_refusal(
                dataset,
                format!("the snapshot has a column `{}` more", field.name()),
            ));
        }
    }
    problems
}

fn unit_refusal(dataset: &Dataset) -> Option<Refusal> {
    let unit = dataset.unit_column.as_ref()?;
    literal_type::find_column(&dataset.columns, unit)
        .err()
        .map(|_| {
            invalid_dataset_refusal(dataset, format!("the unit column `{unit}` does not exist"))
        })
}

fn grid_refusals(dataset: &Dataset) -> Vec<Refusal> {
    let Some(grid) = &dataset.grid else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if !grid.id.starts_with(&format!("{}/grid/", dataset.id.owner)) {
        problems.push(invalid_dataset_refusal(
            dataset,
            format!("the grid `{}` is not one of the owner's", grid.id),
        ));
    }
    let mut seen = BTreeSet::new();
    for dimension in &grid.dimensions {
        if !seen.insert(&dimension.column) {
            problems.push(invalid_dataset_refusal(
                dataset,
                format!("the grid has `{}` twice", dimension.column),
            ));
        }
        if let Some(zone) = &dimension.zone
            && !hansa_audit_log::time::is_zone(zone)
        {
            problems.push(invalid_dataset_refusal(
                dataset,
                format!("`{zone}` is no time zone"),
            ));
        }
        match literal_type::find_column(&dataset.columns, &dimension.column) {
            Err(_) => problems.push(invalid_dataset_refusal(
                dataset,
                format!("the grid's dimension `{}` does not exist", dimension.column),
            )),
            Ok(column) => {
                if let Some(fault) = cell_fault(column, dimension.bucket) {
                    problems.push(invalid_dataset_refusal(dataset, fault));
                }
            }
        }
    }
    problems
        .extend(release_fault(dataset, grid).map(|fault| invalid_dataset_refusal(dataset, fault)));
    problems
}

fn release_fault(dataset: &Dataset, grid: &RegisteredGrid) -> Option<String> {
    let ReleaseTerm { column, every, .. } = grid.release.as_ref()?;
    let Some(own) = grid.dimensions.iter().find(|one| one.column == *column) else {
        return Some(format!(
            "the grid is released by `{column}`, which is none of its dimensions"
        ));
    };
    let kind = literal_type::find_column(&dataset.columns, column)
        .ok()?
        .kind;
    let finest = match (kind, own.bucket) {
        (ColumnType::Date, None) => TimeBucketWidth::Day,
        (ColumnType::Date | ColumnType::Instant, Some(bucket)) => bucket,
        _ => {
            return Some(format!(
                "the grid is released by `{column}`, which has no bucket of time"
            ));
        }
    };
    let zone = own.zone.as_deref().unwrap_or("UTC");
    let short = |bucket: TimeBucketWidth| {
        matches!(bucket, TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour)
    };
    if short(finest) && !short(*every) && !hansa_audit_log::time::keeps_hours(zone) {
        // Hours are those of UTC, so one hour could lie in two periods and be released twice.
        return Some(format!(
            "days of `{zone}` do not begin with an hour of UTC, so an hour of `{column}` is not released as a whole"
        ));
    }
    (!every.is_made_of(finest)).then(|| {
        format!(
            "a {} of `{column}` is not made of whole cells by {}",
            every.as_str(),
            finest.as_str()
        )
    })
}

fn cell_fault(column: &DatasetColumn, bucket: Option<TimeBucketWidth>) -> Option<String> {
    match (column.kind, bucket) {
        (ColumnType::Float, _) => Some(format!(
            "`{}` is a floating-point number and can't be a dimension",
            column.name
        )),
        (ColumnType::Decimal(_), _) => Some(format!(
            "`{}` is a decimal number and can't be a dimension",
            column.name
        )),
        (ColumnType::Text | ColumnType::Int | ColumnType::Bool, Some(bucket)) => Some(format!(
            "`{}` holds {} and has no {}",
            column.name,
            column.kind,
            bucket.as_str()
        )),
        (ColumnType::Date, Some(bucket)) if !bucket.is_made_of(TimeBucketWidth::Day) => {
            Some(format!(
                "`{}` holds dates, which have no {}",
                column.name,
                bucket.as_str()
            ))
        }
        (
            ColumnType::Text
            | ColumnType::Int
            | ColumnType::Bool
            | ColumnType::Date
            | ColumnType::Instant,
            _,
        ) => None,
    }
}

fn fact_refusals(dataset: &Dataset) -> Vec<Refusal> {
    let mut problems = Vec::new();
    if !hansa_audit_log::time::is_zone(&dataset.zone) {
        problems.push(invalid_dataset_refusal(
            dataset,
            format!("`{}` is no time zone", dataset.zone),
        ));
    }
    if let Some([west, south, east, north]) = dataset.area {
        let inside = |value: f64, most: f64| value.is_finite() && value.abs() <= most;
        let ok = inside(west, 180.0)
            && inside(east, 180.0)
            && inside(south, 90.0)
            && inside(north, 90.0)
            && west <= east
            && south <= north;
        if !ok {
            problems.push(invalid_dataset_refusal(
                dataset,
                "the coordinates are not degrees; is the CRS right?",
            ));
        }
    }
    if dataset.time_span.is_some_and(|(first, last)| first > last) {
        problems.push(invalid_dataset_refusal(
            dataset,
            "the time span ends before it starts",
        ));
    }
    problems
}

fn schema_mismatch_refusal(dataset: &Dataset, sentence: impl Into<String>) -> Refusal {
    dataset_refusal(ErrorCode::SchemaMismatch, dataset, sentence)
}

fn invalid_dataset_refusal(dataset: &Dataset, sentence: impl Into<String>) -> Refusal {
    dataset_refusal(ErrorCode::ConfigInvalid, dataset, sentence)
}

fn dataset_refusal(code: ErrorCode, dataset: &Dataset, sentence: impl Into<String>) -> Refusal {
    let sentence = sentence.into();
    Refusal::new(code, format!("`{}`: {sentence}", dataset.id.name))
}

#[cfg(test)]
mod tests;
