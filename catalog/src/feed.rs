//! A dataset that only grows: what is published of it stays, and what comes later is a segment of its own.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::publications::{FeedEntry, FeedSegmentEntry};
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// What is known of a dataset that only grows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetFeed {
    /// Of how many segments it consists; 0 where that is not told.
    pub segments: u64,
    /// The one that came last, where it is told.
    pub newest: Option<FeedSegment>,
}

/// Rows that came at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedSegment {
    /// The label of the publication that brought them.
    pub version: String,
    /// When.
    pub arrived: UtcTimestamp,
    /// How many there are.
    pub rows: u64,
    /// Over the schema and the content of their files, as a digest of a whole snapshot is.
    pub digest: Digest,
    /// First and last instant of their time column, where there is one.
    pub time_span: Option<(UtcTimestamp, UtcTimestamp)>,
}

impl DatasetFeed {
    /// What the record of a publication says of it.
    pub(crate) fn entry(&self) -> FeedEntry {
        FeedEntry {
            segments: self.segments,
            newest: self.newest.as_ref().map(FeedSegment::entry),
        }
    }
}

impl FeedSegment {
    fn entry(&self) -> FeedSegmentEntry {
        let span = self.time_span;
        FeedSegmentEntry {
            version: self.version.clone(),
            arrived: self.arrived,
            rows: self.rows,
            digest: self.digest,
            time_span: span.map(|(first, last)| [first.to_string(), last.to_string()]),
        }
    }
}
