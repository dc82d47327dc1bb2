//! What was written of a snapshot, with what was seen in its columns.

use crate::ingest::date_time;
use crate::ingest::ingest_counts::IngestCounts;
use crate::snapshot::block_digests::BlockDigests;
use crate::snapshot::dataset_dir;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{ColumnType, Dataset};

/// What was written.
#[derive(Debug)]
pub struct WrittenSnapshot {
    /// Names of the files, in order.
    pub files: Vec<String>,
    /// Over the schema and the names and digests of the files.
    pub digest: Digest,
    /// The digest of the content of each of them.
    pub content: Vec<Digest>,
    /// The digests of the blocks of each of them.
    pub blocks: Vec<BlockDigests>,
    /// Rows of all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// What was seen in each column.
    pub stats: Vec<ColumnStats>,
    /// Local dates that are not those of their instants.
    pub wrong_days: u64,
    /// Rows that were left out since `prepare` made a number of them that is none, and these by column.
    pub counts: IngestCounts,
}

/// What was seen in one column.
#[derive(Debug, Clone, Default)]
pub struct ColumnStats {
    /// Rows without a value.
    pub nulls: u64,
    /// Least and greatest instant or day.
    pub span: Option<(i64, i64)>,
    /// Least and greatest number.
    pub range: Option<(f64, f64)>,
    /// Its role as a coordinate.
    pub axis: Option<CoordinateAxis>,
    /// About how many different values, rounded up to a power of two; 0 where there are none.
    pub distinct: u64,
}

/// A coordinate's axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoordinateAxis {
    /// Longitude.
    Lon,
    /// Latitude.
    Lat,
}

impl WrittenSnapshot {
    /// First and last instant of the time column; of a date, the midnights at which it begins.
    #[must_use]
    pub fn time_span(&self, entry: &Dataset) -> Option<(UtcTimestamp, UtcTimestamp)> {
        let index = crate::publication::dataset_entry::time_column(&entry.columns)?;
        let (first, last) = self.stats.get(index)?.span?;
        let kind = entry.columns.get(index)?.kind;
        let instant = |number: i64| match kind {
            ColumnType::Instant => UtcTimestamp::from_micros(number).ok(),
            _ => {
                let zone = date_time::zone(&entry.zone)?;
                let midnight = date_time::start_of_day(i32::try_from(number).ok()?, &zone)?;
                UtcTimestamp::from_micros(midnight).ok()
            }
        };
        Some((instant(first)?, instant(last)?))
    }

    /// West, south, east, north of the points.
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

/// What was written where there is nothing to write: no file.
#[must_use]
pub fn nothing(entry: &Dataset) -> WrittenSnapshot {
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
