//! Noisy cells: the spending of the privacy budget, and the drawing of the noise.
//!
//! Spending is counted by the periods of the data, over all cubes with an equal unit. It is saved before any noise is drawn,
//! together with the seed, so an interrupted release continues with equal noise for equal cells and rows. The set of cells does not
//! depend on the rows.

mod budget_ledger;
mod cell_domain;
mod cell_totals;
mod noise;

use super::StagedRelease;
use super::cell_file::select_released_columns;
use super::cell_queries::{TimeRange, filter_time_range};
use super::grid_basis::{PeriodCalendar, release_settings, series_basis};
use super::history::{self, BudgetSpending, NoisyCells, ReleaseHistory, format_time};
use super::workspace::{self, ReleaseWorkspace, release_refusal};
use crate::dedicated_thread::run_on_dedicated_thread;
use crate::limits::QueryResourceLimits;
use crate::snapshot::Snapshot;
use crate::snapshot::dataset_dir::DatasetDir;
use crate::snapshot::released_cells::ReleaseOutcome;
use budget_ledger::DrawRequest;
use cell_domain::CellDomain;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::ReleaseTerm;
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use hansa_policy::value::privacy_budget::amount::Epsilon;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn stage_noisy_release(
    snapshot: &Snapshot,
    cubes: &[Cube],
    state: &Path,
    limits: &QueryResourceLimits,
    now: UtcTimestamp,
    fresh: &dyn Fn() -> [u8; 32],
) -> Result<Option<StagedRelease>, Refusal> {
    let dataset = &snapshot.dataset;
    let (Some((grid, release)), Some(basis)) = (release_settings(dataset), series_basis(dataset))
    else {
        return Ok(None);
    };
    let mut wanted: BTreeMap<String, (&Cube, &PrivacyBudgetTerm)> = BTreeMap::new();
    for cube in cubes {
        if let Some(budget) = &cube.budget
            && cube.grid == grid.id
            && cube.release.as_ref() == Some(release)
        {
            wanted.insert(cube.shape().to_string(), (cube, budget));
        }
    }
    let folder = DatasetDir::new(state, &dataset.id.name).releases();
    let series = history::load_history(&folder)?.filter(|series| series.basis == basis.to_string());
    let (Some(mut series), false) = (series, wanted.is_empty()) else {
        return Ok(None);
    };
    let calendar = PeriodCalendar::for_grid(dataset, grid, release)?;
    let found = budget_ledger::decide_due_periods(&series, &wanted, &calendar, release);
    let open = |spent: &BudgetSpending| spent.seed.is_some() && wanted.contains_key(&spent.shape);
    let fewer = budget_ledger::record_refused_periods(&mut series, &found.refused);
    if found.granted.is_empty() && !fewer && !series.spent.iter().any(open) {
        return Ok(None);
    }
    // Noise is drawn only over the saved rows.
    let released = super::read_released_cells(&folder, &series)?;
    reserve_budget(&mut series, &folder, &found.granted, fresh)?;
    let mut work = NoisyReleaseJob {
        workspace: ReleaseWorkspace::open(&folder, limits, released.all_checked())?,
        snapshot,
        release,
        calendar,
        folder,
        series,
        facts: Vec::new(),
        now,
    };
    run_on_dedicated_thread("drawing cells", limits.time, async || {
        for (shape, (cube, budget)) in &wanted {
            work.draw_cells(shape, cube, budget).await?;
        }
        work.series.facts.extend(work.facts.iter().cloned());
        let faults = found
            .refused
            .iter()
            .map(|due| due.refusal(dataset, &work.calendar));
        Ok(Some(StagedRelease {
            faults: faults.collect(),
            facts: work.facts,
            folder: work.folder,
            series: work.series,
        }))
    })
}

