//! Retention of decisions: the records of single questions are erased from sealed files whose newest record is old enough. A
//! placeholder line replaces each, and its leaf hash stays, so that every old proof is still valid. Other records stay, and so does
//! each decision on which something still depends.

use crate::AuditLog;
use crate::clock_stability::is_clock_stable;
use crate::log_dir::{self, LEAVES};
use crate::log_segment::{self, LogSegment};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::answers::{
    ActionCountRecord, CloseRecord, NoNewDataRecord, NotReceivedRecord, OneSidedReceiptRecord,
    PermitRecord, ProgressRecord, ReceiptAcknowledgementRecord, ReceivedRecord, RefusalCountRecord,
    RefusalRecord, RemoteQueryRecord,
};
use hansa_audit_log::record::body::{AnswerBody, RecordBody, UpkeepBody};
use hansa_audit_log::record::upkeep::ExpiryRecord;
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};

/// Kinds of the records of single questions, given and asked. All other records state agreements, publications and observations:
/// the state of the connector is computed from them, and they are kept with the log.
pub const DECISIONS: [&str; 12] = [
    PermitRecord::KIND,
    NoNewDataRecord::KIND,
    ProgressRecord::KIND,
    CloseRecord::KIND,
    RefusalRecord::KIND,
    RefusalCountRecord::KIND,
    ActionCountRecord::KIND,
    RemoteQueryRecord::KIND,
    ReceivedRecord::KIND,
    NotReceivedRecord::KIND,
    ReceiptAcknowledgementRecord::KIND,
    OneSidedReceiptRecord::KIND,
];

/// Instant from which a log keeps its decisions, as stated by this record. None for every other record, and for a statement about
/// the last month, since no retention is that short.
#[must_use]
pub fn kept_from(record: &Record) -> Option<UtcTimestamp> {
    if record.kind != ExpiryRecord::KIND {
        return None;
    }
    let body = record.read_body().ok()?;
    let RecordBody::Upkeep(UpkeepBody::Expiry(expiry)) = body else {
        return None;
    };
    (expiry.before <= record.at.plus_micros(LEAST.saturating_neg())).then_some(expiry.before)
}

/// Shortest retention of decisions, days. Quotas count this far back.
pub const LEAST_DAYS: u64 = 32;

/// Length of a month, microseconds.
const LEAST: i64 = 31 * 86_400_000_000;

/// Largest number of files in one run.
const MOST: usize = 100;

/// Result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryRun {
    /// Place of the first erased record.
    pub first: u64,
    /// Place after the last record of the processed files.
    pub end: u64,
    /// Number of erased records.
    pub records: u64,
    /// Number of decisions in those files on which something still depends.
    pub retained: u64,
    /// Instant from which decisions are kept.
    pub before: UtcTimestamp,
    /// Contracts with older kept decisions.
    pub of: RetainedContracts,
}

/// Contracts with older kept decisions, by identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetainedContracts {
    /// Contracts whose first question is kept, since their period begins with it.
    pub first_use: Vec<String>,
    /// Contracts whose questions with uncountersigned receipts are kept, since these count against further questions.
    pub receipts: Vec<String>,
}

impl Evidence for ExpiryRun {
    fn to_record_body(&self) -> RecordBody {
        ExpiryRecord {
            class: "decisions".to_owned(),
            ground: "retention".to_owned(),
            first: self.first,
            end: self.end,
            records: self.records,
            before: self.before,
            first_use_of: self.of.first_use.clone(),
            receipts_of: self.of.receipts.clone(),
        }
        .into()
    }
}

/// Handler that knows the needed decisions and removes related documents.
pub trait RetentionHandler {
    /// Contracts with kept decisions, consistent with [`RetentionHandler::is_needed`], for the record in the log.
    fn lasting_contracts(&self) -> RetainedContracts;

    /// True if something still depends on a decision.
    fn is_needed(&self, record: &Record) -> bool;

    /// Removes the receipt of an erased record. Repeated after a crash.
    ///
    /// # Errors
    /// When the receipt can't be removed.
    fn drop_receipt(&self, digest: Digest) -> Result<(), Refusal>;
}

/// Erases the decisions in sealed files whose records are all older than the instant. First the erasure is recorded, then the
/// receipts are removed, and then each file is rewritten. None where nothing is due, or where the log does not prove that the clock
/// has been stable for a week. Files in a missing archive are left for a later run. Blocks.
///
/// # Errors
/// `EVIDENCE_BROKEN` when the bytes of a file were changed, `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when a file or the log can't be
/// written. The next run completes a recorded erasure.
pub fn expire_decisions(
    log: &AuditLog,
    before: UtcTimestamp,
    keeping: &dyn RetentionHandler,
) -> Result<Option<ExpiryRun>, Refusal> {
    let path = log.folder();
    let failed = |error: io::Error| log_dir::unavailable_log_refusal(path, &error);
    let due = find_due_segments(log, before).map_err(failed)?;
    if due.is_empty() || !is_clock_stable(log)? {
        return Ok(None);
    }
    let needed = find_needed_decisions(log, &due, keeping)?;
    let (mut run, mut plans): (Option<ExpiryRun>, _) = (None, Vec::new());
    for (segment, end) in due {
        let plan = plan_erasure(log, &segment, end, &needed)?;
        let Some(first) = plan.goes.first() else {
            continue;
        };
        let went = u64::try_from(plan.goes.len()).unwrap_or(u64::MAX);
        let whole = run.get_or_insert(ExpiryRun {
            first: *first,
            end,
            records: 0,
            retained: 0,
            before,
            of: keeping.lasting_contracts(),
        });
        whole.end = end;
        whole.records = whole.records.saturating_add(went);
        whole.retained = whole.retained.saturating_add(plan.kept);
        plans.push((segment, end, plan));
    }
    let Some(run) = run else {
        return Ok(None);
    };
    // From now on the hashes must be durable without the records.
    File::open(path.join(LEAVES))
        .and_then(|leaves| leaves.sync_all())
        .map_err(failed)?;
    let _durable = log
        .record_blocking(run.clone())
        .map_err(|unwritable| crate::unwritable_log_refusal(&unwritable))?;
    log.inner.index.note_expiry(run.end);
    for (segment, end, plan) in plans {
        for receipt in &plan.receipts {
            keeping.drop_receipt(*receipt)?;
        }
        rewrite_segment(log, &segment, end, &plan).map_err(failed)?;
    }
    Ok(Some(run))
}

