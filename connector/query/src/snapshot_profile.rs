//! Profile of a snapshot for its owner: counts, extremes and frequent values of its columns. Peers never receive it.
//!
//! A profile is computed once and kept in the folder of the snapshot, so that it ends with the snapshot. Of a column about persons, a
//! profile holds numbers alone.

pub mod time_gaps;

use crate::dedicated_thread::run_on_dedicated_thread;
use crate::limits::QueryResourceLimits;
use crate::publication::dataset_entry::time_column;
use crate::release::workspace::{ReleaseWorkspace, release_refusal};
use crate::snapshot::Snapshot;
use crate::snapshot::dataset_dir;
use crate::snapshot_profile::time_gaps::find_time_gaps;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{approx_distinct, count, max, min};
use datafusion_common::Column;
use datafusion_expr::{Expr, cast, col, lit, when};
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::{ColumnType, Dataset, DatasetColumn};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use crate::snapshot_profile::time_gaps::TimeGaps;

/// File of the profile in the folder of its snapshot.
const FILE: &str = "profile.json";

/// Largest size of the file, bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Number of frequent values of a column.
const FREQUENT: usize = 8;

/// Number of equal parts of a spread.
const PARTS: u32 = 8;

/// Most distinct values of a column whose frequent values are counted.
const MOST_DISTINCT: u64 = 10_000;

/// Most rows among which equal rows are counted.
const MOST_COMPARED: u64 = 1_000_000;

/// Longest text of a value, letters.
const LONGEST_VALUE: usize = 200;

/// Profile of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotProfile {
    /// Digest of the rows.
    pub digest: Digest,
    /// Label of the snapshot.
    pub version: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of rows that repeat another row; none in a large snapshot, where they are not counted.
    pub duplicates: Option<u64>,
    /// Gaps in the time column; none without such a column, or with too many instants.
    pub gaps: Option<TimeGaps>,
    /// West, south, east and north in degrees.
    pub area: Option<[String; 4]>,
    /// Columns in order.
    pub columns: Vec<ValueProfile>,
}

/// Profile of a column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueProfile {
    /// Name of the column.
    pub name: String,
    /// Number of rows without a value.
    pub missing: u64,
    /// Approximate number of distinct values.
    pub distinct: u64,
    /// Least value.
    pub least: Option<String>,
    /// Greatest value.
    pub most: Option<String>,
    /// Most frequent values, the most frequent first.
    pub frequent: Vec<FrequentValue>,
    /// Numbers of values in equal parts between the least and the greatest value, for numbers alone.
    pub spread: Vec<SpreadPart>,
}

/// Value with the number of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrequentValue {
    /// Value as text.
    pub value: String,
    /// Number of rows.
    pub rows: u64,
}

/// Part of a spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpreadPart {
    /// Beginning of the part, inclusive.
    pub from: f64,
    /// End of the part, inclusive in the last part alone.
    pub to: f64,
    /// Number of rows.
    pub rows: u64,
}

/// Computes the profile of a snapshot and keeps it in the folder of the snapshot. Blocks.
///
/// # Errors
/// `USAGE` for rows that stay where they are, `RESOURCE_LIMIT`, or a fault of the files or the disk.
pub fn profile_snapshot(
    snapshot: &Snapshot,
    limits: &QueryResourceLimits,
) -> Result<SnapshotProfile, Refusal> {
    let file = profile_file(snapshot).ok_or_else(|| {
        let sentence = "the rows of this dataset stay where they are, so they have no profile here";
        Refusal::new(ErrorCode::UsageWrong, sentence)
    })?;
    // The folder of the dataset, in which remains of a crash are removed.
    let folder = file.ancestors().nth(3).unwrap_or(&file).to_owned();
    let profile = run_on_dedicated_thread("profiling", limits.time, async || {
        let workspace = ReleaseWorkspace::open(&folder, limits, [&snapshot.checked])?;
        let rows = workspace.read(&snapshot.files).await?;
        compute_profile(snapshot, rows).await
    })
    .map_err(to_profile_refusal)?;
    let bytes = serde_json::to_vec(&profile).map_err(|fault| {
        Refusal::new(ErrorCode::Internal, "the profile has no form in JSON").caused_by(fault)
    })?;
    dataset_dir::write_whole(&file, &bytes)?;
    Ok(profile)
}

/// Profile that is kept for a snapshot; none if there is none, or if its file can't be read.
#[must_use]
pub fn read_profile(snapshot: &Snapshot) -> Option<SnapshotProfile> {
    let file = profile_file(snapshot)?;
    let size = std::fs::metadata(&file).ok()?.len();
    let bytes = (size <= MOST_BYTES).then(|| std::fs::read(&file).ok())??;
    let profile: SnapshotProfile = serde_json::from_slice(&bytes).ok()?;
    (profile.digest == snapshot.digest).then_some(profile)
}

