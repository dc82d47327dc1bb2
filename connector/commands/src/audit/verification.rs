//! `hansa audit verify`: what a check of a log found.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::head;
use hansa_audit_store::offline::{self, CopyReport};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::blocking;
use serde_json::{Value, json};
use std::sync::Arc;

/// Checks the own log, and whether the rows that it says are published are those, and says which logs have forked; the exit status is that
/// of broken evidence.
pub(super) async fn own(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let head = head(connector).await?;
    let folder = connector.records.log.folder().to_path_buf();
    let report = blocking(move || offline::verify(&folder, Some(&head))).await?;
    let forks = connector.forks()?;
    let incidents: Vec<String> = connector
        .incidents()?
        .into_iter()
        .map(|(_, message)| message)
        .collect();
    let mut data = report_json(&report);
    let mut text = report_text(&report);
    if let Some(members) = data.as_object_mut() {
        let said: Vec<&str> = forks.iter().map(|fork| fork.sentence.as_str()).collect();
        members.insert("forks".to_owned(), json!(said));
        members.insert("incidents".to_owned(), json!(incidents));
    }
    for fork in &forks {
        text.push_str(&format!("\n  forked: {}", fork.sentence));
    }
    for message in &incidents {
        text.push_str(&format!("\n  incident: {message}"));
    }
    out.object(data, text).await?;
    // What is wrong with the records themselves is worse than what others have shown.
    if let Some(refusal) = report.refusal().or_else(|| forks.into_iter().next()) {
        return Err(refusal.into());
    }
    // The records are whole; the rows that they name may not be.
    let inner = Arc::clone(connector);
    let checks = blocking(move || inner.look_at_snapshots()).await?;
    let mut status = 0;
    for damage in checks.into_iter().filter_map(|check| check.found.err()) {
        status = damage.code.kind().exit_code();
        out.fault(&damage).await;
    }
    Ok(status)
}

/// A report as an object.
pub(crate) fn report_json(report: &CopyReport) -> Value {
    json!({
        "log": report.log,
        "good": report.is_good(),
        "records": report.records,
        "covered": report.covered,
        "from": report.span.map(|(from, _)| from.to_string()),
        "to": report.span.map(|(_, to)| to.to_string()),
        "head": report.head.as_ref().map(ToString::to_string),
        "fault": report.fault.as_ref().map(ToString::to_string),
        "damaged": report.damaged,
        "missing": report.missing,
        "unseen": report.unseen,
    })
}

/// A report as text.
pub(crate) fn report_text(report: &CopyReport) -> String {
    let mut text = format!(
        "{}: {} records, {} of them under a signed head",
        report.log, report.records, report.covered
    );
    text.push_str(if report.is_good() {
        "; the chain is unbroken"
    } else {
        "; NOT GOOD"
    });
    if let Some(fault) = &report.fault {
        text.push_str(&format!("\n  first bad record: {fault}"));
    }
    for damaged in &report.damaged {
        text.push_str(&format!("\n  damaged: {damaged}"));
    }
    for missing in &report.missing {
        text.push_str(&format!("\n  missing: {missing}"));
    }
    for unseen in &report.unseen {
        text.push_str(&format!("\n  not seen: {unseen}"));
    }
    text
}
