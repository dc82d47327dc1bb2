//! The closed set of things that a ruling can do to a dataset: the only words that `enforce` and the engine understand.

use crate::id::{ClauseId, ContractId, Name, ParticipantId};
use crate::row_filter::RowFilter;
use crate::term::budget::Budget;
use crate::term::dominance::Dominance;
use crate::term::lookup::Lookup;
use crate::term::place_cells::CellSize;
use crate::term::published_area::PublishedArea;
use crate::term::release::Release;
use crate::term::{Bounds, Bucket, Function, Mask, Unit};
use hansa_audit_log::time::Time;

/// One thing done to a dataset, with the clause that demands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The clause.
    pub clause: ClauseId,
    /// What is done.
    pub what: What,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Rows for which this is not true do not exist. No `{{consumer}}` is left in it.
    KeepRows(RowFilter),
    /// Rows whose point lies outside, or is NULL, do not exist.
    KeepInside {
        /// Column of the longitude.
        lon: Name,
        /// Column of the latitude.
        lat: Name,
        /// The box.
        bounds: Bounds,
    },
    /// Rows whose point lies outside a published area, or is NULL, do not exist.
    KeepWithin(PublishedArea),
    /// Rows do not exist whose event was at this instant or later, or has none; of a cube, buckets do not exist that were
    /// not over by then.
    KeepBefore {
        /// Column of the event.
        column: Name,
        /// The instant.
        before: Time,
    },
    /// Columns that are not listed do not exist.
    ShowColumns(Vec<Name>),
    /// Columns that are listed do not exist.
    HideColumns(Vec<Name>),
    /// The column shows this instead.
    MaskColumn {
        /// The column.
        column: Name,
        /// What it shows.
        mask: Mask,
    },
    /// The column shows a keyed hash: HMAC-SHA-256 cut to 128 bits, in hexadecimal digits.
    Pseudonymise {
        /// The column.
        column: Name,
        /// For whom: nobody else's rows can be joined over it.
        consumer: ParticipantId,
        /// Under which contract, by its first version: nor can those of another contract.
        contract: Option<ContractId>,
        /// Another number is another key.
        epoch: u32,
    },
    /// The column shows its first characters.
    Shorten {
        /// The column.
        column: Name,
        /// How many code points.
        length: u32,
    },
    /// The column shows the lower edge of its band.
    Band {
        /// The column.
        column: Name,
        /// The lower edges, ascending, as decimal text.
        edges: Vec<String>,
    },
    /// The column shows a level of a published table; NULL for what that does not know.
    LookUp(Lookup),
    /// The column is floored to its bucket.
    CoarsenTime {
        /// The column.
        column: Name,
        /// The width.
        bucket: Bucket,
        /// IANA zone; absent: UTC.
        zone: Option<String>,
    },
    /// Two columns of degrees do not exist; one that holds the cell of a grid does. NULL where there is no cell.
    CoarsenPlace {
        /// Column of the longitude.
        lon: Name,
        /// Column of the latitude.
        lat: Name,
        /// The column that is there instead.
        cell: Name,
        /// Of which grid.
        size: CellSize,
    },
    /// Rows do not exist; the protected cube does.
    AggregateOnly(Cube),
}

/// The protected cube of an aggregate-only contract: one cell for each combination of dimension values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cube {
    /// The grid's name.
    pub grid: String,
    /// What one can group and filter by.
    pub dimensions: Vec<Dimension>,
    /// The columns that can be aggregated.
    pub measures: Vec<Name>,
    /// The aggregates allowed.
    pub functions: Vec<Function>,
    /// A cell, and each measure in it, exists only with at least so many units; 1 if no clause says more.
    pub at_least: u32,
    /// What is counted for that.
    pub unit: Unit,
    /// Where a measure of a cell is absent since few units dominate it.
    pub dominance: Vec<Dominance>,
    /// How its cells are released; computed anew for each question where no clause says so.
    pub release: Option<Release>,
    /// Noise on its cells, and what it may tell of a unit: then they are no exact ones.
    pub budget: Option<Box<Budget>>,
    /// The number of whose multiples its counts are; exact where it is absent.
    pub base: Option<u32>,
}

impl Cube {
    /// Whether the numbers of different units in the cells of both, which are not the same cells, tell how many units are in
    /// several of them.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let same = self.refines(other) && other.refines(self);
        self.permits(Function::Units)
            && other.permits(Function::Units)
            && (!same || self.unit != other.unit)
    }

    /// The columns of its cells that hold a measure: how many values there are, their sum, and where a variance is
    /// permitted the sum of the squares of what each is from their mean.
    #[must_use]
    pub fn numbers_of(&self, measure: &Name) -> Vec<String> {
        let mut names = vec![format!("cnt_{measure}"), format!("sum_{measure}")];
        if self.permits(Function::Variance) {
            names.push(format!("dev_{measure}"));
        }
        names
    }

    /// Whether variances are told, and those that would tell single values withheld: of groups that may be of one nothing is
    /// left to withhold.
    #[must_use]
    pub fn withholds_variances(&self) -> bool {
        self.permits(Function::Variance) && self.at_least > 1
    }

    /// Whether a function is permitted of its cells.
    #[must_use]
    pub fn permits(&self, function: Function) -> bool {
        self.functions.contains(&function)
    }

    /// Whether every cell of `other` is a union of whole cells of this one, or could be: the same or finer dimensions.
    #[must_use]
    pub fn refines(&self, other: &Self) -> bool {
        other.dimensions.iter().all(|coarse| {
            self.dimensions.iter().any(|fine| {
                // What has no bucket is as fine as the column is: single instants, or days.
                let made_of =
                    |coarse: Bucket| fine.bucket.is_none_or(|fine| coarse.is_made_of(fine));
                fine.column == coarse.column
                    && (fine == coarse
                        || (fine.zone.as_deref().unwrap_or("UTC")
                            == coarse.zone.as_deref().unwrap_or("UTC")
                            && coarse.bucket.is_some_and(made_of)))
            })
        })
    }
}

/// A dimension of a cube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The column.
    pub column: Name,
    /// For a time column: its bucket.
    pub bucket: Option<Bucket>,
    /// IANA zone in which the bucket begins; absent: UTC.
    pub zone: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_bucket_is_the_finest() {
        let by = |bucket| Cube {
            grid: String::new(),
            dimensions: vec![Dimension {
                column: "at".parse().unwrap(),
                bucket,
                zone: None,
            }],
            measures: Vec::new(),
            functions: Vec::new(),
            at_least: 1,
            unit: Unit::Rows,
            dominance: Vec::new(),
            release: None,
            budget: None,
            base: None,
        };
        for bucket in [Bucket::QuarterHour, Bucket::Hour, Bucket::Day, Bucket::Week] {
            assert!(by(None).refines(&by(Some(bucket))), "{bucket:?}");
            assert!(!by(Some(bucket)).refines(&by(None)), "{bucket:?}");
        }
        assert!(by(None).refines(&by(None)));
    }
}
