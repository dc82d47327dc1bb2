//! Release history of a dataset on disk: the rows of the cells, the cells, and the outcome of each release.

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
    /// Basis of the series: schema, grid and release settings. With another basis a new series continues at the end of this one.
    pub(super) basis: String,
    /// Start of the series. Earlier periods were released by a previous series or never.
    pub(super) from: Option<i64>,
    /// End of the released periods, in the unit of the time column.
    pub(super) cut: Option<i64>,
    /// Last snapshot that was processed.
    pub(super) last: String,
    pub(super) parts: Vec<PeriodRows>,
    pub(super) cells: Vec<PublishedCubeCells>,
    /// Spent privacy budgets of this series and the previous ones. Entries are never removed.
    pub(super) spent: Vec<BudgetSpending>,
    /// Noisy cells.
    pub(super) drawn: Vec<NoisyCells>,
    pub(super) facts: Vec<ReleaseOutcome>,
    /// Counter that increases with every file, so that no file is overwritten.
    pub(super) revision: u64,
    /// Content digests of the row files, by name.
    pub(super) digests: BTreeMap<String, String>,
    /// Digest of the other content of this file.
    pub(super) sum: String,
}

impl ReleaseHistory {
    /// Names of the row files.
    fn rows(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().flat_map(|part| &part.versions)
    }
}

/// Rows of one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeriodRows {
    pub(super) from: Option<i64>,
    pub(super) to: i64,
    /// Files of all releases, the first one first. A correction is checked against all of them.
    pub(super) versions: Vec<String>,
}

/// Published cells of one cube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedCubeCells {
    pub(super) shape: String,
    pub(super) cube: ReleasedCube,
    pub(super) file: String,
    pub(super) digest: String,
    /// Indexes of the parts for which cells were released.
    pub(super) parts: BTreeSet<usize>,
}

/// Budget spent by one cube for one period. It is on disk before noise is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetSpending {
    /// Column that identifies units.
    pub(super) unit: String,
    pub(super) shape: String,
    /// Period, in the unit of the time column.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Spent budget, in millionths of epsilon.
    pub(super) each: u64,
    /// Maximum budget of the contract, in millionths of epsilon.
    pub(super) most: u64,
    pub(super) per: TimeBucketWidth,
    /// Seed of the noise until the cells are written, so that an interrupted release continues with equal noise. It is deleted
    /// afterwards.
    pub(super) seed: Option<String>,
    /// File with the rows of the cells. Equal noise over other rows would reveal the difference.
    pub(super) rows: String,
}

/// Noisy cells of one cube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoisyCells {
    pub(super) shape: String,
    /// File of the cells; absent before the first period.
    pub(super) file: Option<String>,
    pub(super) digest: String,
    /// Periods without cells because the budget was spent.
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

/// Reads the series in a folder, if there is one.
///
/// # Errors
/// `STATE_BROKEN` if it can't be read.
pub(super) fn load_history(folder: &Path) -> Result<Option<ReleaseHistory>, Refusal> {
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

/// Refusal for a damaged release history.
pub(super) fn damaged_history_refusal(folder: &Path) -> Refusal {
    let sentence = format!("`{}` is not as it was written", folder.join(FILE).display());
    Refusal::new(ErrorCode::SnapshotDamaged, sentence)
        .with_help("bring it back from a backup: what was released can't be worked out again")
}

/// Replaces the series on disk, and adds the digests of all its files.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub(super) fn save_history(
    folder: &Path,
    series: &ReleaseHistory,
) -> Result<ReleaseHistory, Refusal> {
    dataset_dir::sync_folder(folder)?;
    let mut digests = BTreeMap::new();
    for name in series.rows() {
        let known = series.digests.get(name).cloned();
        let digest = known.map_or_else(
            || super::workspace::file_digest(&folder.join(name)).map(|digest| digest.to_string()),
            Ok,
        );
        digests.insert(name.clone(), digest?);
    }
    let series = ReleaseHistory {
        digests,
        sum: self_digest::blank_digest(),
        ..series.clone()
    };
    let text = self_digest::insert_digest(serde_json::to_vec_pretty(&series).unwrap_or_default());
    dataset_dir::write_whole(&folder.join(FILE), &text)?;
    dataset_dir::sync_folder(folder)?;
    Ok(series)
}

/// Removes files that no series uses.
pub(super) fn sweep_unused_files(folder: &Path, series: &ReleaseHistory) {
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

/// Creates a series with this basis that continues after `before`, starting at `cut`.
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
        // The spent budget is kept, whereas the seeds are deleted together with their rows.
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

/// Cube in its form on disk.
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
    /// Base of the rounded counts.
    base: Option<u32>,
    /// Set if the cells show squared deviations.
    squares: bool,
    /// Set if the cells show the number of distinct units.
    units: bool,
}

impl ReleasedCube {
    pub(super) fn from_cube(cube: &Cube, release: &ReleaseTerm) -> Self {
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

    /// Converts the record to a cube with the properties of its cells.
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

/// Text of an instant or day in a record.
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
