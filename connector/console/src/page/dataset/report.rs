//! Objects of `hansa dataset show --json` and `hansa dataset sample --json`. A page reads a part of them, and ignores unknown members.

use crate::page::dataset::profile::ProfileSummary;
use crate::part::dataset_entry::DatasetEntry;
use crate::part::dataset_words::{CoveredPeriod, StatedFault};
use crate::part::map::MapOutlines;
use hansa_policy::published_list::PublishedLists;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Object of `hansa dataset show --json`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DatasetReport {
    /// Catalogue entry.
    #[serde(flatten)]
    pub entry: DatasetEntry,
    /// Period that the rows cover.
    #[serde(default)]
    pub covers: Option<CoveredPeriod>,
    /// Digest of the rows.
    #[serde(default)]
    pub digest: Option<String>,
    /// Reason why the snapshot can't be read.
    #[serde(default)]
    pub fault: Option<StatedFault>,
    /// Offers of the configuration.
    #[serde(default)]
    pub offers: Vec<OfferSummary>,
    /// Contracts on the dataset.
    #[serde(default)]
    pub contracts: ContractNumbers,
    /// Releases of cells.
    #[serde(default)]
    pub releases: Vec<ReleaseSummary>,
    /// Restriction that applies before all contracts.
    #[serde(default)]
    pub restriction: Option<RestrictionSummary>,
    /// Profile that is kept with the snapshot.
    #[serde(default)]
    pub profile: Option<ProfileSummary>,
    /// Places of a dataset that stays where it is.
    #[serde(default)]
    pub in_place: Vec<String>,
}

impl DatasetReport {
    /// `true` if rows or columns are about persons.
    #[must_use]
    pub fn is_about_persons(&self) -> bool {
        self.entry.is_about_persons()
    }

    /// Outlines of the published areas around the rows, for the map of the page.
    #[must_use]
    pub fn find_outlines(&self, lists: &PublishedLists) -> MapOutlines {
        self.entry.find_outlines(lists)
    }
}

/// Offer of the dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OfferSummary {
    /// Name of the policy.
    pub policy: String,
    /// Recipients: `league`, `public`, or a list of participants.
    pub to: String,
    /// Side that signs: `officer` or `auto`.
    pub sign: String,
    /// Title of the policy.
    pub title: Option<String>,
    /// First instant in force.
    pub not_before: Option<String>,
    /// End of the offer.
    pub not_after: Option<String>,
    /// Reason why the policy can't be offered.
    pub fault: Option<StatedFault>,
}

/// Numbers of contracts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContractNumbers {
    /// Contracts in force.
    pub in_force: u64,
    /// All contracts.
    pub all: u64,
}

/// Release of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ReleaseSummary {
    /// Instant of the release.
    pub at: String,
    /// Label of the snapshot.
    pub snapshot: String,
    /// End of the period that was released.
    pub until: String,
    /// Number of published cells.
    pub published: u64,
    /// Number of cells that were withheld.
    pub withheld: u64,
}

/// Restriction of a dataset. One that can't be read has no clauses, and nothing of the dataset is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RestrictionSummary {
    /// Title of the restriction.
    pub title: Option<String>,
    /// Clauses in words.
    pub clauses: Option<Vec<RestrictionClauseText>>,
}

/// Clause of a restriction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RestrictionClauseText {
    /// Number of the clause.
    pub clause: String,
    /// Sentence of the clause.
    pub says: String,
}

/// Row of a sample, by the names of its columns. A line that can't be read has no fields.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SampledRow {
    /// Line in the file.
    pub line: u64,
    /// Values as they are published.
    pub fields: BTreeMap<String, SampledCell>,
}

/// Value of a sample.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum SampledCell {
    /// Text, date or instant.
    Text(String),
    /// Truth value.
    Truth(bool),
    /// Whole number.
    Whole(i64),
    /// Other number.
    Number(f64),
    /// No value, or one of another form.
    #[default]
    Missing,
}
