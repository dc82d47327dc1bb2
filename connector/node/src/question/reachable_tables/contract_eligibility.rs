//! Eligibility of an own contract for a question, by the local copy of the contract. It avoids questions that the provider would
//! refuse, and leaves the choice to another contract on the dataset.

use crate::participant::Connector;
use crate::peer::visible_dataset::VisibleDataset;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_query::federation::options::QueryOptions;

/// Refusal of a contract for the declared purpose or time, as its provider would refuse.
pub(super) fn ineligible_contract_refusal(
    connector: &Connector,
    visible: &VisibleDataset,
    id: ContractId,
    agreement: &Agreement,
    options: &QueryOptions,
) -> Option<Refusal> {
    let taxonomy = connector
        .reloadable
        .taxonomy()
        .with_own(&agreement.own_purposes)
        .ok()?;
    for clause in &agreement.clauses {
        let Term::Purpose(needed) = &clause.term else {
            continue;
        };
        let covered = options
            .purpose
            .as_ref()
            .is_some_and(|purpose| needed.iter().any(|needed| taxonomy.covers(needed, purpose)));
        if covered {
            continue;
        }
        let allowed = needed
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" or ");
        let owner = visible.peer.alias.as_str();
        let name = &visible.dataset.id.name;
        let refusal = match &options.purpose {
            None => Refusal::new(
                ErrorCode::PurposeMissing,
                format!("{owner} gives {name} for declared purposes only"),
            ),
            Some(purpose) => Refusal::new(
                ErrorCode::PurposeNotCovered,
                format!("{owner} does not permit the purpose `{purpose}` on {name}"),
            ),
        };
        let first = needed.first().map(ToString::to_string).unwrap_or_default();
        return Some(
            refusal
                .with_participant(visible.peer.id.clone())
                .with_contract(id)
                .with_clause(clause.id, format!("purpose is {allowed}"))
                .with_help(format!(
                    "ask with --purpose {first}, or request an amendment: hansa contract request {owner}.{name}"
                )),
        );
    }
    prohibition_refusal(connector, visible, id, agreement, options)
}

/// Refusal by a prohibition in the local copy of the contract, if it can be decided without the provider. Another contract may
/// permit the question.
fn prohibition_refusal(
    connector: &Connector,
    visible: &VisibleDataset,
    id: ContractId,
    agreement: &Agreement,
    options: &QueryOptions,
) -> Option<Refusal> {
    let judged = agreement.find_prohibition(
        id,
        options.purpose.as_ref(),
        &connector.reloadable.taxonomy(),
        connector.now(),
    );
    // Conditions that can't be decided here are left to the provider.
    let refusal = judged.ok()??;
    let (owner, name) = (visible.peer.alias.as_str(), &visible.dataset.id.name);
    Some(
        refusal
            .with_participant(visible.peer.id.clone())
            .with_help(format!(
                "hansa contract show {} says when; or request an amendment: hansa contract request {owner}.{name}",
                id.to_short_text()
            )),
    )
}