fn profile_file(snapshot: &Snapshot) -> Option<PathBuf> {
    if snapshot.in_place.is_some() {
        return None;
    }
    snapshot.folder_path().map(|folder| folder.join(FILE))
}

fn to_profile_refusal(refusal: Refusal) -> Refusal {
    match refusal.code {
        ErrorCode::ResourceLimit => Refusal::new(
            ErrorCode::ResourceLimit,
            "the profile takes more memory or time than one question may have",
        )
        .caused_by(refusal.sentence),
        _ => refusal,
    }
}

async fn compute_profile(snapshot: &Snapshot, rows: DataFrame) -> Result<SnapshotProfile, Refusal> {
    let dataset = &snapshot.dataset;
    let (count, mut columns) = count_columns(dataset, &rows).await?;
    for (profile, column) in columns.iter_mut().zip(&dataset.columns) {
        if is_about_persons(dataset, column) {
            continue;
        }
        if is_counted_by_value(column.kind) && profile.distinct <= MOST_DISTINCT {
            profile.frequent = count_frequent_values(&rows, column).await?;
        }
        if is_number(column.kind) {
            profile.spread = count_spread(&rows, column, profile).await?;
        }
    }
    let duplicates = match count <= MOST_COMPARED {
        true => {
            let distinct = rows
                .clone()
                .distinct()
                .map_err(|fault| release_refusal(&fault))?;
            let distinct = distinct
                .count()
                .await
                .map_err(|fault| release_refusal(&fault))?;
            Some(count.saturating_sub(u64::try_from(distinct).unwrap_or(u64::MAX)))
        }
        false => None,
    };
    let time = time_column(&dataset.columns).and_then(|index| dataset.columns.get(index));
    let gaps = match time {
        Some(time) => {
            let gaps = find_time_gaps(rows, time).await?;
            match is_about_persons(dataset, time) {
                // An instant of a gap is the value of a row.
                true => gaps.map(TimeGaps::without_instants),
                false => gaps,
            }
        }
        None => None,
    };
    Ok(SnapshotProfile {
        digest: snapshot.digest,
        version: dataset.version.clone(),
        rows: count,
        duplicates,
        gaps,
        area: dataset
            .area
            .filter(|_| !dataset.personal)
            .map(|area| area.map(|edge| edge.to_string())),
        columns,
    })
}

fn is_about_persons(dataset: &Dataset, column: &DatasetColumn) -> bool {
    dataset.personal || column.personal
}

const fn is_number(kind: ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Int | ColumnType::Float | ColumnType::Decimal(_)
    )
}

const fn is_counted_by_value(kind: ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Text | ColumnType::Bool | ColumnType::Int | ColumnType::Date
    )
}

fn column_of(column: &DatasetColumn) -> Expr {
    col(Column::from_name(column.name.as_str()))
}

/// Counts of all columns, in one pass over the rows.
async fn count_columns(
    dataset: &Dataset,
    rows: &DataFrame,
) -> Result<(u64, Vec<ValueProfile>), Refusal> {
    let mut totals = vec![count(lit(1_i64)).alias("rows")];
    let mut shown = vec![cast(col("rows"), DataType::Int64).alias("rows")];
    for (index, column) in dataset.columns.iter().enumerate() {
        let name = |part: &str| format!("{part}{index}");
        let value = column_of(column);
        // The estimate has no form for numbers with a point and for truth values.
        let text = match column.kind {
            ColumnType::Text | ColumnType::Int | ColumnType::Date | ColumnType::Instant => {
                value.clone()
            }
            ColumnType::Float | ColumnType::Decimal(_) | ColumnType::Bool => {
                cast(value.clone(), DataType::Utf8)
            }
        };
        totals.push(count(value.clone()).alias(name("present")));
        totals.push(approx_distinct(text).alias(name("distinct")));
        shown.push(cast(col(name("present")), DataType::Int64).alias(name("present")));
        shown.push(cast(col(name("distinct")), DataType::Int64).alias(name("distinct")));
        if !is_about_persons(dataset, column) && column.kind != ColumnType::Bool {
            totals.push(min(value.clone()).alias(name("least")));
            totals.push(max(value).alias(name("most")));
            shown.push(cast(col(name("least")), DataType::Utf8).alias(name("least")));
            shown.push(cast(col(name("most")), DataType::Utf8).alias(name("most")));
        }
    }
    let frame = rows
        .clone()
        .aggregate(Vec::new(), totals)
        .and_then(|frame| frame.select(shown))
        .map_err(|fault| release_refusal(&fault))?;
    let batches = frame
        .collect()
        .await
        .map_err(|fault| release_refusal(&fault))?;
    let line = batches.iter().find(|batch| batch.num_rows() > 0);
    let count = line.map_or(0, |batch| read_count(batch, "rows", 0));
    let profiles = dataset.columns.iter().enumerate().map(|(index, column)| {
        let name = |part: &str| format!("{part}{index}");
        let number = |part: &str| line.map_or(0, |batch| read_count(batch, &name(part), 0));
        let text = |part: &str| line.and_then(|batch| read_text(batch, &name(part), 0));
        ValueProfile {
            name: column.name.to_string(),
            missing: count.saturating_sub(number("present")),
            distinct: number("distinct"),
            least: text("least"),
            most: text("most"),
            ..ValueProfile::default()
        }
    });
    Ok((count, profiles.collect()))
}

