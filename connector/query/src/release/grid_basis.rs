//! Basis of a dataset's releases: the release column, the periods and the identity of a series.

use crate::ingest::date_time;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{ColumnType, Dataset, RegisteredGrid};
use hansa_enforcement::bucket;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::{LateDataPolicy, ReleaseTerm};
use hansa_policy::value::time::TimeBucketWidth;
use jiff::tz::TimeZone;

/// Digest of schema, grid and release settings, which identifies a series. `None` if the dataset has no releases.
pub(crate) fn series_basis(dataset: &Dataset) -> Option<Digest> {
    let (grid, release) = release_settings(dataset)?;
    let listing: Vec<String> = dataset
        .columns
        .iter()
        .map(|column| format!("{} {} {}", column.name, column.kind, column.nullable))
        .collect();
    let dimensions: Vec<String> = grid
        .dimensions
        .iter()
        .map(|one| {
            let bucket = one
                .bucket
                .map_or("", hansa_policy::value::time::TimeBucketWidth::as_str);
            format!(
                "{} {bucket} {}",
                one.column,
                one.zone.as_deref().unwrap_or_default()
            )
        })
        .collect();
    let late = LateDataPolicy::ALL
        .iter()
        .find(|(_, late)| *late == release.late);
    let text = format!(
        "releases/1\n{}\n{}\n{}\n{} {} {}",
        grid.id,
        listing.join("\n"),
        dimensions.join("\n"),
        release.column,
        release.every.as_str(),
        late.map_or("", |(word, _)| word)
    );
    Some(Digest::of(text.as_bytes()))
}

pub(super) fn release_settings(dataset: &Dataset) -> Option<(&RegisteredGrid, &ReleaseTerm)> {
    let grid = dataset.grid.as_ref()?;
    Some((grid, grid.release.as_ref()?))
}

pub(super) fn is_day(dataset: &Dataset, release: &ReleaseTerm) -> bool {
    let mut columns = dataset.columns.iter();
    columns.any(|column| column.name == release.column && column.kind == ColumnType::Date)
}

/// Periods of a time column, in microseconds or in days since 1970-01-01.
#[derive(Debug, Clone)]
pub(super) struct PeriodCalendar {
    /// Set if the unit is days.
    pub(super) days: bool,
    zone: TimeZone,
}

impl PeriodCalendar {
    /// Periods of the release column of a grid.
    ///
    /// # Errors
    /// `SCHEMA_CHANGED` if the time zone no longer exists.
    pub(super) fn for_grid(
        dataset: &Dataset,
        grid: &RegisteredGrid,
        release: &ReleaseTerm,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            days: is_day(dataset, release),
            zone: period_zone(dataset, grid, release)?,
        })
    }

    /// Start of the bucket that contains `at`, and start of the next one.
    pub(super) fn bounds(&self, at: i64, bucket: TimeBucketWidth) -> (i64, i64) {
        if !self.days {
            return bucket::bucket_bounds(at, bucket, &self.zone);
        }
        let day = i32::try_from(at.clamp(i64::from(i32::MIN), i64::from(i32::MAX))).unwrap_or(0);
        let start = bucket::first_day(day, bucket);
        let longest = match bucket {
            TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour | TimeBucketWidth::Day => 1,
            TimeBucketWidth::Week => 7,
            TimeBucketWidth::Month => 31,
            TimeBucketWidth::Year => 366,
        };
        let next = bucket::first_day(start.saturating_add(longest), bucket);
        (i64::from(start), i64::from(next))
    }

    /// Instant in the unit of the column. `None` if the day number is out of range.
    pub(super) fn unit_of(&self, at: UtcTimestamp) -> Option<i64> {
        if self.days {
            date_time::local_day(at.micros(), &self.zone).map(i64::from)
        } else {
            Some(at.micros())
        }
    }
}

/// First start of a period at or after `at`, in the unit of the column. A series starts with a complete period.
pub(super) fn next_period_start(
    dataset: &Dataset,
    grid: &RegisteredGrid,
    release: &ReleaseTerm,
    at: i64,
) -> Result<i64, Refusal> {
    if is_day(dataset, release) {
        let day = i32::try_from(at).unwrap_or(i32::MAX);
        // The longest period is a year.
        let mut days = (0..=366).map(|more| day.saturating_add(more));
        let start = days.find(|day| bucket::first_day(*day, release.every) == *day);
        return Ok(start.map_or(at, i64::from));
    }
    let (start, end) =
        bucket::bucket_bounds(at, release.every, &period_zone(dataset, grid, release)?);
    Ok(if start == at { at } else { end })
}

/// End of the last period that had ended at the publication or at the time `seen`, when the sources were unchanged, in the unit of
/// the column.
pub(super) fn last_period_end(
    dataset: &Dataset,
    grid: &RegisteredGrid,
    release: &ReleaseTerm,
    seen: UtcTimestamp,
) -> Result<i64, Refusal> {
    let published = dataset.published_at.max(seen).micros();
    let zone = period_zone(dataset, grid, release)?;
    if is_day(dataset, release) {
        let day = date_time::local_day(published, &zone).unwrap_or(i32::MIN);
        return Ok(i64::from(bucket::first_day(day, release.every)));
    }
    Ok(bucket::bucket_bounds(published, release.every, &zone).0)
}

/// Time zone of the periods.
fn period_zone(
    dataset: &Dataset,
    grid: &RegisteredGrid,
    release: &ReleaseTerm,
) -> Result<TimeZone, Refusal> {
    let mut dimensions = grid.dimensions.iter();
    let own = dimensions.find(|one| one.column == release.column);
    let otherwise = if is_day(dataset, release) {
        dataset.zone.as_str()
    } else {
        "UTC"
    };
    let name = own.and_then(|own| own.zone.as_deref()).unwrap_or(otherwise);
    date_time::find_zone(name).ok_or_else(|| {
        Refusal::new(
            ErrorCode::SchemaChanged,
            format!("there is no time zone `{name}`"),
        )
    })
}
