//! The terms: the closed vocabulary of what a contract can say.
//!
//! A term is executed exactly, or recorded and shown as "not technically enforced", or the contract can't be signed. The
//! numbers are those of the vocabulary; each term stands in a file of its own below `term/`, and this list is their index.

pub mod aggregate;
pub mod area;
pub mod band;
pub mod columns;
pub mod duty;
pub mod mask;
pub mod min_group;
pub mod normal;
pub mod odrl;
mod order;
pub mod prefix;
pub mod pseudonym;
pub mod purpose;
pub mod quota;
pub mod rows;
pub mod rule;
mod samples;
pub mod time_bucket;
mod together;
pub mod tongue;
pub mod vocabulary;
pub mod window;

use crate::contract::Grant;
use crate::effect::{Cube, Effect, What};
use crate::id::{ClauseId, Name, PurposeId};
use crate::plain::printable;
use crate::refusal::{Code, Refusal};
use crate::row_filter::{Literal, RowFilter};
use band::Band;
use evidence::time::Time;
use prefix::Prefix;
use pseudonym::Pseudonym;
use rule::{Binding, Rule, Spec};
use tongue::Tongue;

/// The most clauses that a policy may hold, so that every ruling fits into one record.
pub const MOST_CLAUSES: usize = 100;

/// What a grant does to its dataset: its terms as effects, bound to who asks. Only terms about rows, columns and form
/// have one; window, purpose and quotas are the business of [`crate::ruling::decide`].
///
/// # Errors
/// Whatever is wrong with any term refuses the whole grant: `POLICY_CONTRADICTION`, `TERM_ILL_TYPED`, `TERM_UNKNOWN`,
/// `GRID_CONFLICT`, `TENANT_UNBOUND`.
pub fn effects(grant: &Grant, to: &Binding<'_>) -> Result<Vec<Effect>, Refusal> {
    of_clauses(grant.clauses(), to).map_err(|refusal| match grant.contract() {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    })
}

/// The same for clauses that are not in a contract yet.
///
/// # Errors
/// As [`effects`].
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
    /// 4: the declared purpose is none of these, nor narrower or wider.
    PurposeNot(Vec<PurposeId>),
    /// 5: not before this instant.
    NotBefore(Time),
    /// 5: before this instant.
    NotAfter(Time),
    /// 8 and 9: only rows for which this holds exist.
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
        self.say(Tongue::En)
    }

    /// The same in a language.
    #[must_use]
    pub fn say(&self, tongue: Tongue) -> String {
        printable(&self.with(|rule| rule.say(tongue)))
    }

    /// Its entry in the vocabulary.
    #[must_use]
    pub fn spec(&self) -> &'static Spec {
        self.with(|rule| rule.spec())
    }

    /// Whether the term is recorded and shown, but not technically enforced.
    #[must_use]
    pub fn is_recorded_only(&self) -> bool {
        self.spec().is_recorded_only()
    }

    /// Whether the term makes the policy one of aggregates only.
    #[must_use]
    pub const fn aggregates(&self) -> bool {
        matches!(
            self,
            Self::Functions(_)
                | Self::Dimensions(_)
                | Self::Measures(_)
                | Self::Grid(_)
                | Self::MinGroup { .. }
                | Self::TotalsFromPublished
        )
    }

    /// The columns that it names.
    #[must_use]
    pub fn columns(&self) -> Vec<Name> {
        self.with(|rule| rule.columns())
    }

    /// The column whose values it replaces.
    #[must_use]
    pub const fn treats(&self) -> Option<&Name> {
        match self {
            Self::Mask { column, .. } | Self::TimeBucket { column, .. } => Some(column),
            Self::Pseudonym(Pseudonym { column, .. })
            | Self::Prefix(Prefix { column, .. })
            | Self::Band(Band { column, .. }) => Some(column),
            _ => None,
        }
    }

    /// The one list of what stands behind each variant: everything that is asked of a term is asked of its rule.
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&dyn Rule) -> T) -> T {
        match self {
            Self::Purpose(list) => ask(&purpose::clause::OneOf(list)),
            Self::PurposeNot(list) => ask(&purpose::clause::NoneOf(list)),
            Self::NotBefore(from) => ask(&window::From(*from)),
            Self::NotAfter(until) => ask(&window::Until(*until)),
            Self::Rows(filter) => ask(&rows::Where(filter)),
            Self::Columns(list) => ask(&columns::Only(list)),
            Self::Pseudonym(term) => ask(term),
            Self::Mask { column, mask } => ask(&mask::Masked { column, mask }),
            Self::Prefix(term) => ask(term),
            Self::Band(term) => ask(term),
            Self::TimeBucket {
                column,
                bucket,
                zone,
            } => ask(&time_bucket::Floored {
                column,
                bucket: *bucket,
                zone: zone.as_deref(),
            }),
            Self::Area { lon, lat, bounds } => ask(&area::Inside { lon, lat, bounds }),
            Self::Functions(list) => ask(&aggregate::clause::With(list)),
            Self::Dimensions(list) => ask(&aggregate::clause::By(list)),
            Self::Measures(list) => ask(&aggregate::clause::Of(list)),
            Self::Grid(id) => ask(&aggregate::clause::Over(id)),
            Self::MinGroup { at_least, unit } => ask(&min_group::AtLeast {
                at_least: *at_least,
                unit,
            }),
            Self::TotalsFromPublished => ask(&aggregate::clause::Totals),
            Self::Queries(quota) => ask(&counts(&quota::QUERIES, *quota)),
            Self::RowQuota(quota) => ask(&counts(&quota::ROWS, *quota)),
            Self::ByteQuota(quota) => ask(&counts(&quota::BYTES, *quota)),
            Self::ResultRows(rows) => ask(&quota::ResultRows(*rows)),
            Self::DeleteAfter { days } => ask(&duty::Delete(*days)),
            Self::Attribution(text) => ask(&duty::Attribute(text)),
            Self::Prohibit(what) => ask(&duty::Not(*what)),
        }
    }
}

const fn counts(spec: &'static Spec, quota: Quota) -> quota::Counts {
    quota::Counts { spec, quota }
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
