//! Privacy budget: limit of what may be disclosed about one unit.

pub mod amount;

use super::time::TimeBucketWidth;
use crate::id::SqlIdentifier;
use amount::{Epsilon, ValueBound};
use hansa_audit_log::time::UtcTimestamp;

/// Term 22: privacy budget, with the parameters of the noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyBudgetTerm {
    /// Largest epsilon in a period, over all contracts on the dataset that count the same unit.
    pub most: Epsilon,
    /// Period of the budget, by the time in the data.
    pub per: TimeBucketWidth,
    /// Epsilon that the release of one period's cells spends.
    pub each: Epsilon,
    /// Column that identifies the protected units.
    pub unit: SqlIdentifier,
    /// Number of cells of a release in which a unit counts.
    pub cells: u32,
    /// Number of rows of a unit that count in one cell.
    pub rows: u32,
    /// Bounds to which the values of each measure are clamped.
    pub bounds: Vec<ClampRange>,
    /// Values of each dimension other than the time of release. There is a cell for each value, with or without rows.
    pub values: Vec<DimensionValues>,
    /// Instant from which there are cells.
    pub from: UtcTimestamp,
}

/// Bounds to which the values of a measure are clamped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClampRange {
    /// Measure to be clamped.
    pub measure: SqlIdentifier,
    /// Smallest value.
    pub low: ValueBound,
    /// Largest value.
    pub high: ValueBound,
}

/// Values of a dimension that have cells, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DimensionValues {
    /// Column of the dimension.
    pub column: SqlIdentifier,
    /// Values: text as it is, integers in decimal digits, `true` and `false`.
    pub list: Vec<String>,
}

impl PrivacyBudgetTerm {
    /// Number of noisy numbers in each cell: its rows, and for each measure the count and the sum. They share the spent epsilon.
    #[must_use]
    pub fn noisy_number_count(&self) -> u128 {
        let measures = u128::try_from(self.bounds.len()).unwrap_or(u128::MAX);
        measures.saturating_mul(2).saturating_add(1)
    }

    /// Sensitivity: largest difference of one kind of number, over all cells of a release, by one unit that adds at most `most` to
    /// each.
    #[must_use]
    pub fn sensitivity(&self, most: u128) -> u128 {
        let rows = u128::from(self.cells).saturating_mul(u128::from(self.rows));
        rows.saturating_mul(most)
    }
}
