//! Listing of the catalogue for one participant: the datasets for which it has a contract or an offer, and no others.

use crate::Catalog;
use crate::dataset::Dataset;
use crate::offer_index::IdentifiedOffer;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractRegistry;
use hansa_policy::id::{ContractId, ParticipantId, SqlIdentifier};

/// One page of a participant's listing.
#[derive(Debug, Clone)]
pub struct ListingPage<'a> {
    /// Datasets in the order of their names.
    pub entries: Vec<CatalogListing<'a>>,
    /// Name after which the next page starts; absent on the last page. It is the name of a shown dataset, so it discloses nothing,
    /// and it stays valid while datasets come and go.
    pub after: Option<SqlIdentifier>,
}

/// Dataset as one participant sees it.
#[derive(Debug, Clone)]
pub struct CatalogListing<'a> {
    /// Entry of the dataset.
    pub dataset: &'a Dataset,
    /// Offers to this participant.
    pub offers: Vec<&'a IdentifiedOffer>,
    /// Contracts of the participant and public views, all in force.
    pub contracts: Vec<ContractId>,
}

/// Ended offer, as reported to a participant to which it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedOffer {
    /// Name of the dataset.
    pub dataset: SqlIdentifier,
    /// End of the offer's period.
    pub ended: UtcTimestamp,
}

/// Largest number of entries on one page.
pub const MOST_ENTRIES: usize = 200;

impl Catalog {
    /// Page of the listing for `peer` that starts after the name `after`, with at most `most` entries.
    #[must_use]
    pub fn visible_entries<'a>(
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

    /// One dataset as `peer` sees it; none for a dataset that does not exist and for one that the peer may not see.
    #[must_use]
    pub fn visible_one<'a>(
        &'a self,
        peer: &ParticipantId,
        registry: &ContractRegistry,
        now: UtcTimestamp,
        name: &SqlIdentifier,
    ) -> Option<CatalogListing<'a>> {
        let dataset = self.dataset(name)?;
        let offers = self.offers.offers_to_peer(peer, name);
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

    /// Ended offers to `peer` for datasets without another offer to it; for each dataset the one that ended last. A participant
    /// that had no offer gets no entry, as for a dataset that does not exist.
    #[must_use]
    pub fn ended_offers_to_peer(&self, peer: &ParticipantId, now: UtcTimestamp) -> Vec<EndedOffer> {
        let mut ended = Vec::new();
        let mut at = None;
        while let Some(name) = self.offers.dataset_after(peer, at.as_ref()).cloned() {
            let last = self.dataset(&name).and_then(|_| {
                self.offers
                    .offers_to_peer(peer, &name)
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

    /// First name after `after` for which `peer` may have an offer or a contract.
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
