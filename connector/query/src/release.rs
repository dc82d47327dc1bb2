//! Releases: cells that are published once and fixed, with controlled corrections.
//!
//! A dataset with a released grid keeps the rows of its cells separately from its snapshots. Each publication adds the periods that
//! have ended. Late rows are accepted only if the difference to earlier cells reveals no small group. All contracts on the dataset
//! have cells of equal rows, so that a comparison of two contracts does not reveal late rows.

mod cell_file;
mod cell_keys;
mod cell_queries;
mod columns;
mod correction;
mod differencing;
mod due_releases;
pub mod first_release;
mod grid_basis;
pub mod history;
mod noisy_release;
pub(crate) mod workspace;

use crate::limits::QueryResourceLimits;
use crate::release::history::ReleaseHistory;
use crate::snapshot::Snapshot;
use crate::snapshot::checked_files::CheckedFiles;
use crate::snapshot::dataset_dir::DatasetDir;
use crate::snapshot::released_cells::{ReleaseOutcome, ReleasePeriod, ReleasedCells};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_policy::effect::Cube;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Release that is complete on disk and not visible yet.
#[derive(Debug)]
pub struct StagedRelease {
    /// Outcomes of the releases, for the records.
    pub facts: Vec<ReleaseOutcome>,
    /// Refusals of cubes that could not be released.
    pub faults: Vec<Refusal>,
    folder: PathBuf,
    series: ReleaseHistory,
}

/// Computes the due cells of a published snapshot: periods that ended since the last release, corrections, and the cells of new
/// cubes. Returns `None` if nothing is due. Counts are rounded randomly with keys from the owner's `secret`. `seen` is the time of
/// the last check that the sources equal the published ones, so periods that ended by then are complete. The function blocks and
/// must not run on the async runtime.
///
/// # Errors
/// `RESOURCE_LIMIT`, `DISK_FULL`, `STATE_BROKEN`; Nothing is released then.
pub fn stage_release(
    snapshot: &Snapshot,
    cubes: &[Cube],
    state: &Path,
    limits: &QueryResourceLimits,
    now: UtcTimestamp,
    secret: &[u8; 32],
    seen: UtcTimestamp,
) -> Result<Option<StagedRelease>, Refusal> {
    due_releases::stage_due_release(snapshot, cubes, state, limits, now, secret, seen)
}

/// Computes the due noisy cells of a snapshot whose rows were staged before. The spent budget and the `fresh` seed bytes of the
/// noise are on disk before any noise is drawn, so even after a crash each cell has a single seed and is charged once. The function
/// blocks and must not run on the async runtime.
///
/// # Errors
/// `RESOURCE_LIMIT`, `DISK_FULL`, `STATE_BROKEN`; Nothing is released then, but the spent budget stays spent.
pub fn stage_drawn(
    snapshot: &Snapshot,
    cubes: &[Cube],
    state: &Path,
    limits: &QueryResourceLimits,
    now: UtcTimestamp,
    fresh: &dyn Fn() -> [u8; 32],
) -> Result<Option<StagedRelease>, Refusal> {
    noisy_release::stage_noisy_release(snapshot, cubes, state, limits, now, fresh)
}

impl StagedRelease {
    /// Publishes the release. Its cells are fixed from now on.
    ///
    /// # Errors
    /// `STATE_BROKEN`, `DISK_FULL`.
    pub fn commit(self) -> Result<ReleasedCells, Refusal> {
        let series = history::save_history(&self.folder, &self.series)?;
        read_released_cells(&self.folder, &series)
    }
}

/// Opens the released cells of a published dataset.
///
/// # Errors
/// `STATE_BROKEN` if a file is damaged.
pub fn open_released_cells(state: &Path, dataset: &Dataset) -> Result<ReleasedCells, Refusal> {
    let folder = DatasetDir::new(state, &dataset.id.name).releases();
    let Some(series) = history::load_history(&folder)? else {
        return Ok(ReleasedCells::default());
    };
    if grid_basis::series_basis(dataset).is_none_or(|basis| basis.to_string() != series.basis) {
        return Ok(ReleasedCells {
            facts: series.facts,
            ..ReleasedCells::default()
        });
    }
    read_released_cells(&folder, &series)
}

/// Removes incomplete and outdated files after a crash. It must not run during a release or while cells are read.
///
/// # Errors
/// `STATE_BROKEN`.
pub fn sweep_releases(state: &Path, dataset: &SqlIdentifier) -> Result<(), Refusal> {
    let folder = DatasetDir::new(state, dataset).releases();
    if let Some(series) = history::load_history(&folder)? {
        history::sweep_unused_files(&folder, &series);
    }
    Ok(())
}

fn read_released_cells(folder: &Path, series: &ReleaseHistory) -> Result<ReleasedCells, Refusal> {
    let versions = series.parts.iter().flat_map(|part| &part.versions);
    if let Some(gone) = versions
        .map(|name| folder.join(name))
        .find(|path| !path.is_file())
    {
        return Err(Refusal::new(
            ErrorCode::StateBroken,
            format!(
                "`{}`, of which cells were released, is not there",
                gone.display()
            ),
        )
        .with_help("bring it back from a backup: it can't be worked out again"));
    }
    let name = folder.parent().and_then(Path::file_name);
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    let mut cells = BTreeMap::new();
    let mut contents = Vec::new();
    let exact = series.cells.iter();
    let exact = exact.map(|one| (&one.shape, &one.file, &one.digest));
    let drawn = series.drawn.iter();
    let drawn = drawn.filter_map(|one| Some((&one.shape, one.file.as_ref()?, &one.digest)));
    for (shape, file, digest) in exact.chain(drawn) {
        let path = folder.join(file);
        let (Ok(shape), Ok(digest)) = (shape.parse::<Digest>(), digest.parse::<Digest>()) else {
            return Err(history::damaged_history_refusal(folder));
        };
        contents.push((path.clone(), digest));
        cells.insert(shape, path);
    }
    let checked = CheckedFiles::of_contents(&format!("the released cells of `{name}`"), contents);
    checked.check()?;
    let mut rows = Vec::new();
    for (file, digest) in &series.digests {
        let digest = digest
            .parse()
            .map_err(|cause| history::damaged_history_refusal(folder).caused_by(cause))?;
        let what = format!("the rows of released cells of `{name}`");
        let file = CheckedFiles::of_contents(&what, vec![(folder.join(file), digest)]);
        rows.push(Arc::new(file));
    }
    let mut lacking = BTreeMap::new();
    for one in &series.drawn {
        let periods = one.lacking.iter();
        let periods = periods.map(|(from, to)| ReleasePeriod {
            from: *from,
            to: *to,
        });
        if let Ok(shape) = one.shape.parse::<Digest>() {
            lacking.insert(shape, periods.collect());
        }
    }
    Ok(ReleasedCells {
        cells,
        lacking,
        facts: series.facts.clone(),
        checked: Arc::new(checked),
        rows,
    })
}

#[cfg(test)]
mod tests;
