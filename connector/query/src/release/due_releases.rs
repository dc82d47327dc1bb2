//! Due releases of a dataset.

mod late_rows;

use super::StagedRelease;
use super::cell_file::select_released_columns;
use super::cell_keys::CellKeys;
use super::cell_queries::{CubeLevel, TimeRange, filter_time_range};
use super::first_release::{self, ReleaseStats};
use super::grid_basis::{
    is_day, last_period_end, next_period_start, release_settings, series_basis,
};
use super::history::{
    self, PeriodRows, PublishedCubeCells, ReleaseHistory, ReleasedCube, format_time,
};
use super::workspace::{self, ReleaseWorkspace, release_refusal, sort_rows};
use crate::dedicated_thread::run_on_dedicated_thread;
use crate::limits::QueryResourceLimits;
use crate::snapshot::Snapshot;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use crate::snapshot::released_cells::{ReleaseOutcome, ReleasedCells};
use arrow_schema::SchemaRef;
use datafusion::dataframe::DataFrame;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::RegisteredGrid;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::{LateDataPolicy, ReleaseTerm};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) fn stage_due_release(
    snapshot: &Snapshot,
    cubes: &[Cube],
    state: &Path,
    limits: &QueryResourceLimits,
    now: UtcTimestamp,
    secret: &[u8; 32],
    seen: UtcTimestamp,
) -> Result<Option<StagedRelease>, Refusal> {
    let dataset = &snapshot.dataset;
    let (Some((grid, release)), Some(basis)) = (release_settings(dataset), series_basis(dataset))
    else {
        return Ok(None);
    };
    let folder = DatasetDir::new(state, &dataset.id.name).releases();
    let before = history::load_history(&folder)?;
    let mut released = ReleasedCells::default();
    let series = match before {
        Some(series) if series.basis == basis.to_string() => {
            // A new release must not build on damaged files.
            released = super::read_released_cells(&folder, &series)?;
            series
        }
        before => {
            let cut = before.as_ref().and_then(|before| before.cut);
            let cut = cut
                .map(|cut| next_period_start(dataset, grid, release, cut))
                .transpose()?;
            history::begin_history(basis, before.as_ref(), cut)
        }
    };
    let cut = last_period_end(dataset, grid, release, seen)?;
    let wanted = select_grid_cubes(cubes, grid, release);
    let further = series.cut.is_none_or(|known| known < cut);
    let late = snapshot.dataset.version != series.last
        && !series.parts.is_empty()
        && match release.late {
            LateDataPolicy::Never => false,
            LateDataPolicy::Wait => further,
            LateDataPolicy::Correct => true,
        };
    let lacking = |cube: &&Cube| {
        let own = cells_of(&series, cube.shape());
        own.is_none_or(|own| own.parts.len() < series.parts.len())
    };
    if !further && !late && !wanted.iter().any(lacking) {
        return Ok(None);
    }
    std::fs::create_dir_all(&folder).map_err(|error| dataset_dir::disk_refusal(&folder, &error))?;
    let cell_keys = CellKeys::for_dataset(secret, &dataset.id);
    let checked = released.all_checked().chain([&snapshot.checked]);
    let workspace = ReleaseWorkspace::open(&folder, limits, checked)?.with_cell_keys(cell_keys);
    let mut work = DueReleaseJob {
        workspace,
        snapshot,
        stored: dataset.schema(),
        release,
        days: is_day(dataset, release),
        folder,
        series,
        facts: Vec::new(),
        faults: Vec::new(),
        now,
        time: limits.time,
    };
    // Each correction and each cube has the time limit of one question, so that many of them do not block each other.
    let steps = work.series.parts.len().saturating_mul(2);
    let steps = steps.saturating_add(wanted.len()).saturating_add(2);
    let time = limits
        .time
        .saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
    run_on_dedicated_thread("releasing cells", time, async || {
        if late {
            work.process_late_rows().await?;
        }
        if further {
            work.add_ended_periods(cut).await?;
        }
        work.series.last.clone_from(&snapshot.dataset.version);
        for cube in &wanted {
            // A cube only appends to the series.
            if let Err(refusal) = in_time(work.time, work.compute_cube_cells(cube)).await {
                work.faults.push(refusal);
            }
        }
        work.series.facts.extend(work.facts.iter().cloned());
        Ok(Some(StagedRelease {
            facts: work.facts,
            faults: work.faults,
            folder: work.folder,
            series: work.series,
        }))
    })
}

