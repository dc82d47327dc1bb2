//! The terms: the closed vocabulary of what a contract can say.
//!
//! A term is executed exactly, or recorded and shown as "not technically enforced", or the contract can't be signed. The
//! numbers are those of the vocabulary; each term stands in a file of its own below `term/`, and this list is their index.

pub mod aggregate;
pub mod area;
pub mod columns;
pub mod duty;
pub mod mask;
pub mod min_group;
pub mod normal;
pub mod purpose;
pub mod quota;
pub mod rows;
mod samples;
pub mod time_bucket;
mod together;
pub mod window;

use crate::contract::Grant;
use crate::effect::{Cube, Effect, What};
use crate::id::{ClauseId, Name, ParticipantId, PurposeId};
use crate::plain::printable;
use crate::refusal::{Code, Refusal};
use crate::row_filter::{Literal, RowFilter};
use evidence::time::Time;

/// The most clauses that a policy may hold, so that every ruling fits into one record.
pub const MOST_CLAUSES: usize = 100;

/// What a grant does to its dataset: its terms as effects, bound to who asks. Only terms about rows, columns and form
/// have one; window, purpose and quotas are the business of [`crate::ruling::decide`].
///
/// # Errors
/// Whatever is wrong with any term refuses the whole grant: `POLICY_CONTRADICTION`, `TERM_ILL_TYPED`, `TERM_UNKNOWN`,
/// `GRID_CONFLICT`, `TENANT_UNBOUND`.
pub fn effects(
    grant: &Grant,
    asker: &ParticipantId,
    tenant: Option<&str>,
) -> Result<Vec<Effect>, Refusal> {
    of_clauses(grant.clauses(), asker, tenant).map_err(|refusal| match grant.contract() {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    })
}

/// The same for clauses that are not in a contract yet.
///
/// # Errors
/// As [`effects`].
pub fn of_clauses(
    clauses: &[Clause],
    asker: &ParticipantId,
    tenant: Option<&str>,
) -> Result<Vec<Effect>, Refusal> {
    together::check(clauses)?;
    let cube = aggregate::cube(clauses)?;
    let mut effects = Vec::new();
    for clause in clauses {
        let done = match &clause.term {
            Term::Rows(filter) => Some(rows::rule(filter, asker, tenant)),
            Term::Area { lon, lat, bounds } => Some(area::rule(lon, lat, bounds)),
            // In aggregate form the cube alone says what exists; `aggregate::cube` has checked that the two agree.
            Term::Columns(list) => columns::rule(list)
                .map(|what| cube.is_none().then_some(what))
                .transpose(),
            Term::Mask { column, mask } => Some(mask::rule(column, mask)),
            Term::TimeBucket {
                column,
                bucket,
                zone,
            } => cube
                .is_none()
                .then(|| time_bucket::rule(column, *bucket, zone.as_deref())),
            Term::Functions(_) => cube.clone().map(|cube| Ok(What::AggregateOnly(cube))),
            // Parts of the cube, gathered above.
            Term::Dimensions(_)
            | Term::Measures(_)
            | Term::Grid(_)
            | Term::MinGroup { .. }
            | Term::TotalsFromPublished => None,
            Term::Purpose(list) => purpose::rule(list).err().map(Err),
            Term::NotBefore(_) | Term::NotAfter(_) => None,
            Term::Queries(quota) | Term::RowQuota(quota) | Term::ByteQuota(quota) => {
                quota::rule(*quota).err().map(Err)
            }
            Term::ResultRows(rows) => quota::rule_rows(*rows).err().map(Err),
            Term::DeleteAfter { .. } | Term::Attribution(_) | Term::Prohibit(_) => None,
        };
        if let Some(done) = done {
            let what = done.map_err(|refusal| cite(refusal, clause))?;
            effects.push(Effect {
                clause: clause.id,
                what,
            });
        }
    }
    Ok(effects)
}

