//! Datasets of a participant, its offers, and the view of one question.
//!
//! A provider lists its datasets in the catalogue. A peer sees the datasets for which it has an offer or a contract. A question is
//! planned over a view, in which tables and columns that the contracts don't show do not exist.
//!
//! # The walk
//!
//! 1. **Publish.** A [`Dataset`] entry is a [`DatasetDraft`]. [`DatasetDraft::check_snapshot`] compares it with its snapshot and gives a
//!    [`PublishableDataset`]. [`Catalog::publish`] takes it once its record is durable.
//! 2. **Offer.** An [`Offer`] is a dataset under a policy for named participants, for the league or for everybody. [`lint::check_offer`]
//!    finds its faults before it is signed. [`Catalog::set_offers`] takes it.
//! 3. **List.** [`Catalog::visible_entries`] gives a [`CatalogListing`] of each dataset that one peer may see.
//! 4. **Agree.** [`Offer::agreement`] makes the unsigned agreement. [`Catalog::match_proposal`] compares a proposal with the
//!    offers.
//! 5. **View.** [`Catalog::build_view`] takes the contracts of one question and gives a [`QueryView`] with a [`ViewTable`] for each
//!    dataset that they permit.
//! 6. **Withdraw.** A recorded [`DatasetWithdrawal`] removes a dataset.
//!
//! # What it must never do
//!
//! - Hold rows or connections.
//! - List a dataset whose publication is not recorded.
//! - Let a peer distinguish a hidden dataset from one that does not exist.
//!
//! # Publishing, offering, viewing
//!
//! ```
//! use hansa_catalog::{Catalog, DatasetDraft, Offer, OfferRecipients, SigningMode};
//! # use hansa_audit_log::{ChainState, ClockReading, Ledger, LogStorage, RecordMetadata, RecordSalt, StorageError};
//! # use hansa_catalog::{ColumnType, Dataset, DatasetColumn};
//! # use hansa_policy::{ContractRegistry, ParticipantId};
//! # use std::{fs::File, io::Write};
//! # struct FileStorage(File);
//! # impl LogStorage for FileStorage {
//! #     fn append(&mut self, frames: &[u8]) -> Result<(), StorageError> {
//! #         let written = self.0.write_all(frames).and_then(|()| self.0.sync_all());
//! #         written.map_err(|error| StorageError { reason: error.to_string(), full: false })
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("hansa-catalog-{}", std::process::id()));
//! # let chain = ChainState::new("lindau.example/hansa/evidence");
//! # let mut ledger = Ledger::open(FileStorage(File::create(&path)?), chain, "boot-1");
//! # let now: hansa_audit_log::UtcTimestamp = "2026-11-20T08:00:00Z".parse()?;
//! # let stamp = RecordMetadata { tick: ClockReading { wall: now, mono_ns: 0 }, salt: RecordSalt([7; 16]) };
//! # let column = |name: &str, kind| -> Result<DatasetColumn, hansa_policy::IdentifierError> {
//! #     Ok(DatasetColumn {
//! #         name: name.parse()?,
//! #         kind,
//! #         nullable: false,
//! #         unit: None,
//! #         crs: None,
//! #         personal: false,
//! #         meaning: None,
//! #         uncertainty: None,
//! #         conversion: None,
//! #         own_keys: None,
//! #         distinct: 0,
//! #     })
//! # };
//! # let entry = Dataset {
//! #     id: "hansa://lindau.example/d/bikes".parse()?,
//! #     title: "Bicycles".to_owned(),
//! #     licence: "CC-BY-4.0".to_owned(),
//! #     attribution: None,
//! #     high_value: false,
//! #     model: None,
//! #     kind: None,
//! #     description: hansa_catalog::DatasetDescription::default(),
//! #     queries: Vec::new(),
//! #     unit_column: None,
//! #     personal: false,
//! #     columns: vec![column("site", ColumnType::Text)?, column("bikes", ColumnType::Int)?],
//! #     whole_schema: None,
//! #     grid: None,
//! #     feed: None,
//! #     version: "2026-11-20.1".to_owned(),
//! #     published_at: now,
//! #     rows: 12,
//! #     bytes: 600,
//! #     time_span: None,
//! #     area: None,
//! #     zone: "Europe/Berlin".to_owned(),
//! # };
//! let mut catalog = Catalog::new("lindau.example".parse()?);
//!
//! // `entry` says what the snapshot holds. It is checked, recorded, and only then listed.
//! let snapshot = entry.schema();
//! let (dataset, schema) = (entry.id.clone(), entry.schema_digest());
//! let listed = DatasetDraft { dataset: entry }.check_snapshot(&snapshot).map_err(|problems| format!("{problems:?}"))?;
//! catalog.publish(ledger.record(listed, stamp)?);
//!
//! let firm: ParticipantId = "firm.example".parse()?;
//! catalog.set_offers(vec![Offer {
//!     dataset: dataset.clone(),
//!     title: "Counts for the firm".to_owned(),
//!     clauses: Vec::new(),
//!     to: OfferRecipients::Participants([firm.clone()].into()),
//!     sign: SigningMode::Officer,
//! #     own_purposes: Vec::new(),
//! #     not_before: "2026-01-01T00:00:00Z".parse()?,
//! #     not_after: "2027-01-01T00:00:00Z".parse()?,
//! #     legal: None,
//! #     template: None,
//! }]);
//! # let contracts = ContractRegistry::new("lindau.example".parse()?);
//!
//! // The firm sees the dataset with its offer; another member of the league sees nothing.
//! let page = catalog.visible_entries(&firm, &contracts, now, None, 10);
//! assert_eq!(page.entries[0].offers.len(), 1);
//! let other: ParticipantId = "other.example".parse()?;
//! assert!(catalog.visible_entries(&other, &contracts, now, None, 10).entries.is_empty());
//!
//! // An offer is no contract. The owner's own people have the house contract, and this is what they may name.
//! let view = catalog.build_view(&contracts.owner_contracts([(dataset, schema)]), None)?;
//! assert!(view.table("bikes").is_some());
//! assert!(view.table("air").is_none());
//! # std::fs::remove_file(path)?;
//! # Ok(())
//! # }
//! ```

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
pub mod saved_query;
pub mod schema_compatibility;

