//! Moving sealed segments out of the way: to the folder `archive`, which may be a link to another disk. What stays are the
//! leaf hashes of all records, so that every old proof can still be made and checked.

use crate::AuditLog;
use crate::log_dir::{self, LEAVES};
use crate::log_segment::{self, ARCHIVE, LogSegment};
use crate::retention::{KIND as EXPIRE, kept_from};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, RecordContent};
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;
use hansa_audit_log::verifier::VerifiedLine;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedSegment {
    /// The file's name.
    pub name: String,
    /// Its first record.
    pub first: u64,
    /// The record after its last one.
    pub end: u64,
    /// The digest of its bytes, as the first record of the next segment has it.
    pub sha256: Digest,
}

/// The record of segments that go to the archive.
#[derive(Debug)]
struct ArchivalRecord(Vec<ArchivedSegment>);

impl Evidence for ArchivalRecord {
    fn entry(&self) -> RecordContent {
        let segments = self.0.iter().map(|moved| {
            Json::object([
                ("segment", Json::text(&moved.name)),
                ("first", Json::count(moved.first)),
                ("end", Json::count(moved.end)),
                ("sha256", Json::text(moved.sha256)),
            ])
        });
        RecordContent {
            kind: KIND,
            body: Json::object([("segments", Json::List(segments.collect()))]),
        }
    }
}

/// Up to which records a log says that it was archived, and that their retention is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AbsentRecords {
    /// Those before this one went to the archive.
    pub(super) archived: u64,
    /// Of those before this one some are past their retention.
    pub(super) expired: u64,
    /// How many, or more where a crash came between the record and the act; of the records that were seen alone.
    pub(super) erased: u64,
    /// The first record of all that were erased.
    pub(super) from: u64,
    /// In a check the first record of each file with its time, so that a log is not believed what it says of young records.
    pub(super) files: Option<BTreeMap<u64, UtcTimestamp>>,
}

impl AbsentRecords {
    /// For whoever does not believe the log: that records are past their retention counts only where the file behind them
    /// began before the instant from which on they are kept, since none of them is younger than that.
    pub(super) fn checking() -> Self {
        Self {
            from: u64::MAX,
            files: Some(BTreeMap::new()),
            ..Self::default()
        }
    }

    /// Whether a record may say that those before `end` are past their retention.
    fn may_say(&self, record: &Record, end: Option<u64>) -> bool {
        let (Some(before), Some(end)) = (kept_from(record), end) else {
            return false;
        };
        self.files
            .as_ref()
            .is_none_or(|files| files.get(&end).is_some_and(|begun| *begun < before))
    }

    /// Takes in what a record says of it.
    pub(super) fn see(&mut self, good: &VerifiedLine<'_>) {
        if !matches!(&*good.kind, KIND | EXPIRE | "segment") {
            return;
        }
        let Some(record) = good.record() else { return };
        let count = |name: &str| record.body.get(name).and_then(Json::as_count);
        if good.kind == EXPIRE && !self.may_say(&record, count("end")) {
            return;
        }
        let last = || {
            let segments = record.body.get("segments")?.as_list()?;
            segments.last()?.get("end")?.as_count()
        };
        let (archived, expired) = match &*good.kind {
            KIND => (last(), None),
            EXPIRE => (None, count("end")),
            _ => match &mut self.files {
                None => (count(BEFORE), count(EXPIRED_BEFORE)),
                // Whoever checks reads the records that said so first.
                Some(files) => {
                    files.insert(record.seq, record.at);
                    (count(BEFORE), None)
                }
            },
        };
        if good.kind == EXPIRE {
            let records = count("records").unwrap_or_default();
            self.erased = self.erased.saturating_add(records);
            self.from = self.from.min(count("first").unwrap_or_default());
        }
        self.archived = self.archived.max(archived.unwrap_or_default());
        self.expired = self.expired.max(expired.unwrap_or_default());
    }
}

/// The type of the record.
const KIND: &str = "archive";

/// The member by which the first record of a segment says the same.
pub(super) const BEFORE: &str = "archived_before";

/// The member by which it says the same of records that are past their retention.
pub(super) const EXPIRED_BEFORE: &str = "expired_before";

/// The most segments of one run: they stand in one record.
const MOST: usize = 200;

/// Moves the sealed segments but the newest `keep`: each is copied, checked against the hash tree, recorded, and only then
/// taken away here. Blocks.
///
/// # Errors
/// `EVIDENCE_BROKEN` when a segment is no longer what was written, `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when the archive or
/// the log can't be written; then everything stays where it is.
pub fn archive(log: &AuditLog, keep: usize) -> Result<Vec<ArchivedSegment>, Refusal> {
    let path = log.folder();
    let failed = |error: io::Error| log_dir::unavailable(path, &error);
    // The hashes must stand without the records from now on.
    File::open(path.join(LEAVES))
        .and_then(|leaves| leaves.sync_all())
        .map_err(failed)?;
    let here = log_segment::segments(path).map_err(failed)?;
    let sealed = here.len().saturating_sub(1).saturating_sub(keep).min(MOST);
    let to = path.join(ARCHIVE);
    hansa_files::folder(&to)?;
    let mut moved = Vec::new();
    for pair in here.windows(2).take(sealed) {
        if let [segment, next] = pair {
            moved.push(copy(log, segment, next, &to)?);
        }
    }
    if moved.is_empty() {
        return Ok(moved);
    }
    File::open(&to)
        .and_then(|to| to.sync_all())
        .map_err(failed)?;
    let _durable = log
        .record_blocking(ArchivalRecord(moved.clone()))
        .map_err(|unwritable| crate::refusal(&unwritable))?;
    log.moved_to(&to, moved.len());
    for segment in here.iter().take(moved.len()) {
        std::fs::remove_file(&segment.path).map_err(failed)?;
    }
    Ok(moved)
}

/// The archived files that hold records from `from` on and are not here.
///
/// # Errors
/// When the records that say what was archived can't be read.
pub fn absent(log: &AuditLog, from: u64) -> Result<Vec<String>, Refusal> {
    let folder = log.folder().join(ARCHIVE);
    let mut absent = Vec::new();
    for record in log.read(log.inner.index.archived_before()) {
        let record = record?;
        if record.kind != KIND {
            continue;
        }
        let segments = record.body.get("segments").and_then(Json::as_list);
        for segment in segments.unwrap_or_default() {
            let ends = segment.get("end").and_then(Json::as_count);
            let name = segment.get("segment").and_then(Json::as_text);
            let (Some(ends), Some(name)) = (ends, name) else {
                continue;
            };
            if ends > from && !folder.join(name).exists() {
                absent.push(name.to_owned());
            }
        }
    }
    Ok(absent)
}

/// Copies a segment, line by line, as the hash tree has it.
fn copy(
    log: &AuditLog,
    segment: &LogSegment,
    next: &LogSegment,
    to: &Path,
) -> Result<ArchivedSegment, Refusal> {
    let failed = |error: io::Error| log_dir::unavailable(&segment.path, &error);
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
    written.map_err(|error| hansa_files::unwritable(&place, &error))?;
    Ok(ArchivedSegment {
        name: segment.name(),
        first: segment.first,
        end,
        sha256: Digest::of(&bytes),
    })
}
