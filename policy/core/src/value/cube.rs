//! What the cells of a cube hold, and how they are released.

use super::time::TimeBucketWidth;
use crate::id::SqlIdentifier;
use serde::{Deserialize, Serialize};

/// An aggregate that an aggregate-only contract may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CubeFunction {
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

impl CubeFunction {
    /// Every function.
    pub const ALL: [Self; 5] = [
        Self::Count,
        Self::Sum,
        Self::Avg,
        Self::Variance,
        Self::Units,
    ];

    /// Its name in SQL; of the number of units, the column of the cells.
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

/// What a minimum group counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CountingUnit {
    /// Distinct values of this column.
    Column(SqlIdentifier),
    /// Rows.
    Rows,
}

/// Term 19: when a measure of a cell is absent, since few units make up nearly all of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DominanceTerm {
    /// The measure.
    pub measure: SqlIdentifier,
    /// The column that tells units apart, such as firms.
    pub unit: SqlIdentifier,
    /// When a cell is unsafe.
    pub rule: DominanceRule,
}

/// When a few units dominate a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum DominanceRule {
    /// The rest is less than so many percent of the largest.
    P(u32),
    /// The largest ones make more than a share.
    Nk {
        /// How many.
        n: u32,
        /// Percent of the whole.
        k: u32,
    },
}

/// How the cells of a cube are released: those of each period together, when it is over, from the first snapshot published
/// afterwards. What is released is read from then on and not computed again, whatever comes later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseTerm {
    /// The dimension of time whose periods are released.
    pub column: SqlIdentifier,
    /// The period.
    pub every: TimeBucketWidth,
    /// What becomes of rows that come after the release of their period.
    pub late: LateDataPolicy,
}

/// What becomes of rows that are added, changed or taken away after the release of their period. A correction changes a cell
/// only if nobody can tell a group below the threshold from the difference, and brings no cell that was withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LateDataPolicy {
    /// They stay out for good.
    Never,
    /// They wait until a further period is released, and come as corrections then.
    Wait,
    /// They come as corrections with the next snapshot.
    Correct,
}

impl LateDataPolicy {
    /// Each with its word in files and tables, the tightest first.
    pub const ALL: [(&'static str, Self); 3] = [
        ("never", Self::Never),
        ("wait", Self::Wait),
        ("correct", Self::Correct),
    ];
}
