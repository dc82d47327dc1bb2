//! What was released of a dataset, as it lies on disk: the rows that its cells are of, the cells, and what became of each
//! release.

use super::first_release::ReleaseStats;
use crate::snapshot::dataset_dir;
use crate::snapshot::released_cells::ReleaseOutcome;
use crate::snapshot::self_digest;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::{CountingUnit, CubeFunction, DominanceTerm, ReleaseTerm};
use hansa_policy::value::time::TimeBucketWidth;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// All releases of one dataset under one grid and schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseHistory {
    pub(super) format: String,
    /// Schema, grid and way of releasing; with another one a new series goes on from where this one ended.
    pub(super) basis: String,
    /// What is before this was released by an earlier series, or never.
    pub(super) from: Option<i64>,
    /// Up to where it is released, in the unit of the column of time.
    pub(super) cut: Option<i64>,
    /// The snapshot that was looked at last.
    pub(super) last: String,
    pub(super) parts: Vec<PeriodRows>,
    pub(super) cells: Vec<PublishedCubeCells>,
    /// What was spent of budgets of privacy, under this series and those before it: it never becomes less.
    pub(super) spent: Vec<BudgetSpending>,
    /// Cells with noise.
    pub(super) drawn: Vec<NoisyCells>,
    pub(super) facts: Vec<ReleaseOutcome>,
    /// Counts up with every file, so that none is written over.
    pub(super) revision: u64,
    /// The digest of the content of each file of rows, by its name.
    pub(super) digests: BTreeMap<String, String>,
    /// The digest of all else in the file.
    pub(super) sum: String,
}

impl ReleaseHistory {
    /// The files of rows.
    fn rows(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().flat_map(|part| &part.versions)
    }
}

/// The rows of one span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeriodRows {
    pub(super) from: Option<i64>,
    pub(super) to: i64,
    /// Files, the first release first. Each was read by somebody, so a correction is held against all of them.
    pub(super) versions: Vec<String>,
}

/// The published cells of one cube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedCubeCells {
    pub(super) shape: String,
    pub(super) cube: ReleasedCube,
    pub(super) file: String,
    pub(super) digest: String,
    /// The parts, by their place, for which cells were released.
    pub(super) parts: BTreeSet<usize>,
}

/// What the cells of one cube for one period have spent. On disk before anything is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetSpending {
    /// The column that tells units apart.
    pub(super) unit: String,
    pub(super) shape: String,
    /// The period, in the unit of the column of time.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Millionths of epsilon.
    pub(super) each: u64,
    /// What the contract permits in how long.
    pub(super) most: u64,
    pub(super) per: TimeBucketWidth,
    /// What the noise is made of, until the cells are there: so a release that was interrupted goes on with the very same
    /// noise. Afterwards nobody has it any more.
    pub(super) seed: Option<String>,
    /// The rows of the cells, by their file: the same noise over other rows would tell the difference.
    pub(super) rows: String,
}

/// The cells with noise of one cube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoisyCells {
    pub(super) shape: String,
    /// Absent as long as no period is drawn.
    pub(super) file: Option<String>,
    pub(super) digest: String,
    /// The periods that have no cells since the budget was spent.
    pub(super) lacking: Vec<(i64, i64)>,
}

impl ReleaseOutcome {
    pub(super) fn with_stats(mut self, stats: ReleaseStats) -> Self {
        self.cells = self.cells.saturating_add(stats.cells);
        self.withheld = self.withheld.saturating_add(stats.withheld);
        self.rows = self.rows.saturating_add(stats.rows);
        self.rows_withheld = self.rows_withheld.saturating_add(stats.rows_withheld);
        self
    }
}

/// The series in a folder, if there is one.
///
/// # Errors
/// `STATE_BROKEN` where it can't be read.
pub(super) fn load(folder: &Path) -> Result<Option<ReleaseHistory>, Refusal> {
    let path = folder.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(dataset_dir::disk_refusal(&path, &error)),
    };
    let series: Option<ReleaseHistory> = serde_json::from_slice(&text).ok();
    let whole = |series: &ReleaseHistory| {
        let mut rows = series.rows();
        series.format == FORMAT
            && self_digest::is_whole(&text, &series.sum)
            && rows.all(|name| series.digests.contains_key(name))
    };
    match series.filter(whole) {
        Some(series) => Ok(Some(series)),
        None => Err(damaged_history_refusal(folder)),
    }
}

/// The list of what was released can't be relied on.
pub(super) fn damaged_history_refusal(folder: &Path) -> Refusal {
    let sentence = format!("`{}` is not as it was written", folder.join(FILE).display());
    Refusal::new(ErrorCode::SnapshotDamaged, sentence)
        .with_help("bring it back from a backup: what was released can't be worked out again")
}

