//! Archival: moving sealed segments to the folder `archive`, which may be a link to another disk. The leaf hashes of all records
//! stay, so that every old proof can still be made and checked.

use crate::AuditLog;
use crate::log_dir::{self, LEAVES};
use crate::log_segment::{self, ARCHIVE, LogSegment};
use crate::retention::kept_from;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::{RecordBody, UpkeepBody};
use hansa_audit_log::record::upkeep::{
    ArchivalRecord, ArchivedSegmentEntry, ExpiryRecord, SegmentRecord,
};
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;
use hansa_audit_log::verifier::VerifiedLine;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Moved segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedSegment {
    /// Name of the file.
    pub name: String,
    /// Place of its first record.
    pub first: u64,
    /// Place after its last record.
    pub end: u64,
    /// Digest of its bytes, as in the first record of the next segment.
    pub sha256: Digest,
}

/// Segments to be archived.
#[derive(Debug)]
struct SegmentArchival(Vec<ArchivedSegment>);

impl Evidence for SegmentArchival {
    fn to_record_body(&self) -> RecordBody {
        let segments = self.0.iter().map(|moved| ArchivedSegmentEntry {
            segment: moved.name.clone(),
            first: moved.first,
            end: moved.end,
            sha256: moved.sha256,
        });
        ArchivalRecord {
            segments: segments.collect(),
        }
        .into()
    }
}

/// Ranges of absent records by the log itself: archived, or past their retention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AbsentRecords {
    /// Place before which records are archived.
    pub(super) archived: u64,
    /// Place before which some records are past their retention.
    pub(super) expired: u64,
    /// Number of erased records, or more after a crash between the record and the erasure; counted over the processed records.
    pub(super) erased: u64,
    /// Place of the first erased record.
    pub(super) from: u64,
    /// First record of each file with its time, during a verification. The log's statements about young records are then not
    /// trusted.
    pub(super) files: Option<BTreeMap<u64, UtcTimestamp>>,
}

impl AbsentRecords {
    /// Ranges for a verification, which does not trust the log. Erasure is accepted only for records in files that begin before the
    /// instant from which records are kept, since none of them is younger.
    pub(super) fn for_verification() -> Self {
        Self {
            from: u64::MAX,
            files: Some(BTreeMap::new()),
            ..Self::default()
        }
    }

    /// True if a record may state that records before `end` are past their retention.
    fn may_say(&self, record: &Record, expiry: &ExpiryRecord) -> bool {
        let Some(before) = kept_from(record) else {
            return false;
        };
        self.files
            .as_ref()
            .is_none_or(|files| files.get(&expiry.end).is_some_and(|begun| *begun < before))
    }

    /// Takes the statements of a record about absent records.
    pub(super) fn take_statements(&mut self, good: &VerifiedLine<'_>) {
        // Most records have no such statement and need not be parsed.
        if !matches!(
            &*good.kind,
            ArchivalRecord::KIND | ExpiryRecord::KIND | SegmentRecord::KIND
        ) {
            return;
        }
        let Some(record) = good.record() else { return };
        let Ok(RecordBody::Upkeep(body)) = record.read_body() else {
            return;
        };
        match body {
            UpkeepBody::Archival(archival) => {
                let end = archival.segments.last().map(|segment| segment.end);
                self.archived = self.archived.max(end.unwrap_or_default());
            }
            UpkeepBody::Expiry(expiry) => {
                if self.may_say(&record, &expiry) {
                    self.erased = self.erased.saturating_add(expiry.records);
                    self.from = self.from.min(expiry.first);
                    self.expired = self.expired.max(expiry.end);
                }
            }
            UpkeepBody::Segment(segment) => {
                self.archived = self.archived.max(segment.archived_before);
                match &mut self.files {
                    None => self.expired = self.expired.max(segment.expired_before),
                    // A verification has read the records with these statements before.
                    Some(files) => drop(files.insert(record.seq, record.at)),
                }
            }
            UpkeepBody::Pause(_)
            | UpkeepBody::Resume(_)
            | UpkeepBody::Stop(_)
            | UpkeepBody::Repair(_)
            | UpkeepBody::Clock(_)
            | UpkeepBody::Erasure(_) => {}
        }
    }
}

