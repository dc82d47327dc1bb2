//! Incident statements. A participant states that its own log has forked or is damaged, and so closes the fork, in its own log and
//! in those of its peers.

mod incident_detection;
#[cfg(test)]
mod tests;

use crate::log::audit_event::AuditEvent;
use crate::negotiation::outgoing_message;
use crate::participant::Connector;
use crate::participant::connector_identity::ConnectorIdentity;
use crate::process::blocking_work::run_waiting;
use crate::withdrawal;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::incidents::IncidentRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::incident::{ForkedRange, IncidentCause, IncidentStatement};
use hansa_proto::peer::message::MessageContent;
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Statement of an officer about an incident.
#[derive(Debug, Clone)]
pub struct IncidentArgs {
    /// Cause, if known.
    pub cause: Option<IncidentCause>,
    /// Start of the fork, if known.
    pub since: Option<UtcTimestamp>,
    /// Heads of this log at peers that this log does not extend.
    pub heads: Vec<SignedHead>,
}

/// Stated incident and its recipients.
#[derive(Debug)]
pub struct StatedIncident {
    /// New statement; `None` if only earlier statements were sent again.
    pub incident: Option<IncidentStatement>,
    /// Recipients of the statements.
    pub to: Vec<ParticipantId>,
}

/// States the faults of the own log and puts the statement into the outbox of every peer. Without new faults, earlier statements
/// are sent again.
///
/// # Errors
/// `USAGE` without faults, `LOG_FORK` if the key was not replaced since the fork; or if the statement can't be signed, stored or
/// recorded.
pub async fn state_incident(
    connector: &Arc<Connector>,
    args: IncidentArgs,
) -> Result<StatedIncident, Refusal> {
    let to = list_partners(connector)?;
    let inner = Arc::clone(connector);
    let heads = args.heads.clone();
    let found = run_waiting(|| incident_detection::detect_incident(&inner, &heads, args.since))?;
    if found.fork.is_none() && found.late.is_empty() {
        let stated = own_stated(connector)?;
        if stated.is_empty() {
            return Err(no_incident_refusal());
        }
        for bytes in stated {
            send_statement(connector, &to, &bytes).await?;
        }
        return Ok(StatedIncident { incident: None, to });
    }
    if let Some(fork) = &found.fork {
        let since = found
            .noticed
            .or(fork.since)
            .unwrap_or(UtcTimestamp::EARLIEST);
        insist_on_another_key(
            &connector.identity,
            &connector.id(),
            connector.identity.signer().kid(),
            since,
        )?;
    }
    let head = connector
        .records
        .log
        .head_over(connector.records.log.size())
        .await
        .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))?;
    let cause = args.cause.unwrap_or(match found.fork {
        Some(_) => IncidentCause::Unknown,
        None => IncidentCause::RecordOrder,
    });
    let size = head.checkpoint.size;
    let incident = IncidentStatement {
        log: connector.id(),
        fork: found.fork.map(|fork| ForkedRange {
            upto: fork.upto.max(size),
            ..fork
        }),
        late: found.late,
        head,
        cause,
        stated_at: connector.now(),
    };
    let payload = statement::to_bytes(&incident);
    let signature = connector.sign(StatementKind::Incident, SignatoryRole::Provider, &payload)?;
    let bytes = envelope::assemble_statement(&payload, &[signature]);
    // The outbox comes first: a crash then repeats the statement instead of losing it for a peer.
    send_statement(connector, &to, &bytes).await?;
    record_incident(connector, &incident, &bytes, "out").await?;
    Ok(StatedIncident {
        incident: Some(incident),
        to,
    })
}

fn no_incident_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::UsageWrong,
        "there is nothing to state: no head is known that contradicts this log, and no permit comes after a withdrawal",
    )
    .with_help("a partner that holds such a head can export it; name its file: hansa audit incident --head FILE")
}

async fn send_statement(
    connector: &Arc<Connector>,
    to: &[ParticipantId],
    bytes: &[u8],
) -> Result<(), Refusal> {
    for peer in to {
        let statement = bytes.to_vec().into();
        outgoing_message::send_message(
            connector,
            peer,
            MessageContent::Statement { statement },
            false,
        )
        .await?;
    }
    Ok(())
}

/// Peers of this participant: known ones, and parties of present and past contracts.
fn list_partners(connector: &Connector) -> Result<Vec<ParticipantId>, Refusal> {
    let own = connector.id();
    let now = connector.now();
    let mut all: BTreeSet<ParticipantId> = connector
        .known_peers()?
        .into_iter()
        .map(|peer| peer.id)
        .collect();
    connector.contracts.with_registry(|registry| {
        for (_, agreement, _) in registry.all_contracts(now) {
            all.insert(agreement.provider.id.clone());
            all.extend(agreement.assignee_id().cloned());
        }
    });
    all.extend(
        connector
            .records
            .index(|state| state.heads())?
            .into_iter()
            .map(|row| row.peer),
    );
    all.remove(&own);
    all.retain(|peer| connector.check_member(peer).is_ok());
    Ok(all.into_iter().collect())
}

