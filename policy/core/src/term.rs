//! The terms: the closed vocabulary of what a contract can say.
//!
//! A term is executed exactly, or recorded and shown as "not technically enforced", or the contract can't be signed. The
//! numbers are those of the vocabulary; each term stands in a file of its own below `term/`, and this list is their index.

pub mod aggregate;
pub mod area;
pub mod around;
mod asked;
mod attest;
pub mod band;
pub mod budget;
pub mod columns;
pub mod consent;
pub mod delivery;
pub(crate) mod disjoint;
pub mod dominance;
pub mod duty;
pub mod embargo;
pub mod exclusive;
pub mod group;
pub mod hours;
pub mod inform;
pub mod joins;
pub mod lasts;
pub mod legal_basis;
pub mod lookup;
pub mod mask;
pub mod min_group;
pub mod normal;
pub mod odrl;
mod order;
pub mod place_cells;
pub mod prefix;
pub mod price;
pub mod prohibition;
pub mod pseudonym;
pub mod published_area;
pub mod purpose;
pub mod quota;
pub mod receipts;
pub mod region;
pub mod release;
pub mod rows;
pub mod rule;
mod samples;
pub mod sector;
pub mod service;
pub mod streams;
pub mod time_bucket;
mod together;
pub mod tongue;
pub mod travel;
pub mod version;
pub mod vocabulary;
pub mod window;

use crate::effect::{Cube, Effect, What};
use crate::group::GroupName;
use crate::id::{ClauseId, DatasetId, Name, PurposeId};
use crate::refusal::{Code, Refusal};
use crate::row_filter::{Literal, RowFilter};
use band::Band;
use budget::Budget;
use delivery::{Format, Network};
use dominance::Dominance;
use embargo::Embargo;
use hansa_audit_log::time::Time;
use hours::Hours;
use inform::{Event, Notify};
use lasts::Lasts;
use legal_basis::LegalBasis;
use lookup::Lookup;
use place_cells::PlaceCells;
use prefix::Prefix;
use price::Price;
use prohibition::Prohibition;
use pseudonym::Pseudonym;
use published_area::PublishedArea;
use region::Region;
use release::Release;
use rule::Binding;
use sector::Sector;
use service::Service;
use travel::Travel;
use version::Schemas;

/// The most clauses that a policy may hold, so that every ruling fits into one record.
pub const MOST_CLAUSES: usize = 100;

/// What clauses do to their dataset: their terms as effects, bound to who asks. Only terms about rows, columns and form
/// have one; window, purpose and quotas are the business of [`crate::ruling::decide`].
///
/// # Errors
/// What is wrong with any term refuses all: `POLICY_CONTRADICTION`, `TERM_ILL_TYPED`, `TERM_UNKNOWN`, `GRID_CONFLICT`, `TENANT_UNBOUND`.
pub fn of_clauses(clauses: &[Clause], to: &Binding<'_>) -> Result<Vec<Effect>, Refusal> {
    together::check(clauses)?;
    let cube = aggregate::cube(clauses)?;
    let mut effects = Vec::new();
    for clause in clauses {
        let effect = clause
            .term
            .with(|rule| rule.effect(to))
            .map_err(|refusal| cite(refusal, clause))?;
        let effect = match (&clause.term, &cube) {
            (Term::Prohibition(_), _) if !to.prohibits(clause.id) => None,
            (Term::Functions(_), Some(cube)) => Some(What::AggregateOnly(cube.clone())),
            // In aggregate form the cube alone says what exists; `aggregate::cube` has checked that the two agree.
            (Term::Columns(_) | Term::TimeBucket { .. }, Some(_)) => None,
            _ => effect,
        };
        effects.extend(effect.map(|what| Effect {
            clause: clause.id,
            what,
        }));
    }
    Ok(effects)
}

/// The cube that the clauses define; none when they permit rows.
///
/// # Errors
/// As [`of_clauses`], for the clauses of the aggregate form.
pub fn cube_of(clauses: &[Clause]) -> Result<Option<Cube>, Refusal> {
    aggregate::cube(clauses)
}

/// A refusal that cites a clause and what it says.
pub(crate) fn cite(refusal: Refusal, clause: &Clause) -> Refusal {
    refusal.with_clause(clause.id, clause.term.plain())
}

