//! All offers, by dataset and by whom they are made to: a page of the catalogue looks at what it shows.

use crate::offer::{Offer, Recipients};
use evidence::digest::Digest;
use policy::id::{Name, ParticipantId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Deref};
use std::sync::OnceLock;

/// An offer, and its identity once somebody has asked for it.
#[derive(Debug, Clone)]
pub struct Offering {
    offer: Offer,
    id: OnceLock<Digest>,
}

impl Offering {
    fn of(offer: Offer) -> Self {
        Self {
            offer,
            id: OnceLock::new(),
        }
    }

    /// As [`Offer::id`], computed once.
    #[must_use]
    pub fn id(&self) -> Digest {
        *self.id.get_or_init(|| self.offer.id())
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
    /// The datasets that are offered to everybody.
    open: BTreeSet<Name>,
    /// Those that are offered to some by name.
    named: BTreeMap<ParticipantId, BTreeSet<Name>>,
}

impl Offers {
    pub(crate) const fn new() -> Self {
        Self {
            of: BTreeMap::new(),
            open: BTreeSet::new(),
            named: BTreeMap::new(),
        }
    }

    /// These offers; of one dataset they stay in their order.
    pub(crate) fn of(all: Vec<Offer>) -> Self {
        let mut offers = Self::new();
        for offer in all {
            let dataset = &offer.dataset.name;
            match &offer.to {
                Recipients::League | Recipients::Public => {
                    offers.open.insert(dataset.clone());
                }
                Recipients::Participants(some) => {
                    for one in some {
                        let named = offers.named.entry(one.clone()).or_default();
                        named.insert(dataset.clone());
                    }
                }
            }
            let of = offers.of.entry(dataset.clone()).or_default();
            of.push(Offering::of(offer));
        }
        offers
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Offering> {
        self.of.values().flatten()
    }

    pub(crate) fn over(&self, dataset: &Name) -> &[Offering] {
        self.of.get(dataset).map_or(&[], Vec::as_slice)
    }

    /// The first dataset behind that name of which there is an offer to `peer`.
    pub(crate) fn dataset_after(
        &self,
        peer: &ParticipantId,
        after: Option<&Name>,
    ) -> Option<&Name> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let each = [Some(&self.open), self.named.get(peer)];
        let behind = each.into_iter().flatten();
        behind
            .filter_map(|names| names.range::<Name, _>((from, Bound::Unbounded)).next())
            .min()
    }
}