/// The cube that the clauses define; none when they permit rows.
///
/// # Errors
/// As [`effects`], for the clauses of the aggregate form.
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
    /// 4: the declared purpose is one of these or narrower.
    Purpose(Vec<PurposeId>),
    /// 5: not before this instant.
    NotBefore(Time),
    /// 5: before this instant.
    NotAfter(Time),
    /// 8 and 9: only rows for which this holds exist.
    Rows(RowFilter),
    /// 10: only these columns exist.
    Columns(Vec<Name>),
    /// 12: the column is replaced.
    Mask {
        /// The column.
        column: Name,
        /// By what.
        mask: Mask,
    },
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
    /// 17: aggregates only, with these functions.
    Functions(Vec<Function>),
    /// 17: the columns that may be grouped and filtered by.
    Dimensions(Vec<Name>),
    /// 17: the columns that may be aggregated.
    Measures(Vec<Name>),
    /// 21, first half: the dataset's registered grid.
    Grid(String),
    /// 18: a cell (and each measure in it) exists only with at least so many distinct values of the unit.
    MinGroup {
        /// The least number; at least 1.
        at_least: u32,
        /// What is counted.
        unit: Unit,
    },
    /// 20: totals are built from published cells only.
    TotalsFromPublished,
    /// 26: questions in each period.
    Queries(Quota),
    /// 27: rows in each period.
    RowQuota(Quota),
    /// 28: bytes in each period.
    ByteQuota(Quota),
    /// 31: rows of one answer.
    ResultRows(u64),
    /// 35, recorded: the consumer deletes what it received after so many days.
    DeleteAfter {
        /// Days.
        days: u32,
    },
    /// 36, recorded: the consumer names the source with this text.
    Attribution(String),
    /// 37, recorded (onward federation is refused technically): the consumer does not do this.
    Prohibit(Forbidden),
}

impl Term {
    /// The term as a person reads it: one line, lower case, no full stop, safe to show.
    #[must_use]
    pub fn plain(&self) -> String {
        printable(&self.sentence())
    }

    fn sentence(&self) -> String {
        match self {
            Self::Purpose(list) => purpose::plain(list),
            Self::NotBefore(from) => window::plain_from(*from),
            Self::NotAfter(until) => window::plain_until(*until),
            Self::Rows(filter) => rows::plain(filter),
            Self::Columns(list) => columns::plain(list),
            Self::Mask { column, mask } => mask::plain(column, mask),
            Self::TimeBucket {
                column,
                bucket,
                zone,
            } => time_bucket::plain(column, *bucket, zone.as_deref()),
            Self::Area { lon, lat, bounds } => area::plain(lon, lat, bounds),
            Self::Functions(list) => aggregate::plain_functions(list),
            Self::Dimensions(list) => aggregate::plain_dimensions(list),
            Self::Measures(list) => aggregate::plain_measures(list),
            Self::Grid(id) => aggregate::plain_grid(id),
            Self::MinGroup { at_least, unit } => min_group::plain(*at_least, unit),
            Self::TotalsFromPublished => aggregate::plain_totals(),
            Self::Queries(quota) => quota::plain(*quota, "questions"),
            Self::RowQuota(quota) => quota::plain(*quota, "rows"),
            Self::ByteQuota(quota) => quota::plain_bytes(*quota),
            Self::ResultRows(rows) => quota::plain_rows(*rows),
            Self::DeleteAfter { days } => duty::plain_delete(*days),
            Self::Attribution(text) => duty::plain_attribution(text),
            Self::Prohibit(what) => duty::plain_prohibit(*what),
        }
    }

    /// Whether the term is recorded and shown, but not technically enforced.
    #[must_use]
    pub const fn is_recorded_only(&self) -> bool {
        match self {
            Self::DeleteAfter { .. } | Self::Attribution(_) | Self::Prohibit(_) => true,
            Self::Purpose(_)
            | Self::NotBefore(_)
            | Self::NotAfter(_)
            | Self::Rows(_)
            | Self::Columns(_)
            | Self::Mask { .. }
            | Self::TimeBucket { .. }
            | Self::Area { .. }
            | Self::Functions(_)
            | Self::Dimensions(_)
            | Self::Measures(_)
            | Self::Grid(_)
            | Self::MinGroup { .. }
            | Self::TotalsFromPublished
            | Self::Queries(_)
            | Self::RowQuota(_)
            | Self::ByteQuota(_)
            | Self::ResultRows(_) => false,
        }
    }
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
