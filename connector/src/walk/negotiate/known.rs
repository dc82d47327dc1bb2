//! What a step may depend on, beside the letter and the time.

use crate::node::Node;
use catalog::lint;
use catalog::offer::{Offer, Sign};
use policy::contract::Agreement;
use policy::id::ParticipantId;
use policy::negotiate::{Offered, Side};
use policy::refusal::Refusal;

/// What our catalogue and our book say of a proposal.
pub(super) struct Known {
    pub(super) offered: Offered,
    pub(super) replaces: Option<Agreement>,
    pub(super) objection: Option<Refusal>,
}

impl Known {
    /// What they say now.
    pub(super) fn now(node: &Node, own: Side, peer: &ParticipantId, agreement: &Agreement) -> Self {
        let replaces = agreement
            .supersedes
            .and_then(|old| node.book(|book| book.agreement(old).cloned()));
        let seen = match own {
            Side::Provider => seen(node, peer, agreement),
            Side::Consumer => None,
        };
        let (offered, objection) = seen.unwrap_or((Offered::Nothing, None));
        Self {
            offered,
            replaces,
            objection,
        }
    }

    /// What is taken to have been known of a letter that was taken in: it allowed the step.
    pub(super) const fn then() -> Self {
        Self {
            offered: Offered::Officer,
            replaces: None,
            objection: None,
        }
    }
}

/// How our catalogue offers this to the peer, and what the lint has against it; none, if the peer sees no such dataset.
fn seen(
    node: &Node,
    peer: &ParticipantId,
    agreement: &Agreement,
) -> Option<(Offered, Option<Refusal>)> {
    let now = node.now();
    let (dataset, offers) = node.catalog(|catalog| {
        node.book(|book| {
            let name = &agreement.dataset.id.name;
            let seen = catalog.visible_one(peer, book, now, name)?;
            let offers: Vec<Offer> = seen.offers.into_iter().cloned().collect();
            Some((seen.dataset.clone(), offers))
        })
    })?;
    let exact = offers.iter().find(|offer| offer.is_exactly(agreement));
    let offered = match exact.map(|offer| offer.sign) {
        None => Offered::OtherTerms,
        Some(Sign::Officer) => Offered::Officer,
        Some(Sign::Auto) => Offered::Auto,
    };
    let objection = lint::objection(agreement, &dataset, &node.taxonomy());
    Some((offered, objection))
}
