//! State of the verification of a copy, from which its report is made.

use super::{BundleVisitor, CopyReport, bundle, incomplete_copy_refusal};
use crate::archive::AbsentRecords;
use crate::documents::SignedDocument;
use crate::key::Ed25519NoteVerifier;
use crate::time_stamps::StampedHead;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{Checkpoint, ED25519, NoteKey, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::verifier::{LogVerifier, VerifiedLine};
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;
use std::path::Path;

/// State of the verification of a copy.
pub(super) struct CopyCheck<'a> {
    pub(super) each: &'a mut dyn BundleVisitor,
    pub(super) log: String,
    pub(super) keys: Vec<NoteKey>,
    pub(super) heads: Vec<SignedHead>,
    pub(super) given: Vec<Checkpoint>,
    pub(super) span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// First and last record past their retention, and their number.
    pub(super) expired: Option<(u64, u64, u64)>,
    pub(super) damaged: Vec<String>,
    pub(super) unknown: Vec<String>,
    pub(super) missing: Vec<String>,
    pub(super) unseen: Vec<String>,
}

impl<'a> CopyCheck<'a> {
    pub(super) fn new(
        path: &Path,
        keys: Vec<NoteKey>,
        newest: Option<&SignedHead>,
        each: &'a mut dyn BundleVisitor,
    ) -> Result<Self, Refusal> {
        let mut found = Self {
            each,
            log: keys.first().map(|key| key.name.clone()).unwrap_or_default(),
            keys,
            heads: Vec::new(),
            given: Vec::new(),
            span: None,
            expired: None,
            damaged: Vec::new(),
            unknown: Vec::new(),
            missing: Vec::new(),
            unseen: Vec::new(),
        };
        for key in found.keys.iter().filter(|key| key.algorithm != ED25519) {
            let number = key.algorithm;
            found
                .unknown
                .push(format!("a note key is of the algorithm {number}"));
        }
        if found.keys.is_empty() {
            found
                .unseen
                .push("the copy brings no key, so no head could be checked".to_owned());
        }
        if let Some(head) = newest {
            let origin = &head.checkpoint.origin;
            if !found.log.is_empty() && *origin != found.log {
                return Err(incomplete_copy_refusal(
                    path,
                    &format!(
                        "the head given is of `{origin}`, the copy of `{}`",
                        found.log
                    ),
                ));
            }
            if !found.keys.is_empty() && !found.is_signed(head) {
                return Err(incomplete_copy_refusal(
                    path,
                    "the head given is not signed by a key of this log",
                ));
            }
            found.given.push(head.checkpoint.clone());
        }
        Ok(found)
    }

    pub(super) fn is_signed(&self, head: &SignedHead) -> bool {
        self.keys
            .iter()
            .any(|key| head.is_signed_by(key, &Ed25519NoteVerifier))
    }

    /// Takes the heads with valid signatures, and reports the others.
    pub(super) fn take_heads(&mut self, heads: Vec<SignedHead>) {
        self.take_more_heads(heads);
        if self.heads.is_empty() && self.given.is_empty() {
            self.unseen
                .push("no signed head: an end that was cut off can't be seen".to_owned());
        }
    }

    /// Takes further heads like [`Self::take_heads`].
    pub(super) fn take_more_heads(&mut self, heads: Vec<SignedHead>) {
        for head in heads {
            if self.is_believed(&head) {
                self.show_head(&head);
                self.heads.push(head);
            }
        }
    }

    /// Takes the time stamps of heads of this log. Their heads count like the others.
    pub(super) fn take_time_stamps(&mut self, stamps: Vec<StampedHead>) {
        if stamps.is_empty() {
            return;
        }
        let known: BTreeSet<Digest> = self.heads.iter().map(SignedHead::note_digest).collect();
        for stamped in stamps {
            if !known.contains(&stamped.head.note_digest()) {
                if !self.is_believed(&stamped.head) {
                    continue;
                }
                self.show_head(&stamped.head);
                self.heads.push(stamped.head.clone());
            }
            self.show_time_stamp(&stamped);
        }
    }