/// Saves the spending and the seeds before any noise is drawn.
fn reserve_budget(
    series: &mut ReleaseHistory,
    folder: &Path,
    granted: &[DrawRequest],
    fresh: &dyn Fn() -> [u8; 32],
) -> Result<(), Refusal> {
    if granted.is_empty() {
        return Ok(());
    }
    let mut digests: BTreeMap<usize, String> = BTreeMap::new();
    for due in granted {
        let rows = match digests.get(&due.part) {
            Some(known) => known.clone(),
            None => {
                let digest =
                    workspace::file_digest(&rows_of(series, folder, due.part)?)?.to_string();
                digests.insert(due.part, digest.clone());
                digest
            }
        };
        let seed = fresh().iter().map(|byte| format!("{byte:02x}")).collect();
        series.spent.push(BudgetSpending {
            unit: due.unit.clone(),
            shape: due.shape.clone(),
            from: due.from,
            to: due.to,
            each: due.each,
            most: due.most,
            per: due.per,
            seed: Some(seed),
            rows,
        });
    }
    *series = history::save_history(folder, series)?;
    Ok(())
}

/// Row file of a part.
fn rows_of(series: &ReleaseHistory, folder: &Path, part: usize) -> Result<PathBuf, Refusal> {
    let part = series.parts.get(part).and_then(|part| part.versions.last());
    part.map(|name| folder.join(name))
        .ok_or_else(|| Refusal::new(ErrorCode::Internal, "there is no such part"))
}

struct NoisyReleaseJob<'a> {
    workspace: ReleaseWorkspace,
    snapshot: &'a Snapshot,
    release: &'a ReleaseTerm,
    calendar: PeriodCalendar,
    folder: PathBuf,
    series: ReleaseHistory,
    facts: Vec<ReleaseOutcome>,
    now: UtcTimestamp,
}

impl NoisyReleaseJob<'_> {
    /// Draws the cells of a cube for all periods that are charged and not drawn.
    async fn draw_cells(
        &mut self,
        shape: &str,
        cube: &Cube,
        budget: &PrivacyBudgetTerm,
    ) -> Result<(), Refusal> {
        let mut fragments = Vec::new();
        let mut facts = Vec::new();
        let open: Vec<usize> = self
            .series
            .spent
            .iter()
            .enumerate()
            .filter(|(_, spent)| spent.shape == shape && spent.seed.is_some())
            .map(|(index, _)| index)
            .collect();
        for index in open {
            let Some(spent) = self.series.spent.get(index).cloned() else {
                continue;
            };
            let (file, fact) = self.compute_period_cells(&spent, cube, budget).await?;
            fragments.push(file);
            facts.push(fact);
            // The seed is deleted when the cells are saved, so that the noise can't be reproduced.
            if let Some(spent) = self.series.spent.get_mut(index) {
                spent.seed = None;
            }
        }
        if fragments.is_empty() {
            return Ok(());
        }
        let known = self.series.drawn.iter().find(|one| one.shape == shape);
        let lacking = known.map(|known| known.lacking.clone()).unwrap_or_default();
        if let Some(file) = known.and_then(|known| known.file.as_ref()) {
            fragments.push(self.folder.join(file));
        }
        self.series.revision = self.series.revision.saturating_add(1);
        let short: String = shape
            .chars()
            .filter(char::is_ascii_hexdigit)
            .take(16)
            .collect();
        let name = format!("drawn-{short}-{}.parquet", self.series.revision);
        let path = self.folder.join(&name);
        workspace::write_frame(
            select_released_columns(self.workspace.read(&fragments).await?, cube)?,
            &path,
        )
        .await?;
        let digest = workspace::file_digest(&path)?.to_string();
        self.facts.extend(facts);
        self.series.drawn.retain(|known| known.shape != shape);
        self.series.drawn.push(NoisyCells {
            shape: shape.to_owned(),
            file: Some(name),
            digest,
            lacking,
        });
        Ok(())
    }

    /// Cells of one period, in a temporary file.
    async fn compute_period_cells(
        &self,
        spent: &BudgetSpending,
        cube: &Cube,
        budget: &PrivacyBudgetTerm,
    ) -> Result<(PathBuf, ReleaseOutcome), Refusal> {
        let mut parts = self.series.parts.iter();
        let part = parts.position(|part| {
            part.from.is_none_or(|from| from <= spent.from) && spent.to <= part.to
        });
        let broken = |sentence: &str| Refusal::new(ErrorCode::StateBroken, sentence);
        let part = part.ok_or_else(|| broken("the rows of cells that are paid for are gone"))?;
        let file = rows_of(&self.series, &self.folder, part)?;
        if workspace::file_digest(&file)?.to_string() != spent.rows {
            return Err(broken(
                "the rows of cells that are paid for are not the same any more",
            ));
        }
        let seed = spent.seed.as_deref().and_then(decode_hex);
        let seed = seed.ok_or_else(|| broken("what the noise is made of is damaged"))?;
        let stored = self.snapshot.dataset.schema();
        let domain = CellDomain::for_period(cube, budget, self.release, &self.calendar, spent)?;
        let span = TimeRange {
            from: Some(spent.from),
            to: spent.to,
        };
        let rows = self.workspace.read(std::slice::from_ref(&file)).await?;
        let rows = filter_time_range(rows, self.release.column.as_str(), span, &stored)?;
        let all = rows
            .clone()
            .count()
            .await
            .map_err(|error| release_refusal(&error))?;
        let mut totals =
            cell_totals::sum_cells(rows, cube, budget, &domain, &stored, &seed).await?;
        let counted = totals.rows();
        noise::add_noise(&mut totals, budget, &seed)?;
        let batch = domain.to_batch(&totals, cube, &stored)?;
        let (file, cells) = self
            .workspace
            .write_temporary_file(self.workspace.frame_over_batch(batch)?)
            .await?;
        // The digest covers the period alone, so that a repeated record of an interrupted release is equal to the first.
        let digest = workspace::file_digest(&file)?.to_string();
        let all = u64::try_from(all).unwrap_or(u64::MAX);
        let fact = ReleaseOutcome {
            at: self.now.to_string(),
            snapshot: self.snapshot.dataset.version.clone(),
            shape: spent.shape.clone(),
            by: super::due_releases::format_dimensions(cube),
            correction: false,
            until: format_time(spent.to, self.calendar.days),
            cells,
            withheld: 0,
            rows: all,
            rows_withheld: all.saturating_sub(counted),
            digest,
            epsilon: Some(Epsilon::sum_text(spent.each)),
            unit: Some(spent.unit.clone()),
        };
        Ok((file, fact))
    }
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        let at = index.saturating_mul(2);
        *byte = u8::from_str_radix(text.get(at..at.saturating_add(2))?, 16).ok()?;
    }
    Some(bytes)
}

