//! What has left the house and what was refused since the day began.

use hansa_audit_log::record::answers::{CloseRecord, RefusalCountRecord, RefusalRecord};
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::monitoring::day_figures::{DAYS, DayFigures, OpenDay};
use hansa_node::participant::Connector;
use hansa_node::process::civil_day;
use hansa_policy::refusal::Refusal;

/// Figures since midnight in the zone of the participant. A record is read for the first look alone.
///
/// # Errors
/// When the log can't be read.
pub(super) fn read_daily_figures(connector: &Connector) -> Result<DayFigures, Refusal> {
    let now = connector.now();
    let zone = connector.config().participant.zone.clone();
    let begin = civil_day::begin_today(now, &zone).unwrap_or(now);
    let ledger = &connector.metrics.days;
    let mut day = match ledger.open_day(begin) {
        Some(day) => day,
        None => OpenDay {
            begin,
            next: connector.records.log.first_since(begin)?,
            figures: DayFigures::default(),
        },
    };
    count_records(connector, &mut day, None)?;
    ledger.keep_open_day(day);
    Ok(day.figures)
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
            let mut finished = OpenDay {
                begin,
                next: connector.records.log.first_since(begin)?,
                figures: DayFigures::default(),
            };
            count_records(connector, &mut finished, end)?;
            ledger.keep(day, finished.figures);
        }
        end = Some(begin);
    }
    Ok(())
}

/// Counts the records of a day that are not counted yet, up to its end.
fn count_records(
    connector: &Connector,
    day: &mut OpenDay,
    end: Option<UtcTimestamp>,
) -> Result<(), Refusal> {
    let figures = &mut day.figures;
    for record in connector.records.log.read(day.next) {
        let record = record?;
        if end.is_some_and(|end| record.at >= end) {
            break;
        }
        day.next = record.seq.saturating_add(1);
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
    Ok(())
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
