//! `hansa audit incident`: a person states how the own log came to go on in two places, or out of order.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::arguments::IncidentCauseArg;
use crate::audit::record_filter::instant;
use hansa_audit_log::note;
use hansa_node::incident;
use hansa_node::incident::{IncidentArgs, StatedIncident};
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::incident::{IncidentCause, IncidentStatement};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// States it, and tells whoever can be reached now.
pub(super) async fn state(
    connector: &Arc<Connector>,
    (cause, since, head): (Option<IncidentCauseArg>, Option<String>, Option<PathBuf>),
    out: &EventSink,
) -> CommandResult {
    let args = IncidentArgs {
        cause: cause.map(to_incident_cause),
        since: since
            .as_deref()
            .map(|since| instant(connector, since))
            .transpose()?,
        heads: head.as_deref().map(heads).transpose()?.unwrap_or_default(),
    };
    let StatedIncident { incident, to } = incident::state(connector, args).await?;
    let domains: Vec<&str> = to.iter().map(ParticipantId::domain).collect();
    let mut data = json!({"told": domains, "again": incident.is_none()});
    let mut text = match &incident {
        None => "what was stated before goes out once more".to_owned(),
        Some(incident) => describe(incident),
    };
    if let (Some(incident), Some(members)) = (&incident, data.as_object_mut()) {
        let fork = incident.fork.as_ref();
        let late: Vec<u64> = incident
            .late
            .iter()
            .flat_map(|late| late.permits.clone())
            .collect();
        members.insert("cause".to_owned(), json!(incident.cause.as_str()));
        members.insert("from".to_owned(), json!(fork.map(|fork| fork.from)));
        members.insert("upto".to_owned(), json!(fork.map(|fork| fork.upto)));
        members.insert("late".to_owned(), json!(late));
    }
    text.push_str(&match domains.is_empty() {
        true => "\nthere is no partner to inform".to_owned(),
        false => format!("\ninformed with the next messages: {}", domains.join(", ")),
    });
    out.object(data, text).await?;
    for peer in connector
        .known_peers()?
        .into_iter()
        .filter(|peer| to.contains(&peer.id))
    {
        if let Err(refusal) = mailbox::pump(connector, &peer).await {
            out.notice(format!(
                "{} gets it when it can be reached: {}",
                peer.id.domain(),
                refusal.sentence
            ))
            .await;
        }
    }
    Ok(0)
}

const fn to_incident_cause(cause: IncidentCauseArg) -> IncidentCause {
    match cause {
        IncidentCauseArg::CopiedFolder => IncidentCause::CopiedFolder,
        IncidentCauseArg::RestoredBackup => IncidentCause::RestoredBackup,
        IncidentCauseArg::TwoMachines => IncidentCause::TwoMachines,
        IncidentCauseArg::StolenKeys => IncidentCause::StolenKeys,
        IncidentCauseArg::RecordOrder => IncidentCause::RecordOrder,
        IncidentCauseArg::Unknown => IncidentCause::Unknown,
    }
}

fn describe(incident: &IncidentStatement) -> String {
    let mut text = format!("stated: {}", incident.cause.plain());
    if let Some(fork) = &incident.fork {
        let from = match fork.from {
            0 => "nobody knows from where on".to_owned(),
            from => format!("the first {from} records are common"),
        };
        text.push_str(&format!(
            "\nthis log has two histories ({from}); contradicting heads over at most {} records are no longer valid",
            fork.upto
        ));
    }
    for late in &incident.late {
        text.push_str(&format!(
            "\n{} permits under contract {} stand behind its withdrawal, record {}",
            late.permits.len(),
            late.contract.short(),
            late.withdrawal
        ));
    }
    text
}

fn heads(file: &Path) -> Result<Vec<note::SignedHead>, Refusal> {
    let bytes = hansa_node::process::named_file::read(file)?;
    let text = format!("{}\n\n", String::from_utf8_lossy(&bytes).trim());
    let heads = note::read_all(&text).unwrap_or_default();
    if heads.is_empty() {
        let shown = file.display().to_string();
        return Err(Refusal::new(
            ErrorCode::EvidenceIncomplete,
            format!("`{shown}` holds no signed head"),
        )
        .with_place(shown, None, None));
    }
    Ok(heads)
}
