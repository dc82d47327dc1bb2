//! Checking a copied log, or a bundle, without configuration, network or the running connector.
//!
//! The copy brings its own note key. So the check shows that the copy is whole and as that key's owner signed it; whose
//! key it is, the reader compares with the trust bundle or asks the participant.

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

mod bundle;
mod copy_check;
#[cfg(test)]
mod tests;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// The log's origin: `<domain>/hansa/evidence`.
    pub log: String,
    /// How many records are good: all, or those before the first bad one.
    pub records: u64,
    /// How many of them a signed head covers.
    pub covered: u64,
    /// The newest head in the copy whose signature holds.
    pub head: Option<SignedHead>,
    /// The keys that the copy brings.
    pub keys: Vec<NoteKey>,
    /// The time of the first and of the last good record.
    pub span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// The contract, where the copy is the part of the log that concerns it.
    pub contract: Option<String>,
    /// Whether the copy is a part of the log.
    pub is_part: bool,
    /// The first bad record.
    pub fault: Option<VerificationFault>,
    /// What else is damaged: heads, and leaf hashes.
    pub damaged: Vec<String>,
    /// What is under an algorithm or of a version that is not known here, so that nothing can be said of it.
    pub unknown: Vec<String>,
    /// What belongs to the copy and is not here, so that it could not be checked.
    pub missing: Vec<String>,
    /// What this check could not see.
    pub unseen: Vec<String>,
}

impl CopyReport {
    /// Whether all of it could be checked and nothing bad was found.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.fault.is_none()
            && self.damaged.is_empty()
            && self.unknown.is_empty()
            && self.missing.is_empty()
    }

    /// `EVIDENCE_BROKEN` naming the first bad record, if something bad was found; `EVIDENCE_UNKNOWN` for what is not known
    /// here.
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

/// Checks the log folder or bundle at `path`; `newest` is a head of this log that somebody else holds.
///
/// # Errors
/// When the copy can't be read, or is not of the log that `newest` is of: `FILE_MISSING`, `EVIDENCE_INCOMPLETE`.
pub fn verify(path: &Path, newest: Option<&SignedHead>) -> Result<CopyReport, Refusal> {
    visit(path, newest, &mut SilentVisitor)
}

/// Takes in what a check finds good, in the order of the copy: records first.
pub trait BundleVisitor {
    /// The next good record, with its body.
    fn record(&mut self, record: &Record, body: RecordBody);

    /// Whether records are looked at; if not, they are checked without being built.
    fn looks_at_records(&self) -> bool {
        true
    }

    /// The leaf hash of the next record, whose retention is over.
    fn expired_record(&mut self, _leaf: Digest) {}

    /// A document that came with the records. Its signatures are not checked yet.
    fn document(&mut self, _paper: SignedDocument) {}

    /// A head of the log, signed by a key that the copy brings.
    fn head(&mut self, _head: &SignedHead) {}

    /// The time stamp of a head of the log. Its token is not judged yet.
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

/// As [`verify`]; what is good goes to `each`, in order.
///
/// # Errors
/// As [`verify`].
pub fn visit(
    path: &Path,
    newest: Option<&SignedHead>,
    each: &mut dyn BundleVisitor,
) -> Result<CopyReport, Refusal> {
    if path.is_dir() {
        verify_folder(path, newest, each)
    } else {
        bundle::verify(path, newest, each)
    }
}

fn verify_folder(
    path: &Path,
    newest: Option<&SignedHead>,
    each: &mut dyn BundleVisitor,
) -> Result<CopyReport, Refusal> {
    let failed = |error: std::io::Error| hansa_files::unreadable(path, &error);
    let keys = log_dir::keys(path).map_err(failed)?;
    let leaves = log_dir::leaves(path).map_err(failed)?;
    let mut found = CopyCheck::new(path, keys.known, newest, each)?;
    if keys.unreadable > 0 {
        let damaged = format!("{} note keys can't be read", keys.unreadable);
        found.damaged.push(damaged);
    }
    match log_dir::heads(path).map_err(failed)? {
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
    // After heads and leaf hashes: of a log that is being written more records than those are no fault, fewer are.
    let segments = log_segment::all_segments(path).map_err(failed)?;
    if segments.is_empty() && found.keys.is_empty() && found.damaged.is_empty() {
        let sentence = "here is no log: neither records nor a key";
        return Err(incomplete(path, sentence));
    }
    if found.log.is_empty() {
        found.log = log_dir::first_log(&segments);
    }
    // Empty in a log that is open, or was opened since.
    if let Ok(Some(held)) = reserve::reserve_contents(path, &found.log) {
        let reason = held.reason();
        let stopped = format!("the log was stopped and not opened since: {reason}");
        found.unseen.push(stopped);
    }
    let mut verifier = found.verifier(leaves);
    // Of archived records that are not here it can be said that their hashes are those under the heads.
    let begin = segments.first().map_or(0, |segment| segment.first);
    let first = segments.first().filter(|_| begin > 0);
    let first = first
        .map(log_segment::first_record)
        .transpose()
        .map_err(failed)?;
    let without = first
        .flatten()
        .is_some_and(|first| verifier.begin_at(first.seq));
    let mut away = AbsentRecords::checking();
    let rest = log_dir::walk(&segments, &mut verifier, |seen, _| match seen {
        LogSlot::Good(good) => {
            away.see(good);
            found.see_good(good);
        }
        LogSlot::Expired(index, leaf) => found.see_expired(*index, *leaf),
    });
    let rest = rest.map_err(failed)?;
    found.judge_expired(&away, &mut verifier);
    if without && away.archived < begin {
        verifier.lacks(begin);
    } else if without {
        let what = "are archived and the archive is not here; their hashes are";
        found
            .missing
            .push(format!("the records before {begin} {what}"));
    }
    let torn = rest.is_some_and(|rest| !(rest.at_end && log_dir::may_be_torn(path, &found.log)));
    Ok(found.report(verifier, torn))
}

fn incomplete(path: &Path, sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::EvidenceIncomplete, sentence).with_place(
        path.display().to_string(),
        None,
        None,
    )
}