/// Puts the series in the place of the one before, with the digests of all its files.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub(super) fn save(folder: &Path, series: &ReleaseHistory) -> Result<ReleaseHistory, Refusal> {
    dataset_dir::sync_folder(folder)?;
    let mut digests = BTreeMap::new();
    for name in series.rows() {
        let known = series.digests.get(name).cloned();
        let digest = known.map_or_else(
            || super::workspace::digest(&folder.join(name)).map(|digest| digest.to_string()),
            Ok,
        );
        digests.insert(name.clone(), digest?);
    }
    let series = ReleaseHistory {
        digests,
        sum: self_digest::blank(),
        ..series.clone()
    };
    let text = self_digest::insert_digest(serde_json::to_vec_pretty(&series).unwrap_or_default());
    dataset_dir::write_whole(&folder.join(FILE), &text)?;
    dataset_dir::sync_folder(folder)?;
    Ok(series)
}

/// Removes files that no series names; nobody reads them any more.
pub(super) fn sweep(folder: &Path, series: &ReleaseHistory) {
    let mut known: BTreeSet<&str> = series
        .cells
        .iter()
        .map(|cells| cells.file.as_str())
        .collect();
    known.extend(
        series
            .parts
            .iter()
            .flat_map(|part| &part.versions)
            .map(String::as_str),
    );
    known.extend(series.drawn.iter().filter_map(|one| one.file.as_deref()));
    known.insert(FILE);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| known.contains(name)) {
            continue;
        }
        let path = entry.path();
        let _ = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
    }
}

/// A series of the basis that goes on after `before`, from `cut` on.
pub(super) fn begin_history(
    basis: Digest,
    before: Option<&ReleaseHistory>,
    cut: Option<i64>,
) -> ReleaseHistory {
    ReleaseHistory {
        format: FORMAT.to_owned(),
        basis: basis.to_string(),
        from: cut,
        cut,
        // What is told stays told, and what the noise was made of is gone with its rows.
        spent: before
            .map(|before| before.spent.clone())
            .unwrap_or_default()
            .into_iter()
            .map(|spent| BudgetSpending {
                seed: None,
                ..spent
            })
            .collect(),
        facts: before
            .map(|before| before.facts.clone())
            .unwrap_or_default(),
        revision: before.map_or(0, |before| before.revision),
        ..ReleaseHistory::default()
    }
}

/// A cube as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleasedCube {
    grid: String,
    dimensions: Vec<CubeDimension>,
    release: ReleaseTerm,
    measures: Vec<SqlIdentifier>,
    at_least: u32,
    unit: CountingUnit,
    dominance: Vec<DominanceTerm>,
    /// Of what the counts are multiples.
    base: Option<u32>,
    /// Whether they tell how far values are from their mean.
    squares: bool,
    /// Whether they tell how many different units they are of.
    units: bool,
}

impl ReleasedCube {
    pub(super) fn of(cube: &Cube, release: &ReleaseTerm) -> Self {
        Self {
            grid: cube.grid.clone(),
            dimensions: cube.dimensions.clone(),
            release: release.clone(),
            measures: cube.measures.clone(),
            at_least: cube.at_least,
            unit: cube.unit.clone(),
            dominance: cube.dominance.clone(),
            base: cube.base,
            squares: cube.permits(CubeFunction::Variance),
            units: cube.permits(CubeFunction::Units),
        }
    }

    /// The cube, as far as its cells go.
    pub(super) fn to_cube(&self) -> Cube {
        let functions = [
            (self.squares, CubeFunction::Variance),
            (self.units, CubeFunction::Units),
        ];
        Cube {
            grid: self.grid.clone(),
            dimensions: self.dimensions.clone(),
            measures: self.measures.clone(),
            functions: functions
                .into_iter()
                .filter_map(|(reported, function)| reported.then_some(function))
                .collect(),
            at_least: self.at_least,
            unit: self.unit.clone(),
            dominance: self.dominance.clone(),
            release: Some(self.release.clone()),
            budget: None,
            base: self.base,
        }
    }
}

/// An instant from a record, or the earliest.
pub(super) fn format_time(at: i64, days: bool) -> String {
    let micros = if days {
        at.saturating_mul(86_400_000_000)
    } else {
        at
    };
    let text = UtcTimestamp::from_micros(micros)
        .map(|time| time.to_string())
        .unwrap_or_default();
    if days {
        text.chars().take(10).collect()
    } else {
        text
    }
}

const FILE: &str = "series.json";

const FORMAT: &str = "releases/1";
