//! What we hold: negotiations and contracts, by the prefixes that people type.

use crate::participant::Connector;
use crate::workflow::negotiation;
use crate::workflow::negotiation::open_negotiation::OpenNegotiation;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::row::NegotiationRow;
use std::collections::BTreeSet;

/// The contract that a unique prefix names; those that we hold, and public views of peers by their whole identity.
pub(crate) fn contract_by_prefix(
    connector: &Connector,
    named: &str,
) -> Result<ContractId, Refusal> {
    let fits = |id: &ContractId| !named.is_empty() && id.to_string().starts_with(named);
    let known = contracts(connector).into_iter().map(|(id, _, _)| id);
    let mut known: BTreeSet<ContractId> = known.filter(fits).collect();
    // By the log also those whose own file is lost. A contract that is at hand can be named, and ended, where the index can't be
    // read, as on a full disk.
    match connector
        .records
        .index(|state| state.agreed_on(connector.now()))
    {
        Ok(agreed) => known.extend(agreed.into_iter().map(|(id, _)| id).filter(fits)),
        Err(refusal) if known.is_empty() => return Err(refusal),
        Err(refusal) => tracing::warn!(code = %refusal.code, "contract.index_unread"),
    }
    let mut ids = known.into_iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => named.parse().map_err(|cause| {
            Refusal::new(
                ErrorCode::ContractUnknown,
                format!("no contract begins with `{named}`"),
            )
            .with_help("hansa contract list")
            .caused_by(cause)
        }),
        (Some(_), Some(_)) => Err(Refusal::new(
            ErrorCode::ContractAmbiguous,
            format!("several contracts begin with `{named}`"),
        )
        .with_help("give more of its name: hansa contract list")),
    }
}

pub(super) fn loaded(
    connector: &Connector,
    prefix: &str,
) -> Result<(String, OpenNegotiation), Refusal> {
    let name = named(connector, prefix)?;
    let open = negotiation::message_replay::load(connector, &name)?.ok_or_else(|| {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("the letters of `{name}` are not here"),
        )
    })?;
    Ok((name, open))
}

/// The negotiation that a unique prefix names, with its own name.
fn named(connector: &Connector, prefix: &str) -> Result<String, Refusal> {
    let open: Vec<NegotiationRow> = negotiations(connector)?
        .into_iter()
        .filter(|row| {
            row.id.starts_with(prefix)
                || row
                    .contract
                    .is_some_and(|contract| contract.to_string().starts_with(prefix))
        })
        .collect();
    let waiting: Vec<&NegotiationRow> = open
        .iter()
        .filter(|row| {
            row.state != Phase::Finalized.as_str() && row.state != Phase::Terminated.as_str()
        })
        .collect();
    match (waiting.as_slice(), open.as_slice()) {
        ([one], _) => Ok(one.id.clone()),
        ([], [one]) => Ok(one.id.clone()),
        ([], []) => Err(Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("no negotiation begins with `{prefix}`"),
        )
        .with_help("hansa contract list")),
        _ => Err(Refusal::new(
            ErrorCode::ContractAmbiguous,
            format!("several negotiations begin with `{prefix}`"),
        )
        .with_help("give more of its name: hansa contract list")),
    }
}

pub(super) fn negotiations(connector: &Connector) -> Result<Vec<NegotiationRow>, Refusal> {
    connector.records.index(|state| state.negotiations())
}

/// Every contract that we hold, with its state now.
pub(crate) fn contracts(connector: &Connector) -> Vec<(ContractId, Agreement, ContractStatus)> {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        registry
            .all(now)
            .map(|(id, agreement, status)| (id, agreement.clone(), status))
            .collect()
    })
}

pub(super) fn sides(connector: &Connector, agreement: &Agreement) -> (&'static str, String) {
    let other = |party: Option<&ParticipantId>| {
        party.map_or_else(
            || "anybody in the league".to_owned(),
            |id| id.domain().to_owned(),
        )
    };
    if agreement.provider.id == connector.id() {
        ("provider", other(agreement.assignee_id()))
    } else {
        ("consumer", agreement.provider.id.domain().to_owned())
    }
}
