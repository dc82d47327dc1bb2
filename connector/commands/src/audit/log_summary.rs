//! `hansa audit summary`: the figures of the own log, and the contradictions that were found.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::verification::VerificationReport;
use crate::cli::command_report::CommandReport;
use crate::status::time_stamps::TimeStampReport;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::monitoring::readiness::find_write_fault;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use serde::Serialize;
use std::sync::Arc;

/// Reports the figures. Two records are read, however long the log is.
pub(super) async fn report_log_summary(
    connector: &Arc<Connector>,
    out: &EventSink,
) -> CommandResult {
    let inner = Arc::clone(connector);
    let summary = run_blocking(move || summarise_log(&inner)).await?;
    out.send_report(&summary).await?;
    Ok(0)
}

/// Figures of the own log.
#[derive(Debug, Serialize)]
struct LogSummary {
    /// Origin of the log, as its heads have it.
    log: String,
    /// Number of records.
    records: u64,
    /// Number of records under the newest signed head.
    covered: u64,
    /// Instant of the oldest record that is kept.
    from: Option<UtcTimestamp>,
    /// Instant of the newest record.
    to: Option<UtcTimestamp>,
    /// Place before which records are archived; 0 where none is.
    archived_before: u64,
    /// Place before which some records are past their retention; 0 where none is.
    expired_before: u64,
    /// Newest head that each witness has cosigned.
    witnesses: Vec<Witness>,
    /// Newest time stamp; none without an authority.
    time_stamp: Option<TimeStampReport>,
    /// Logs with two histories.
    forks: Vec<ForkedLog>,
    /// Number of incidents that owners of logs have stated.
    incidents: usize,
    /// Reason why nothing can be recorded.
    fault: Option<String>,
    /// Verification that runs, and the last result.
    verification: VerificationReport,
}

/// Participant that has cosigned a head of the own log.
#[derive(Debug, Serialize)]
pub(super) struct Witness {
    /// Participant.
    by: ParticipantId,
    /// Number of records under the cosigned head.
    pub(super) size: u64,
}

/// Log with two histories.
#[derive(Debug, Serialize)]
struct ForkedLog {
    /// Owner of the log.
    log: ParticipantId,
    /// `true` for the own log.
    own: bool,
    /// Place of the record with both heads.
    record: u64,
}

fn summarise_log(connector: &Connector) -> Result<LogSummary, Refusal> {
    let log = &connector.records.log;
    let head = log.head();
    let records = log.size();
    let instant_at = |place: u64| {
        let record = log.read(place).next().transpose();
        record.map(|record| record.map(|record| record.at))
    };
    let own = connector.id();
    let forks = connector.records.index(|state| state.forks())?;
    let forks = forks.into_iter().map(|(log, record)| ForkedLog {
        own: log == own,
        log,
        record,
    });
    Ok(LogSummary {
        log: head.checkpoint.origin.clone(),
        records,
        covered: head.checkpoint.size,
        // An archive that is not at hand hides the instant, not the other figures.
        from: instant_at(0).unwrap_or_default(),
        to: instant_at(records.saturating_sub(1))?,
        archived_before: log.archived_before(),
        expired_before: log.expired_before(),
        witnesses: list_witnesses(connector)?,
        time_stamp: TimeStampReport::of(&connector.records.time_stamps.progress()),
        forks: forks.collect(),
        incidents: connector.incidents()?.len(),
        fault: find_write_fault(connector).map(|fault| fault.to_string()),
        verification: VerificationReport::of(connector),
    })
}

/// Witnesses with the newest head that each has cosigned.
///
/// # Errors
/// When the index can't be read.
pub(super) fn list_witnesses(connector: &Connector) -> Result<Vec<Witness>, Refusal> {
    let rows = connector.records.index(|state| state.witnesses())?;
    let witnesses = rows.into_iter().map(|row| Witness {
        by: row.peer,
        size: row.size,
    });
    Ok(witnesses.collect())
}

impl CommandReport for LogSummary {
    fn to_text(&self) -> String {
        let mut text = format!(
            "{}: {} records, {} of them under a signed head",
            self.log, self.records, self.covered
        );
        if let (Some(from), Some(to)) = (self.from, self.to) {
            text.push_str(&format!("\n  from {from} to {to}"));
        }
        if self.archived_before > 0 {
            let before = self.archived_before;
            text.push_str(&format!("\n  archived: records before {before}"));
        }
        if self.expired_before > 0 {
            let before = self.expired_before;
            text.push_str(&format!(
                "\n  past their retention: some records before {before}"
            ));
        }
        for Witness { by, size } in &self.witnesses {
            let domain = by.domain();
            text.push_str(&format!(
                "\n  cosigned by {domain}: the first {size} records"
            ));
        }
        for fork in &self.forks {
            let (domain, record) = (fork.log.domain(), fork.record);
            text.push_str(&format!(
                "\n  FORKED: the log of {domain}, hansa audit show {record}"
            ));
        }
        if self.incidents > 0 {
            text.push_str(&format!("\n  stated incidents: {}", self.incidents));
        }
        if let Some(last) = self.verification.describe_last() {
            text.push_str(&format!("\n  {last}"));
        }
        if let Some(fault) = &self.fault {
            text.push_str(&format!("\n  CAN'T BE WRITTEN: {fault}"));
        }
        text
    }
}
