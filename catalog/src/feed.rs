//! Feeds: datasets that only grow. Published rows stay, and each publication adds a segment.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::publications::{FeedEntry, FeedSegmentEntry};
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// Properties of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetFeed {
    /// Number of segments; 0 where it is not disclosed.
    pub segments: u64,
    /// Newest segment, where it is disclosed.
    pub newest: Option<FeedSegment>,
}

/// Segment of a feed: rows that were published together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedSegment {
    /// Label of the publication.
    pub version: String,
    /// Instant of the publication.
    pub arrived: UtcTimestamp,
    /// Number of rows.
    pub rows: u64,
    /// Digest over the schema and the content of the files, as for a complete snapshot.
    pub digest: Digest,
    /// First and last instant of the time column, where there is one.
    pub time_span: Option<(UtcTimestamp, UtcTimestamp)>,
}

impl DatasetFeed {
    /// Entry in the record of a publication.
    pub(crate) fn to_entry(&self) -> FeedEntry {
        FeedEntry {
            segments: self.segments,
            newest: self.newest.as_ref().map(FeedSegment::to_entry),
        }
    }
}

impl FeedSegment {
    fn to_entry(&self) -> FeedSegmentEntry {
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
