//! The terms: the closed vocabulary of what a contract can say.
//!
//! A term is executed exactly, or recorded and shown as "not technically enforced", or the contract can't be signed. The
//! numbers are those of the vocabulary; each term stands in a file of its own below `term/`, and this list is their index.

pub mod purpose;

use crate::id::{ClauseId, Name, PurposeId};
use crate::row_filter::{Literal, RowFilter};
use evidence::time::Time;

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

/// What a masked column shows instead of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// NULL in every row.
    Null,
    /// One value in every row, of the column's type.
    Constant(Literal),
}

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
