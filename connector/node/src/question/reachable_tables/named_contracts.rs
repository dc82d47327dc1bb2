//! Contracts that a question names and that are unusable, each with its reason. No other contract takes their place.

use crate::participant::Connector;
use crate::peer::peer_connections::KnownPeer;
use crate::peer::visible_dataset::VisibleDataset;
use crate::question::reachable_tables::QueryOptions;
use crate::question::reachable_tables::unavailable_tables;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::query_catalog::named_contract::{
    UnusableContract, UnusableContractCause, unused_contract_refusal,
};
use hansa_query::federation::table::RemoteTable;
use std::collections::BTreeMap;

/// Catalogs of the participants of a question.
pub(super) struct ParticipantCatalogs<'a> {
    /// All peers.
    pub(super) peers: &'a [KnownPeer],
    /// Catalogs of the peers in the question.
    pub(super) shown: &'a BTreeMap<ParticipantId, Vec<VisibleDataset>>,
    /// Unreachable peers in the question, with the reason.
    pub(super) out_of_reach: &'a BTreeMap<ParticipantId, Refusal>,
    /// Refusals of contracts in force on shown datasets that are unusable here.
    pub(super) unread: &'a [Refusal],
}

/// Returns the refusals of named contracts that give no table here.
///
/// # Errors
/// If the own index can't be read.
pub(super) fn find_unusable_contracts(
    connector: &Connector,
    options: &QueryOptions,
    tables: &[RemoteTable],
    reached: &ParticipantCatalogs<'_>,
) -> Result<Vec<UnusableContract>, Refusal> {
    let mut unusable = Vec::new();
    for contract in &options.contracts {
        if tables.iter().all(|table| table.contract != Some(*contract)) {
            unusable.push(UnusableContract {
                contract: *contract,
                cause: find_cause(connector, *contract, reached)?,
            });
        }
    }
    Ok(unusable)
}

fn find_cause(
    connector: &Connector,
    contract: ContractId,
    reached: &ParticipantCatalogs<'_>,
) -> Result<UnusableContractCause, Refusal> {
    let now = connector.now();
    let held = connector
        .contracts
        .with_registry(|registry| registry.usable_agreement(contract, now).cloned());
    match held {
        Ok(agreement) => Ok(not_shown(contract, &agreement, reached)),
        Err(refusal) if refusal.code == ErrorCode::ContractUnknown => {
            // The log may have it in force although its file is lost.
            let agreed = connector.records.index(|state| state.agreed_on(now))?;
            let lost = agreed.into_iter().find(|(id, dataset)| {
                *id == contract
                    && dataset.owner != connector.id()
                    && connector
                        .contracts
                        .with_registry(|registry| registry.agreement(contract).is_none())
            });
            Ok(UnusableContractCause::Refused(match lost {
                Some((id, dataset)) => unavailable_tables::lost_contract_refusal(id, &dataset),
                None => refusal.with_help("hansa contract list shows those that are held here"),
            }))
        }
        Err(refusal) => Ok(UnusableContractCause::Refused(refusal.with_help(
            "ask without --contract, or under another one: hansa contract list",
        ))),
    }
}

/// Refusal of a contract in force that gives no table.
fn not_shown(
    contract: ContractId,
    agreement: &Agreement,
    reached: &ParticipantCatalogs<'_>,
) -> UnusableContractCause {
    let dataset = &agreement.dataset.id;
    let of = |why: Refusal| {
        why.with_participant(dataset.owner.clone())
            .with_contract(contract)
    };
    let mut unread = reached.unread.iter();
    if let Some(why) = unread.find(|why| why.contract == Some(contract)) {
        return UnusableContractCause::Refused(why.clone());
    }
    let Some(peer) = reached.peers.iter().find(|peer| peer.id == dataset.owner) else {
        return UnusableContractCause::Refused(of(unavailable_tables::former_peer_refusal(
            agreement,
        )));
    };
    if let Some(why) = reached.out_of_reach.get(&peer.id) {
        return UnusableContractCause::OutOfReach(peer.id.clone(), why.clone());
    }
    match reached.shown.get(&peer.id) {
        Some(_) => UnusableContractCause::Refused(of(
            unavailable_tables::dataset_not_shown_refusal(agreement),
        )),
        None => {
            let name = format!("{}.{}", peer.alias, dataset.name);
            UnusableContractCause::NotAsked(unused_contract_refusal(contract, &name))
        }
    }
}
