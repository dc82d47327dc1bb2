//! Index of offers by dataset and recipient, so that a page of the catalogue reads only the offers that it shows.

use crate::offer::{Offer, OfferRecipients};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Deref};

/// Offer with its identity, which is computed once.
#[derive(Debug, Clone)]
pub struct IdentifiedOffer {
    offer: Offer,
    id: Digest,
}

impl IdentifiedOffer {
    /// Identity of the offer, as [`Offer::id`].
    #[must_use]
    pub const fn id(&self) -> Digest {
        self.id
    }
}

impl From<Offer> for IdentifiedOffer {
    fn from(offer: Offer) -> Self {
        let id = offer.id();
        Self { offer, id }
    }
}

impl From<IdentifiedOffer> for Offer {
    fn from(offering: IdentifiedOffer) -> Self {
        offering.offer
    }
}

impl Deref for IdentifiedOffer {
    type Target = Offer;

    fn deref(&self) -> &Offer {
        &self.offer
    }
}

/// Index of all offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct OfferIndex {
    of: BTreeMap<SqlIdentifier, Vec<IdentifiedOffer>>,
    open: OfferPositions,
    named: BTreeMap<ParticipantId, OfferPositions>,
}

/// Positions of offers in the list of their dataset, by dataset.
type OfferPositions = BTreeMap<SqlIdentifier, BTreeSet<usize>>;

impl OfferIndex {
    pub(crate) const fn new() -> Self {
        Self {
            of: BTreeMap::new(),
            open: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    /// Index of these offers. Offers of one dataset keep their order.
    pub(crate) fn of(all: Vec<Offer>) -> Self {
        let mut offers = Self::new();
        for offer in all {
            let dataset = &offer.dataset.name;
            let there = offers.of.entry(dataset.clone()).or_default();
            let list = |listed: &mut OfferPositions| {
                let places = listed.entry(dataset.clone()).or_default();
                places.insert(there.len());
            };
            match &offer.to {
                OfferRecipients::League | OfferRecipients::Public => list(&mut offers.open),
                OfferRecipients::Participants(some) => {
                    for one in some {
                        list(offers.named.entry(one.clone()).or_default());
                    }
                }
            }
            there.push(offer.into());
        }
        offers
    }

    pub(crate) fn offers(&self) -> impl Iterator<Item = &IdentifiedOffer> {
        self.of.values().flatten()
    }

    /// Offers of a dataset to `peer`, by name or to everybody.
    pub(crate) fn offers_to_peer(
        &self,
        peer: &ParticipantId,
        dataset: &SqlIdentifier,
    ) -> impl Iterator<Item = &IdentifiedOffer> {
        let lists = self.offer_lists(peer).filter_map(|list| list.get(dataset));
        let places: BTreeSet<usize> = lists.flatten().copied().collect();
        let of = self.of.get(dataset).map_or(&[][..], Vec::as_slice);
        places.into_iter().filter_map(|place| of.get(place))
    }

    /// Offers that name `one` as a recipient, by dataset. Offers to everybody name no participant.
    pub(crate) fn named_offers(
        &self,
        one: &ParticipantId,
    ) -> impl Iterator<Item = &IdentifiedOffer> {
        let lists = self.named.get(one).into_iter().flatten();
        lists.flat_map(|(dataset, places)| {
            let of = self.of.get(dataset).map_or(&[][..], Vec::as_slice);
            places.iter().filter_map(|place| of.get(*place))
        })
    }

    /// First name of a dataset after `after` with an offer to `peer`.
    pub(crate) fn dataset_after(
        &self,
        peer: &ParticipantId,
        after: Option<&SqlIdentifier>,
    ) -> Option<&SqlIdentifier> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.offer_lists(peer)
            .filter_map(|list| {
                list.range::<SqlIdentifier, _>((from, Bound::Unbounded))
                    .next()
            })
            .map(|(name, _)| name)
            .min()
    }

    fn offer_lists(&self, peer: &ParticipantId) -> impl Iterator<Item = &OfferPositions> {
        [Some(&self.open), self.named.get(peer)]
            .into_iter()
            .flatten()
    }
}
