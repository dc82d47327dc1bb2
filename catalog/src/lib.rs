//! Datasets, offers, and what a participant may see of them.
//!
//! Pure: it holds no rows and no connections.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

pub mod catalog_listing;
pub mod contract_break;
pub mod dataset;
pub mod entry_redaction;
pub mod feed;
#[cfg(test)]
mod fixture;
pub mod grid_alignment;
pub mod lint;
pub mod literal_type;
pub mod offer;
pub mod offer_index;
pub mod publication;
pub mod query_view;
pub mod schema_compatibility;

use crate::dataset::Dataset;
use crate::offer::{Offer, SigningMode};
use crate::offer_index::{IdentifiedOffer, OfferIndex};
use crate::publication::{DatasetWithdrawal, PublishableDataset};
use crate::schema_compatibility::SchemaSecret;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::Recorded;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::negotiation::OfferMatch;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

/// What this participant publishes, and to whom it offers what.
#[derive(Debug, Clone)]
pub struct Catalog {
    own: ParticipantId,
    datasets: BTreeMap<SqlIdentifier, Dataset>,
    offers: OfferIndex,
    seal: Option<SchemaSecret>,
}

impl Catalog {
    /// An empty catalogue of the participant `own`.
    #[must_use]
    pub const fn new(own: ParticipantId) -> Self {
        Self {
            own,
            datasets: BTreeMap::new(),
            offers: OfferIndex::new(),
            seal: None,
        }
    }

    /// The same, of an owner who names its schemas under this secret.
    #[must_use]
    pub fn sealed_by(mut self, seal: SchemaSecret) -> Self {
        self.seal = Some(seal);
        self
    }

    /// The secret under which the schemas are named.
    #[must_use]
    pub const fn seal(&self) -> Option<&SchemaSecret> {
        self.seal.as_ref()
    }

    /// What a worker of `own` sees for one question: these datasets. That they are published is on the books of its connector.
    #[must_use]
    pub fn delegated(own: ParticipantId, datasets: impl IntoIterator<Item = Dataset>) -> Self {
        let mut lent = Self::new(own);
        datasets.into_iter().for_each(|dataset| lent.place(dataset));
        lent
    }

    /// Takes in a dataset whose publication is durably recorded; a newer version takes the place of the older one.
    pub fn publish(&mut self, listed: Recorded<PublishableDataset>) {
        let (listed, _) = listed.into_parts();
        self.place(listed.into_dataset());
    }

    /// Takes in, at start-up, a dataset whose publication the log already holds; `logged` is the body of its last
    /// `publish` record.
    ///
    /// # Errors
    /// `DATASET_NOT_PUBLISHED` when the entry is not the one that was recorded.
    pub fn restore(&mut self, dataset: Dataset, logged: &Json) -> Result<(), Refusal> {
        if publication::body(&dataset) != *logged {
            return Err(Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!("the log holds no publication of this `{}`", dataset.id.name),
            ));
        }
        self.place(dataset);
        Ok(())
    }

    fn place(&mut self, dataset: Dataset) {
        if dataset.id.owner == self.own {
            self.datasets.insert(dataset.id.name.clone(), dataset);
        }
    }

    /// Removes a dataset whose withdrawal is durably recorded. Contracts over it stay, and answer `DATASET_UNKNOWN`.
    pub fn withdraw(&mut self, withdrawn: Recorded<DatasetWithdrawal>) {
        self.datasets.remove(&withdrawn.dataset().name);
    }

    /// Replaces all offers, as a reload of the configuration does. Offers of datasets that are not published wait for
    /// them, invisible.
    pub fn set_offers(&mut self, offers: Vec<Offer>) {
        self.offers = OfferIndex::of(offers);
    }

    /// Whose catalogue it is.
    #[must_use]
    pub const fn own(&self) -> &ParticipantId {
        &self.own
    }

    /// The published dataset of that name.
    #[must_use]
    pub fn dataset(&self, name: &SqlIdentifier) -> Option<&Dataset> {
        self.datasets.get(name)
    }

    /// The published dataset, if it is one of ours.
    #[must_use]
    pub fn by_id(&self, id: &DatasetId) -> Option<&Dataset> {
        (id.owner == self.own)
            .then(|| self.datasets.get(&id.name))
            .flatten()
    }

    /// All published datasets, in order of their names.
    pub fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.values()
    }

    /// All offers, of published datasets or not, in order of the datasets' names.
    pub fn offers(&self) -> impl Iterator<Item = &IdentifiedOffer> {
        self.offers.all()
    }

    /// What the catalogue says of a proposal by `peer`: whether it is exactly an offer to it, for the dataset as it is
    /// published now. Where two offers fit, the one that needs no officer counts.
    #[must_use]
    pub fn offered(&self, peer: &ParticipantId, proposal: &Agreement, seen: bool) -> OfferMatch {
        let Some(dataset) = self.by_id(&proposal.dataset.id) else {
            return OfferMatch::Nothing;
        };
        let mut found = if seen {
            OfferMatch::OtherTerms
        } else {
            OfferMatch::Nothing
        };
        for offer in self.offers.to(peer, &dataset.id.name) {
            if offer.dataset != dataset.id {
                continue;
            }
            let exact = offer.is_exactly(proposal)
                && proposal.dataset.schema == dataset.schema_digest()
                && proposal.dataset.high_value == dataset.high_value;
            found = match (exact, offer.sign, found) {
                (true, SigningMode::Auto, _) | (_, _, OfferMatch::Auto) => OfferMatch::Auto,
                (true, SigningMode::Officer, _) | (false, _, OfferMatch::Officer) => {
                    OfferMatch::Officer
                }
                (false, _, OfferMatch::Nothing | OfferMatch::OtherTerms) => OfferMatch::OtherTerms,
            };
        }
        found
    }
}

#[cfg(test)]
mod tests;
