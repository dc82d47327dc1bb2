//! Which records a person wants to see.

use crate::audit::arguments::AuditFilter;
use crate::contract::contract_lookup;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::filter::RecordFilter;
use hansa_node::participant::Connector;
use hansa_node::process::civil_day;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// A filter, with what it names looked up.
pub(super) fn resolve_filter(
    connector: &Connector,
    filter: &AuditFilter,
) -> Result<RecordFilter, Refusal> {
    Ok(RecordFilter {
        participant: filter
            .participant
            .as_deref()
            .map(|named| resolve_participant(connector, named))
            .transpose()?,
        dataset: filter
            .dataset
            .as_deref()
            .map(|named| resolve_dataset(connector, named))
            .transpose()?,
        contract: filter
            .contract
            .as_deref()
            .map(|named| resolve_contract(connector, named))
            .transpose()?,
        from: filter
            .from
            .as_deref()
            .map(|written| parse_instant(connector, written))
            .transpose()?,
        to: filter
            .to
            .as_deref()
            .map(|written| parse_instant(connector, written))
            .transpose()?,
        outcome: filter.outcome.clone(),
    })
}

/// A participant by alias, domain or identity; also one that is no longer a peer.
pub(super) fn resolve_participant(
    connector: &Connector,
    named: &str,
) -> Result<ParticipantId, Refusal> {
    if let Ok(peer) = connector.find_peer(named) {
        return Ok(peer.id);
    }
    let whole = if named.starts_with("hansa://") {
        named.to_owned()
    } else {
        format!("hansa://{named}")
    };
    whole.parse().map_err(|cause| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{named}` is neither the alias nor the domain of a participant"),
        )
        .caused_by(cause)
    })
}

/// A contract by its whole identity, without a look at the others; else as people name it.
pub(super) fn resolve_contract(connector: &Connector, named: &str) -> Result<ContractId, Refusal> {
    let whole = named.parse::<ContractId>().ok().filter(|id| {
        let contracts = &connector.contracts;
        contracts.with_registry(|registry| registry.agreement(*id).is_some())
    });
    match whole {
        Some(id) => Ok(id),
        None => contract_lookup::contract_by_prefix(connector, named),
    }
}

/// `participant.dataset`, or a dataset's name, whoever owns it.
fn resolve_dataset(connector: &Connector, named: &str) -> Result<String, Refusal> {
    match named.split_once('.') {
        None => Ok(format!("/d/{named}")),
        Some((owner, name)) => Ok(format!(
            "{}/d/{name}",
            resolve_participant(connector, owner)?
        )),
    }
}

/// The identity of a dataset: `participant.dataset`, or a name of an own one.
pub(super) fn dataset_id(connector: &Connector, named: &str) -> Result<String, Refusal> {
    match named.split_once('.') {
        None => Ok(format!("{}/d/{named}", connector.id())),
        Some((owner, name)) => Ok(format!(
            "{}/d/{name}",
            resolve_participant(connector, owner)?
        )),
    }
}

/// An instant, or the beginning of a day in the zone of the participant.
pub(super) fn parse_instant(connector: &Connector, written: &str) -> Result<UtcTimestamp, Refusal> {
    let config = connector.config();
    let begun = civil_day::read_day(written)
        .and_then(|day| civil_day::begin_day(day, &config.participant.zone));
    if let Some(begun) = begun {
        return Ok(begun);
    }
    written.parse().map_err(|cause| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{written}` is not a day such as 2026-12-01 or an instant"),
        )
        .caused_by(cause)
    })
}