/// Largest number of segments in one run, which share one record.
const MOST: usize = 200;

/// Archives the sealed segments except the newest `keep`. Each is copied, compared with the hash tree, recorded, and only then
/// removed from the log's folder. Blocks.
///
/// # Errors
/// `EVIDENCE_BROKEN` when a segment differs from the hash tree, `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when the archive or the log
/// can't be written; then everything stays where it is.
pub fn archive_segments(log: &AuditLog, keep: usize) -> Result<Vec<ArchivedSegment>, Refusal> {
    let path = log.folder();
    let failed = |error: io::Error| log_dir::unavailable_log_refusal(path, &error);
    // From now on the hashes must be durable without the records.
    File::open(path.join(LEAVES))
        .and_then(|leaves| leaves.sync_all())
        .map_err(failed)?;
    let here = log_segment::list_segments(path).map_err(failed)?;
    let sealed = here.len().saturating_sub(1).saturating_sub(keep).min(MOST);
    let to = path.join(ARCHIVE);
    hansa_files::create_folder(&to)?;
    let mut moved = Vec::new();
    for pair in here.windows(2).take(sealed) {
        if let [segment, next] = pair {
            moved.push(copy_segment(log, segment, next, &to)?);
        }
    }
    if moved.is_empty() {
        return Ok(moved);
    }
    File::open(&to)
        .and_then(|to| to.sync_all())
        .map_err(failed)?;
    let _durable = log
        .record_blocking(SegmentArchival(moved.clone()))
        .map_err(|unwritable| crate::unwritable_log_refusal(&unwritable))?;
    log.note_archived_segments(&to, moved.len());
    for segment in here.iter().take(moved.len()) {
        std::fs::remove_file(&segment.path).map_err(failed)?;
    }
    Ok(moved)
}

/// Names of the archived files that contain records from `from` on and are missing here.
///
/// # Errors
/// When the records that say what was archived can't be read.
pub fn find_absent_files(log: &AuditLog, from: u64) -> Result<Vec<String>, Refusal> {
    let folder = log.folder().join(ARCHIVE);
    let mut absent = Vec::new();
    for record in log.read(log.inner.index.archived_before()) {
        let record = record?;
        if record.kind != ArchivalRecord::KIND {
            continue;
        }
        if let Ok(RecordBody::Upkeep(UpkeepBody::Archival(archival))) = record.read_body() {
            let behind = archival.segments.into_iter();
            let behind = behind.filter(|entry| entry.end > from);
            absent.extend(
                behind
                    .map(|entry| entry.segment)
                    .filter(|name| !folder.join(name).exists()),
            );
        }
    }
    Ok(absent)
}

/// Copies a segment, and compares each line with the hash tree.
fn copy_segment(
    log: &AuditLog,
    segment: &LogSegment,
    next: &LogSegment,
    to: &Path,
) -> Result<ArchivedSegment, Refusal> {
    let failed = |error: io::Error| log_dir::unavailable_log_refusal(&segment.path, &error);
    let bytes = std::fs::read(&segment.path).map_err(failed)?;
    let mut end = segment.first;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.strip_suffix(b"\n");
        let expired = whole == Some(EXPIRED) && end < log.expired_before();
        if !expired && (whole.is_none() || log.leaf(end) != whole.map(leaf_hash)) {
            let sentence = format!("record {end} of the log was edited");
            return Err(Refusal::new(ErrorCode::EvidenceBroken, sentence));
        }
        end += 1;
    }
    if end != next.first {
        let sentence = format!("record {end} of the log is missing");
        return Err(Refusal::new(ErrorCode::EvidenceBroken, sentence));
    }
    let place = to.join(segment.name());
    let beside = to.join(format!("{}.new", segment.name()));
    let written = File::create(&beside)
        .and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, &place));
    written.map_err(|error| hansa_files::unwritable_file_refusal(&place, &error))?;
    Ok(ArchivedSegment {
        name: segment.name(),
        first: segment.first,
        end,
        sha256: Digest::of(&bytes),
    })
}
