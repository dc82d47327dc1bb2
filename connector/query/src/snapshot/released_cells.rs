//! The released cells of a dataset: their files, the periods that have none, and what became of each release.

use crate::snapshot::checked_files::CheckedFiles;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What is released of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleasedCells {
    /// The file of the cells of each cube, by [`hansa_policy::effect::Cube::shape`].
    pub cells: BTreeMap<Digest, PathBuf>,
    /// The periods whose cells were not released since a budget of privacy was spent, by [`hansa_policy::effect::Cube::shape`].
    pub lacking: BTreeMap<Digest, Vec<ReleasePeriod>>,
    /// What became of each release, the oldest first.
    pub facts: Vec<ReleaseOutcome>,
    /// What the files of the cells must hold: they are read through it.
    pub(crate) checked: Arc<CheckedFiles>,
    /// The same for the rows that cells are made of, file by file.
    pub(crate) rows: Vec<Arc<CheckedFiles>>,
}

impl ReleasedCells {
    /// Reads all files and holds them against what was released. Blocks.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        self.checked.check()?;
        self.rows.iter().try_for_each(|rows| rows.check())
    }

    /// That no file is known to be damaged.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub(crate) fn damage(&self) -> Result<(), Refusal> {
        self.checked.damage()?;
        self.rows.iter().try_for_each(|rows| rows.damage())
    }

    /// All files of which it is known what they must hold.
    pub(crate) fn all_checked(&self) -> impl Iterator<Item = &Arc<CheckedFiles>> {
        std::iter::once(&self.checked).chain(&self.rows)
    }
}

/// A period in the unit of the column by which cells are released: microseconds or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleasePeriod {
    /// Its start.
    pub from: i64,
    /// The start of the next one.
    pub to: i64,
}

/// What one release came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseOutcome {
    /// When, by the log's clock.
    pub at: String,
    /// The snapshot whose rows it is of.
    pub snapshot: String,
    /// The cells of which cube.
    pub shape: String,
    /// By which columns, in words.
    pub by: String,
    /// Whether cells changed that were released before.
    pub correction: bool,
    /// The first instant or day after those released.
    pub until: String,
    /// Cells that are published.
    pub cells: u64,
    /// Cells that are withheld.
    pub withheld: u64,
    /// Rows in all of them.
    pub rows: u64,
    /// Rows in those that are withheld.
    pub rows_withheld: u64,
    /// Over the file of all cells that are published now; where they have noise, over those of the period.
    pub digest: String,
    /// What it spent of the budget of privacy, where its cells have noise.
    pub epsilon: Option<String>,
    /// Of what that is the budget.
    pub unit: Option<String>,
}
