//! `hansa status --minutes`: the figures of each minute of the last day.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::ReportRow;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::monitoring::minute_figures::MinuteFigures;
use hansa_node::participant::Connector;
use serde::Serialize;

/// Reports the minutes that have ended since the connector was started, the oldest first; at most a day.
pub(crate) async fn report_minutes(connector: &Connector, out: &EventSink) -> CommandResult {
    let minutes = connector.metrics.minutes.list_minutes();
    let rows: Vec<MinuteReport> = minutes.iter().map(MinuteReport::of).collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Figures of a minute.
#[derive(Debug, Serialize)]
struct MinuteReport {
    /// Instant of its end.
    at: UtcTimestamp,
    /// Answers that ended.
    answers: u64,
    /// Milliseconds that half of the answers took at most; none in a minute without an answer.
    p50_ms: Option<u32>,
    p95_ms: Option<u32>,
    p99_ms: Option<u32>,
    rows: u64,
    /// Questions that were refused.
    refusals: u64,
    /// Bytes that questions held at its end.
    memory: u64,
    /// Free bytes on the disk of the log.
    free_bytes: Option<u64>,
}

impl MinuteReport {
    fn of(minute: &MinuteFigures) -> Self {
        Self {
            at: minute.at,
            answers: minute.answers,
            p50_ms: minute.durations.map(|durations| durations.p50),
            p95_ms: minute.durations.map(|durations| durations.p95),
            p99_ms: minute.durations.map(|durations| durations.p99),
            rows: minute.rows,
            refusals: minute.refusals,
            memory: minute.memory,
            free_bytes: minute.free,
        }
    }
}

impl ReportRow for MinuteReport {
    const HEADER: &'static [&'static str] = &[
        "UNTIL", "ANSWERS", "P50 MS", "P95 MS", "P99 MS", "ROWS", "REFUSED", "MEMORY", "DISK",
    ];

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        vec![
            self.at.to_string().chars().take(16).collect(),
            self.answers.to_string(),
            number(self.p50_ms).unwrap_or_default(),
            number(self.p95_ms).unwrap_or_default(),
            number(self.p99_ms).unwrap_or_default(),
            self.rows.to_string(),
            self.refusals.to_string(),
            self.memory.to_string(),
            self.free_bytes
                .map(|free| free.to_string())
                .unwrap_or_default(),
        ]
    }
}
