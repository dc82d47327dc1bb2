//! Released cells of a dataset: their files, periods without cells, and the outcome of each release.

use crate::snapshot::checked_files::CheckedFiles;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Released cells of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleasedCells {
    /// Cell file of each cube, by [`hansa_policy::effect::Cube::shape`].
    pub cells: BTreeMap<Digest, PathBuf>,
    /// Periods without cells because a privacy budget was spent, by [`hansa_policy::effect::Cube::shape`].
    pub lacking: BTreeMap<Digest, Vec<ReleasePeriod>>,
    /// Outcomes of the releases, the oldest first.
    pub facts: Vec<ReleaseOutcome>,
    /// Expected content of the cell files, through which they are read.
    pub(crate) checked: Arc<CheckedFiles>,
    /// Expected content of the files with the rows of the cells, one for each file.
    pub(crate) rows: Vec<Arc<CheckedFiles>>,
}

impl ReleasedCells {
    /// Reads and verifies all files. The function blocks.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        self.checked.check()?;
        self.rows.iter().try_for_each(|rows| rows.check())
    }

    /// Checks that no file is known to be damaged.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub(crate) fn check_damage(&self) -> Result<(), Refusal> {
        self.checked.check_damage()?;
        self.rows.iter().try_for_each(|rows| rows.check_damage())
    }

    /// All files with known content.
    pub(crate) fn all_checked(&self) -> impl Iterator<Item = &Arc<CheckedFiles>> {
        std::iter::once(&self.checked).chain(&self.rows)
    }
}

/// Period in the unit of the release column: microseconds or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleasePeriod {
    /// Start of the period.
    pub from: i64,
    /// Start of the next period.
    pub to: i64,
}

/// Outcome of one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseOutcome {
    /// Time, by the log's clock.
    pub at: String,
    /// Snapshot with the rows of the release.
    pub snapshot: String,
    /// Shape of the cube.
    pub shape: String,
    /// Dimensions in words.
    pub by: String,
    /// Set if released cells changed.
    pub correction: bool,
    /// First instant or day after the released periods.
    pub until: String,
    /// Number of published cells.
    pub cells: u64,
    /// Number of withheld cells.
    pub withheld: u64,
    /// Number of rows in all cells.
    pub rows: u64,
    /// Number of rows in withheld cells.
    pub rows_withheld: u64,
    /// Digest of the file with all published cells; for noisy cells, of the cells of the period.
    pub digest: String,
    /// Spent privacy budget of noisy cells.
    pub epsilon: Option<String>,
    /// Unit of the privacy budget.
    pub unit: Option<String>,
}