    /// True if the signature of a head is valid; an invalid one is reported.
    pub(super) fn is_believed(&mut self, head: &SignedHead) -> bool {
        if self.is_signed(head) {
            return true;
        }
        let size = head.checkpoint.size;
        let other = |key: &NoteKey| key.algorithm != ED25519;
        if self.keys.iter().any(other) {
            self.unknown.push(format!(
                "the head over {size} records is signed under an algorithm that is not known here"
            ));
        } else if !self.keys.is_empty() {
            self.damaged.push(format!(
                "the signature of the head over {size} records does not hold"
            ));
        }
        false
    }

    pub(super) fn show_head(&mut self, head: &SignedHead) {
        self.each.head(head);
    }

    pub(super) fn show_time_stamp(&mut self, stamped: &StampedHead) {
        self.each.time_stamp(stamped);
    }

    pub(super) fn take_document(&mut self, document: SignedDocument) {
        if !bundle::is_named_rightly(&document) {
            let kind = document.kind.as_str();
            self.damaged
                .push(format!("the {kind} `{}` is another one", document.name));
        }
        self.each.document(document);
    }

    pub(super) fn verifier(&self, leaves: Vec<Digest>) -> LogVerifier {
        let heads: Vec<Checkpoint> = self
            .heads
            .iter()
            .map(|head| head.checkpoint.clone())
            .collect();
        LogVerifier::new(&self.log, &heads, &self.given, leaves)
    }

    /// Takes a record with its body.
    pub(super) fn take_record(&mut self, record: &Record, body: RecordBody) {
        self.note_time(record.at);
        self.each.record(record, body);
    }

    /// Reads the body of a record; an unknown one is reported as damage.
    pub(super) fn read_body(&mut self, record: &Record) -> Option<RecordBody> {
        let read = record.read_body();
        read.map_err(|unknown| {
            self.damaged
                .push(format!("record {}: {unknown}", record.seq))
        })
        .ok()
    }

    /// Takes a good line. Its record is built only if the visitor wants it.
    pub(super) fn see_good(&mut self, good: &VerifiedLine<'_>) {
        self.note_time(good.at);
        self.each.checked_record();
        if self.each.looks_at_records()
            && let Some(record) = good.record()
            && let Some(body) = self.read_body(&record)
        {
            self.each.record(&record, body);
        }
    }

    /// Takes the place of a record past its retention.
    pub(super) fn see_expired(&mut self, index: u64, leaf: Digest) {
        let (first, _, count) = self.expired.unwrap_or((index, index, 0));
        self.expired = Some((first, index, count + 1));
        self.each.expired_record(leaf);
    }

    /// Checks that exactly the records are absent that the log states as past their retention.
    pub(super) fn judge_expired(&mut self, away: &AbsentRecords, verifier: &mut LogVerifier) {
        let Some((first, last, count)) = self.expired else {
            return;
        };
        if last >= away.expired {
            verifier.report_absent_record(last);
        } else if count > away.erased || first < away.from {
            verifier.report_absent_record(first);
        } else {
            self.unseen.push(format!(
                "{count} records between {first} and {last} are past their retention, as the log says; their hashes are here"
            ));
        }
    }

    pub(super) fn note_time(&mut self, at: UtcTimestamp) {
        let first = self.span.map_or(at, |(first, _)| first);
        self.span = Some((first, at));
    }

    pub(super) fn into_report(mut self, verifier: LogVerifier, rest: bool) -> CopyReport {
        let checked = verifier.finish(rest);
        if checked.leaves_damaged {
            self.damaged.push(
                "the leaf hashes are damaged; the records were checked without them".to_owned(),
            );
        }
        if checked.fault.is_none() && checked.covered < checked.records {
            self.unseen.push(format!(
                "the last {} records are under no signed head",
                checked.records - checked.covered
            ));
        }
        CopyReport {
            digest: None,
            log: self.log,
            records: checked.records,
            covered: checked.covered,
            head: self
                .heads
                .into_iter()
                .max_by_key(|head| head.checkpoint.size),
            keys: self.keys,
            span: self.span,
            contract: None,
            is_part: false,
            fault: checked.fault,
            damaged: self.damaged,
            unknown: self.unknown,
            missing: self.missing,
            unseen: self.unseen,
        }
    }
}
