//! What has left the house and what was refused since the day began.

use crate::participant::Connector;
use crate::process::civil_day;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;

/// The figures of a day, from the log.
#[derive(Debug, Default, PartialEq, Eq)]
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
pub(super) fn today(connector: &Connector) -> Result<DailyFigures, Refusal> {
    let now = connector.now();
    let zone = connector.config().participant.zone.clone();
    let midnight = civil_day::begin_today(now, &zone).unwrap_or(now);
    let mut today = DailyFigures::default();
    for record in connector
        .records
        .log
        .read(first_since(connector, midnight)?)
    {
        let record = record?;
        match record.kind.as_str() {
            "close" => {
                today.answers = today.answers.saturating_add(1);
                let rows = record.body.get("rows").and_then(Json::as_count);
                today.rows = today.rows.saturating_add(rows.unwrap_or_default());
            }
            "refuse" => today.refusals = today.refusals.saturating_add(1),
            "refuse_summary" => {
                let count = record.body.get("count").and_then(Json::as_count);
                today.refusals = today.refusals.saturating_add(count.unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(today)
}

/// The first record that was not made before an instant: the times of records never decrease.
fn first_since(connector: &Connector, instant: UtcTimestamp) -> Result<u64, Refusal> {
    let (mut before, mut since) = (0, connector.records.log.size());
    while before < since {
        let middle = before.midpoint(since);
        // What is past its retention is passed over: the next record that is there is no older.
        match connector.records.log.read(middle).next().transpose()? {
            Some(record) if record.at < instant => before = middle.saturating_add(1),
            Some(_) | None => since = middle,
        }
    }
    Ok(since)
}
