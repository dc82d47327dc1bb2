//! Written files of a snapshot, with statistics of its columns.

use crate::ingest::date_time;
use crate::ingest::ingest_counts::IngestCounts;
use crate::snapshot::block_digests::BlockDigests;
use crate::snapshot::dataset_dir;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{ColumnType, Dataset};

/// Written snapshot.
#[derive(Debug)]
pub struct WrittenSnapshot {
    /// File names, in order.
    pub files: Vec<String>,
    /// Digest over the schema and the names and digests of the files.
    pub digest: Digest,
    /// Content digest of each file.
    pub content: Vec<Digest>,
    /// Block digests of each file.
    pub blocks: Vec<BlockDigests>,
    /// Number of rows in all files.
    pub rows: u64,
    /// Size of all files, in bytes.
    pub bytes: u64,
    /// Statistics of each column.
    pub stats: Vec<ColumnStats>,
    /// Number of local dates that do not match their instants.
    pub wrong_days: u64,
    /// Counts of rows that were left out because `prepare` returned NaN or infinity, by column.
    pub counts: IngestCounts,
}

/// Statistics of one column.
#[derive(Debug, Clone, Default)]
pub struct ColumnStats {
    /// Number of NULLs.
    pub nulls: u64,
    /// Minimum and maximum of timestamps or dates.
    pub span: Option<(i64, i64)>,
    /// Minimum and maximum of numbers.
    pub range: Option<(f64, f64)>,
    /// Role as a coordinate.
    pub axis: Option<CoordinateAxis>,
    /// Estimated distinct count, rounded up to a power of two; 0 if there is no value.
    pub distinct: u64,
}

/// Axis of a coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoordinateAxis {
    /// Longitude.
    Lon,
    /// Latitude.
    Lat,
}

impl WrittenSnapshot {
    /// First and last instant of the time column; for dates, the midnights at which they start.
    #[must_use]
    pub fn time_span(&self, entry: &Dataset) -> Option<(UtcTimestamp, UtcTimestamp)> {
        let index = crate::publication::dataset_entry::time_column(&entry.columns)?;
        let (first, last) = self.stats.get(index)?.span?;
        let kind = entry.columns.get(index)?.kind;
        let instant = |number: i64| match kind {
            ColumnType::Instant => UtcTimestamp::from_micros(number).ok(),
            _ => {
                let zone = date_time::find_zone(&entry.zone)?;
                let midnight = date_time::start_of_day(i32::try_from(number).ok()?, &zone)?;
                UtcTimestamp::from_micros(midnight).ok()
            }
        };
        Some((instant(first)?, instant(last)?))
    }

    /// West, south, east and north of the places.
    #[must_use]
    pub fn area(&self) -> Option<[f64; 4]> {
        let of = |axis| {
            self.stats
                .iter()
                .find(|stats| stats.axis == Some(axis))
                .and_then(|stats| stats.range)
        };
        let ((west, east), (south, north)) = (of(CoordinateAxis::Lon)?, of(CoordinateAxis::Lat)?);
        Some([west, south, east, north])
    }
}

/// Written snapshot without rows, which has no files.
#[must_use]
pub fn empty_snapshot(entry: &Dataset) -> WrittenSnapshot {
    WrittenSnapshot {
        files: Vec::new(),
        content: Vec::new(),
        blocks: Vec::new(),
        digest: dataset_dir::digest_of(entry, &[]),
        rows: 0,
        bytes: 0,
        stats: vec![ColumnStats::default(); entry.columns.len()],
        wrong_days: 0,
        counts: IngestCounts::default(),
    }
}
