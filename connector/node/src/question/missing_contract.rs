//! Reason why an offered dataset can't be queried yet: no contract, or an open negotiation.

use crate::negotiation;
use crate::participant::Connector;
use crate::question::reachable_tables;
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
        let Ok(shown) = reachable_tables::catalogue(connector, &peer).await else {
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
            let pending = pending(connector, &peer.id, &visible.dataset.id.to_string())?;
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
fn pending(
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
    let turn = negotiation::message_replay::load(connector, &row.id)?
        .as_ref()
        .map(negotiation::open_negotiation::OpenNegotiation::turn_sentence)
        .unwrap_or_default();
    Ok(Some((row.id, turn)))
}
