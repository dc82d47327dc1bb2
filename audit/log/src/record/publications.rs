//! Records of datasets: publication, withdrawal from the catalogue, releases, checks of what is stored.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A snapshot of a dataset, durable before anybody sees it.
///
/// Written by its owner. Proves which rows a label stands for, and from when on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicationRecord {
    /// The dataset.
    pub dataset: String,
    /// The label.
    pub version: String,
    /// The digest of its columns.
    pub schema_sha256: Digest,
    /// The time of the publication.
    pub published_at: UtcTimestamp,
    /// The rows.
    pub rows: u64,
    /// The bytes of its files.
    pub bytes: u64,
    /// The licence.
    pub licence: String,
    /// `true` for a high-value dataset (Implementing Regulation (EU) 2023/138).
    pub high_value: bool,
    /// `true` where rows are about persons.
    pub personal: bool,
    /// The columns that are about persons.
    pub personal_columns: Vec<String>,
    /// The column that tells persons, or other units, apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_column: Option<String>,
    /// The grid of cells that it is released by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    /// The segments, where the dataset is a feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedEntry>,
}

/// The segments of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedEntry {
    /// Their number.
    pub segments: u64,
    /// The newest one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<FeedSegmentEntry>,
}

/// A segment of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSegmentEntry {
    /// The label with which it came.
    pub version: String,
    /// The time at which it came.
    pub arrived: UtcTimestamp,
    /// The rows.
    pub rows: u64,
    /// The digest of its rows.
    pub digest: Digest,
    /// The first and the last instant in its time column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_span: Option<[String; 2]>,
}

/// A dataset that was taken out of the catalogue.
///
/// Written by its owner. Proves from when on it is shown to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnpublicationRecord {
    /// The dataset.
    pub dataset: String,
    /// The label of its last snapshot.
    pub version: String,
    /// The reason.
    pub reason: String,
}

/// A release of cells, durable before anybody sees it.
///
/// Written by the owner of the dataset. Proves which cells were released, and how many are withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The dataset.
    pub dataset: String,
    /// The label of the snapshot.
    pub snapshot: String,
    /// The shape of the cells.
    pub cells: String,
    /// `true` where it corrects an earlier one.
    pub correction: bool,
    /// The end of its last period.
    pub until: String,
    /// The cells that are released.
    pub published: u64,
    /// The cells that are withheld.
    pub withheld: u64,
    /// The digest of the cells.
    pub digest: String,
    /// The privacy budget that it spends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<String>,
    /// The unit that the budget protects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A check of stored snapshots against their digests.
///
/// Written by their owner. Proves which ones were as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotCheckRecord {
    /// The snapshots that were.
    pub good: Vec<SnapshotEntry>,
    /// The snapshots that were not.
    pub damaged: Vec<SnapshotEntry>,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotEntry {
    /// The dataset.
    pub dataset: String,
    /// The label.
    pub version: String,
}
