//! Public views: signed by the provider alone, and in force while they are offered.

use crate::contract::combined_contracts;
use crate::contract::contract_state::ContractState;
use crate::offer::offers::PendingView;
use crate::participant::Connector;
use crate::participant::approval;
use crate::withdrawal;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::{Offer, OfferRecipients};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, Assignee, ContractStatus};
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::Refusal;
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Signs new public views and ends those that are no longer offered. A view that would be replaced stays in force while its
/// successor needs an approval or is refused.
pub(super) fn publish_views(
    connector: &Arc<Connector>,
    offers: &[Offer],
) -> Result<Vec<Refusal>, Refusal> {
    let now = connector.now();
    let wanted: Vec<(&Offer, Dataset)> = offers
        .iter()
        .filter(|offer| offer.to == OfferRecipients::Public)
        .filter_map(|offer| {
            connector
                .datasets
                .catalog(|catalog| catalog.by_id(&offer.dataset).cloned())
                .map(|dataset| (offer, dataset))
        })
        .collect();
    let standing = own_public_views(connector, now);
    let keys = OwnViewParty::of(connector);
    let stands = |offer: &Offer, dataset: &Dataset| {
        let mut all = standing.iter();
        all.any(|(_, agreement)| keys.matches_offer(agreement, offer, dataset))
    };
    let (mut held, mut faults) = (Vec::new(), Vec::new());
    let mut refused = BTreeSet::new();
    for (offer, dataset) in &wanted {
        if stands(offer, dataset) {
            continue;
        }
        let agreement = offer.agreement(
            dataset,
            connector.new_agreement_parameters(connector.party_of_views()?, Assignee::Public, None),
        );
        let key = approval_key(
            &agreement,
            latest_public_view(&connector.contracts, now, &offer.dataset),
        );
        if let Err(refusal) = approval::require_approvals(connector, key, &agreement) {
            held.extend(
                approval::needs_two(connector, &agreement).map(|verdict| PendingView {
                    key,
                    dataset: offer.dataset.clone(),
                    verdict,
                }),
            );
            faults.push(refusal);
            continue;
        }
        // A view that is signed again for another key or schema shows the rows and columns that were checked at its first
        // signature.
        let known = standing.iter().any(|(_, old)| says_the_same(old, offer));
        if !known && let Err(refusal) = check_combined_views(connector, &agreement, now) {
            refused.insert(offer.dataset.clone());
            faults.push(refusal);
            continue;
        }
        let payload = hansa_proto::contract::to_bytes(&agreement);
        let signature =
            connector.sign(StatementKind::Agreement, SignatoryRole::Provider, &payload)?;
        let bytes = envelope::assemble_statement(&payload, &[signature]);
        let signed = envelope::parse_offer(&bytes)?;
        let id = signed.id;
        let agreed = signed.verify(&connector.identity.trust.bundle().keys(now))?;
        connector.records.documents.keep_contract(id, &bytes)?;
        let recorded = connector.record_now(agreed)?;
        connector
            .contracts
            .with_registry_mut(|registry| registry.admit(recorded));
    }
    for (id, agreement) in &standing {
        let mut offered = wanted.iter();
        let waits = |held: &PendingView| held.dataset == agreement.dataset.id;
        if offered.any(|(offer, dataset)| keys.matches_offer(agreement, offer, dataset))
            || held.iter().any(waits)
            // The successor was refused and reported, so the old view stays.
            || refused.contains(&agreement.dataset.id)
        {
            continue;
        }
        let reason = if keys.matches_party(agreement) {
            "no longer offered"
        } else {
            "signed again with another key"
        };
        withdrawal::own_now(connector, *id, &SingleLineText::from_any_text(reason))?;
    }
    connector.datasets.set_held(held);
    Ok(faults)
}

/// Refuses a view that discloses more together with other views, because anyone may query both. The view replaces the previous one
/// of its dataset.
fn check_combined_views(
    connector: &Connector,
    agreement: &Agreement,
    now: UtcTimestamp,
) -> Result<(), Refusal> {
    let mut instead = agreement.clone();
    instead.supersedes = latest_public_view(&connector.contracts, now, &agreement.dataset.id);
    connector
        .contracts
        .with_registry(|registry| registry.check_nested(&instead, now))?;
    combined_contracts::check_agreement(connector, &instead)
}

/// Checks that a view has the terms and the dates of an offer.
fn says_the_same(view: &Agreement, offer: &Offer) -> bool {
    view.dataset.id == offer.dataset
        && view.clauses == offer.clauses
        && view.not_before == offer.not_before
        && view.not_after == offer.not_after
}

/// Own public views that are in force, or will be.
fn own_public_views(connector: &Connector, now: UtcTimestamp) -> Vec<(ContractId, Agreement)> {
    let own = connector.id();
    connector.contracts.with_registry(|registry| {
        registry
            .all_contracts(now)
            .filter(|(_, agreement, status)| {
                agreement.provider.id == own
                    && agreement.assignee == Assignee::Public
                    && !matches!(
                        status,
                        ContractStatus::Withdrawn
                            | ContractStatus::Superseded
                            | ContractStatus::Expired
                    )
            })
            .map(|(id, agreement, _)| (id, agreement.clone()))
            .collect()
    })
}

/// Latest public view of a dataset, ended or not.
fn latest_public_view(
    contracts: &ContractState,
    now: UtcTimestamp,
    dataset: &DatasetId,
) -> Option<ContractId> {
    contracts.with_registry(|registry| {
        registry
            .contracts_on_dataset(dataset, now)
            .filter(|(_, agreement, _)| agreement.assignee == Assignee::Public)
            .map(|(id, agreement, _)| (agreement.proposed_at, id))
            .max()
            .map(|(_, id)| id)
    })
}

/// Identity of a view for approvals: without the values that are drawn at each reading, and with the previous view, so that an
/// approval counts for this step only.
fn approval_key(agreement: &Agreement, after: Option<ContractId>) -> ContractId {
    let mut fixed = agreement.clone();
    fixed.supersedes = after;
    fixed.uid = String::new();
    fixed.nonce = String::new();
    fixed.proposed_at = fixed.not_before;
    ContractId(Digest::of(&hansa_proto::contract::to_bytes(&fixed)))
}

/// Own key and authority, if valid. Peers verify a public view with the keys that are valid when they see it, so a view with an
/// expired key is signed again.
struct OwnViewParty(Option<hansa_policy::contract::ContractParty>);

impl OwnViewParty {
    fn of(connector: &Connector) -> Self {
        let ours = connector.party_of_views().ok();
        Self(ours.filter(|party| party.signing_key == connector.identity.signer().kid()))
    }

    fn matches_party(&self, agreement: &Agreement) -> bool {
        self.0.as_ref().is_none_or(|party| {
            agreement.provider.signing_key == party.signing_key
                && agreement.provider.tls_issuer == party.tls_issuer
        })
    }

    /// Checks that an agreement equals an offer.
    fn matches_offer(&self, agreement: &Agreement, offer: &Offer, dataset: &Dataset) -> bool {
        self.matches_party(agreement)
            && says_the_same(agreement, offer)
            && agreement.dataset.schema == dataset.schema_digest()
            && agreement.own_purposes == offer.own_purposes
            && agreement.legal == offer.legal
            && agreement.template == offer.template
    }
}
