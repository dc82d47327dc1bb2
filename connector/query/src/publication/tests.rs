//! Included files of real cities, published through their configuration alone. The expected numbers were computed from the files
//! with Python's csv, datetime and zoneinfo, without code of this product.

use super::{StagedSnapshot, StagingOutcome, stage_snapshot};
use crate::ingest::config::DatasetConfig;
use crate::ingest::config::parser::parse_datasets;
use crate::limits::QueryResourceLimits;
use crate::publication::context::PublicationContext;
use crate::snapshot::Snapshot;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

mod bloom_filters;
mod cities;
mod decimal_columns;
mod feed_append;
mod full_city_data;
mod page_compression;
mod prepared_rows;
mod republication;
mod source_formats;

fn demo(city: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../demo/cities")
        .join(city)
}

/// Participant with an empty state folder.
struct TestPublisher {
    state: tempfile::TempDir,
    memory: Option<usize>,
}

impl TestPublisher {
    fn new() -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
            memory: None,
        }
    }

    fn context(&self) -> PublicationContext {
        PublicationContext {
            anew: false,
            logged: None,
            damaged: false,
            schema_secret: [7; 32],
            owner: "hansa://town.example".parse().unwrap(),
            zone: "Europe/Berlin".to_owned(),
            state: self.state.path().to_owned(),
            now: "2026-11-20T12:00:00Z".parse().unwrap(),
            limits: QueryResourceLimits {
                memory: self.memory.unwrap_or(QueryResourceLimits::default().memory),
                ..QueryResourceLimits::default()
            },
        }
    }

    fn try_stage(&self, config: &DatasetConfig) -> Result<StagingOutcome, Refusal> {
        stage_snapshot(config, &self.context(), &|_| {})
    }

    #[track_caller]
    fn stage(&self, config: &DatasetConfig) -> StagedSnapshot {
        match self.try_stage(config) {
            Ok(StagingOutcome::Staged(staged)) => *staged,
            Ok(StagingOutcome::Unchanged(_)) => panic!("unchanged"),
            Err(refusal) => panic!("{refusal:#?}"),
        }
    }

    #[track_caller]
    fn refused(&self, config: &DatasetConfig) -> Refusal {
        match self.try_stage(config) {
            Err(refusal) => refusal,
            Ok(outcome) => panic!("not refused: {outcome:?}"),
        }
    }
}

#[track_caller]
fn configured(text: &str, folder: &Path) -> Vec<DatasetConfig> {
    match parse_datasets(text, "hansa.toml", folder) {
        Ok(datasets) => datasets,
        Err(problems) => panic!("{problems:#?}"),
    }
}

#[track_caller]
fn dataset_of(file: &Path, folder: &Path, name: &str) -> DatasetConfig {
    let text = std::fs::read_to_string(file).unwrap();
    configured(&text, folder)
        .into_iter()
        .find(|dataset| dataset.name.as_str() == name)
        .unwrap()
}

#[track_caller]
fn shipped(city: &str, name: &str) -> DatasetConfig {
    let folder = demo(city);
    dataset_of(&folder.join("hansa-datasets.toml"), &folder, name)
}

/// Column over all files of a snapshot.
fn column(snapshot: &Snapshot, name: &str) -> Vec<ArrayRef> {
    let mut found = Vec::new();
    for file in &snapshot.files {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
        for batch in builder.build().unwrap() {
            found.push(std::sync::Arc::clone(
                batch.unwrap().column_by_name(name).unwrap(),
            ));
        }
    }
    found
}

fn texts(snapshot: &Snapshot, name: &str) -> Vec<Option<String>> {
    let arrays = column(snapshot, name);
    let values = arrays
        .iter()
        .flat_map(|array| array.as_string::<i32>().iter());
    values.map(|value| value.map(str::to_owned)).collect()
}

fn ints(snapshot: &Snapshot, name: &str) -> Vec<Option<i64>> {
    let arrays = column(snapshot, name);
    arrays
        .iter()
        .flat_map(|array| array.as_primitive::<Int64Type>().iter())
        .collect()
}

fn floats(snapshot: &Snapshot, name: &str) -> Vec<Option<f64>> {
    let arrays = column(snapshot, name);
    arrays
        .iter()
        .flat_map(|array| array.as_primitive::<Float64Type>().iter())
        .collect()
}

/// Decimals as texts.
fn decimals(snapshot: &Snapshot, name: &str) -> Vec<Option<String>> {
    let arrays = column(snapshot, name);
    let decimals = arrays
        .iter()
        .map(|array| array.as_primitive::<Decimal128Type>());
    decimals
        .flat_map(|array| (0..array.len()).map(move |row| (array, row)))
        .map(|(array, row)| array.is_valid(row).then(|| array.value_as_string(row)))
        .collect()
}

fn dates(snapshot: &Snapshot, name: &str) -> Vec<Option<String>> {
    let arrays = column(snapshot, name);
    let days = arrays
        .iter()
        .flat_map(|array| array.as_primitive::<Date32Type>().iter());
    days.map(|day| {
        let micros = i64::from(day?) * crate::ingest::date_time::DAY_US;
        let time = hansa_audit_log::time::UtcTimestamp::from_micros(micros).unwrap();
        Some(time.to_string().chars().take(10).collect())
    })
    .collect()
}

fn instants(snapshot: &Snapshot, name: &str) -> Vec<Option<String>> {
    let arrays = column(snapshot, name);
    let values = arrays
        .iter()
        .flat_map(|array| array.as_primitive::<TimestampMicrosecondType>().iter());
    values
        .map(|value| {
            Some(
                hansa_audit_log::time::UtcTimestamp::from_micros(value?)
                    .unwrap()
                    .to_string(),
            )
        })
        .collect()
}

fn sum(values: &[Option<f64>]) -> f64 {
    values.iter().flatten().sum()
}

#[track_caller]
fn near(left: f64, right: f64) {
    assert!(
        (left - right).abs() <= 1e-9 * right.abs().max(1.0),
        "{left} is not {right}"
    );
}

fn span(snapshot: &Snapshot) -> (String, String) {
    let (first, last) = snapshot.dataset.time_span.unwrap();
    (first.to_string(), last.to_string())
}

fn only(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[track_caller]
fn check_code(refusal: &Refusal, code: ErrorCode, file: &str, line: Option<u64>) {
    assert_eq!(refusal.code, code, "{refusal:#?}");
    let location = refusal.location.as_ref().unwrap();
    assert_eq!(
        (location.file.as_str(), location.line),
        (file, line),
        "{refusal:#?}"
    );
}
