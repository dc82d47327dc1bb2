//! Offline verification of a copied log or a bundle, without configuration, network or the running connector.
//!
//! The copy contains its own note key. The verification shows that the copy is complete and as the owner of that key signed it. The
//! reader must compare the key with the trust bundle, or ask the participant.

use crate::archive::AbsentRecords;
use crate::documents::SignedDocument;
use crate::log_dir::LogSlot;
use crate::log_segment;
use crate::time_stamps::StampedHead;
use crate::{log_dir, reserve, time_stamps};
use copy_check::CopyCheck;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{NoteKey, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::verifier::VerificationFault;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

mod bundle;
mod copy_check;
#[cfg(test)]
mod tests;

/// Result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// SHA-256 of the file, as the check has read it; none for a folder.
    pub digest: Option<Digest>,
    /// Origin of the log: `<domain>/hansa/evidence`.
    pub log: String,
    /// Number of good records: all, or those before the first bad one.
    pub records: u64,
    /// Number of good records that a signed head covers.
    pub covered: u64,
    /// Newest head in the copy with a valid signature.
    pub head: Option<SignedHead>,
    /// Note keys in the copy.
    pub keys: Vec<NoteKey>,
    /// Times of the first and of the last good record.
    pub span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// Contract, where the copy is the part of the log about one contract.
    pub contract: Option<String>,
    /// True if the copy is a part of the log.
    pub is_part: bool,
    /// First bad record.
    pub fault: Option<VerificationFault>,
    /// Further damage: heads and leaf hashes.
    pub damaged: Vec<String>,
    /// Parts of an unknown algorithm or version, which can't be judged here.
    pub unknown: Vec<String>,
    /// Missing parts of the copy, which could not be checked.
    pub missing: Vec<String>,
    /// Facts that this verification can't see.
    pub unseen: Vec<String>,
}

impl CopyReport {
    /// True if everything could be checked and nothing bad was found.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.fault.is_none()
            && self.damaged.is_empty()
            && self.unknown.is_empty()
            && self.missing.is_empty()
    }

    /// Refusal for a bad result: `EVIDENCE_BROKEN` with the first bad record, or `EVIDENCE_UNKNOWN` for unknown parts.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let first = (
            self.damaged.first(),
            self.unknown.first(),
            self.missing.first(),
        );
        let (code, sentence) = match (&self.fault, first) {
            (Some(fault), _) => (ErrorCode::EvidenceBroken, fault.to_string()),
            (None, (Some(damaged), _, _)) => (ErrorCode::EvidenceBroken, damaged.clone()),
            (None, (None, Some(unknown), _)) => (ErrorCode::EvidenceUnknown, unknown.clone()),
            (None, (None, None, Some(missing))) => (ErrorCode::EvidenceIncomplete, missing.clone()),
            (None, (None, None, None)) => return None,
        };
        Some(Refusal::new(
            code,
            format!("{sentence} (log `{}`)", self.log),
        ))
    }
}

/// Verifies the log folder or bundle at `path`. `newest` is a head of this log that the caller has from elsewhere.
///
/// # Errors
/// When the copy can't be read, or belongs to another log than `newest`: `FILE_MISSING`, `EVIDENCE_INCOMPLETE`.
pub fn verify_copy(path: &Path, newest: Option<&SignedHead>) -> Result<CopyReport, Refusal> {
    visit_copy(path, newest, &mut SilentVisitor)
}

/// Verifies a copy like [`verify_copy`], and counts each checked record in `checked`, for who waits for the result.
///
/// # Errors
/// As [`verify_copy`].
pub fn verify_copy_counting(
    path: &Path,
    newest: Option<&SignedHead>,
    checked: &AtomicU64,
) -> Result<CopyReport, Refusal> {
    visit_copy(path, newest, &mut CountingVisitor(checked))
}

/// Visitor of the good parts of a copy, in the order of the copy: records first.
pub trait BundleVisitor {
    /// Takes the next good record with its body.
    fn record(&mut self, record: &Record, body: RecordBody);

    /// True if the visitor wants records. Otherwise they are checked without being parsed.
    fn looks_at_records(&self) -> bool {
        true
    }

    /// Takes note that the next record is good.
    fn checked_record(&mut self) {}

    /// Takes the leaf hash of the next record, whose retention has ended.
    fn expired_record(&mut self, _leaf: Digest) {}

    /// Takes a document of the copy. Its signatures are not checked yet.
    fn document(&mut self, _document: SignedDocument) {}

    /// Takes a head of the log, signed by a key in the copy.
    fn head(&mut self, _head: &SignedHead) {}

