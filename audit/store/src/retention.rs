//! The end of the time that decisions are kept: of sealed files whose newest record is older, the records of single questions
//! go. A line that says so stands in the place of each, and its leaf hash stays, so that every old proof still holds. What
//! is no decision stays, and so does each decision that something still depends on.

use crate::AuditLog;
use crate::clock_stability::is_clock_stable;
use crate::log_dir::{self, LEAVES};
use crate::log_segment::{self, LogSegment};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::{AnswerBody, RecordBody, UpkeepBody};
use hansa_audit_log::record::upkeep::ExpiryRecord;
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};

/// The type of the record that says what was erased.
pub const KIND: &str = "expire";

/// The types of the records of single questions, given and asked. All others say what a participant has agreed, published or
/// was shown: the state of the connector is made from them, and they are kept with the log.
pub const DECISIONS: [&str; 12] = [
    "permit",
    "no_new_data",
    "progress",
    "close",
    "refuse",
    "refusal_count",
    "action_count",
    "remote_query",
    "received",
    "not_received",
    "receipt_ack",
    "one_sided_receipt",
];

/// From when on a log keeps its decisions, as this record says. None for every other record, and for one that says so of the
/// last month: nothing is past its retention so soon.
#[must_use]
pub fn kept_from(record: &Record) -> Option<UtcTimestamp> {
    if record.kind != KIND {
        return None;
    }
    let body = record.read_body().ok()?;
    let RecordBody::Upkeep(UpkeepBody::Expiry(expiry)) = body else {
        return None;
    };
    (expiry.before <= record.at.plus_micros(LEAST.saturating_neg())).then_some(expiry.before)
}

/// Decisions are kept for so many days at least: so far back quotas count.
pub const LEAST_DAYS: u64 = 32;

/// A month, in microseconds.
const LEAST: i64 = 31 * 86_400_000_000;

/// The most files of one run.
const MOST: usize = 100;

/// What a run has erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryRun {
    /// The first record that went.
    pub first: u64,
    /// The record after the last one of the files that were looked at.
    pub end: u64,
    /// How many went.
    pub records: u64,
    /// Decisions in those files that something still depends on.
    pub retained: u64,
    /// From when on decisions are kept.
    pub before: UtcTimestamp,
    /// The contracts of which more is kept.
    pub of: RetainedContracts,
}

/// Contracts of which decisions stay that are older, by their identities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetainedContracts {
    /// Their first question stays, since their time runs from it.
    pub first_use: Vec<String>,
    /// Questions stay whose receipts were never countersigned, since they stand in the way of others.
    pub receipts: Vec<String>,
}

impl Evidence for ExpiryRun {
    fn entry(&self) -> RecordBody {
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

/// What is still needed, and what goes with the records.
pub trait RetentionHandler {
    /// The contracts of which more is kept: what [`RetentionHandler::is_needed`] says of their records, as it stands in the log.
    fn lasting(&self) -> RetainedContracts;

    /// Whether something still depends on a decision.
    fn is_needed(&self, record: &Record) -> bool;

    /// Takes away a receipt that a record names which goes. Done again after a crash.
    ///
    /// # Errors
    /// When it can't be taken away.
    fn drop_receipt(&self, digest: Digest) -> Result<(), Refusal>;
}

/// Erases the decisions of sealed files all of whose records are from before that instant: first it is in the log, then
/// their receipts go, and then each file is written anew. Nothing where none is due, or where the log does not show that the
/// clock was already here a week ago. Files that are in an archive which is not here are left for the time when it is.
/// Blocks.
///
/// # Errors
/// `EVIDENCE_BROKEN` when a file is no longer what was written, `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when a file or the
/// log can't be written. What was recorded and not done is done by the next run.
pub fn expire(
    log: &AuditLog,
    before: UtcTimestamp,
    keeping: &dyn RetentionHandler,
) -> Result<Option<ExpiryRun>, Refusal> {
    let path = log.folder();
    let failed = |error: io::Error| log_dir::unavailable(path, &error);
    let due = due(log, before).map_err(failed)?;
    if due.is_empty() || !is_clock_stable(log)? {
        return Ok(None);
    }
    let needed = find_needed_decisions(log, &due, keeping)?;
    let (mut run, mut plans): (Option<ExpiryRun>, _) = (None, Vec::new());
    for (segment, end) in due {
        let plan = plan(log, &segment, end, &needed)?;
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
            of: keeping.lasting(),
        });
        whole.end = end;
        whole.records = whole.records.saturating_add(went);
        whole.retained = whole.retained.saturating_add(plan.kept);
        plans.push((segment, end, plan));
    }
    let Some(run) = run else {
        return Ok(None);
    };
    // The hashes must stand without the records from now on.
    File::open(path.join(LEAVES))
        .and_then(|leaves| leaves.sync_all())
        .map_err(failed)?;
    let _durable = log
        .record_blocking(run.clone())
        .map_err(|unwritable| crate::refusal(&unwritable))?;
    log.inner.index.expire(run.end);
    for (segment, end, plan) in plans {
        for receipt in &plan.receipts {
            keeping.drop_receipt(*receipt)?;
        }
        rewrite(log, &segment, end, &plan).map_err(failed)?;
    }
    Ok(Some(run))
}

/// The sealed files all of whose records are older, with the record after their last one.
fn due(log: &AuditLog, before: UtcTimestamp) -> io::Result<Vec<(LogSegment, u64)>> {
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

/// What becomes of a file.
#[derive(Default)]
struct SegmentErasure {
    /// The records that go.
    goes: Vec<u64>,
    /// How many decisions stay.
    kept: u64,
    /// The receipts that go with them.
    receipts: Vec<Digest>,
}

/// Where the decision stands to which a record belongs: the permit of an answer, or itself.
fn root(record: &Record, body: &RecordBody) -> u64 {
    body.permit_index().unwrap_or(record.seq)
}

/// The decisions on which something depends, with all that belongs to each: what an answer has spent is told by its permit,
/// by later reservations and by its end together. An answer may go on in the file behind the last one.
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
                needed.insert(root(&record, &crate::read_body(&record)?));
            }
        }
    }
    Ok(needed)
}

fn plan(
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
        if needed.contains(&root(&record, &body)) {
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

/// Writes a file anew, without what goes; it is there whole in the one form or in the other.
fn rewrite(
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
        .rewritten(segment, end, || std::fs::rename(&beside, &segment.path))?;
    match segment.path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