/// Signed statements of this participant.
fn own_stated(connector: &Connector) -> Result<Vec<Vec<u8>>, Refusal> {
    let own = connector.id();
    let rows = connector.records.index(|state| state.incidents())?;
    let own = rows.into_iter().filter(|row| row.peer == own);
    own.filter_map(|row| row.statement.parse().ok())
        .map(|digest| {
            connector
                .records
                .documents
                .read_document(Document::Statement, digest)
        })
        .collect()
}

/// Takes in a participant's statement about its own log. A known statement has no effect.
///
/// # Errors
/// If the statement is about another log, its signature is invalid, its key was already in force when the fork was found, or it
/// can't be recorded.
pub async fn take_in(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let signed = statement::from_envelope::<IncidentStatement>(bytes)?;
    let incident = &signed.content;
    if incident.log != *peer {
        let sentence = "the statement is about another log than that of its sender";
        return Err(Refusal::new(ErrorCode::StatementMalformed, sentence));
    }
    let head = incident.head.to_string();
    if connector.checked_head(peer, head.as_bytes()).is_none() {
        let sentence =
            "the head in the statement is not signed by the key that the league registers";
        return Err(Refusal::new(ErrorCode::StatementMalformed, sentence));
    }
    withdrawal::check_statement(connector, peer, &signed.signature)?;
    let kid = signed.signature.kid.as_str();
    let bundle = connector.identity.trust.bundle();
    let current = bundle.connector_key(peer, connector.now());
    if current.is_none_or(|key| key.key.kid() != kid) {
        let sentence = "the statement is not signed by the key that is in force";
        return Err(Refusal::new(ErrorCode::KeyNotValidAtSigning, sentence));
    }
    if let Some(fork) = &incident.fork {
        // Also without a known fork: the statement may come from the copy of the log before the fork is found.
        let noticed = incident_detection::fork_detection_time(connector, peer)?;
        let since = noticed.or(fork.since).unwrap_or(UtcTimestamp::EARLIEST);
        insist_on_another_key(&connector.identity, peer, kid, since)?;
    }
    let file = hansa_audit_log::digest::Digest::of(bytes).to_string();
    let known = connector.records.index(|state| state.incidents())?;
    if known.iter().any(|row| row.statement == file) {
        return Ok(());
    }
    record_incident(connector, incident, bytes, "in").await
}

/// Refuses a statement under an old key. A copy of the folder also has that key, so only a key from after the discovery or the
/// start of the fork counts.
fn insist_on_another_key(
    identity: &ConnectorIdentity,
    of: &ParticipantId,
    kid: &str,
    since: UtcTimestamp,
) -> Result<(), Refusal> {
    let bundle = identity.trust.bundle();
    if bundle.replaced_since(of, kid, since) {
        return Ok(());
    }
    let when = match since {
        UtcTimestamp::EARLIEST => String::new(),
        since => format!(" since the fork of {since}"),
    };
    Err(Refusal::new(
        ErrorCode::LogFork,
        format!(
            "the signing key of {} was not replaced{when}, and the holder of the other copy has that key",
            of.domain()
        ),
    )
    .with_participant(of.clone())
    .with_help("first: hansa rekey, have the league admit the request, hansa join, hansa reload; then state it"))
}

async fn record_incident(
    connector: &Arc<Connector>,
    incident: &IncidentStatement,
    bytes: &[u8],
    direction: &str,
) -> Result<(), Refusal> {
    let file = run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Statement, bytes)
    })?;
    let late: usize = incident.late.iter().map(|late| late.permits.len()).sum();
    let fork = incident.fork.as_ref();
    let _turn = connector.peers.heads.lock_heads().await;
    let _durable = connector
        .record(AuditEvent::from(IncidentRecord {
            peer: incident.log.to_string(),
            direction: direction.to_owned(),
            statement: file,
            cause: incident.cause.as_str().to_owned(),
            from: fork.map(|fork| fork.from),
            upto: fork.map(|fork| fork.upto),
            since: fork.and_then(|fork| fork.since),
            late: u64::try_from(late).unwrap_or(u64::MAX),
            size: incident.head.checkpoint.size,
            head: incident.head.to_string(),
            stated_at: incident.stated_at,
        }))
        .await?;
    connector.records.index(|_| Ok(()))
}
