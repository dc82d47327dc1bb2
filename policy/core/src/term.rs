//! Terms: the closed vocabulary of contracts.
//!
//! A term is executed exactly, or recorded and shown as "not technically enforced"; otherwise the contract can't be signed.
//! The numbers are those of the vocabulary (docs/terms.md). Each term has its own file below `term/`, and [`Term`] is their index.

pub mod aggregate;
pub mod area;
mod attestation;
pub mod band;
mod canonical_value;
mod clause_consistency;
pub mod clause_effects;
pub mod clause_summary;
pub mod columns;
mod comparison;
pub mod consent;
pub mod contract_context;
pub mod delivery;
pub(crate) mod disjointness;
mod dispatch;
pub mod dominance;
pub mod duty;
pub mod embargo;
pub mod exclusivity;
mod form_choice;
pub mod group;
pub mod hours;
pub mod inform;
pub mod joins;
pub mod key_transfer;
pub mod language;
pub mod legal_basis;
pub mod lookup;
pub mod mask;
pub mod min_group;
pub mod normal_form;
pub mod odrl;
mod one_sided_receipts;
pub mod open_data;
pub mod place_cells;
pub mod prefix;
pub mod price;
pub mod privacy_budget;
pub mod prohibition;
pub mod pseudonym;
pub mod published_area;
pub mod purpose;
pub mod quota;
pub mod receipts;
pub mod region;
pub mod relative_window;
pub mod release;
pub mod row_filter_term;
pub mod rule;
mod samples;
pub mod schema_version;
pub mod sector;
pub mod service_level;
pub mod throughput;
mod tightness_order;
pub mod time_bucket;
pub mod vocabulary;
pub mod vocabulary_table;
pub mod window;
pub mod wording;

use crate::group::GroupName;
use crate::id::{ClauseId, DatasetId, PurposeId, SqlIdentifier};
use crate::refusal::Refusal;
use crate::row_filter::RowFilter;
use crate::term::duty::ForbiddenUse;
use crate::value::area::{BoundingBox, PublishedAreaTerm};
use crate::value::column::{LookupTerm, MaskValue};
use crate::value::cube::{CountingUnit, CubeFunction, DominanceTerm, ReleaseTerm};
use crate::value::delivery::{DeliveryFormat, NetworkPrefix};
use crate::value::privacy_budget::PrivacyBudgetTerm;
use crate::value::region::RegionCode;
use crate::value::sector::SectorCode;
use crate::value::time::{PeriodQuota, TimeBucketWidth};
use band::BandTerm;
use embargo::EmbargoTerm;
use hansa_audit_log::time::UtcTimestamp;
use hours::HoursTerm;
use inform::{InformEvent, NotificationTerm};
use key_transfer::KeyTransferTerm;
use legal_basis::LegalBasis;
use place_cells::PlaceCellsTerm;
use prefix::PrefixTerm;
use price::PriceTerm;
use prohibition::ProhibitionTerm;
use pseudonym::PseudonymTerm;
use relative_window::RelativeWindowTerm;
use schema_version::SchemaCompatibility;
use service_level::ServiceLevelTerm;

/// Largest number of clauses in a policy, so that the record of a decision stays bounded.
pub const MOST_CLAUSES: usize = 100;

/// Refusal with a clause and its content.
pub(crate) fn cite_clause(refusal: Refusal, clause: &Clause) -> Refusal {
    refusal.with_clause(clause.id, clause.term.to_english())
}

impl From<ProhibitionTerm> for Term {
    fn from(one: ProhibitionTerm) -> Self {
        Self::Prohibition(Box::new(one))
    }
}

/// Numbered term of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Number, as cited in refusals.
    pub id: ClauseId,
    /// Term of the clause.
    pub term: Term,
}

