//! `hansa audit verify`: what a check of a log found.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::sign_current_head;
use crate::cli::command_report::CommandReport;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::offline::{self, CopyReport};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use serde::Serialize;
use std::sync::Arc;

/// Checks the own log, and whether the rows that it says are published are those, and says which logs have forked; the exit status is that
/// of broken evidence.
pub(super) async fn verify_own_log(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let head = sign_current_head(&connector.records).await?;
    let folder = connector.records.log.folder().to_path_buf();
    let report = run_blocking(move || offline::verify_copy(&folder, Some(&head))).await?;
    let forks = connector.forks()?;
    let incidents: Vec<String> = connector
        .incidents()?
        .into_iter()
        .map(|(_, message)| message)
        .collect();
    out.send_report(&OwnLogVerification {
        log: LogVerification::of(&report),
        forks: forks.iter().map(|fork| fork.sentence.clone()).collect(),
        incidents,
    })
    .await?;
    // What is wrong with the records themselves is worse than what others have shown.
    if let Some(refusal) = report.refusal().or_else(|| forks.into_iter().next()) {
        return Err(refusal.into());
    }
    // The records are whole; the rows that they name may not be.
    let inner = Arc::clone(connector);
    let checks = run_blocking(move || inner.look_at_snapshots()).await?;
    let mut status = 0;
    for damage in checks.into_iter().filter_map(|check| check.found.err()) {
        status = damage.code.kind().exit_code();
        out.send_fault(&damage).await;
    }
    Ok(status)
}

/// Result of the verification of a log.
#[derive(Debug, Serialize)]
pub(crate) struct LogVerification {
    log: String,
    good: bool,
    records: u64,
    /// Records under a signed head.
    covered: u64,
    from: Option<UtcTimestamp>,
    to: Option<UtcTimestamp>,
    head: Option<SignedHead>,
    /// First bad record.
    fault: Option<String>,
    damaged: Vec<String>,
    missing: Vec<String>,
    unseen: Vec<String>,
}

impl LogVerification {
    /// The result for programs and for people.
    pub(crate) fn of(report: &CopyReport) -> Self {
        let (from, to) = report.span.unzip();
        Self {
            log: report.log.clone(),
            good: report.is_good(),
            records: report.records,
            covered: report.covered,
            from,
            to,
            head: report.head.clone(),
            fault: report.fault.as_ref().map(ToString::to_string),
            damaged: report.damaged.clone(),
            missing: report.missing.clone(),
            unseen: report.unseen.clone(),
        }
    }
}

impl CommandReport for LogVerification {
    fn to_text(&self) -> String {
        let mut text = format!(
            "{}: {} records, {} of them under a signed head",
            self.log, self.records, self.covered
        );
        text.push_str(match self.good {
            true => "; the chain is unbroken",
            false => "; NOT GOOD",
        });
        if let Some(fault) = &self.fault {
            text.push_str(&format!("\n  first bad record: {fault}"));
        }
        for damaged in &self.damaged {
            text.push_str(&format!("\n  damaged: {damaged}"));
        }
        for missing in &self.missing {
            text.push_str(&format!("\n  missing: {missing}"));
        }
        for unseen in &self.unseen {
            text.push_str(&format!("\n  not seen: {unseen}"));
        }
        text
    }
}

/// Result of the verification of the own log, with the logs that have forked and the stated incidents.
#[derive(Debug, Serialize)]
struct OwnLogVerification {
    #[serde(flatten)]
    log: LogVerification,
    forks: Vec<String>,
    incidents: Vec<String>,
}

impl CommandReport for OwnLogVerification {
    fn to_text(&self) -> String {
        let mut text = self.log.to_text();
        for fork in &self.forks {
            text.push_str(&format!("\n  forked: {fork}"));
        }
        for message in &self.incidents {
            text.push_str(&format!("\n  incident: {message}"));
        }
        text
    }
}