/// Exact values of a period before the noise: rows, rows with a value, and sums, for each cell.
#[cfg(test)]
pub(super) fn exact_totals(
    snapshot: &Snapshot,
    cube: &Cube,
    period: crate::snapshot::released_cells::ReleasePeriod,
    folder: &Path,
) -> [Vec<i128>; 3] {
    let (from, to) = (period.from, period.to);
    let stored = snapshot.dataset.schema();
    let (grid, release) = release_settings(&snapshot.dataset).unwrap();
    let calendar = PeriodCalendar::for_grid(&snapshot.dataset, grid, release).unwrap();
    let budget = cube.budget.as_ref().unwrap();
    let spent = BudgetSpending {
        unit: String::new(),
        shape: String::new(),
        from,
        to,
        each: 1,
        most: 1,
        per: hansa_policy::value::time::TimeBucketWidth::Year,
        seed: None,
        rows: String::new(),
    };
    let domain = CellDomain::for_period(cube, budget, release, &calendar, &spent).unwrap();
    let limits = QueryResourceLimits::default();
    let span = TimeRange {
        from: Some(from),
        to,
    };
    run_on_dedicated_thread("counting", limits.time, async || {
        let workspace = ReleaseWorkspace::open(folder, &limits, [&snapshot.checked])?;
        let rows = workspace.read(&snapshot.files).await?;
        let rows = filter_time_range(rows, release.column.as_str(), span, &stored)?;
        let totals = cell_totals::sum_cells(rows, cube, budget, &domain, &stored, &[7; 32]).await?;
        Ok([
            totals.counts().collect(),
            totals.value_counts(0).collect(),
            totals.sums(0).collect(),
        ])
    })
    .unwrap()
}
