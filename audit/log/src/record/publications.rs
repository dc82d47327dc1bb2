//! Records of datasets: publication, withdrawal from the catalogue, releases, checks of stored snapshots.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A published snapshot of a dataset, durable before it is visible.
///
/// Written by its owner. Proves the rows of a label, and the time of publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicationRecord {
    /// The dataset.
    pub dataset: String,
    /// The label.
    pub version: String,
    /// The digest of the columns.
    pub schema_sha256: Digest,
    /// The time of the publication.
    pub published_at: UtcTimestamp,
    /// The number of rows.
    pub rows: u64,
    /// The size of the files, bytes.
    pub bytes: u64,
    /// The licence.
    pub licence: String,
    /// `true` for a high-value dataset (Implementing Regulation (EU) 2023/138).
    pub high_value: bool,
    /// `true` where rows are about persons.
    pub personal: bool,
    /// The columns that are about persons.
    pub personal_columns: Vec<String>,
    /// The column that identifies persons or other units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_column: Option<String>,
    /// The grid of the released cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    /// The segments of a feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedEntry>,
}

/// The segments of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedEntry {
    /// The number of segments.
    pub segments: u64,
    /// The newest segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<FeedSegmentEntry>,
}

/// A segment of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSegmentEntry {
    /// The label of its publication.
    pub version: String,
    /// The time of its arrival.
    pub arrived: UtcTimestamp,
    /// The number of rows.
    pub rows: u64,
    /// The digest of the rows.
    pub digest: Digest,
    /// The first and the last instant in the time column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_span: Option<[String; 2]>,
}

/// The withdrawal of a dataset from the catalogue.
///
/// Written by its owner. Proves the time from which it is invisible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnpublicationRecord {
    /// The dataset.
    pub dataset: String,
    /// The label of the last snapshot.
    pub version: String,
    /// The reason.
    pub reason: String,
}

/// A release of cells, durable before it is visible.
///
/// Written by the owner of the dataset. Proves the released cells, and the number of withheld ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The dataset.
    pub dataset: String,
    /// The label of the snapshot.
    pub snapshot: String,
    /// The shape of the cells.
    pub cells: String,
    /// `true` for a correction of an earlier release.
    pub correction: bool,
    /// The end of the last period.
    pub until: String,
    /// The number of released cells.
    pub published: u64,
    /// The number of withheld cells.
    pub withheld: u64,
    /// The digest of the cells.
    pub digest: String,
    /// The epsilon that the release spends from the privacy budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<String>,
    /// The unit that the privacy budget protects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A check of stored snapshots against their digests.
///
/// Written by their owner. Proves which snapshots were unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotCheckRecord {
    /// The unchanged snapshots.
    pub good: Vec<SnapshotEntry>,
    /// The damaged snapshots.
    pub damaged: Vec<SnapshotEntry>,
}

/// A published snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotEntry {
    /// The dataset.
    pub dataset: String,
    /// The label.
    pub version: String,
}
