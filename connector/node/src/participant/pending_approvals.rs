//! Requests of one officer that lack the approval of a second one.

use crate::dataset::provider_restriction;
use crate::league::group_membership;
use crate::participant::Connector;
use crate::participant::approval::ApprovalAction;
use crate::participant::config_change;
use hansa_policy::contract::ContractStatus;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::row::PendingApprovalRow;

/// Returns the requests that can still be carried out.
///
/// # Errors
/// If the index can't be read.
pub fn open_approvals(connector: &Connector) -> Result<Vec<PendingApprovalRow>, Refusal> {
    let now = connector.now();
    let (words, negotiations) = connector
        .records
        .index(|state| Ok((state.pending_approvals()?, state.negotiations()?)))?;
    let held = connector.datasets.pending_views();
    let partners = connector.partner_processes.get();
    let over = [Phase::Finalized.as_str(), Phase::Terminated.as_str()];
    let open = |word: &PendingApprovalRow| {
        if word.action == ApprovalAction::Admit.as_str() {
            return group_membership::still_asked(connector, word).unwrap_or(true);
        }
        if word.action == ApprovalAction::Unrestrict.as_str() {
            return provider_restriction::still_asked(connector, word).unwrap_or(true);
        }
        if word.action == ApprovalAction::AddPerson.as_str() {
            return config_change::still_asked(connector, word).unwrap_or(true);
        }
        if word.action == ApprovalAction::Sign.as_str() {
            return held.iter().any(|held| held.key == word.contract)
                || negotiations.iter().any(|row| {
                    row.contract == Some(word.contract) && !over.contains(&row.state.as_str())
                })
                || partners
                    .as_ref()
                    .is_ok_and(|partners| partners.awaits_signature(word.contract));
        }
        connector.contracts.with_registry(|registry| {
            registry
                .find_contract(word.contract, now)
                .is_some_and(|(_, status)| {
                    matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                })
        })
    };
    let single = words.into_iter().filter(|word| word.second.is_none());
    Ok(single.filter(open).collect())
}
