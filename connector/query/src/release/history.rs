//! What was released of a dataset, as it lies on disk: the rows that its cells are of, the cells, and what became of each
//! release.

use super::first_release::ReleaseStats;
use crate::snapshot::bucket_names::{bucket_named, name_of_bucket};
use crate::snapshot::dataset_dir;
use crate::snapshot::released_cells::ReleaseOutcome;
use crate::snapshot::self_digest;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::odrl::word;
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
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
    #[serde(default)]
    pub(super) spent: Vec<BudgetSpending>,
    /// Cells with noise.
    #[serde(default)]
    pub(super) drawn: Vec<NoisyCells>,
    pub(super) facts: Vec<ReleaseOutcome>,
    /// Counts up with every file, so that none is written over.
    pub(super) revision: u64,
    /// The digest of the content of each file of rows, by its name.
    #[serde(default)]
    pub(super) digests: BTreeMap<String, String>,
    /// The digest of all else in the file; absent where it was written before there was one.
    #[serde(default)]
    pub(super) sum: Option<String>,
}

impl ReleaseHistory {
    /// The files of rows.
    fn rows(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().flat_map(|part| &part.versions)
    }

    /// Whether there are files of rows of which it is not known what they must hold.
    pub(super) fn lacks_digests(&self) -> bool {
        self.rows().any(|name| !self.digests.contains_key(name))
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
    pub(super) cube: CubeJson,
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
    pub(super) per: String,
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
    pub(super) fn tallied(mut self, stats: ReleaseStats) -> Self {
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
        Err(error) => return Err(dataset_dir::broken(&path, &error)),
    };
    let series: Option<ReleaseHistory> = serde_json::from_slice(&text).ok();
    let whole = |series: &ReleaseHistory| {
        let sum = series.sum.as_deref();
        series.format == FORMAT && sum.is_none_or(|sum| self_digest::is_whole(&text, sum))
    };
    match series.filter(whole) {
        Some(series) => Ok(Some(series)),
        None => Err(damaged(folder)),
    }
}

/// The list of what was released can't be relied on.
pub(super) fn damaged(folder: &Path) -> Refusal {
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
        sum: Some(self_digest::blank()),
        ..series.clone()
    };
    let text = self_digest::filled(serde_json::to_vec_pretty(&series).unwrap_or_default());
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
pub(super) fn begun(
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
pub(super) struct CubeJson {
    grid: String,
    /// Column, bucket, zone.
    dimensions: Vec<(String, Option<String>, Option<String>)>,
    /// Column, period, and what becomes of late rows.
    release: (String, String, String),
    measures: Vec<String>,
    at_least: u32,
    unit: Option<String>,
    /// Measure, unit, and p, or n and k.
    dominance: Vec<(String, String, u32, Option<u32>)>,
    /// Of what the counts are multiples.
    #[serde(default)]
    base: Option<u32>,
    /// Whether they tell how far values are from their mean.
    #[serde(default)]
    squares: bool,
    /// Whether they tell how many different units they are of.
    #[serde(default)]
    units: bool,
}

impl CubeJson {
    pub(super) fn of(cube: &Cube, release: &ReleaseTerm) -> Self {
        let dimensions = cube.dimensions.iter().map(|one| {
            let bucket = one.bucket.and_then(name_of_bucket);
            (one.column.to_string(), bucket, one.zone.clone())
        });
        let rules = cube.dominance.iter().map(|rule| {
            let (first, second) = match rule.rule {
                DominanceRule::P(p) => (p, None),
                DominanceRule::Nk { n, k } => (n, Some(k)),
            };
            (
                rule.measure.to_string(),
                rule.unit.to_string(),
                first,
                second,
            )
        });
        Self {
            grid: cube.grid.clone(),
            dimensions: dimensions.collect(),
            release: (
                release.column.to_string(),
                name_of_bucket(release.every).unwrap_or_default(),
                word(&LateDataPolicy::ALL, &release.late).to_owned(),
            ),
            measures: cube.measures.iter().map(ToString::to_string).collect(),
            at_least: cube.at_least,
            unit: match &cube.unit {
                CountingUnit::Column(column) => Some(column.to_string()),
                CountingUnit::Rows => None,
            },
            dominance: rules.collect(),
            base: cube.base,
            squares: cube.permits(CubeFunction::Variance),
            units: cube.permits(CubeFunction::Units),
        }
    }

    /// The cube, as far as its cells go; `None` where anything is not as it was written.
    pub(super) fn back(&self) -> Option<Cube> {
        let (column, every, late) = &self.release;
        let late = LateDataPolicy::ALL.iter().find(|(word, _)| word == late)?.1;
        let release = ReleaseTerm {
            column: column.parse().ok()?,
            every: bucket_named(every)?,
            late,
        };
        let dimensions = self.dimensions.iter().map(|(column, bucket, zone)| {
            Some(CubeDimension {
                column: column.parse().ok()?,
                bucket: match bucket {
                    None => None,
                    Some(word) => Some(bucket_named(word)?),
                },
                zone: zone.clone(),
            })
        });
        let rules = self.dominance.iter().map(|(measure, unit, first, second)| {
            Some(DominanceTerm {
                measure: measure.parse().ok()?,
                unit: unit.parse().ok()?,
                rule: match second {
                    None => DominanceRule::P(*first),
                    Some(k) => DominanceRule::Nk { n: *first, k: *k },
                },
            })
        });
        Some(Cube {
            grid: self.grid.clone(),
            dimensions: dimensions.collect::<Option<_>>()?,
            measures: self
                .measures
                .iter()
                .map(|name| name.parse().ok())
                .collect::<Option<_>>()?,
            functions: [
                (self.squares, CubeFunction::Variance),
                (self.units, CubeFunction::Units),
            ]
            .into_iter()
            .filter_map(|(reported, function)| reported.then_some(function))
            .collect(),
            at_least: self.at_least,
            unit: match &self.unit {
                None => CountingUnit::Rows,
                Some(column) => CountingUnit::Column(column.parse().ok()?),
            },
            dominance: rules.collect::<Option<_>>()?,
            release: Some(release),
            budget: None,
            base: self.base,
        })
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