/// Most frequent values of a column.
async fn count_frequent_values(
    rows: &DataFrame,
    column: &DatasetColumn,
) -> Result<Vec<FrequentValue>, Refusal> {
    let frame = rows
        .clone()
        .select(vec![cast(column_of(column), DataType::Utf8).alias("value")])
        .and_then(|frame| frame.filter(col("value").is_not_null()))
        .and_then(|frame| {
            let number = count(lit(1_i64)).alias("number");
            frame.aggregate(vec![col("value")], vec![number])
        })
        .and_then(|frame| {
            frame.sort(vec![
                col("number").sort(false, false),
                col("value").sort(true, false),
            ])
        })
        .and_then(|frame| frame.limit(0, Some(FREQUENT)))
        .and_then(|frame| {
            frame.select(vec![
                cast(col("value"), DataType::Utf8).alias("value"),
                cast(col("number"), DataType::Int64).alias("number"),
            ])
        })
        .map_err(|fault| release_refusal(&fault))?;
    let batches = frame
        .collect()
        .await
        .map_err(|fault| release_refusal(&fault))?;
    let mut found = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            found.extend(read_text(batch, "value", row).map(|value| FrequentValue {
                value,
                rows: read_count(batch, "number", row),
            }));
        }
    }
    Ok(found)
}

/// Numbers of values in equal parts of a column of numbers. None where the ends are no numbers, or equal.
async fn count_spread(
    rows: &DataFrame,
    column: &DatasetColumn,
    profile: &ValueProfile,
) -> Result<Vec<SpreadPart>, Refusal> {
    let end = |text: &Option<String>| {
        let number: Option<f64> = text.as_deref().and_then(|text| text.parse().ok());
        number.filter(|number| number.is_finite())
    };
    let (Some(least), Some(most)) = (end(&profile.least), end(&profile.most)) else {
        return Ok(Vec::new());
    };
    let width = (most - least) / f64::from(PARTS);
    if !(width.is_finite() && width > 0.0) {
        return Ok(Vec::new());
    }
    let mut parts: Vec<SpreadPart> = (0..PARTS)
        .map(|index| SpreadPart {
            from: least + width * f64::from(index),
            to: least + width * f64::from(index.saturating_add(1)),
            rows: 0,
        })
        .collect();
    let value = || cast(column_of(column), DataType::Float64);
    let last = parts.len().saturating_sub(1);
    let mut totals = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        // Rounding must not lose the ends.
        let from = (index > 0).then(|| value().gt_eq(lit(part.from)));
        let to = (index < last).then(|| value().lt(lit(part.to)));
        let inside = match (from, to) {
            (Some(from), Some(to)) => from.and(to),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => value().is_not_null(),
        };
        let counted = when(inside, lit(1_i64)).end();
        let counted = counted.map_err(|fault| release_refusal(&fault))?;
        totals.push(count(counted).alias(format!("part{index}")));
    }
    let frame = rows
        .clone()
        .aggregate(Vec::new(), totals)
        .map_err(|fault| release_refusal(&fault))?;
    let batches = frame
        .collect()
        .await
        .map_err(|fault| release_refusal(&fault))?;
    let line = batches.iter().find(|batch| batch.num_rows() > 0);
    for (index, part) in parts.iter_mut().enumerate() {
        part.rows = line.map_or(0, |batch| read_count(batch, &format!("part{index}"), 0));
    }
    Ok(parts)
}

/// Count in a column of whole numbers; 0 where there is none.
fn read_count(batch: &RecordBatch, name: &str, row: usize) -> u64 {
    let column = batch.column_by_name(name);
    let numbers = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    let number = numbers.filter(|numbers| row < numbers.len() && numbers.is_valid(row));
    number.map_or(0, |numbers| {
        u64::try_from(numbers.value(row)).unwrap_or_default()
    })
}

/// Beginning of a text in a column of texts; none for NULL.
fn read_text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let texts = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    let is_there = row < texts.len() && texts.is_valid(row);
    is_there.then(|| texts.value(row).chars().take(LONGEST_VALUE).collect())
}