/// Sealed files whose records are all older, each with the place after its last record.
fn find_due_segments(log: &AuditLog, before: UtcTimestamp) -> io::Result<Vec<(LogSegment, u64)>> {
    let all = log.inner.index.segments();
    let signed = log.head().checkpoint.size;
    let mut due = Vec::new();
    for pair in all.windows(2) {
        let [segment, next] = pair else { continue };
        // No record is younger than the first one of the next file.
        let newest = match log_segment::first_record(next) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            found => found?.map(|record| record.at),
        };
        let is_due = newest.is_some_and(|newest| newest < before) && next.first <= signed;
        if is_due && segment.path.exists() && due.len() < MOST {
            due.push((segment.clone(), next.first));
        }
    }
    Ok(due)
}

/// Erasure in one file.
#[derive(Default)]
struct SegmentErasure {
    /// Places of the erased records.
    goes: Vec<u64>,
    /// Number of kept decisions.
    kept: u64,
    /// Receipts that are removed with the records.
    receipts: Vec<Digest>,
}

/// Place of the decision to which a record belongs: the permit of an answer, or itself.
fn decision_index(record: &Record, body: &RecordBody) -> u64 {
    body.permit_index().unwrap_or(record.seq)
}

/// Decisions on which something depends, with all records of each: permit, later reservations and end together give the spent
/// amount. An answer may continue in the file after the last one.
fn find_needed_decisions(
    log: &AuditLog,
    due: &[(LogSegment, u64)],
    keeping: &dyn RetentionHandler,
) -> Result<BTreeSet<u64>, Refusal> {
    let all = log.inner.index.segments();
    let last = due.last().map_or(0, |(_, end)| *end);
    let behind = all.iter().find(|segment| segment.first > last);
    let behind = (last, behind.map_or(log.size(), |segment| segment.first));
    let ranges = due.iter().map(|(segment, end)| (segment.first, *end));
    let mut needed = BTreeSet::new();
    for (from, end) in ranges.chain((last > 0).then_some(behind)) {
        for record in log.read(from) {
            let record = record?;
            if record.seq >= end {
                break;
            }
            if DECISIONS.contains(&record.kind.as_str()) && keeping.is_needed(&record) {
                needed.insert(decision_index(&record, &crate::read_body(&record)?));
            }
        }
    }
    Ok(needed)
}

fn plan_erasure(
    log: &AuditLog,
    segment: &LogSegment,
    end: u64,
    needed: &BTreeSet<u64>,
) -> Result<SegmentErasure, Refusal> {
    let mut plan = SegmentErasure::default();
    for record in log.read(segment.first) {
        let record = record?;
        if record.seq >= end {
            break;
        }
        if !DECISIONS.contains(&record.kind.as_str()) {
            continue;
        }
        let body = crate::read_body(&record)?;
        if needed.contains(&decision_index(&record, &body)) {
            plan.kept = plan.kept.saturating_add(1);
            continue;
        }
        plan.receipts.extend(match body {
            RecordBody::Answer(AnswerBody::Received(received)) => received.receipt,
            RecordBody::Answer(AnswerBody::ReceiptAcknowledgement(word)) => Some(word.receipt),
            RecordBody::Answer(AnswerBody::OneSidedReceipt(receipt)) => Some(receipt.receipt),
            RecordBody::Answer(_)
            | RecordBody::Contract(_)
            | RecordBody::Message(_)
            | RecordBody::Publication(_)
            | RecordBody::Configuration(_)
            | RecordBody::Incident(_)
            | RecordBody::Upkeep(_) => None,
        });
        plan.goes.push(record.seq);
    }
    Ok(plan)
}

/// Rewrites a file without the erased records. At any time the complete old or the complete new file exists.
fn rewrite_segment(
    log: &AuditLog,
    segment: &LogSegment,
    end: u64,
    plan: &SegmentErasure,
) -> io::Result<()> {
    let beside = segment.path.with_extension("jsonl.new");
    let mut file = io::BufWriter::new(File::create(&beside)?);
    let bytes = std::fs::read(&segment.path)?;
    let mut goes = plan.goes.iter().peekable();
    for (number, line) in (segment.first..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        if goes.next_if(|next| **next == number).is_some() {
            file.write_all(EXPIRED)?;
            file.write_all(b"\n")?;
        } else {
            file.write_all(line)?;
        }
    }
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    log.inner
        .index
        .replace_segment(segment, end, || std::fs::rename(&beside, &segment.path))?;
    match segment.path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
