//! Heads of other logs in the index, shown by their owners or passed on by others, and the closing of forks.

use crate::log::index::RecordPlace;
use hansa_audit_log::record::body::IncidentBody;
use hansa_audit_log::record::incidents::{GossipedHeadRecord, IncidentRecord, ObservedHeadRecord};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::{IncidentRow, PeerHead};

/// Applies a record about the log of another participant.
pub(super) fn apply_incident(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    body: &IncidentBody,
) -> Result<(), Refusal> {
    match body {
        IncidentBody::ObservedHead(head) => apply_head(change, place, head),
        IncidentBody::GossipedHead(head) => apply_gossiped_head(change, place, head),
        IncidentBody::WitnessedHead(head) => {
            let peer = place.parse("peer", &head.peer)?;
            change.set_witness(&peer, head.size, place.record.seq)
        }
        IncidentBody::LogFork(fork) => {
            change.add_fork(&place.parse("peer", &fork.peer)?, place.record.seq)
        }
        IncidentBody::Incident(incident) => apply_statement(change, place, incident),
    }
}

/// Applies a head shown by its owner, and the recorded heads that it was proven to extend.
fn apply_head(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    head: &ObservedHeadRecord,
) -> Result<(), Refusal> {
    let peer: ParticipantId = place.parse("peer", &head.peer)?;
    change.add_recorded_head(PeerHead {
        peer: &peer,
        via: &peer,
        size: head.size,
        note: &head.note,
        proven: head.proven,
    })?;
    for earlier in &head.over {
        change.add_head_consistency(&peer, earlier.size, Some(&earlier.root))?;
    }
    change.set_peer_head(&peer, head.size, &head.note, head.proven)
}

/// Applies a head passed on by another participant.
fn apply_gossiped_head(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    head: &GossipedHeadRecord,
) -> Result<(), Refusal> {
    let peer: ParticipantId = place.parse("peer", &head.peer)?;
    let via: ParticipantId = place.parse("via", &head.via)?;
    let gossiped_head = PeerHead {
        peer: &peer,
        via: &via,
        size: head.size,
        note: &head.note,
        proven: head.proven,
    };
    change.add_recorded_head(gossiped_head)?;
    change.add_gossiped_head(gossiped_head)
}

/// Applies an owner's statement about an incident of its log.
fn apply_statement(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    incident: &IncidentRecord,
) -> Result<(), Refusal> {
    let row = IncidentRow {
        record: place.record.seq,
        peer: place.parse("peer", &incident.peer)?,
        cause: incident.cause.clone(),
        statement: incident.statement.to_string(),
        at: place.record.at,
        fork: incident.from.zip(incident.upto),
        late: incident.late,
    };
    let is_incoming = incident.direction == "in";
    let head = is_incoming.then_some((incident.size, incident.head.as_str()));
    change.add_stated_incident(&row, head)
}
