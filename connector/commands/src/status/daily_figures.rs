//! What has left the house and what was refused since the day began.

use hansa_audit_log::record::answers::{CloseRecord, RefusalCountRecord, RefusalRecord};
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_node::participant::Connector;
use hansa_node::process::civil_day;
use hansa_policy::refusal::Refusal;

/// The figures of a day, from the log.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct DailyFigures {
    /// Answers that ended, well or not.
    pub(super) answers: u64,
    /// Rows that left with them.
    pub(super) rows: u64,
    /// Questions that were refused.
    pub(super) refusals: u64,
}

/// The figures since midnight in the zone of the participant.
///
/// # Errors
/// When the log can't be read.
pub(super) fn read_daily_figures(connector: &Connector) -> Result<DailyFigures, Refusal> {
    let now = connector.now();
    let zone = connector.config().participant.zone.clone();
    let midnight = civil_day::begin_today(now, &zone).unwrap_or(now);
    let mut today = DailyFigures::default();
    let log = &connector.records.log;
    for record in log.read(log.first_since(midnight)?) {
        let record = record?;
        // Most records are of other kinds, and need not be read.
        if !matches!(
            record.kind.as_str(),
            CloseRecord::KIND | RefusalRecord::KIND | RefusalCountRecord::KIND
        ) {
            continue;
        }
        let RecordBody::Answer(body) = hansa_audit_store::read_body(&record)? else {
            continue;
        };
        if let AnswerBody::Close(close) = &body {
            today.answers = today.answers.saturating_add(1);
            today.rows = today.rows.saturating_add(close.rows.unwrap_or_default());
        }
        let refusals = match &body {
            AnswerBody::RefusalCount(count) => count.count,
            AnswerBody::Refusal(_) => 1,
            _ => 0,
        };
        today.refusals = today.refusals.saturating_add(refusals);
    }
    Ok(today)
}