/// Executable or recorded term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Term 2: members of a group of the provider only.
    Group(GroupName),
    /// Term 2: everybody may fetch all rows over the web, unidentified.
    OpenData,
    /// Term 3: participants in one of these sectors only, by credential.
    Sector(Vec<SectorCode>),
    /// Term 4: the declared purpose is one of these or narrower.
    Purpose(Vec<PurposeId>),
    /// Term 4: the declared purpose is none of these, nor narrower or wider.
    PurposeNot(Vec<PurposeId>),
    /// Term 5: not before this instant.
    NotBefore(UtcTimestamp),
    /// Term 5: before this instant.
    NotAfter(UtcTimestamp),
    /// Term 6: duration after entry into force or after the first use.
    Lasts(RelativeWindowTerm),
    /// Term 7: in these hours of the week.
    Hours(HoursTerm),
    /// Terms 8 and 9: only rows for which the filter is true exist.
    Rows(RowFilter),
    /// Term 10: only these columns exist.
    Columns(Vec<SqlIdentifier>),
    /// Term 11: the column shows a keyed hash.
    Pseudonym(PseudonymTerm),
    /// Term 12: the column is replaced by a mask.
    Mask {
        /// Column to be masked.
        column: SqlIdentifier,
        /// Replacement value.
        mask: MaskValue,
    },
    /// Term 12: the column shows its first characters.
    Prefix(PrefixTerm),
    /// Term 13: the column shows the lower edge of a band.
    Band(BandTerm),
    /// Term 13: the column shows a level of a published hierarchy.
    Lookup(LookupTerm),
    /// Term 14: an instant or a date is rounded down to its bucket.
    TimeBucket {
        /// Column of times.
        column: SqlIdentifier,
        /// Width of the bucket.
        bucket: TimeBucketWidth,
        /// IANA zone of buckets of a day or longer; absent: UTC.
        zone: Option<String>,
    },
    /// Term 15: only rows whose point lies in the box (edges included).
    Area {
        /// Column of the longitude, degrees.
        lon: SqlIdentifier,
        /// Column of the latitude, degrees.
        lat: SqlIdentifier,
        /// Bounding box.
        bounds: BoundingBox,
    },
    /// Term 15: only rows whose point lies in a published area (outline included).
    PublishedArea(PublishedAreaTerm),
    /// Term 16: coordinates are replaced by the cell of a grid.
    PlaceCells(PlaceCellsTerm),
    /// Term 17: aggregates only, with these functions.
    Functions(Vec<CubeFunction>),
    /// Term 17: columns for grouping and filtering.
    Dimensions(Vec<SqlIdentifier>),
    /// Term 17: columns that may be aggregated.
    Measures(Vec<SqlIdentifier>),
    /// Term 21, first half: registered grid of the dataset.
    Grid(String),
    /// Term 21, second half: cells are released once in each period and never change.
    Release(ReleaseTerm),
    /// Term 18: a cell, and each measure in it, exists only with at least this number of distinct units.
    MinGroup {
        /// Smallest number, at least 1.
        at_least: u32,
        /// Counted unit.
        unit: CountingUnit,
    },
    /// Term 19: a measure of a cell is withheld where few units dominate it.
    Dominance(DominanceTerm),
    /// Term 20: totals are computed from published cells only.
    TotalsFromPublished,
    /// Term 20: further cells are withheld until no total discloses a small group.
    SuppressComplement,
    /// Term 20: counts are rounded to multiples of a base, by random values of the units.
    CellKey(u32),
    /// Term 22: noise that is drawn once for each cell, and a privacy budget of each unit.
    Budget(PrivacyBudgetTerm),
    /// Term 23: joins at the provider over these columns only.
    JoinKeys(Vec<SqlIdentifier>),
    /// Term 24: joins at the provider with these datasets only; with none if the list is empty.
    JoinWith(Vec<DatasetId>),
    /// Term 25: key columns of joins are never shown.
    KeysStay,
    /// Term 25: values of columns may be sent to other participants to filter their rows.
    KeysTravel(KeyTransferTerm),
    /// Term 26: questions in each period.
    Queries(PeriodQuota),
    /// Term 27: rows in each period.
    RowQuota(PeriodQuota),
    /// Term 28: bytes in each period.
    ByteQuota(PeriodQuota),
    /// Term 29: rows per second, over all answers.
    RowsPerSecond(u64),
    /// Term 30: simultaneous answers.
    Concurrent(u32),
    /// Term 31: rows of one answer.
    ResultRows(u64),
    /// Term 32: rows are hidden until they have this age.
    Embargo(EmbargoTerm),
    /// Term 33: delivery to these networks only.
    Networks(Vec<NetworkPrefix>),
    /// Term 33: participants with a seat in this region only, by credential.
    Region(RegionCode),
    /// Term 34: delivery in these formats only.
    Formats(Vec<DeliveryFormat>),
    /// Term 35, recorded: the consumer deletes received data after this number of days.
    DeleteAfter {
        /// Number of days.
        days: u32,
    },
    /// Term 35, second half: the consumer signs a statement of deletion this number of days after each answer.
    Attest {
        /// Number of days.
        days: u32,
    },
    /// Term 36, recorded: the consumer names the source with this text.
    Attribution(String),
    /// Term 37, recorded: a use that the consumer refrains from. Onward federation is refused technically.
    Prohibit(ForbiddenUse),
    /// Term 37: under these conditions all questions are refused, or a part of the dataset does not exist.
    Prohibition(Box<ProhibitionTerm>),
    /// Term 38: no other participant gets a contract on the dataset during this contract.
    Exclusive,
    /// Term 39, recorded: service level that the provider promises.
    Service(ServiceLevelTerm),
    /// Term 40, recorded: price.
    Price(PriceTerm),
    /// Term 41, recorded: events that the parties report to each other.
    Inform(Vec<InformEvent>),
    /// Term 41: events that the provider's connector reports to a party.
    Notify(NotificationTerm),
    /// Term 45: legal basis.
    LegalBasis(LegalBasis),
    /// Term 46, recorded: consent of the data subjects.
    ObtainConsent,
    /// Term 47: largest number of receipts without countersignature.
    Receipts(u32),
    /// Term 47: programs of the consumer may ask without a connector. Their receipts are not countersigned.
    OneSidedReceipts,
    /// Term 48: schemas of the dataset for which the contract is valid.
    Version(SchemaCompatibility),
}

#[cfg(test)]
mod tests;
