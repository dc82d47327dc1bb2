//! What a ruling may depend on, gathered.

use crate::node::Node;
use engine::execute::Holdings;
use evidence::digest::Digest;
use evidence::time::Time;
use policy::contract::InForce;
use policy::id::{ClauseId, ContractId, DatasetId, ParticipantId};
use policy::refusal::{Code, Refusal};
use policy::ruling;
use std::collections::BTreeMap;

/// What is known of the datasets, the contracts and the asker of a question.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Schemas as they are published now.
    pub(super) schemas: BTreeMap<DatasetId, Digest>,
    /// Labels of the snapshots that are read.
    pub(super) snapshots: BTreeMap<DatasetId, String>,
    /// What was spent in the current slot of each counted clause.
    pub(super) spent: BTreeMap<(ContractId, ClauseId), u64>,
    /// The tenant that the asker stands for here.
    pub(super) tenant: Option<String>,
}

/// The schemas, as they are published now, of what is granted.
pub(super) fn schemas(node: &Node, standing: &InForce) -> BTreeMap<DatasetId, Digest> {
    node.catalog(|catalog| {
        standing
            .grants()
            .keys()
            .filter_map(|id| Some((id.clone(), catalog.by_id(id)?.schema_digest())))
            .collect()
    })
}

/// What was spent in the current slot of each counted clause, under whichever contract.
///
/// # Errors
/// When a clause counts what nobody counts.
pub(super) fn spent(
    node: &Node,
    standing: &InForce,
    asker: &ParticipantId,
    now: Time,
) -> Result<BTreeMap<(ContractId, ClauseId), u64>, Refusal> {
    let budgets = ruling::budgets(standing, now)?;
    Ok(budgets
        .into_iter()
        .map(|budget| {
            let slot = (budget.slot, budget.slot_end);
            let used = node
                .budgets
                .spent(&budget.dataset, budget.counts, slot, asker);
            ((budget.contract, budget.clause), used)
        })
        .collect())
}

/// The labels of the snapshots that are read.
pub(super) fn snapshots(
    holdings: &Holdings,
    standing: &InForce,
) -> Result<BTreeMap<DatasetId, String>, Refusal> {
    let mut labels = BTreeMap::new();
    for (id, grant) in standing.grants() {
        let Some(snapshot) = holdings.get(id) else {
            continue;
        };
        if snapshot.dataset.schema_digest() != grant.schema() {
            let refusal = Refusal::new(
                Code::SchemaChanged,
                format!(
                    "`{}` has another schema than the contract was signed for",
                    id.name
                ),
            );
            return Err(match grant.contract() {
                Some(contract) => refusal.with_contract(contract),
                None => refusal,
            });
        }
        labels.insert(id.clone(), snapshot.dataset.version.clone());
    }
    Ok(labels)
}
