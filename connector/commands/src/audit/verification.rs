//! `hansa audit verify`: what a check of a log found.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::sign_current_head;
use crate::cli::command_report::CommandReport;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::offline::{self, CopyReport};
use hansa_node::log::log_verification::VerificationOutcome;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::Refusal;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Checks the own log, and whether the rows that it says are published are those, and says which logs have forked; the exit status is that
/// of broken evidence. The result is kept for [`VerificationReport`].
pub(super) async fn verify_own_log(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let turn = connector.records.verifications.take_turn().await;
    let head = sign_current_head(&connector.records).await?;
    let records = head.checkpoint.size;
    let checked = turn.begin(records, connector.now());
    let found = check_own_log(connector, head, checked).await;
    let faults = match &found {
        Ok(found) => found.faults(),
        Err(refusal) => vec![refusal.clone()],
    };
    turn.finish(VerificationOutcome {
        at: connector.now(),
        records,
        faults,
    });
    drop(turn);
    let found = found?;
    out.send_report(&OwnLogVerification {
        log: LogVerification::of(&found.log),
        forks: found
            .forks
            .iter()
            .map(|fork| fork.sentence.clone())
            .collect(),
        incidents: found.incidents,
    })
    .await?;
    // What is wrong with the records themselves is worse than what others have shown.
    if let Some(refusal) = found
        .log
        .refusal()
        .or_else(|| found.forks.into_iter().next())
    {
        return Err(refusal.into());
    }
    let mut status = 0;
    for damage in found.damages {
        status = damage.code.kind().exit_code();
        out.send_fault(&damage).await;
    }
    Ok(status)
}

/// Findings of a check of the own log.
struct OwnLogFindings {
    log: CopyReport,
    forks: Vec<Refusal>,
    incidents: Vec<String>,
    /// Damages of files that the log says are published. Where the records are not whole, the files stay unread.
    damages: Vec<Refusal>,
}

impl OwnLogFindings {
    fn faults(&self) -> Vec<Refusal> {
        let log = self.log.refusal().into_iter();
        log.chain(self.forks.iter().cloned())
            .chain(self.damages.iter().cloned())
            .collect()
    }
}

async fn check_own_log(
    connector: &Arc<Connector>,
    head: SignedHead,
    checked: Arc<AtomicU64>,
) -> Result<OwnLogFindings, Refusal> {
    let folder = connector.records.log.folder().to_path_buf();
    let check = move || offline::verify_copy_counting(&folder, Some(&head), &checked);
    let log = run_blocking(check).await?;
    let forks = connector.forks()?;
    let incidents = connector.incidents()?.into_iter();
    let incidents = incidents.map(|(_, message)| message).collect();
    let mut damages = Vec::new();
    if log.refusal().is_none() && forks.is_empty() {
        // The records are whole; the rows that they name may not be.
        let inner = Arc::clone(connector);
        let checks = run_blocking(move || inner.look_at_snapshots()).await?;
        damages.extend(checks.into_iter().filter_map(|check| check.found.err()));
    }
    Ok(OwnLogFindings {
        log,
        forks,
        incidents,
        damages,
    })
}

/// Verification of the own log that runs, and the result of the last one since the connector was started.
#[derive(Debug, Serialize)]
pub(crate) struct VerificationReport {
    running: Option<RunningReport>,
    last: Option<OutcomeReport>,
}

/// Verification that runs.
#[derive(Debug, Serialize)]
struct RunningReport {
    began: UtcTimestamp,
    /// Records under its head.
    records: u64,
    /// Records that were checked until now.
    checked: u64,
}

/// Result of a verification.
#[derive(Debug, Serialize)]
struct OutcomeReport {
    at: UtcTimestamp,
    /// Records under its head.
    records: u64,
    /// Faults; empty where all is in order.
    faults: Vec<FaultReport>,
}

/// Fault that a verification found.
#[derive(Debug, Serialize)]
struct FaultReport {
    code: &'static str,
    sentence: String,
}

impl VerificationReport {
    /// The report of a connector.
    pub(crate) fn of(connector: &Connector) -> Self {
        let progress = connector.records.verifications.progress();
        let running = progress.running.map(|running| RunningReport {
            began: running.began,
            records: running.records,
            checked: running.checked.load(Ordering::Relaxed).min(running.records),
        });
        let last = progress.last.map(|last| OutcomeReport {
            at: last.at,
            records: last.records,
            faults: last
                .faults
                .into_iter()
                .map(|fault| FaultReport {
                    code: fault.code.as_str(),
                    sentence: fault.sentence,
                })
                .collect(),
        });
        Self { running, last }
    }

    /// Line about the last result for people; none where there is none.
    pub(crate) fn describe_last(&self) -> Option<String> {
        let last = self.last.as_ref()?;
        let found = match last.faults.len() {
            0 => "in order".to_owned(),
            faults => format!("{faults} faults, hansa audit verify"),
        };
        Some(format!(
            "verified at {}, up to {} records: {found}",
            last.at, last.records
        ))
    }
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
