//! Records of a log about itself: its segments, the disk, the clock, and what was erased.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// The beginning of a segment.
///
/// Written by each log. Proves the bytes of the segment before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRecord {
    /// The name of the segment before.
    pub previous: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// The records before this one are in the archive.
    pub archived_before: u64,
    /// Records before this one are past their retention.
    pub expired_before: u64,
    /// `true` where the segment before could not be written to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<bool>,
}

/// Segments that went to the archive.
///
/// Written by each log. Proves which bytes they had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivalRecord {
    /// The segments.
    pub segments: Vec<ArchivedSegmentEntry>,
}

/// A segment in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedSegmentEntry {
    /// The name.
    pub segment: String,
    /// The place of its first record.
    pub first: u64,
    /// The place behind its last record.
    pub end: u64,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// Records whose retention is over.
///
/// Written by each log, before they are erased. Proves that only these are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiryRecord {
    /// `decisions`.
    pub class: String,
    /// `retention`.
    pub ground: String,
    /// The place of the first record.
    pub first: u64,
    /// The place behind the last record.
    pub end: u64,
    /// How many records between these are erased.
    pub records: u64,
    /// The instant before which they were written.
    pub before: crate::time::UtcTimestamp,
    /// The contracts whose first use is among them.
    pub first_use_of: Vec<String>,
    /// The contracts whose receipts are among them.
    pub receipts_of: Vec<String>,
}

/// A disk with too little room for new entries.
///
/// Written by each log. Proves why questions are refused from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseRecord {
    /// The bytes that are free.
    pub free: u64,
    /// The bytes that stay free for entries that must end.
    pub reserve: u64,
}

/// A disk with room again.
///
/// Written by each log. Proves that questions are taken again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeRecord {}

/// A log that could not be written.
///
/// Written into the reserve, and by the next start into the log. Proves how far the log was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRecord {
    /// The error of the disk; absent where only the beginning of the reserve could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `true` where the disk was full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<bool>,
    /// The records that are confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The root of the tree over these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Digest>,
    /// The name of the last segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The bytes of it that are confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_bytes: Option<u64>,
    /// The bytes of the reserve that are no record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<u64>,
    /// The time of the record in the reserve, where it was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<crate::time::UtcTimestamp>,
    /// The digest of the reserve, where the record was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// Bytes behind the last record that were cut off.
///
/// Written by the next start. Proves that they were no whole record, which nobody was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairRecord {
    /// Their number.
    pub cut_bytes: u64,
    /// Their digest.
    pub cut_sha256: Digest,
}

/// Something about the wall clock.
///
/// Written by each log. Proves which steps it made, so that times in the log can be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRecord {
    /// The step in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_us: Option<i64>,
    /// The log's answer to the step: `followed`, `held` or `undone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// `true` where a person has said that the clock is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// Who says so: `system`, `operator` or `retention`.
    pub source: String,
}

/// Objects that were erased beside the log: texts of questions, names of persons, snapshots.
///
/// Written by each participant, before they are erased. Proves on which ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasureRecord {
    /// The class of objects.
    pub class: String,
    /// The ground: `retention` or `request`.
    pub ground: String,
    /// The instant before which they were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<crate::time::UtcTimestamp>,
    /// The objects.
    pub objects: Vec<String>,
}