/// Cubes that are released with the grid, the coarsest first, without duplicates.
fn select_grid_cubes<'a>(
    cubes: &'a [Cube],
    grid: &RegisteredGrid,
    release: &ReleaseTerm,
) -> Vec<&'a Cube> {
    let mut wanted: Vec<&Cube> = Vec::new();
    for cube in cubes {
        let fits =
            cube.grid == grid.id && cube.release.as_ref() == Some(release) && cube.budget.is_none();
        if fits && !wanted.iter().any(|known| known.shape() == cube.shape()) {
            wanted.push(cube);
        }
    }
    let finer_than = |cube: &Cube| {
        let strictly = |other: &&Cube| cube.refines(other) && !other.refines(cube);
        cubes.iter().filter(strictly).count()
    };
    wanted.sort_by_key(|cube| (finer_than(cube), cube.shape()));
    wanted
}

/// Dimensions of a cube in words.
pub(super) fn format_dimensions(cube: &Cube) -> String {
    let by = cube.dimensions.iter().map(|one| match one.bucket {
        Some(bucket) => format!("{} ({})", one.column, bucket.as_str()),
        None => one.column.to_string(),
    });
    by.collect::<Vec<_>>().join(", ")
}

fn cells_of(series: &ReleaseHistory, shape: Digest) -> Option<&PublishedCubeCells> {
    let shape = shape.to_string();
    series.cells.iter().find(|cells| cells.shape == shape)
}

struct DueReleaseJob<'a> {
    workspace: ReleaseWorkspace,
    snapshot: &'a Snapshot,
    stored: SchemaRef,
    release: &'a ReleaseTerm,
    days: bool,
    folder: PathBuf,
    series: ReleaseHistory,
    facts: Vec<ReleaseOutcome>,
    faults: Vec<Refusal>,
    now: UtcTimestamp,
    /// Maximum time for one correction or one cube.
    time: Duration,
}

/// Result of a step with a time limit.
async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let done = tokio::time::timeout(limit, work).await;
    done.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        let sentence =
            format!("releasing the cells of one span took longer than {seconds} seconds");
        Err(Refusal::new(ErrorCode::ResourceLimit, sentence))
    })
}