/// The policy permits nothing, or its clauses exclude each other.
pub(crate) fn contradiction(sentence: impl Into<String>) -> Refusal {
    Refusal::new(Code::PolicyContradiction, sentence)
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
    /// 3: only for whoever works in one of these sectors, by a credential.
    Sector(Vec<Sector>),
    /// 4: the declared purpose is one of these or narrower.
    Purpose(Vec<PurposeId>),
    /// 4: the declared purpose is none of these, nor narrower or wider.
    PurposeNot(Vec<PurposeId>),
    /// 5: not before this instant.
    NotBefore(Time),
    /// 5: before this instant.
    NotAfter(Time),
    /// 6: over so long after it came into force, or was first used.
    Lasts(Lasts),
    /// 7: in these hours of the week.
    Hours(Hours),
    /// 8, 9: only rows for which this holds exist.
    Rows(RowFilter),
    /// 10: only these columns exist.
    Columns(Vec<Name>),
    /// 11: the column shows a keyed hash.
    Pseudonym(Pseudonym),
    /// 12: the column is replaced.
    Mask {
        /// The column.
        column: Name,
        /// By what.
        mask: Mask,
    },
    /// 12: the column shows its first characters.
    Prefix(Prefix),
    /// 13: the column shows the lower edge of a band.
    Band(Band),
    /// 13: the column shows a level of a published hierarchy.
    Lookup(Lookup),
    /// 14: an instant or a date is floored to its bucket.
    TimeBucket {
        /// The column.
        column: Name,
        /// The width.
        bucket: Bucket,
        /// IANA zone in which days and longer begin; absent: UTC.
        zone: Option<String>,
    },
    /// 15: only rows whose point lies in the box (edges included).
    Area {
        /// Column of the longitude, degrees.
        lon: Name,
        /// Column of the latitude, degrees.
        lat: Name,
        /// The box.
        bounds: Bounds,
    },
    /// 15: only rows whose point lies in a published area (its outline included).
    PublishedArea(PublishedArea),
    /// 16: coordinates do not exist; the cell of a grid does.
    PlaceCells(PlaceCells),
    /// 17: aggregates only, with these functions.
    Functions(Vec<Function>),
    /// 17: the columns that may be grouped and filtered by.
    Dimensions(Vec<Name>),
    /// 17: the columns that may be aggregated.
    Measures(Vec<Name>),
    /// 21, first half: the dataset's registered grid.
    Grid(String),
    /// 21, second half: cells are released once a period and stay as they are.
    Release(Release),
    /// 18: a cell (and each measure in it) exists only with at least so many distinct values of the unit.
    MinGroup {
        /// The least number; at least 1.
        at_least: u32,
        /// What is counted.
        unit: Unit,
    },
    /// 19: a measure of a cell is absent where few units dominate it.
    Dominance(Dominance),
    /// 20: totals are built from published cells only.
    TotalsFromPublished,
    /// 20: further cells are withheld until no total tells of a small group.
    SuppressComplement,
    /// 20: counts are multiples of a base, by lots of the units.
    CellKey(u32),
    /// 22: noise that is drawn once a cell, and a budget of what may be told of a unit.
    Budget(Budget),
    /// 23: joined here over these columns only.
    JoinKeys(Vec<Name>),
    /// 24: in one question here with these datasets only; with none where the list is empty.
    JoinWith(Vec<DatasetId>),
    /// 25: the columns that it is joined over are shown to nobody.
    KeysStay,
    /// 25: values of columns may be sent to others, to narrow what these answer.
    KeysTravel(Travel),
    /// 26: questions in each period.
    Queries(Quota),
    /// 27: rows in each period.
    RowQuota(Quota),
    /// 28: bytes in each period.
    ByteQuota(Quota),
    /// 29: rows in a second, over all answers.
    RowsPerSecond(u64),
    /// 30: answers at once.
    Concurrent(u32),
    /// 31: rows of one answer.
    ResultRows(u64),
    /// 32: rows are hidden until they are so old.
    Embargo(Embargo),
    /// 33: only to these networks.
    Networks(Vec<Network>),
    /// 33: only to whoever sits in this region, by a credential.
    Region(Region),
    /// 34: only in these forms.
    Formats(Vec<Format>),
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
    Prohibit(Forbidden),
    /// 37: under these conditions no question is answered, or a part is not there.
    Prohibition(Box<Prohibition>),
    /// 38: nobody else gets a contract on the dataset for the time.
    Exclusive,
    /// 39, recorded: what the provider promises of its service.
    Service(Service),
    /// 40, recorded: what is paid.
    Price(Price),
    /// 41, recorded: of what the parties tell each other.
    Inform(Vec<Event>),
    /// 41: of what the provider's connector tells whom.
    Notify(Notify),
    /// 45: the legal basis.
    LegalBasis(LegalBasis),
    /// 46, recorded: the persons concerned have consented.
    ObtainConsent,
    /// 47: at most so many receipts are open.
    Receipts(u32),
    /// 48: for which schemas of the dataset it is good.
    Version(Schemas),
}

/// What a masked column shows instead of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// NULL in every row.
    Null,
    /// One value in every row, of the column's type.
    Constant(Literal),
}

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// 15 minutes.
    QuarterHour,
    /// One hour.
    Hour,
    /// One calendar day.
    Day,
    /// One ISO week, from Monday.
    Week,
    /// One calendar month.
    Month,
    /// One calendar year.
    Year,
}

/// A box in degrees, WGS 84, written as decimal text so that it stays exact: west ≤ east, south ≤ north.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Least longitude.
    pub west: String,
    /// Least latitude.
    pub south: String,
    /// Greatest longitude.
    pub east: String,
    /// Greatest latitude.
    pub north: String,
}

/// An aggregate that an aggregate-only contract may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// `count(*)` and `count(measure)`
    Count,
    /// `sum(measure)`
    Sum,
    /// `avg(measure)`
    Avg,
    /// `var(measure)` and its kin
    Variance,
    /// The number of different units in a cell
    Units,
}

/// What a minimum group counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Distinct values of this column.
    Column(Name),
    /// Rows.
    Rows,
}

/// A count that starts anew in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The most in one period.
    pub max: u64,
    /// The period.
    pub per: Period,
}

/// A fixed slot of time, counted in UTC from the contract's `notBefore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    ThirtyDays,
}

/// What a consumer promises not to do; not technically enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forbidden {
    /// Passing the data on.
    Distribute,
    /// Selling it.
    Sell,
    /// Making derived works.
    Derive,
}

#[cfg(test)]
mod tests;