pub use crate::catalog_listing::{CatalogListing, ListingPage};
pub use crate::dataset::{
    ColumnType, Dataset, DatasetColumn, DatasetDescription, DatasetKind, GridDimension,
    RegisteredGrid,
};
pub use crate::lint::{LintFinding, LintSeverity};
pub use crate::offer::{AgreementParameters, Offer, OfferRecipients, SigningMode};
pub use crate::offer_index::IdentifiedOffer;
pub use crate::publication::{DatasetDraft, DatasetWithdrawal, PublishableDataset};
pub use crate::query_view::{QueryView, ViewShape, ViewTable};
pub use crate::saved_query::{ParameterValue, SavedQuery, SavedQueryParameter};
pub use crate::schema_compatibility::SchemaSecret;

use crate::offer_index::OfferIndex;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::record::publications::PublicationRecord;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::negotiation::OfferMatch;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

/// Catalogue of a participant: its published datasets and its offers.
#[derive(Debug, Clone)]
pub struct Catalog {
    own: ParticipantId,
    datasets: BTreeMap<SqlIdentifier, Dataset>,
    offers: OfferIndex,
    seal: Option<SchemaSecret>,
}

impl Catalog {
    /// Empty catalogue of the participant `own`.
    #[must_use]
    pub const fn new(own: ParticipantId) -> Self {
        Self {
            own,
            datasets: BTreeMap::new(),
            offers: OfferIndex::new(),
            seal: None,
        }
    }

    /// Catalogue whose schema digests are keyed with this secret.
    #[must_use]
    pub fn sealed_by(mut self, seal: SchemaSecret) -> Self {
        self.seal = Some(seal);
        self
    }

    /// Secret of the schema digests.
    #[must_use]
    pub const fn schema_secret(&self) -> Option<&SchemaSecret> {
        self.seal.as_ref()
    }

