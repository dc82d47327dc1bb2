//! `hansa audit incident`: a person states how the own log came to go on in two places, or out of order.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::arguments::IncidentCauseArg;
use crate::audit::record_filter::parse_instant;
use crate::cli::command_report::CommandReport;
use hansa_audit_log::note;
use hansa_node::incident;
use hansa_node::incident::{IncidentArgs, StatedIncident};
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::incident::{IncidentCause, IncidentStatement};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// States it, and tells whoever can be reached now.
pub(super) async fn state_incident(
    connector: &Arc<Connector>,
    cause: Option<IncidentCauseArg>,
    since: Option<String>,
    head: Option<PathBuf>,
    out: &EventSink,
) -> CommandResult {
    let args = IncidentArgs {
        cause: cause.map(to_incident_cause),
        since: since
            .as_deref()
            .map(|since| parse_instant(connector, since))
            .transpose()?,
        heads: head
            .as_deref()
            .map(read_signed_heads)
            .transpose()?
            .unwrap_or_default(),
    };
    let StatedIncident { incident, to } = incident::state_incident(connector, args).await?;
    out.send_report(&IncidentReport {
        told: to.iter().map(ParticipantId::domain).collect(),
        again: incident.is_none(),
        facts: incident.as_ref().map(IncidentFacts::of),
        statement: incident.as_ref(),
    })
    .await?;
    for peer in connector
        .known_peers()?
        .into_iter()
        .filter(|peer| to.contains(&peer.id))
    {
        if let Err(refusal) = mailbox::exchange_messages(connector, &peer).await {
            out.send_notice(format!(
                "{} gets it when it can be reached: {}",
                peer.id.domain(),
                refusal.sentence
            ))
            .await;
        }
    }
    Ok(0)
}

/// Statement of an incident, and the partners that get it.
#[derive(Debug, Serialize)]
struct IncidentReport<'a> {
    told: Vec<&'a str>,
    /// `true` if an earlier statement goes out once more.
    again: bool,
    #[serde(flatten)]
    facts: Option<IncidentFacts>,
    #[serde(skip)]
    statement: Option<&'a IncidentStatement>,
}

/// Facts of a new statement.
#[derive(Debug, Serialize)]
struct IncidentFacts {
    cause: &'static str,
    from: Option<u64>,
    upto: Option<u64>,
    /// Permits after a withdrawal.
    late: Vec<u64>,
}

impl IncidentFacts {
    fn of(incident: &IncidentStatement) -> Self {
        let fork = incident.fork.as_ref();
        let late = incident.late.iter();
        Self {
            cause: incident.cause.as_str(),
            from: fork.map(|fork| fork.from),
            upto: fork.map(|fork| fork.upto),
            late: late.flat_map(|late| late.permits.clone()).collect(),
        }
    }
}

impl CommandReport for IncidentReport<'_> {
    fn to_text(&self) -> String {
        let stated = match self.statement {
            None => "what was stated before goes out once more".to_owned(),
            Some(incident) => describe_incident(incident),
        };
        match self.told.is_empty() {
            true => format!("{stated}\nthere is no partner to inform"),
            false => format!(
                "{stated}\ninformed with the next messages: {}",
                self.told.join(", ")
            ),
        }
    }
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

fn describe_incident(incident: &IncidentStatement) -> String {
    let mut text = format!("stated: {}", incident.cause.description());
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
            late.contract.to_short_text(),
            late.withdrawal
        ));
    }
    text
}

fn read_signed_heads(file: &Path) -> Result<Vec<note::SignedHead>, Refusal> {
    let bytes = hansa_node::process::named_file::read_named_file(file)?;
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