impl DueReleaseJob<'_> {
    async fn read_time_range(
        &self,
        files: &[PathBuf],
        span: TimeRange,
    ) -> Result<DataFrame, Refusal> {
        let rows = self.workspace.read(files).await?;
        filter_time_range(rows, self.release.column.as_str(), span, &self.stored)
    }

    /// File name that was never used before.
    fn unused_file(&mut self, name: &str) -> (String, PathBuf) {
        self.series.revision = self.series.revision.saturating_add(1);
        let name = format!("{name}-{}.parquet", self.series.revision);
        let path = self.folder.join(&name);
        (name, path)
    }

    fn levels(&self, part: Option<usize>) -> Vec<CubeLevel> {
        let there = self
            .series
            .cells
            .iter()
            .filter(|cells| part.is_none_or(|part| cells.parts.contains(&part)));
        there
            .map(|cells| CubeLevel {
                cube: cells.cube.to_cube(),
                cells: self.folder.join(&cells.file),
            })
            .collect()
    }

    fn fact(&self, shape: &str, cube: &Cube, correction: bool) -> ReleaseOutcome {
        ReleaseOutcome {
            at: self.now.to_string(),
            snapshot: self.snapshot.dataset.version.clone(),
            shape: shape.to_owned(),
            by: format_dimensions(cube),
            correction,
            until: self
                .series
                .cut
                .map(|cut| format_time(cut, self.days))
                .unwrap_or_default(),
            cells: 0,
            withheld: 0,
            rows: 0,
            rows_withheld: 0,
            digest: String::new(),
            epsilon: None,
            unit: None,
        }
    }

    /// Adds the rows of the ended periods.
    async fn add_ended_periods(&mut self, cut: i64) -> Result<(), Refusal> {
        let span = TimeRange {
            from: self.series.cut,
            to: cut,
        };
        let number = self.series.parts.len();
        let (name, path) = self.unused_file(&format!("rows-{number}"));
        let rows = self.read_time_range(&self.snapshot.files, span).await?;
        workspace::write_frame(sort_rows(rows)?, &path).await?;
        self.series.parts.push(PeriodRows {
            from: span.from,
            to: span.to,
            versions: vec![name],
        });
        self.series.cut = Some(cut);
        Ok(())
    }

    /// Computes the cells of a cube for the parts that lack them.
    async fn compute_cube_cells(&mut self, cube: &Cube) -> Result<(), Refusal> {
        let shape = cube.shape().to_string();
        let own = self
            .series
            .cells
            .iter()
            .position(|cells| cells.shape == shape);
        let there = own
            .and_then(|own| self.series.cells.get(own))
            .map(|own| own.parts.clone());
        let there = there.unwrap_or_default();
        let lacking: Vec<usize> = (0..self.series.parts.len())
            .filter(|part| !there.contains(part))
            .collect();
        if lacking.is_empty() && own.is_some() {
            return Ok(());
        }
        let levels: Vec<CubeLevel> = {
            let mut levels = self.levels(None);
            levels.retain(|level| level.cube.shape() != cube.shape());
            levels
        };
        if levels.iter().any(|level| cube.overlaps(&level.cube)) {
            let fact = self.fact(&shape, cube, false);
            return Err(Refusal::new(
                ErrorCode::GridNotNested,
                format!(
                    "the numbers of different units by {} would, together with those released of `{}`, show who is in several cells",
                    fact.by, self.snapshot.dataset.id.name
                ),
            ));
        }
        if levels
            .iter()
            .any(|level| !cube.refines(&level.cube) && !level.cube.refines(cube))
        {
            let fact = self.fact(&shape, cube, false);
            return Err(Refusal::new(
                ErrorCode::GridNotNested,
                format!(
                    "cells by {} cut through those that were released of `{}`",
                    fact.by, self.snapshot.dataset.id.name
                ),
            ));
        }
        let versions: Vec<&Vec<String>> = lacking
            .iter()
            .filter_map(|part| Some(&self.series.parts.get(*part)?.versions))
            .collect();
        // Rows as of `age` releases ago; for a part with fewer releases, its first rows.
        let ago = |age: usize| -> Vec<PathBuf> {
            let names = versions
                .iter()
                .filter_map(|names| names.iter().rev().nth(age).or_else(|| names.first()));
            names.map(|name| self.folder.join(name)).collect()
        };
        let base = ago(0);
        let releases = versions.iter().map(|names| names.len()).max();
        let older: Vec<Vec<PathBuf>> = (1..releases.unwrap_or(0)).map(ago).collect();
        let mut fragments = Vec::new();
        let mut stats = ReleaseStats::default();
        if !base.is_empty() {
            let (fresh, made) = first_release::first_release_cells(
                &self.workspace,
                &base,
                &older,
                &self.stored,
                cube,
                &levels,
            )
            .await?;
            fragments.push(fresh);
            stats = made;
        }
        if let Some(own) = own.and_then(|own| self.series.cells.get(own)) {
            fragments.push(self.folder.join(&own.file));
        }
        let fact = self.fact(&shape, cube, false).with_stats(stats);
        self.merge_cells(
            cube,
            &fragments,
            (0..self.series.parts.len()).collect(),
            fact,
        )
        .await
    }

    /// Merges the cells of all parts into one file of the cube.
    async fn merge_cells(
        &mut self,
        cube: &Cube,
        fragments: &[PathBuf],
        parts: BTreeSet<usize>,
        mut fact: ReleaseOutcome,
    ) -> Result<(), Refusal> {
        let short: String = fact
            .shape
            .chars()
            .filter(char::is_ascii_hexdigit)
            .take(16)
            .collect();
        let (file, path) = self.unused_file(&format!("cells-{short}"));
        let cells = if fragments.is_empty() {
            // No period has ended: an empty file records that there are no cells.
            let none = self.workspace.read(&self.snapshot.files).await?;
            let none = none
                .limit(0, Some(0))
                .map_err(|error| release_refusal(&error))?;
            let (none, _) = self.workspace.write_temporary_file(none).await?;
            let (none, _) = first_release::first_release_cells(
                &self.workspace,
                &[none],
                &[],
                &self.stored,
                cube,
                &[],
            )
            .await?;
            self.workspace.read(&[none]).await?
        } else {
            select_released_columns(self.workspace.read(fragments).await?, cube)?
        };
        workspace::write_frame(cells, &path).await?;
        let digest = workspace::file_digest(&path)?.to_string();
        fact.digest.clone_from(&digest);
        let cells = PublishedCubeCells {
            shape: fact.shape.clone(),
            cube: ReleasedCube::from_cube(cube, self.release),
            file,
            digest,
            parts,
        };
        self.series.cells.retain(|known| known.shape != cells.shape);
        self.series.cells.push(cells);
        self.facts.push(fact);
        Ok(())
    }
}
