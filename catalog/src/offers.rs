//! All offers, by dataset and by whom they are made to: a page of the catalogue looks at what it shows.

use crate::offer::{Offer, Recipients};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{Name, ParticipantId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Deref};

/// An offer and its identity, which is not computed anew for each reader.
#[derive(Debug, Clone)]
pub struct Offering {
    offer: Offer,
    id: Digest,
}

impl Offering {
    /// As [`Offer::id`].
    #[must_use]
    pub const fn id(&self) -> Digest {
        self.id
    }
}

impl From<Offer> for Offering {
    fn from(offer: Offer) -> Self {
        let id = offer.id();
        Self { offer, id }
    }
}

impl From<Offering> for Offer {
    fn from(offering: Offering) -> Self {
        offering.offer
    }
}

impl Deref for Offering {
    type Target = Offer;

    fn deref(&self) -> &Offer {
        &self.offer
    }
}

/// All offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offers {
    of: BTreeMap<Name, Vec<Offering>>,
    open: Listed,
    named: BTreeMap<ParticipantId, Listed>,
}

/// What is offered to some: of which datasets, and the places of the offers among those of each.
type Listed = BTreeMap<Name, BTreeSet<usize>>;

impl Offers {
    pub(crate) const fn new() -> Self {
        Self {
            of: BTreeMap::new(),
            open: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    /// These offers; of one dataset they stay in their order.
    pub(crate) fn of(all: Vec<Offer>) -> Self {
        let mut offers = Self::new();
        for offer in all {
            let dataset = &offer.dataset.name;
            let there = offers.of.entry(dataset.clone()).or_default();
            let list = |listed: &mut Listed| {
                let places = listed.entry(dataset.clone()).or_default();
                places.insert(there.len());
            };
            match &offer.to {
                Recipients::League | Recipients::Public => list(&mut offers.open),
                Recipients::Participants(some) => {
                    for one in some {
                        list(offers.named.entry(one.clone()).or_default());
                    }
                }
            }
            there.push(offer.into());
        }
        offers
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Offering> {
        self.of.values().flatten()
    }

    /// Those of a dataset to `peer`, by name or as to everybody.
    pub(crate) fn to(
        &self,
        peer: &ParticipantId,
        dataset: &Name,
    ) -> impl Iterator<Item = &Offering> {
        let lists = self.lists(peer).filter_map(|list| list.get(dataset));
        let places: BTreeSet<usize> = lists.flatten().copied().collect();
        let of = self.of.get(dataset).map_or(&[][..], Vec::as_slice);
        places.into_iter().filter_map(|place| of.get(place))
    }

    /// The first dataset behind that name of which there is an offer to `peer`.
    pub(crate) fn dataset_after(
        &self,
        peer: &ParticipantId,
        after: Option<&Name>,
    ) -> Option<&Name> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.lists(peer)
            .filter_map(|list| list.range::<Name, _>((from, Bound::Unbounded)).next())
            .map(|(name, _)| name)
            .min()
    }

    fn lists(&self, peer: &ParticipantId) -> impl Iterator<Item = &Listed> {
        [Some(&self.open), self.named.get(peer)]
            .into_iter()
            .flatten()
    }
}
