//! A budget of privacy: what may be told of any one unit.

pub mod amount;

use super::time::TimeBucketWidth;
use crate::id::SqlIdentifier;
use amount::{Epsilon, ValueBound};
use hansa_audit_log::time::UtcTimestamp;

/// Term 22: a budget of privacy, and the noise that spends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyBudgetTerm {
    /// The most that may be spent in a period, over all contracts on the dataset that count the same unit.
    pub most: Epsilon,
    /// The period, of the data.
    pub per: TimeBucketWidth,
    /// What the release of one period's cells spends.
    pub each: Epsilon,
    /// The column that tells apart whom the budget is there for.
    pub unit: SqlIdentifier,
    /// In how many cells of a release a unit counts.
    pub cells: u32,
    /// How many of its rows count in one cell.
    pub rows: u32,
    /// Between what the values of each measure are held.
    pub bounds: Vec<ClampRange>,
    /// The values of each dimension that is not the time of release: there is a cell for each, with rows or without.
    pub values: Vec<DimensionValues>,
    /// From when on there are cells.
    pub from: UtcTimestamp,
}

/// Between what the values of a measure are held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClampRange {
    /// The measure.
    pub measure: SqlIdentifier,
    /// The least value.
    pub low: ValueBound,
    /// The greatest value.
    pub high: ValueBound,
}

/// The values of a dimension that have cells, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DimensionValues {
    /// The dimension.
    pub column: SqlIdentifier,
    /// Its values: text as it stands, integers in decimal digits, `true` and `false`.
    pub list: Vec<String>,
}

impl PrivacyBudgetTerm {
    /// How many numbers each cell has: its rows, and for each measure how many and their sum. They share what is spent.
    #[must_use]
    pub fn numbers(&self) -> u128 {
        let measures = u128::try_from(self.bounds.len()).unwrap_or(u128::MAX);
        measures.saturating_mul(2).saturating_add(1)
    }

    /// By how much the numbers of a kind, over all cells of a release, can differ for one unit that can put `most` into
    /// each.
    #[must_use]
    pub fn reach(&self, most: u128) -> u128 {
        let rows = u128::from(self.cells).saturating_mul(u128::from(self.rows));
        rows.saturating_mul(most)
    }
}
