//! Verification of a bundle.

use super::{BundleVisitor, CopyCheck, CopyReport, incomplete_copy_refusal};
use crate::archive::AbsentRecords;
use crate::bundle_line::{BundleEnd, BundleHeader, HeadLine, RecordLine};
use crate::documents::{DocumentKind, SignedDocument, head_of_receipt};
use crate::filter::RecordFilter;
use crate::time_stamps::StampedHead;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::tree::{check_consistency, check_inclusion, leaf_hash};
use hansa_audit_log::verifier::{FaultKind, VerificationFault};
use hansa_policy::refusal::{ErrorCode, Refusal};
use line::{BundleHeaderError, BundleLine, BundleLineReader, BundleRecord};
use std::path::Path;

mod line;

pub(super) fn verify_bundle(
    path: &Path,
    newest: Option<&SignedHead>,
    visit: &mut dyn BundleVisitor,
) -> Result<CopyReport, Refusal> {
    let mut lines = BundleLineReader::open(path)?;
    let first = lines.next_line()?.unwrap_or_default();
    let header = line::read_header(&first).map_err(|fault| match fault {
        BundleHeaderError::Unreadable => incomplete_copy_refusal(
            path,
            "this is not a bundle of a log: its first line can't be read",
        ),
        BundleHeaderError::Version(version) => Refusal::new(
            ErrorCode::EvidenceUnknown,
            format!("the bundle has the version `{version}`, which this program does not know"),
        )
        .with_place(path.display().to_string(), None, None),
    })?;
    let mut found = CopyCheck::new(path, header.keys.clone(), newest, visit)?;
    found.log.clone_from(&header.head.checkpoint.origin);
    found.take_heads(vec![header.head.clone()]);
    match &header.choice {
        None => verify_whole_log(path, lines, &header, found),
        Some(choice) => verify_part(path, lines, &header, choice, found),
    }
}

/// Lines after the records, as far as they were read.
#[derive(Default)]
struct BundleTrailer {
    documents: u64,
    heads: u64,
    end: Option<BundleEnd>,
    /// True if the digest in the last line is that of all lines before it.
    sum_holds: bool,
    /// True if bytes follow the last line.
    more: bool,
}

impl BundleTrailer {
    fn add_document(&mut self, document: SignedDocument, found: &mut CopyCheck<'_>) {
        self.documents += 1;
        found.take_document(document);
    }

    fn set_end(&mut self, end: BundleEnd, before: Digest) {
        self.sum_holds = end.sum == before;
        self.end = Some(end);
    }

    /// Checks that the counts in the last line agree with the records and the other lines.
    fn check_counts(&self, records: u64, found: &mut CopyCheck<'_>) -> Result<(), String> {
        let Some(end) = self.end else {
            return Err("the end of the bundle is missing".to_owned());
        };
        let read = (records, self.documents, self.heads);
        if (end.records, end.documents, end.heads) != read {
            return Err(format!(
                "the bundle says {} records, {} documents and {} heads, and has {}, {} and {}",
                end.records, end.documents, end.heads, read.0, read.1, read.2
            ));
        }
        if !self.sum_holds || self.more {
            found
                .damaged
                .push("the bundle was changed after it was written".to_owned());
        }
        Ok(())
    }
}

/// Verifies a whole log: leaf hashes and heads first, then record by record as in a folder.
fn verify_whole_log(
    path: &Path,
    mut lines: BundleLineReader,
    header: &BundleHeader,
    mut found: CopyCheck<'_>,
) -> Result<CopyReport, Refusal> {
    let (mut leaves, mut heads, mut lost) = (Vec::new(), Vec::new(), false);
    let mut stamps = Vec::new();
    let mut again = BundleLineReader::open(path)?;
    again.next_line()?;
    while let Some(bytes) = again.next_line()? {
        match line::read_line(&bytes, false) {
            // Of a line that can't be read the leaf hash is lost, and with it those of all that follow.
            Some(BundleLine::Record(BundleRecord {
                line: RecordLine {
                    leaf: Some(leaf), ..
                },
                ..
            })) if !lost => leaves.push(leaf),
            Some(BundleLine::Head(line)) => {
                let HeadLine {
                    head, time_stamp, ..
                } = *line;
                if let Some(token) = time_stamp {
                    let head = head.clone();
                    let token = token.0;
                    stamps.push(StampedHead { head, token });
                }
                heads.push(head);
            }
            Some(_) => {}
            None => lost = true,
        }
    }
    let digest = again.read_digest()?;
    found.take_more_heads(heads);
    found.take_time_stamps(stamps);
    let mut verifier = found.verifier(leaves);
    let (mut behind, mut away) = (BundleTrailer::default(), AbsentRecords::for_verification());
    while let Some(bytes) = lines.next_line()? {
        behind.more |= behind.end.is_some();
        let (says, record) = match line::read_line(&bytes, false) {
            Some(BundleLine::Record(read)) if read.record == EXPIRED => {
                let index = verifier.chain().next();
                match verifier.skip_record() {
                    Some(leaf) if index == read.line.index => found.see_expired(index, leaf),
                    Some(_) => verifier.report_absent_record(index),
                    None => break,
                }
                continue;
            }
            Some(BundleLine::Record(read)) => (Some(read.line.index), read.record),
            Some(BundleLine::Document(document)) => {
                behind.add_document(document, &mut found);
                continue;
            }
            Some(BundleLine::Head(_)) => {
                behind.heads += 1;
                continue;
            }
            Some(BundleLine::End(end)) => {
                behind.set_end(end, lines.before);
                continue;
            }
            // An unknown line is treated as a damaged record.
            None => (None, bytes),
        };
        if let Some(good) = verifier.check_line(&record) {
            away.take_statements(&good);
            let Some(record) = good.record() else { break };
            if let Some(body) = found.read_body(&record) {
                found.take_record(&record, body);
            }
            if says != Some(record.seq) {
                let damaged = format!("the line of record {} has another number", record.seq);
                found.damaged.push(damaged);
            }
        }
        if verifier.is_settled() {
            break;
        }
    }
    found.judge_expired(&away, &mut verifier);
    let read = verifier.chain().next();
    let all = !verifier.is_settled() && read == header.records;
    if all {
        behind
            .check_counts(read, &mut found)
            .map_err(|sentence| incomplete_copy_refusal(path, &sentence))?;
    }
    let mut report = found.into_report(verifier, lines.torn && !all);
    // Two readings of one file that was replaced between them are evidence of neither.
    if lines.read_digest()? != digest {
        report
            .damaged
            .push("the file was changed while it was read".to_owned());
    }
    report.digest = Some(digest);
    if report.fault.is_none() && report.records != header.records {
        report.damaged.push(format!(
            "the bundle says {} records and has {}",
            header.records, report.records
        ));
    }
    Ok(report)
}

