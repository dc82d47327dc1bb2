//! Requests that say once more what was requested before.

use crate::contract::contract_lookup::read_negotiations;
use hansa_node::negotiation;
use hansa_node::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;

/// An earlier request with the same terms.
pub(super) enum RepeatedRequest {
    /// A negotiation that is not over, by its name.
    Waits(String),
    /// A contract in force.
    InForce(ContractId),
}

/// The earlier request that `wished` repeats, if there is one; a request that takes the place of a contract repeats none.
///
/// # Errors
/// When the own index can't be read.
pub(super) fn find_repeated_request(
    connector: &Connector,
    wished: &Agreement,
) -> Result<Option<RepeatedRequest>, Refusal> {
    for row in read_negotiations(connector)? {
        let over = [Phase::Finalized, Phase::Terminated].map(Phase::as_str);
        if row.role != "consumer" || over.contains(&row.state.as_str()) {
            continue;
        }
        let open = negotiation::message_replay::load_negotiation(connector, &row.id)?;
        let same = open.is_some_and(|open| same_terms(&open.state.proposal().agreement, wished));
        if same {
            return Ok(Some(RepeatedRequest::Waits(row.id)));
        }
    }
    let (own, now) = (connector.id(), connector.now());
    let held = connector.contracts.with_registry(|registry| {
        registry
            .taken_by(&own, now)
            .find(|(_, held, status)| {
                *status == ContractStatus::InForce && same_terms(held, wished)
            })
            .map(|(id, _, _)| id)
    });
    Ok(held.map(RepeatedRequest::InForce))
}

fn same_terms(one: &Agreement, other: &Agreement) -> bool {
    one.dataset == other.dataset
        && one.provider.id == other.provider.id
        && one.clauses == other.clauses
        && one.not_before == other.not_before
        && one.not_after == other.not_after
        && one.supersedes == other.supersedes
}
