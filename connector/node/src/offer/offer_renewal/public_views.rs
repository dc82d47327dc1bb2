//! Public views: signed by us alone, and in force as long as they are offered.

use crate::contract::combined_contracts;
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

/// Signs the public views that are offered and not yet in force, and ends those that are no longer offered. Where one
/// needs two officers, the view that it would replace stays until both have spoken; where one is refused, it stays as well.
pub(super) fn publish(
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
    let standing = standing(connector, now);
    let keys = OwnViewParty::of(connector);
    let stands = |offer: &Offer, dataset: &Dataset| {
        let mut all = standing.iter();
        all.any(|(_, agreement)| keys.same(agreement, offer, dataset))
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
        let key = key(&agreement, last(connector, now, &offer.dataset));
        if let Err(refusal) = approval::insist(connector, key, &agreement) {
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
        // A view that is signed again for another key or schema tells what it told: it was judged when it was signed first.
        let known = standing.iter().any(|(_, old)| says_the_same(old, offer));
        if !known && let Err(refusal) = beside(connector, &agreement, now) {
            refused.insert(offer.dataset.clone());
            faults.push(refusal);
            continue;
        }
        let payload = hansa_proto::contract::to_bytes(&agreement);
        let signature =
            connector.sign(StatementKind::Agreement, SignatoryRole::Provider, &payload)?;
        let bytes = envelope::assemble(&payload, &[signature]);
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
        if offered.any(|(offer, dataset)| keys.same(agreement, offer, dataset))
            || held.iter().any(waits)
            // What took its place was refused: it stays, and the refusal is told.
            || refused.contains(&agreement.dataset.id)
        {
            continue;
        }
        let reason = if keys.count(agreement) {
            "no longer offered"
        } else {
            "signed again with another key"
        };
        withdrawal::own_now(connector, *id, &SingleLineText::from_any_text(reason))?;
    }
    connector.datasets.set_held(held);
    Ok(faults)
}

/// Refuses a view that would tell more beside other views: anybody may ask both. The view before it ends as this one is signed.
fn beside(connector: &Connector, agreement: &Agreement, now: UtcTimestamp) -> Result<(), Refusal> {
    let mut instead = agreement.clone();
    instead.supersedes = last(connector, now, &agreement.dataset.id);
    connector
        .contracts
        .with_registry(|registry| registry.check_nested(&instead, now))?;
    combined_contracts::check_agreement(connector, &instead)
}

/// Whether a view tells what is offered, for as long.
fn says_the_same(view: &Agreement, offer: &Offer) -> bool {
    view.dataset.id == offer.dataset
        && view.clauses == offer.clauses
        && view.not_before == offer.not_before
        && view.not_after == offer.not_after
}

/// Our public views that are in force, or will be.
fn standing(connector: &Connector, now: UtcTimestamp) -> Vec<(ContractId, Agreement)> {
    let own = connector.id();
    connector.contracts.with_registry(|registry| {
        registry
            .all(now)
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

/// The last public view that there was of a dataset, whether it has ended or not.
fn last(connector: &Connector, now: UtcTimestamp, dataset: &DatasetId) -> Option<ContractId> {
    connector.contracts.with_registry(|registry| {
        registry
            .over(dataset, now)
            .filter(|(_, agreement, _)| agreement.assignee == Assignee::Public)
            .map(|(id, agreement, _)| (agreement.proposed_at, id))
            .max()
            .map(|(_, id)| id)
    })
}

/// The view as officers speak of it: the same one however often it is read, without what is drawn anew each time; and
/// after the one before it, so that their words count for this step and for no later one.
fn key(agreement: &Agreement, after: Option<ContractId>) -> ContractId {
    let mut fixed = agreement.clone();
    fixed.supersedes = after;
    fixed.uid = String::new();
    fixed.nonce = String::new();
    fixed.proposed_at = fixed.not_before;
    ContractId(Digest::of(&hansa_proto::contract::to_bytes(&fixed)))
}

/// Our key and authority, where they count. Peers check a public view when they see it, by the keys that count then: one
/// by a key that is over is signed again.
struct OwnViewParty(Option<hansa_policy::contract::ContractParty>);

impl OwnViewParty {
    fn of(connector: &Connector) -> Self {
        let ours = connector.party_of_views().ok();
        Self(ours.filter(|party| party.signing_key == connector.identity.signer().kid()))
    }

    fn count(&self, agreement: &Agreement) -> bool {
        self.0.as_ref().is_none_or(|party| {
            agreement.provider.signing_key == party.signing_key
                && agreement.provider.tls_issuer == party.tls_issuer
        })
    }

    /// Whether the agreement is what is offered.
    fn same(&self, agreement: &Agreement, offer: &Offer, dataset: &Dataset) -> bool {
        self.count(agreement)
            && says_the_same(agreement, offer)
            && agreement.dataset.schema == dataset.schema_digest()
            && agreement.own_purposes == offer.own_purposes
            && agreement.legal == offer.legal
            && agreement.template == offer.template
    }
}
