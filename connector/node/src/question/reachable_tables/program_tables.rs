//! Tables for a program of a participant without a connector: datasets under that participant's contracts that permit programs.

use crate::participant::Connector;
use crate::peer::peer_connections::KnownPeer;
use crate::peer::visible_dataset::VisibleDataset;
use crate::question::reachable_tables::remote_tables;
use hansa_catalog::catalog_listing::MOST_ENTRIES;
use hansa_policy::contract::Agreement;
use hansa_policy::decision::program_check::{connector_required, lets_programs_ask};
use hansa_policy::id::ContractId;
use hansa_policy::peer::{ProgramAccess, VerifiedPeer};
use hansa_policy::refusal::Refusal;
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::query_catalog::{QueryCatalog, UnavailableTable};

/// This participant as a peer of its consumers.
pub(super) fn own_peer(connector: &Connector) -> KnownPeer {
    KnownPeer {
        id: connector.id(),
        address: String::new(),
        alias: connector.config().participant.alias.clone(),
    }
}

/// Returns the tables for the program, and the unavailable ones with their reasons.
///
/// # Errors
/// If its participant is no longer a member of the league, or is refused because of a forked log.
pub(super) fn gather_program_tables(
    connector: &Connector,
    program: &VerifiedPeer,
    options: &QueryOptions,
) -> Result<QueryCatalog, Refusal> {
    connector.check_member(program.id())?;
    connector.check_not_forked(program.id())?;
    let peer = own_peer(connector);
    let (mut tables, mut lacks) = (Vec::new(), Vec::new());
    for (visible, contracts) in visible_datasets(connector, program, &peer) {
        let held = contracts
            .into_iter()
            .filter(|(id, _)| is_meant(program, *id));
        let (held, closed): (Vec<_>, Vec<_>) =
            held.partition(|(_, agreement)| lets_programs_ask(&agreement.clauses));
        let (usable, unusable) = remote_tables(connector, &visible, program.id(), held, options);
        if usable.is_empty() {
            let closed = closed
                .into_iter()
                .map(|(id, _)| connector_required().with_contract(id));
            let dataset = &visible.dataset;
            lacks.extend(
                unusable
                    .into_iter()
                    .chain(closed)
                    .map(|why| UnavailableTable {
                        participant: peer.id.clone(),
                        alias: Some(peer.alias.clone()),
                        dataset: Some(dataset.id.name.clone()),
                        model: Some(dataset.model.clone().unwrap_or_default()),
                        why: why.with_participant(peer.id.clone()),
                    }),
            );
        }
        tables.extend(usable);
    }
    Ok(QueryCatalog::new(tables).that_lacks(lacks))
}

/// Checks that the program's credential is for that contract.
fn is_meant(program: &VerifiedPeer, id: ContractId) -> bool {
    match program.program() {
        Some(ProgramAccess::AccessToken { contract, .. }) => *contract == id,
        Some(ProgramAccess::Certificate) => true,
        None => false,
    }
}

/// Datasets that the catalog shows to the program's participant, with the contracts in force.
fn visible_datasets(
    connector: &Connector,
    program: &VerifiedPeer,
    peer: &KnownPeer,
) -> Vec<(VisibleDataset, Vec<(ContractId, Agreement)>)> {
    let now = connector.now();
    connector.datasets.catalog(|catalog| {
        connector.contracts.with_registry(|registry| {
            let mut all = Vec::new();
            let mut after = None;
            loop {
                let page = catalog.visible_entries(
                    program.id(),
                    registry,
                    now,
                    after.as_ref(),
                    MOST_ENTRIES,
                );
                for seen in &page.entries {
                    let contracts = seen.contracts.iter().filter_map(|id| {
                        let agreement = registry.provided_agreement(*id, now).ok()?;
                        Some((*id, agreement.clone()))
                    });
                    let contracts: Vec<_> = contracts.collect();
                    if contracts.is_empty() {
                        continue;
                    }
                    let visible = VisibleDataset {
                        peer: peer.clone(),
                        dataset: seen.entry(registry),
                        offers: Vec::new(),
                        views: Vec::new(),
                        unusable: Vec::new(),
                    };
                    all.push((visible, contracts));
                }
                match page.after {
                    Some(name) => after = Some(name.clone()),
                    None => return all,
                }
            }
        })
    })
}
