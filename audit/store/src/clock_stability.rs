//! Check that the clock has been stable for a week. Records that are erased under a clock set years ahead are lost even after the
//! clock is corrected.

use crate::AuditLog;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::upkeep::ClockRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Time for which the clock must have been stable, microseconds: enough for a person to notice an error.
const WEEK: i64 = 7 * 86_400_000_000;

/// Age above which a record does not prove the clock of the last week, microseconds.
const MONTH: i64 = 31 * 86_400_000_000;

/// Record of the present time, written where no record of the last month exists. It serves as proof a week later.
struct ClockObservation;

impl Evidence for ClockObservation {
    fn to_record_body(&self) -> RecordBody {
        ClockRecord {
            step_us: None,
            outcome: None,
            acknowledged: None,
            source: "retention".to_owned(),
        }
        .into()
    }
}

/// True if the log has a record that is between a week and a month old, so that the clock has not jumped since. If there is none,
/// and none will be written otherwise, the present time is recorded. Blocks.
///
/// # Errors
/// As [`AuditLog::get`]; `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when the time can't be recorded.
pub(super) fn is_clock_stable(log: &AuditLog) -> Result<bool, Refusal> {
    let now = log.now();
    let ago = |span: i64| now.plus_micros(-span);
    let (mut low, mut high) = (log.inner.index.archived_before(), log.size());
    while low < high {
        let middle = low + (high - low) / 2;
        match record_time(log, middle)? {
            Some(at) if at > ago(WEEK) => high = middle,
            _ => low = middle + 1,
        }
    }
    let last = match low.checked_sub(1) {
        Some(last) => record_time(log, last)?,
        None => None,
    };
    if last.is_some_and(|at| at >= ago(MONTH)) {
        return Ok(true);
    }
    if low == log.size() {
        let _durable = log
            .record_blocking(ClockObservation)
            .map_err(|unwritable| crate::unwritable_log_refusal(&unwritable))?;
    }
    Ok(false)
}

/// Time of a record; none where it is past its retention, or in an archive that is missing here.
fn record_time(log: &AuditLog, index: u64) -> Result<Option<UtcTimestamp>, Refusal> {
    match log.get(index) {
        Ok(record) => Ok(record.map(|record| record.at)),
        Err(refusal) if refusal.code == ErrorCode::EvidenceExpired => Ok(None),
        Err(refusal) if refusal.code == ErrorCode::EvidenceIncomplete => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
