//! Whether the clock has stood about where it stands for a week. What is erased by a clock that was set forward by years does
//! not come back when it is set right.

use crate::AuditLog;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::upkeep::ClockRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// How long the clock must have gone on, in microseconds: time enough for somebody to notice.
const WEEK: i64 = 7 * 86_400_000_000;

/// What is older than this does not show that the clock was here a week ago.
const MONTH: i64 = 31 * 86_400_000_000;

/// Where no record tells of the last month, this one is written, to be found a week later.
struct ClockObservation;

impl Evidence for ClockObservation {
    fn entry(&self) -> RecordBody {
        ClockRecord {
            step_us: None,
            outcome: None,
            acknowledged: None,
            source: "retention".to_owned(),
        }
        .into()
    }
}

/// Whether the log has a record of a week to a month ago: then the clock did not jump here since. Where it has none and is
/// not getting one by itself, the time is written down. Blocks.
///
/// # Errors
/// As [`AuditLog::get`]; `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when the time can't be written down.
pub(super) fn is_clock_stable(log: &AuditLog) -> Result<bool, Refusal> {
    let now = log.now();
    let ago = |span: i64| now.plus_micros(-span);
    let (mut low, mut high) = (log.inner.index.archived_before(), log.size());
    while low < high {
        let middle = low + (high - low) / 2;
        match when(log, middle)? {
            Some(at) if at > ago(WEEK) => high = middle,
            _ => low = middle + 1,
        }
    }
    let last = match low.checked_sub(1) {
        Some(last) => when(log, last)?,
        None => None,
    };
    if last.is_some_and(|at| at >= ago(MONTH)) {
        return Ok(true);
    }
    if low == log.size() {
        let _durable = log
            .record_blocking(ClockObservation)
            .map_err(|unwritable| crate::refusal(&unwritable))?;
    }
    Ok(false)
}

/// When a record was written; nothing where it is past its retention, or in an archive that is not here.
fn when(log: &AuditLog, index: u64) -> Result<Option<UtcTimestamp>, Refusal> {
    match log.get(index) {
        Ok(record) => Ok(record.map(|record| record.at)),
        Err(refusal) if refusal.code == ErrorCode::EvidenceExpired => Ok(None),
        Err(refusal) if refusal.code == ErrorCode::EvidenceIncomplete => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
