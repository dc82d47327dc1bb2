//! Refusals of a dataset that a question names and can't have: no contract yet, an ended contract, or a damaged snapshot.

use crate::negotiation;
use crate::participant::Connector;
use crate::question::query_author::QueryAuthor;
use crate::question::reachable_tables;
use crate::question::reachable_tables::{list_asked_peers, naming_peer};
use crate::withdrawal;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::sql::query_text::NamedTables;
use std::sync::Arc;

/// Returns the reason for the first dataset that a statement names as `participant.dataset`, that its owner shows here, and that
/// has no contract. It reveals only facts from the owner's catalog.
///
/// # Errors
/// If the own index can't be read.
pub(crate) async fn missing_contract_refusal(
    connector: &Arc<Connector>,
    named: &NamedTables,
) -> Result<Option<Refusal>, Refusal> {
    for peer in connector.known_peers()? {
        let alias = peer.alias.as_str();
        if !named.has_participant(alias) {
            continue;
        }
        let Ok(shown) = reachable_tables::fetch_catalog(connector, &peer).await else {
            continue;
        };
        for dataset in named.datasets_of(alias) {
            let is_shown = shown
                .iter()
                .any(|visible| visible.dataset.id.name.as_str() == dataset);
            if !is_shown {
                let ended = reachable_tables::ended_offer(connector, &peer, dataset).await;
                if let Ok(Some(ended)) = ended {
                    return Ok(Some(ended));
                }
            }
        }
        for visible in shown {
            let dataset = visible.dataset.id.name.as_str();
            if visible.offers.is_empty() || !named.has_dataset(alias, dataset) {
                continue;
            }
            if !reachable_tables::usable_contracts(connector, &visible).is_empty() {
                continue;
            }
            let name = format!("{alias}.{dataset}");
            let pending =
                pending_negotiation(connector, &peer.id, &visible.dataset.id.to_string())?;
            let refusal = Refusal::new(
                ErrorCode::DatasetUnknown,
                match &pending {
                    Some((request, _)) => {
                        format!("no contract on `{name}` yet; your request {request} is open")
                    }
                    None => format!("no contract on `{name}` yet"),
                },
            );
            return Ok(Some(match pending {
                Some((request, turn)) => {
                    refusal.with_help(format!("{turn}; hansa contract wait {request}"))
                }
                None => refusal.with_help(format!("hansa contract request {name}")),
            }));
        }
    }
    Ok(None)
}

/// Own open negotiation with this participant on this dataset, and the party whose turn it is.
fn pending_negotiation(
    connector: &Connector,
    provider: &ParticipantId,
    dataset: &str,
) -> Result<Option<(String, String)>, Refusal> {
    let over = [Phase::Finalized, Phase::Terminated].map(Phase::as_str);
    let rows = connector.records.index(|state| state.negotiations())?;
    let open = rows.into_iter().find(|row| {
        row.peer == *provider
            && row.role == "consumer"
            && row.dataset == dataset
            && !over.contains(&row.state.as_str())
    });
    let Some(row) = open else { return Ok(None) };
    let turn = negotiation::message_replay::load_negotiation(connector, &row.id)?
        .as_ref()
        .map(negotiation::open_negotiation::OpenNegotiation::turn_sentence)
        .unwrap_or_default();
    Ok(Some((row.id, turn)))
}

/// Returns the refusal for a dataset in a question whose contract is not in force.
///
/// # Errors
/// If the own index can't be read.
pub fn lapsed_contract_refusal(
    connector: &Connector,
    named: &NamedTables,
    author: &QueryAuthor,
) -> Result<Option<Refusal>, Refusal> {
    let peers = list_asked_peers(connector, author)?;
    let now = connector.now();
    let own = author.consumer(connector.id());
    let found = connector.contracts.with_registry(|registry| {
        let stands = |agreement: &Agreement| {
            registry.taken_by(&own, now).any(|(_, other, status)| {
                status == ContractStatus::InForce && other.dataset.id == agreement.dataset.id
            })
        };
        registry
            .taken_by(&own, now)
            .filter(|(_, agreement, status)| {
                *status != ContractStatus::InForce && !stands(agreement)
            })
            .filter_map(|(id, agreement, status)| {
                let peer = naming_peer(&peers, named, &agreement.dataset.id)?;
                Some((id, agreement, status, peer))
            })
            .max_by_key(|(_, agreement, _, _)| agreement.proposed_at)
            .map(|(id, agreement, status, peer)| (id, agreement.dataset.id.clone(), status, peer))
    });
    let Some((id, dataset, status, peer)) = found else {
        return Ok(None);
    };
    let (code, what) = match status {
        ContractStatus::Withdrawn => (
            ErrorCode::Withdrawn,
            match withdrawal::withdrawal_of(&connector.records, id) {
                Some(ended) => format!(
                    "was withdrawn by {} at {}: {}",
                    ended.party.domain(),
                    withdrawal::effective_from(&ended),
                    ended.reason
                ),
                None => "was withdrawn".to_owned(),
            },
        ),
        ContractStatus::Expired => (ErrorCode::Expired, "has ended".to_owned()),
        ContractStatus::NotYet => (ErrorCode::NotYetValid, "has not begun".to_owned()),
        ContractStatus::Superseded => (
            ErrorCode::Superseded,
            "was replaced by another one".to_owned(),
        ),
        ContractStatus::InForce => return Ok(None),
    };
    let name = format!("{}.{}", peer.alias, dataset.name);
    Ok(Some(
        Refusal::new(code, format!("the contract on {name} {what}"))
            .with_participant(peer.id.clone())
            .with_contract(id)
            .with_help(format!("ask for a new one: hansa contract request {name}")),
    ))
}

/// Returns the refusal for an own dataset in a question whose snapshot can't be read.
pub(crate) fn damaged_dataset_refusal(
    connector: &Connector,
    named: &NamedTables,
) -> Option<Refusal> {
    let config = connector.config();
    let alias = config.participant.alias.as_str();
    let mut damaged = connector.datasets.snapshots.damaged_datasets().into_iter();
    damaged
        .find(|(name, _)| named.has_dataset(alias, name.as_str()))
        .map(|(_, refusal)| refusal)
}
