//! What has left the house and what was refused since the day began.

use hansa_audit_log::record::answers::{CloseRecord, RefusalCountRecord, RefusalRecord};
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::monitoring::day_figures::{DAYS, DayFigures};
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
    count_period(connector, midnight, None)
}

/// Counts the finished days of the last two weeks that are not counted yet.
///
/// # Errors
/// When the log can't be read.
pub(crate) fn count_finished_days(connector: &Connector) -> Result<(), Refusal> {
    let zone = connector.config().participant.zone.clone();
    let ledger = &connector.metrics.days;
    let mut end = civil_day::begin_today(connector.now(), &zone);
    for _ in 0..DAYS {
        // A moment before midnight is in the day before.
        let eve = end.map(|end| end.plus_micros(-1));
        let Some((day, begin)) = eve.and_then(|eve| civil_day::day_of(eve, &zone)) else {
            return Ok(());
        };
        let day = day.to_string();
        if !ledger.has(&day) {
            let DailyFigures {
                answers,
                rows,
                refusals,
            } = count_period(connector, begin, end)?;
            let figures = DayFigures {
                answers,
                rows,
                refusals,
            };
            ledger.keep(day, figures);
        }
        end = Some(begin);
    }
    Ok(())
}

/// Figures from an instant on, up to another one.
fn count_period(
    connector: &Connector,
    begin: UtcTimestamp,
    end: Option<UtcTimestamp>,
) -> Result<DailyFigures, Refusal> {
    let mut figures = DailyFigures::default();
    let log = &connector.records.log;
    for record in log.read(log.first_since(begin)?) {
        let record = record?;
        if end.is_some_and(|end| record.at >= end) {
            break;
        }
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
            figures.answers = figures.answers.saturating_add(1);
            figures.rows = figures.rows.saturating_add(close.rows.unwrap_or_default());
        }
        let refusals = match &body {
            AnswerBody::RefusalCount(count) => count.count,
            AnswerBody::Refusal(_) => 1,
            _ => 0,
        };
        figures.refusals = figures.refusals.saturating_add(refusals);
    }
    Ok(figures)
}

/// Figures of a day, with its name.
#[derive(Debug, serde::Serialize)]
pub(super) struct DayReport {
    /// Day, such as `2026-11-26`.
    day: String,
    answers: u64,
    rows: u64,
    refusals: u64,
}

impl DayReport {
    /// Reports of the finished days that are counted, the oldest first.
    pub(super) fn list(connector: &Connector) -> Vec<Self> {
        let days = connector.metrics.days.list().into_iter();
        let reports = days.map(|(day, figures)| Self {
            day,
            answers: figures.answers,
            rows: figures.rows,
            refusals: figures.refusals,
        });
        reports.collect()
    }
}
