//! What a participant sees of the catalogue: the datasets that it has a contract or an offer for, and nothing else.

use crate::Catalog;
use crate::dataset::Dataset;
use crate::offer::Offer;
use evidence::time::Time;
use policy::contract::Book;
use policy::id::{ContractId, Name, ParticipantId};
use std::collections::{BTreeMap, BTreeSet};

/// One page of what a participant sees.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The datasets, in order of their names.
    pub entries: Vec<Visible<'a>>,
    /// Where the next page starts: after this name. Absent on the last page. It names something that the participant has
    /// just seen, so it tells nothing, and it stays right while datasets come and go.
    pub after: Option<Name>,
}

/// A dataset as one participant sees it.
#[derive(Debug, Clone)]
pub struct Visible<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// The offers made to this participant.
    pub offers: Vec<&'a Offer>,
    /// Its contracts and public views in force.
    pub contracts: Vec<ContractId>,
}

/// The most entries of one page.
pub const MOST_ENTRIES: usize = 200;

impl Catalog {
    /// The page of what `peer` sees that starts after the name `after`, with at most `most` entries.
    #[must_use]
    pub fn visible_to<'a>(
        &'a self,
        peer: &ParticipantId,
        book: &Book,
        now: Time,
        after: Option<&Name>,
        most: usize,
    ) -> Page<'a> {
        let most = most.clamp(1, MOST_ENTRIES);
        let contracts = contracts(peer, book, now);
        let mut seen = self
            .datasets()
            .filter(|dataset| after.is_none_or(|after| dataset.id.name > *after))
            .filter_map(|dataset| self.seen_by(peer, dataset, &contracts, now));
        let entries: Vec<Visible<'a>> = seen.by_ref().take(most).collect();
        let after = match seen.next() {
            None => None,
            Some(_) => entries.last().map(|entry| entry.dataset.id.name.clone()),
        };
        Page { entries, after }
    }

    /// One dataset as `peer` sees it: nothing for what does not exist and for what it may not know of, alike.
    #[must_use]
    pub fn visible_one<'a>(
        &'a self,
        peer: &ParticipantId,
        book: &Book,
        now: Time,
        name: &Name,
    ) -> Option<Visible<'a>> {
        let contracts = contracts(peer, book, now);
        self.dataset(name)
            .and_then(|dataset| self.seen_by(peer, dataset, &contracts, now))
    }

    fn seen_by<'a>(
        &'a self,
        peer: &ParticipantId,
        dataset: &'a Dataset,
        contracts: &BTreeMap<Name, BTreeSet<ContractId>>,
        now: Time,
    ) -> Option<Visible<'a>> {
        let offers: Vec<&Offer> = self
            .offers()
            .iter()
            .filter(|offer| {
                offer.dataset == dataset.id && offer.to.admits(peer) && now < offer.not_after
            })
            .collect();
        let contracts: Vec<ContractId> = contracts
            .get(&dataset.id.name)
            .map(|ids| ids.iter().copied().collect())
            .unwrap_or_default();
        (!offers.is_empty() || !contracts.is_empty()).then_some(Visible {
            dataset,
            offers,
            contracts,
        })
    }
}

fn contracts(peer: &ParticipantId, book: &Book, now: Time) -> BTreeMap<Name, BTreeSet<ContractId>> {
    let mut held: BTreeMap<Name, BTreeSet<ContractId>> = BTreeMap::new();
    for (id, agreement) in book.held_by(peer, now) {
        held.entry(agreement.dataset.id.name.clone())
            .or_default()
            .insert(id);
    }
    held
}
