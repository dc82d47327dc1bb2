//! Succession of contracts: a question between the clocks of two participants is repeated.

use crate::participant::Connector;
use crate::question::peer_query_client::contract_succession::APART;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_query::FederatedQuery;

/// Checks that a question was refused because its contract was replaced, and that the successor is here and in force, or will be
/// within the difference of the clocks.
pub(crate) fn came_late(connector: &Connector, refusal: &Refusal) -> bool {
    let (ErrorCode::Superseded, Some(old)) = (refusal.code, refusal.contract) else {
        return false;
    };
    let soon = connector.now().plus_micros(APART);
    connector.contracts.with_registry(|registry| {
        registry
            .replacing_contracts(old, connector.now())
            .any(|(_, newer, _)| newer.not_before <= soon)
    })
}

/// Checks that a contract of the question is about to be replaced.
pub(crate) fn turns_soon(connector: &Connector, question: &FederatedQuery) -> bool {
    let explained = question.explain();
    let mut used = explained
        .remote_queries
        .iter()
        .flat_map(|remote_query| remote_query.contracts());
    let now = connector.now().micros();
    used.any(|used| {
        connector.contracts.with_registry(|registry| {
            registry
                .replacing_contracts(used, connector.now())
                .any(|(_, newer, _)| {
                    let ahead = newer.not_before.micros().saturating_sub(now);
                    ahead > 0 && ahead <= APART
                })
        })
    })
}
