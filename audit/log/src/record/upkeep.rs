//! Records of a log about itself: segments, disk, clock, erasure.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// The beginning of a segment.
///
/// Written by each log. Proves the bytes of the preceding segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRecord {
    /// The name of the preceding segment.
    pub previous: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// The place before which records are archived.
    pub archived_before: u64,
    /// The place before which some records are past their retention.
    pub expired_before: u64,
    /// `true` where the preceding segment could not be written to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<bool>,
}

/// Archived segments.
///
/// Written by each log. Proves their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivalRecord {
    /// The segments.
    pub segments: Vec<ArchivedSegmentEntry>,
}

/// An archived segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedSegmentEntry {
    /// The name.
    pub segment: String,
    /// The place of its first record.
    pub first: u64,
    /// The place after its last record.
    pub end: u64,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// Records past their retention.
///
/// Written by each log, before their erasure. Proves that only these records are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiryRecord {
    /// The class of the records: `decisions`.
    pub class: String,
    /// The ground of the erasure: `retention`.
    pub ground: String,
    /// The place of the first record.
    pub first: u64,
    /// The place after the last record.
    pub end: u64,
    /// The number of erased records in this range.
    pub records: u64,
    /// The instant before which the erased records were written.
    pub before: crate::time::UtcTimestamp,
    /// The contracts whose first question in the range is kept.
    pub first_use_of: Vec<String>,
    /// The contracts whose questions with open receipts in the range are kept.
    pub receipts_of: Vec<String>,
}

/// A disk with too little space for new entries.
///
/// Written by each log. Proves the reason why questions are refused from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseRecord {
    /// The free space, bytes.
    pub free: u64,
    /// The space that is kept for closing entries, bytes.
    pub reserve: u64,
}

/// A disk with enough space again.
///
/// Written by each log. Proves that questions are accepted again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeRecord {}

/// A log that could not be written.
///
/// Written into the reserve, and by the next start into the log. Proves the confirmed size of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRecord {
    /// The error of the disk; absent where only the beginning of the reserve could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `true` where the disk was full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<bool>,
    /// The number of confirmed records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The root of the tree over the confirmed records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Digest>,
    /// The name of the last segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The confirmed size of the last segment, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_bytes: Option<u64>,
    /// The number of bytes in the reserve after its last complete record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<u64>,
    /// The time of the record in the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<crate::time::UtcTimestamp>,
    /// The digest of the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// Removed bytes after the last record.
///
/// Written by the next start. Proves that they were an incomplete record, which was never confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairRecord {
    /// The number of removed bytes.
    pub cut_bytes: u64,
    /// The digest of the removed bytes.
    pub cut_sha256: Digest,
}

/// An observation of the wall clock.
///
/// Written by each log. Proves the steps of the clock, so that times in the log can be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRecord {
    /// The size of the step, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_us: Option<i64>,
    /// The log's answer to the step: `followed`, `held` or `undone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// `true` where a person has confirmed that the clock is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// The source of the observation: `system`, `operator` or `retention`.
    pub source: String,
}

/// Objects that were erased beside the log: texts of questions, names of persons, snapshots.
///
/// Written by each participant, before the erasure. Proves its ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasureRecord {
    /// The class of objects.
    pub class: String,
    /// The ground: `retention` or `request`.
    pub ground: String,
    /// The instant before which the objects were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<crate::time::UtcTimestamp>,
    /// The erased objects.
    pub objects: Vec<String>,
}
