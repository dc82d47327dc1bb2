//! The terms of a proposal, as a policy says them.

use crate::admin::command_result::combined_refusal;
use hansa_catalog::dataset::Dataset;
use hansa_node::participant::Connector;
use hansa_policy::contract::Agreement;
use hansa_policy::refusal::Refusal;

/// Other terms, as a policy file says them, in the place of the agreement's.
pub(super) fn terms_from(
    text: &str,
    dataset: &Dataset,
    agreement: &mut Agreement,
    connector: &Connector,
) -> Result<(), Refusal> {
    let draft = hansa_proto::policy_toml::parse_policy(text, "the policy", dataset)
        .map_err(combined_refusal)?;
    let known: Vec<_> = agreement
        .own_purposes
        .iter()
        .chain(&connector.config().purposes)
        .cloned()
        .collect();
    agreement.own_purposes = hansa_node::offer::offers::used_purposes(&draft.clauses, &known);
    agreement.clauses = draft.clauses;
    if let Some(from) = draft.not_before {
        agreement.not_before = from;
    }
    if let Some(until) = draft.not_after {
        agreement.not_after = until;
    }
    Ok(())
}
