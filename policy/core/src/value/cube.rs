//! Cells of a cube: aggregate functions, units, dominance rules, release.

use super::time::TimeBucketWidth;
use crate::id::SqlIdentifier;
use serde::{Deserialize, Serialize};

/// Aggregate function that an aggregate-only contract may permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CubeFunction {
    /// `count(*)` and `count(measure)`.
    Count,
    /// `sum(measure)`.
    Sum,
    /// `avg(measure)`.
    Avg,
    /// `var(measure)` and related functions.
    Variance,
    /// Number of distinct units in a cell.
    Units,
}

impl CubeFunction {
    /// All functions.
    pub const ALL: [Self; 5] = [
        Self::Count,
        Self::Sum,
        Self::Avg,
        Self::Variance,
        Self::Units,
    ];

    /// Name in SQL; for the number of units, the name of the cells' column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Variance => "var",
            Self::Units => "units",
        }
    }
}

/// Counted unit of a smallest group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CountingUnit {
    /// Distinct values of this column.
    Column(SqlIdentifier),
    /// Rows.
    Rows,
}

/// Term 19: rule by which a measure of a cell is withheld, since few units contribute nearly all of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DominanceTerm {
    /// Measure to be protected.
    pub measure: SqlIdentifier,
    /// Column that identifies units, such as firms.
    pub unit: SqlIdentifier,
    /// Rule for unsafe cells.
    pub rule: DominanceRule,
}

/// Rule for a cell that few units dominate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum DominanceRule {
    /// The remainder without the two largest units is less than this percentage of the largest.
    P(u32),
    /// The largest units contribute more than a share.
    Nk {
        /// Number of the largest units.
        n: u32,
        /// Percentage of the total.
        k: u32,
    },
}

/// Release of the cells of a cube: those of each period together, after its end, from the first snapshot published then. Released
/// cells are read from then on and never computed again, whatever data comes later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseTerm {
    /// Time dimension whose periods are released.
    pub column: SqlIdentifier,
    /// Length of a period.
    pub every: TimeBucketWidth,
    /// Policy for rows after the release of their period.
    pub late: LateDataPolicy,
}

/// Policy for rows that are added, changed or removed after the release of their period. A correction changes a cell only if the
/// difference discloses no group below the threshold. A correction never shows a withheld cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LateDataPolicy {
    /// Late rows are ignored for ever.
    Never,
    /// Late rows are applied as corrections when a further period is released.
    Wait,
    /// Late rows are applied as corrections with the next snapshot.
    Correct,
}

impl LateDataPolicy {
    /// All policies with their words in files and tables, the tightest first.
    pub const ALL: [(&'static str, Self); 3] = [
        ("never", Self::Never),
        ("wait", Self::Wait),
        ("correct", Self::Correct),
    ];
}