    /// Takes the time stamp of a head of the log. Its token is not judged yet.
    fn time_stamp(&mut self, _stamped: &StampedHead) {}
}

impl<F: FnMut(&Record, RecordBody)> BundleVisitor for F {
    fn record(&mut self, record: &Record, body: RecordBody) {
        self(record, body);
    }
}

struct SilentVisitor;

impl BundleVisitor for SilentVisitor {
    fn record(&mut self, _: &Record, _: RecordBody) {}

    fn looks_at_records(&self) -> bool {
        false
    }
}

struct CountingVisitor<'a>(&'a AtomicU64);

impl BundleVisitor for CountingVisitor<'_> {
    fn record(&mut self, _: &Record, _: RecordBody) {}

    fn looks_at_records(&self) -> bool {
        false
    }

    fn checked_record(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn expired_record(&mut self, _leaf: Digest) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Verifies a copy like [`verify_copy`], and passes the good parts to `each`, in order.
///
/// # Errors
/// As [`verify_copy`].
pub fn visit_copy(
    path: &Path,
    newest: Option<&SignedHead>,
    each: &mut dyn BundleVisitor,
) -> Result<CopyReport, Refusal> {
    if path.is_dir() {
        verify_folder(path, newest, each)
    } else {
        bundle::verify_bundle(path, newest, each)
    }
}

fn verify_folder(
    path: &Path,
    newest: Option<&SignedHead>,
    each: &mut dyn BundleVisitor,
) -> Result<CopyReport, Refusal> {
    let failed = |error: std::io::Error| hansa_files::unreadable_file_refusal(path, &error);
    let keys = log_dir::read_keys(path).map_err(failed)?;
    let leaves = log_dir::read_leaves(path).map_err(failed)?;
    let mut found = CopyCheck::new(path, keys.known, newest, each)?;
    if keys.unreadable > 0 {
        let damaged = format!("{} note keys can't be read", keys.unreadable);
        found.damaged.push(damaged);
    }
    match log_dir::read_head_history(path).map_err(failed)? {
        Ok(log_dir::HeadHistory { heads, rest }) => {
            found.take_heads(heads);
            if rest {
                found.unseen.push("the last head is incomplete".to_owned());
            }
        }
        Err(number) => found.damaged.push(format!("head {number} can't be read")),
    }
    let history = time_stamps::time_stamps(path).map_err(failed)?;
    if history.unreadable > 0 {
        let damaged = format!("{} time stamps can't be read", history.unreadable);
        found.damaged.push(damaged);
    }
    found.take_time_stamps(history.stamps);
    // Read after heads and leaf hashes: a log that is being written may have more records than these, but not fewer.
    let segments = log_segment::all_segments(path).map_err(failed)?;
    if segments.is_empty() && found.keys.is_empty() && found.damaged.is_empty() {
        let sentence = "here is no log: neither records nor a key";
        return Err(incomplete_copy_refusal(path, sentence));
    }
    if found.log.is_empty() {
        found.log = log_dir::first_log(&segments);
    }
    // The reserve is empty in a log that is open, or was opened since.
    if let Ok(Some(held)) = reserve::reserve_contents(path, &found.log) {
        let reason = held.stop_reason();
        let stopped = format!("the log was stopped and not opened since: {reason}");
        found.unseen.push(stopped);
    }
    let mut verifier = found.verifier(leaves);
    // For archived records that are missing here, only their hashes can be compared with the heads.
    let begin = segments.first().map_or(0, |segment| segment.first);
    let first = segments.first().filter(|_| begin > 0);
    let first = first
        .map(log_segment::first_record)
        .transpose()
        .map_err(failed)?;
    let without = first
        .flatten()
        .is_some_and(|first| verifier.begin_at(first.seq));
    let mut away = AbsentRecords::for_verification();
    let rest = log_dir::verify_segments(&segments, &mut verifier, |seen, _| match seen {
        LogSlot::Good(good) => {
            away.take_statements(good);
            found.see_good(good);
        }
        LogSlot::Expired(index, leaf) => found.see_expired(*index, *leaf),
    });
    let rest = rest.map_err(failed)?;
    found.judge_expired(&away, &mut verifier);
    if without && away.archived < begin {
        verifier.report_missing_start(begin);
    } else if without {
        let what = "are archived and the archive is missing; their hashes are here";
        found
            .missing
            .push(format!("the records before {begin} {what}"));
    }
    let torn = rest.is_some_and(|rest| !(rest.at_end && log_dir::may_be_torn(path, &found.log)));
    Ok(found.into_report(verifier, torn))
}

fn incomplete_copy_refusal(path: &Path, sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::EvidenceIncomplete, sentence).with_place(
        path.display().to_string(),
        None,
        None,
    )
}