    /// Catalogue of a worker of `own` for one question, with these datasets. The publication records are in the log of its
    /// connector.
    #[must_use]
    pub fn from_delegated_datasets(
        own: ParticipantId,
        datasets: impl IntoIterator<Item = Dataset>,
    ) -> Self {
        let mut catalog = Self::new(own);
        datasets
            .into_iter()
            .for_each(|dataset| catalog.insert_dataset(dataset));
        catalog
    }

    /// Adds a dataset whose publication is durably recorded. It replaces an older version.
    pub fn publish(&mut self, listed: Recorded<PublishableDataset>) {
        let (listed, _) = listed.into_parts();
        self.insert_dataset(listed.into_dataset());
    }

    /// Adds, at start-up, a dataset whose publication the log already holds. `logged` is the body of the dataset's last `publish`
    /// record.
    ///
    /// # Errors
    /// `DATASET_NOT_PUBLISHED` when the entry differs from the recorded one.
    pub fn restore(&mut self, dataset: Dataset, logged: &PublicationRecord) -> Result<(), Refusal> {
        if publication::publication_body(&dataset) != *logged {
            return Err(Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!("the log holds no publication of this `{}`", dataset.id.name),
            ));
        }
        self.insert_dataset(dataset);
        Ok(())
    }

    fn insert_dataset(&mut self, dataset: Dataset) {
        if dataset.id.owner == self.own {
            self.datasets.insert(dataset.id.name.clone(), dataset);
        }
    }

    /// Removes a dataset whose withdrawal is durably recorded. Its contracts stay, and their questions get `DATASET_UNKNOWN`.
    pub fn withdraw(&mut self, withdrawn: Recorded<DatasetWithdrawal>) {
        self.datasets.remove(&withdrawn.dataset().name);
    }

    /// Replaces all offers, as a reload of the configuration does. Offers of unpublished datasets stay invisible until the
    /// publication.
    pub fn set_offers(&mut self, offers: Vec<Offer>) {
        self.offers = OfferIndex::of(offers);
    }

    /// Participant that owns the catalogue.
    #[must_use]
    pub const fn owner(&self) -> &ParticipantId {
        &self.own
    }

    /// Published dataset with this name.
    #[must_use]
    pub fn dataset(&self, name: &SqlIdentifier) -> Option<&Dataset> {
        self.datasets.get(name)
    }

    /// Offers that name `one` as a recipient, each with its published dataset, in the order of their names.
    pub fn offers_naming(
        &self,
        one: &ParticipantId,
    ) -> impl Iterator<Item = (&Dataset, &IdentifiedOffer)> {
        self.offers.named_offers(one).filter_map(|offer| {
            let dataset = self.by_id(&offer.dataset)?;
            Some((dataset, offer))
        })
    }

    /// Published dataset with this identity, if it belongs to this participant.
    #[must_use]
    pub fn by_id(&self, id: &DatasetId) -> Option<&Dataset> {
        (id.owner == self.own)
            .then(|| self.datasets.get(&id.name))
            .flatten()
    }

    /// All published datasets, in the order of their names.
    pub fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.values()
    }

    /// All offers, also of unpublished datasets, in the order of the datasets' names.
    pub fn offers(&self) -> impl Iterator<Item = &IdentifiedOffer> {
        self.offers.offers()
    }

    /// Comparison of a proposal by `peer` with the offers: does it equal an offer to the peer, for the dataset as published now?
    /// Of two matching offers, the one that needs no officer counts.
    #[must_use]
    pub fn match_proposal(
        &self,
        peer: &ParticipantId,
        proposal: &Agreement,
        seen: bool,
    ) -> OfferMatch {
        let Some(dataset) = self.by_id(&proposal.dataset.id) else {
            return OfferMatch::Nothing;
        };
        let mut found = if seen {
            OfferMatch::OtherTerms
        } else {
            OfferMatch::Nothing
        };
        for offer in self.offers.offers_to_peer(peer, &dataset.id.name) {
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
