//! The terms: the closed vocabulary of what a contract can say.
//!
//! A term is executed exactly, or recorded and shown as "not technically enforced", or the contract can't be signed. The
//! numbers are those of the vocabulary; each term stands in a file of its own below `term/`, and this list is their index.

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

/// The most clauses that a policy may hold, so that every ruling fits into one record.
pub const MOST_CLAUSES: usize = 100;

/// A refusal that cites a clause and what it says.
pub(crate) fn cite(refusal: Refusal, clause: &Clause) -> Refusal {
    refusal.with_clause(clause.id, clause.term.plain())
}

impl From<ProhibitionTerm> for Term {
    fn from(one: ProhibitionTerm) -> Self {
        Self::Prohibition(Box::new(one))
    }
}

/// A term with its place in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The number under which refusals cite it.
    pub id: ClauseId,
    /// What it says.
    pub term: Term,
}

/// One executable or recorded rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// 2: only for the members of a group of the provider.
    Group(GroupName),
    /// 2: anybody may fetch all rows over the web, without being known.
    OpenData,
    /// 3: only for whoever works in one of these sectors, by a credential.
    Sector(Vec<SectorCode>),
    /// 4: the declared purpose is one of these or narrower.
    Purpose(Vec<PurposeId>),
    /// 4: the declared purpose is none of these, nor narrower or wider.
    PurposeNot(Vec<PurposeId>),
    /// 5: not before this instant.
    NotBefore(UtcTimestamp),
    /// 5: before this instant.
    NotAfter(UtcTimestamp),
    /// 6: over so long after it came into force, or was first used.
    Lasts(RelativeWindowTerm),
    /// 7: in these hours of the week.
    Hours(HoursTerm),
    /// 8, 9: only rows for which this holds exist.
    Rows(RowFilter),
    /// 10: only these columns exist.
    Columns(Vec<SqlIdentifier>),
    /// 11: the column shows a keyed hash.
    Pseudonym(PseudonymTerm),
    /// 12: the column is replaced.
    Mask {
        /// The column.
        column: SqlIdentifier,
        /// By what.
        mask: MaskValue,
    },
    /// 12: the column shows its first characters.
    Prefix(PrefixTerm),
    /// 13: the column shows the lower edge of a band.
    Band(BandTerm),
    /// 13: the column shows a level of a published hierarchy.
    Lookup(LookupTerm),
    /// 14: an instant or a date is floored to its bucket.
    TimeBucket {
        /// The column.
        column: SqlIdentifier,
        /// The width.
        bucket: TimeBucketWidth,
        /// IANA zone in which days and longer begin; absent: UTC.
        zone: Option<String>,
    },
    /// 15: only rows whose point lies in the box (edges included).
    Area {
        /// Column of the longitude, degrees.
        lon: SqlIdentifier,
        /// Column of the latitude, degrees.
        lat: SqlIdentifier,
        /// The box.
        bounds: BoundingBox,
    },
    /// 15: only rows whose point lies in a published area (its outline included).
    PublishedArea(PublishedAreaTerm),
    /// 16: coordinates do not exist; the cell of a grid does.
    PlaceCells(PlaceCellsTerm),
    /// 17: aggregates only, with these functions.
    Functions(Vec<CubeFunction>),
    /// 17: the columns that may be grouped and filtered by.
    Dimensions(Vec<SqlIdentifier>),
    /// 17: the columns that may be aggregated.
    Measures(Vec<SqlIdentifier>),
    /// 21, first half: the dataset's registered grid.
    Grid(String),
    /// 21, second half: cells are released once a period and stay as they are.
    Release(ReleaseTerm),
    /// 18: a cell (and each measure in it) exists only with at least so many distinct values of the unit.
    MinGroup {
        /// The least number; at least 1.
        at_least: u32,
        /// What is counted.
        unit: CountingUnit,
    },
    /// 19: a measure of a cell is absent where few units dominate it.
    Dominance(DominanceTerm),
    /// 20: totals are built from published cells only.
    TotalsFromPublished,
    /// 20: further cells are withheld until no total tells of a small group.
    SuppressComplement,
    /// 20: counts are multiples of a base, by lots of the units.
    CellKey(u32),
    /// 22: noise that is drawn once a cell, and a budget of what may be told of a unit.
    Budget(PrivacyBudgetTerm),
    /// 23: joined here over these columns only.
    JoinKeys(Vec<SqlIdentifier>),
    /// 24: in one question here with these datasets only; with none where the list is empty.
    JoinWith(Vec<DatasetId>),
    /// 25: the columns that it is joined over are shown to nobody.
    KeysStay,
    /// 25: values of columns may be sent to others, to narrow what these answer.
    KeysTravel(KeyTransferTerm),
    /// 26: questions in each period.
    Queries(PeriodQuota),
    /// 27: rows in each period.
    RowQuota(PeriodQuota),
    /// 28: bytes in each period.
    ByteQuota(PeriodQuota),
    /// 29: rows in a second, over all answers.
    RowsPerSecond(u64),
    /// 30: answers at once.
    Concurrent(u32),
    /// 31: rows of one answer.
    ResultRows(u64),
    /// 32: rows are hidden until they are so old.
    Embargo(EmbargoTerm),
    /// 33: only to these networks.
    Networks(Vec<NetworkPrefix>),
    /// 33: only to whoever sits in this region, by a credential.
    Region(RegionCode),
    /// 34: only in these forms.
    Formats(Vec<DeliveryFormat>),
    /// 35, recorded: the consumer deletes what it received after so many days.
    DeleteAfter {
        /// Days.
        days: u32,
    },
    /// 35, second half: in a signed statement, so many days after each answer, the consumer says that it is deleted.
    Attest {
        /// Days.
        days: u32,
    },
    /// 36, recorded: the consumer names the source with this text.
    Attribution(String),
    /// 37, recorded (onward federation is refused technically): the consumer does not do this.
    Prohibit(ForbiddenUse),
    /// 37: under these conditions no question is answered, or a part is not there.
    Prohibition(Box<ProhibitionTerm>),
    /// 38: nobody else gets a contract on the dataset for the time.
    Exclusive,
    /// 39, recorded: what the provider promises of its service.
    Service(ServiceLevelTerm),
    /// 40, recorded: what is paid.
    Price(PriceTerm),
    /// 41, recorded: of what the parties tell each other.
    Inform(Vec<InformEvent>),
    /// 41: of what the provider's connector tells whom.
    Notify(NotificationTerm),
    /// 45: the legal basis.
    LegalBasis(LegalBasis),
    /// 46, recorded: the persons concerned have consented.
    ObtainConsent,
    /// 47: at most so many receipts are open.
    Receipts(u32),
    /// 47: programs of the consumer may ask without a connector, and nobody countersigns their receipts.
    OneSidedReceipts,
    /// 48: for which schemas of the dataset it is good.
    Version(SchemaCompatibility),
}

#[cfg(test)]
mod tests;
