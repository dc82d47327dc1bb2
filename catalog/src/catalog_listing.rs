//! What a participant sees of the catalogue: the datasets that it has a contract or an offer for, and nothing else.

use crate::Catalog;
use crate::dataset::Dataset;
use crate::offer_index::IdentifiedOffer;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractRegistry;
use hansa_policy::id::{ContractId, ParticipantId, SqlIdentifier};

/// One page of what a participant sees.
#[derive(Debug, Clone)]
pub struct ListingPage<'a> {
    /// The datasets, in order of their names.
    pub entries: Vec<CatalogListing<'a>>,
    /// Where the next page starts: after this name. Absent on the last page. It names something that the participant has
    /// just seen, so it tells nothing, and it stays right while datasets come and go.
    pub after: Option<SqlIdentifier>,
}

/// A dataset as one participant sees it.
#[derive(Debug, Clone)]
pub struct CatalogListing<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// The offers made to this participant.
    pub offers: Vec<&'a IdentifiedOffer>,
    /// Its contracts and public views in force.
    pub contracts: Vec<ContractId>,
}

/// An offer that is over, as the participant is told to whom it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedOffer {
    /// The dataset.
    pub dataset: SqlIdentifier,
    /// The end of its window.
    pub ended: UtcTimestamp,
}

/// The most entries of one page.
pub const MOST_ENTRIES: usize = 200;

impl Catalog {
    /// The page of what `peer` sees that starts after the name `after`, with at most `most` entries.
    #[must_use]
    pub fn visible_to<'a>(
        &'a self,
        peer: &ParticipantId,
        registry: &ContractRegistry,
        now: UtcTimestamp,
        after: Option<&SqlIdentifier>,
        most: usize,
    ) -> ListingPage<'a> {
        let most = most.clamp(1, MOST_ENTRIES);
        let mut entries: Vec<CatalogListing<'a>> = Vec::new();
        let mut at = after.cloned();
        while let Some(name) = self.next_name(peer, registry, at.as_ref()) {
            if let Some(seen) = self.visible_one(peer, registry, now, name) {
                if entries.len() == most {
                    let last = entries.last();
                    let after = last.map(|entry| entry.dataset.id.name.clone());
                    return ListingPage { entries, after };
                }
                entries.push(seen);
            }
            at = Some(name.clone());
        }
        ListingPage {
            entries,
            after: None,
        }
    }

    /// One dataset as `peer` sees it: nothing for what does not exist and for what it may not know of, alike.
    #[must_use]
    pub fn visible_one<'a>(
        &'a self,
        peer: &ParticipantId,
        registry: &ContractRegistry,
        now: UtcTimestamp,
        name: &SqlIdentifier,
    ) -> Option<CatalogListing<'a>> {
        let dataset = self.dataset(name)?;
        let offers = self.offers.to(peer, name);
        let offers: Vec<&IdentifiedOffer> = offers
            .filter(|offer| offer.dataset == dataset.id && now < offer.not_after)
            .collect();
        let contracts = registry.contracts_over(peer, name, now);
        let contracts: Vec<ContractId> = contracts.map(|(id, _)| id).collect();
        (!offers.is_empty() || !contracts.is_empty()).then_some(CatalogListing {
            dataset,
            offers,
            contracts,
        })
    }

    /// The offers to `peer` that are over, of each dataset of which no other is made to it: the one that ended last. Who was not
    /// addressed by the offer learns nothing, as of a dataset that does not exist.
    #[must_use]
    pub fn ended_for(&self, peer: &ParticipantId, now: UtcTimestamp) -> Vec<EndedOffer> {
        let mut ended = Vec::new();
        let mut at = None;
        while let Some(name) = self.offers.dataset_after(peer, at.as_ref()).cloned() {
            let last = self.dataset(&name).and_then(|_| {
                self.offers
                    .to(peer, &name)
                    .map(|offer| offer.not_after)
                    .max()
            });
            if let Some(last) = last.filter(|last| *last <= now) {
                ended.push(EndedOffer {
                    dataset: name.clone(),
                    ended: last,
                });
            }
            at = Some(name);
        }
        ended
    }

    /// The first name behind that one of what `peer` may have an offer or a contract for.
    fn next_name<'b>(
        &'b self,
        peer: &ParticipantId,
        registry: &'b ContractRegistry,
        after: Option<&SqlIdentifier>,
    ) -> Option<&'b SqlIdentifier> {
        let offered = self.offers.dataset_after(peer, after);
        let agreed = registry.dataset_after(peer, after);
        offered.into_iter().chain(agreed).min()
    }
}