/// Verifies a part: each record by its own proof.
fn verify_part(
    path: &Path,
    mut lines: BundleLineReader,
    header: &BundleHeader,
    choice: &RecordFilter,
    mut found: CopyCheck<'_>,
) -> Result<CopyReport, Refusal> {
    let (mut count, mut next, mut fault) = (0, 0, None);
    let mut chooser = choice.selector();
    let mut behind = BundleTrailer::default();
    while let Some(bytes) = lines.next_line()? {
        behind.more |= behind.end.is_some();
        let line = match line::read_line(&bytes, true) {
            Some(BundleLine::Record(read)) => Ok(read),
            Some(BundleLine::Document(document)) => {
                behind.add_document(document, &mut found);
                continue;
            }
            Some(BundleLine::Head(line)) => {
                behind.heads += 1;
                check_earlier_head(*line, header, &mut found);
                continue;
            }
            Some(BundleLine::End(end)) => {
                behind.set_end(end, lines.before);
                continue;
            }
            None => Err(next),
        };
        let record =
            line.and_then(|read| proven_record(&read, next, header).ok_or(read.line.index));
        let record = match record {
            Ok(record) => record,
            Err(index) => {
                let what = FaultKind::Unproved;
                fault = Some(VerificationFault { index, what });
                break;
            }
        };
        if let Some(body) = found.read_body(&record) {
            if !chooser.selects_record(&record, &body) && choice.is_evident() {
                let foreign = format!("record {} is not one that was chosen", record.seq);
                found.damaged.push(foreign);
            }
            found.take_record(&record, body);
        }
        next = record.seq + 1;
        count += 1;
    }
    if fault.is_none() && (count != header.records || lines.torn) {
        let sentence = format!("the bundle says {} records and has {count}", header.records);
        return Err(incomplete_copy_refusal(path, &sentence));
    }
    if fault.is_none() {
        behind
            .check_counts(count, &mut found)
            .map_err(|sentence| incomplete_copy_refusal(path, &sentence))?;
    }
    found
        .unseen
        .push("a part can't show that no record was left out".to_owned());
    Ok(CopyReport {
        digest: Some(lines.read_digest()?),
        log: found.log,
        records: count,
        covered: if found.heads.is_empty() { 0 } else { count },
        head: found.heads.into_iter().next(),
        keys: found.keys,
        span: found.span,
        contract: choice.contract.map(|contract| contract.to_string()),
        is_part: true,
        fault,
        damaged: found.damaged,
        unknown: found.unknown,
        missing: found.missing,
        unseen: found.unseen,
    })
}

/// The record of a line, if it stands where it says in the log that was signed.
fn proven_record(read: &BundleRecord, next: u64, header: &BundleHeader) -> Option<Record> {
    let checkpoint = &header.head.checkpoint;
    let leaf = leaf_hash(&read.record);
    let line = &read.line;
    let proof = line.proof.as_ref()?;
    Record::from_bytes(&read.record)
        .ok()
        .filter(|record| record.seq == line.index && record.log == checkpoint.origin)
        .filter(|_| line.index >= next)
        .filter(|_| check_inclusion(line.index, checkpoint.size, leaf, proof, checkpoint.root))
}

/// An earlier head, from which the log must have gone on.
fn check_earlier_head(line: HeadLine, header: &BundleHeader, found: &mut CopyCheck<'_>) {
    let head = line.head;
    let (from, to) = (&head.checkpoint, &header.head.checkpoint);
    let goes_on = from.origin == to.origin
        && check_consistency(
            from.size,
            to.size,
            from.root,
            to.root,
            line.consistency.as_deref().unwrap_or_default(),
        );
    if !found.is_believed(&head) {
        return;
    }
    if goes_on {
        found.show_head(&head);
        if let Some(token) = line.time_stamp {
            let token = token.0;
            found.show_time_stamp(&StampedHead { head, token });
        }
    } else {
        let size = from.size;
        found.damaged.push(format!(
            "the log does not go on from the head over {size} records"
        ));
    }
}

/// True if a document agrees with its name, as far as its bytes alone show.
pub(super) fn is_named_rightly(document: &SignedDocument) -> bool {
    match (&document.text, document.kind) {
        (Some(text), DocumentKind::Receipt) => {
            Digest::of(text.as_bytes()).to_string() == document.name
                && head_of_receipt(text.as_bytes()).is_some()
        }
        // The other kinds are named by the digest of their signed content, which their reader compares.
        (Some(_) | None, _) => true,
    }
}
