//! First release of a cube's cells for a period, in addition to the released cells of other cubes.
//!
//! A cell is published if its group is large enough, and if all groups that can be computed from it and the published cells are
//! large enough too. Nested cells form trees: every sum or difference of them is a union of remainders, where a remainder is a
//! published cell without the published cells within it. Each remainder is therefore tested like a cell. While a test fails, the
//! smallest new cell within the remainder is withheld. The new cells are also checked against earlier releases of their rows.

use super::cell_file::{dimension_columns, round_counts, select_released_columns};
use super::cell_queries::{
    self, CubeLevel, FrameResult, KEY, Quantity, count_cells, cube_view, dimension_key_name,
    dimension_key_names, dimension_value, disclosure_condition, mark_published_cells, units_of,
};
use super::differencing::DifferencingCheck;
use super::workspace::{ReleaseWorkspace, release_refusal};
use crate::release::columns::{bare_column, null_safe_equality};
use arrow_schema::SchemaRef;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion_common::JoinType;
use datafusion_expr::{Expr, lit, when};
use hansa_policy::effect::Cube;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CubeFunction;
use std::path::{Path, PathBuf};

/// Statistics of a cube's cells in one release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReleaseStats {
    /// Number of published cells.
    pub cells: u64,
    /// Number of withheld cells.
    pub withheld: u64,
    /// Number of rows in all cells.
    pub rows: u64,
    /// Number of rows in withheld cells.
    pub rows_withheld: u64,
}

/// Cells of `cube` over the rows of `base` that can be published in addition to those of `levels`, in a temporary file with the
/// columns of [`hansa_enforcement::released_cells::schema`]. `older` are the earlier rows of the cells in `levels`, one file for
/// each release.
///
/// # Errors
/// `RESOURCE_LIMIT`, `DISK_FULL`, `STATE_BROKEN`.
pub(super) async fn first_release_cells(
    workspace: &ReleaseWorkspace,
    base: &[PathBuf],
    older: &[Vec<PathBuf>],
    stored: &SchemaRef,
    cube: &Cube,
    levels: &[CubeLevel],
) -> Result<(PathBuf, ReleaseStats), Refusal> {
    let work = FirstReleaseJob {
        workspace,
        base,
        older,
        stored,
        cube,
        levels,
    };
    let candidates = work.candidates().await?;
    let candidates = work.own_remainders(candidates).await?;
    let candidates = work.filter_by_parents(candidates).await?;
    let all = cell_queries::compute_cells(work.rows(base).await?, work.own_level(), cube, None)?;
    let (groups, rows) = count_cells(all).await?;
    let cells = workspace.read(std::slice::from_ref(&candidates)).await?;
    let (kept, reported) = count_cells(cells.clone()).await?;
    let rounded = round_counts(workspace, cells, cube)?;
    let (path, _) = workspace
        .write_temporary_file(select_released_columns(rounded, cube)?)
        .await?;
    Ok((
        path,
        ReleaseStats {
            cells: kept,
            withheld: groups.saturating_sub(kept),
            rows: reported,
            rows_withheld: rows.saturating_sub(reported),
        },
    ))
}

/// Quantity for a number of a measure.
fn to_quantity<'a>(number: &str, measure: &'a SqlIdentifier) -> Quantity<'a> {
    if number.starts_with("dev_") {
        Quantity::Squares(measure)
    } else {
        Quantity::Measure(measure)
    }
}

struct FirstReleaseJob<'a> {
    workspace: &'a ReleaseWorkspace,
    base: &'a [PathBuf],
    older: &'a [Vec<PathBuf>],
    stored: &'a SchemaRef,
    cube: &'a Cube,
    levels: &'a [CubeLevel],
}

impl FirstReleaseJob<'_> {
    const fn own_level(&self) -> usize {
        self.levels.len()
    }

    async fn rows(&self, base: &[PathBuf]) -> FrameResult {
        let rows = self.workspace.read(base).await?;
        let mut cubes: Vec<&Cube> = self.levels.iter().map(|level| &level.cube).collect();
        cubes.push(self.cube);
        cube_view(rows, &cubes, self.stored)
    }

    /// Levels including the cube with these candidates.
    fn levels_with_candidates(&self, candidates: &Path) -> Vec<CubeLevel> {
        let mut levels = self.levels.to_vec();
        levels.push(CubeLevel {
            cube: self.cube.clone(),
            cells: candidates.to_owned(),
        });
        levels
    }

    async fn mark_rows(&self, base: &[PathBuf], levels: &[CubeLevel]) -> FrameResult {
        mark_published_cells(self.workspace, self.rows(base).await?, levels).await
    }

    /// Cells of a level that are unsafe if these candidates are published, in temporary files. Cells of the cube are checked
    /// against finer cells of earlier releases, and coarser cells of earlier releases against cells of the cube.
    async fn find_unsafe_cells(
        &self,
        candidates: &Path,
        level: usize,
        what: Quantity<'_>,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let levels = self.levels_with_candidates(candidates);
        let cube = levels.get(level).map(|level| &level.cube);
        let groups = cube
            .map(|cube| dimension_key_names(level, cube))
            .unwrap_or_default();
        let apart = DifferencingCheck {
            levels: &levels,
            level,
            what,
            groups: &groups,
        };
        let rows = self.mark_rows(self.base, &levels).await?;
        let mut found = apart.check_remainders(&rows)?;
        if !self.levels.is_empty() {
            // A consumer may subtract cells from earlier releases, so the candidates are also checked against the earlier rows.
            for older in self.older {
                let before = self.mark_rows(older, &levels).await?;
                found.extend(apart.check_cells(&before)?);
                found.extend(apart.check_remainders(&before)?);
                found.extend(apart.unsafe_changes(&before, &rows)?);
                found.extend(apart.check_between_releases(&before, &rows)?);
                found.extend(apart.check_between_releases(&rows, &before)?);
            }
        }
        let mut bad = Vec::new();
        for cells in found {
            let (file, count) = self.workspace.write_temporary_file(cells).await?;
            if count > 0 {
                bad.push(file);
            }
        }
        Ok(bad)
    }

    /// Cells that are safe by themselves.
    async fn candidates(&self) -> Result<PathBuf, Refusal> {
        let cube = self.cube;
        let key = cell_queries::lot_key(self.own_level(), cube, self.workspace)?;
        let cells =
            cell_queries::compute_cells(self.rows(self.base).await?, self.own_level(), cube, key)?;
        let mut columns = dimension_columns(self.own_level(), cube);
        columns.extend([bare_column("n"), bare_column("units")]);
        if cube.base.is_some() {
            columns.push(bare_column(KEY));
        }
        for measure in &cube.measures {
            let what = Quantity::Measure(measure);
            columns.push(bare_column(units_of(what)));
            for name in cube.numbers_of(measure) {
                let disclosed = match to_quantity(&name, measure) {
                    Quantity::Squares(_) if cube.withholds_variances() => {
                        disclosure_condition(cube, what)
                            .and(disclosure_condition(cube, Quantity::Squares(measure)))
                    }
                    _ => disclosure_condition(cube, what),
                };
                let shown = when(disclosed, bare_column(name.clone())).end();
                columns.push(shown.map_err(|error| release_refusal(&error))?.alias(name));
            }
        }
        let safe = cells
            .filter(disclosure_condition(cube, Quantity::Rows))
            .and_then(|cells| cells.select(columns))
            .map_err(|error| release_refusal(&error))?;
        self.workspace
            .write_temporary_file(safe)
            .await
            .map(|(path, _)| path)
    }

    /// Removes candidates whose remainder is a small group after the subtraction of finer published cells.
    async fn own_remainders(&self, mut candidates: PathBuf) -> Result<PathBuf, Refusal> {
        for what in Quantity::cube_quantities(self.cube) {
            loop {
                let bad = self
                    .find_unsafe_cells(&candidates, self.own_level(), what)
                    .await?;
                if bad.is_empty() {
                    break;
                }
                let keys = dimension_key_names(self.own_level(), self.cube);
                candidates = self
                    .remove_candidates(&candidates, &bad, &keys, what)
                    .await?;
            }
        }
        Ok(candidates)
    }

    /// Removes candidates whose subtraction from a coarser published cell leaves a small group.
    async fn filter_by_parents(&self, mut candidates: PathBuf) -> Result<PathBuf, Refusal> {
        for (parent, level) in self.levels.iter().enumerate() {
            if !self.cube.refines(&level.cube) || level.cube.refines(self.cube) {
                continue;
            }
            for what in Quantity::cube_quantities(&level.cube) {
                loop {
                    let bad = self.find_unsafe_cells(&candidates, parent, what).await?;
                    if bad.is_empty() {
                        break;
                    }
                    let (smallest, found) = self
                        .smallest_candidates(&candidates, &bad, parent, what)
                        .await?;
                    if found == 0 {
                        // Earlier releases are incompatible with any cell of this cube.
                        return self.empty_candidates(&candidates).await;
                    }
                    let keys: Vec<String> = (0..self.cube.dimensions.len())
                        .map(|one| format!("z_{one}"))
                        .collect();
                    candidates = self
                        .remove_candidates(&candidates, &[smallest], &keys, what)
                        .await?;
                }
            }
        }
        Ok(candidates)
    }

    async fn empty_candidates(&self, candidates: &Path) -> Result<PathBuf, Refusal> {
        let cells = self.workspace.read(&[candidates.to_owned()]).await?;
        let none = cells
            .limit(0, Some(0))
            .map_err(|error| release_refusal(&error))?;
        self.workspace
            .write_temporary_file(none)
            .await
            .map(|(path, _)| path)
    }

    /// Smallest published candidate within each of the parent's unsafe cells.
    async fn smallest_candidates(
        &self,
        candidates: &Path,
        bad: &[PathBuf],
        parent: usize,
        what: Quantity<'_>,
    ) -> Result<(PathBuf, u64), Refusal> {
        let Some(level) = self.levels.get(parent) else {
            return Err(Refusal::new(ErrorCode::Internal, "there is no such level"));
        };
        let own_measure = |measure: &SqlIdentifier| self.cube.measures.contains(measure);
        let tells_squares = self.cube.permits(CubeFunction::Variance);
        let (there, units) = match what {
            Quantity::Measure(measure) if own_measure(measure) => (
                bare_column(format!("cnt_{measure}")).is_not_null(),
                bare_column(units_of(what)),
            ),
            Quantity::Squares(measure) if own_measure(measure) && tells_squares => (
                bare_column(format!("dev_{measure}")).is_not_null(),
                bare_column(units_of(Quantity::Measure(measure))),
            ),
            // A measure that the candidate does not have is not part of the difference.
            Quantity::Measure(_) | Quantity::Squares(_) => (lit(false), bare_column("units")),
            Quantity::Rows => (lit(true), bare_column("units")),
        };
        let mut columns = vec![units.alias("size")];
        for (index, dimension) in self.cube.dimensions.iter().enumerate() {
            columns.push(bare_column(dimension.column.as_str()).alias(format!("z_{index}")));
        }
        for (index, coarse) in level.cube.dimensions.iter().enumerate() {
            let value = dimension_value(coarse, bare_column(coarse.column.as_str()), self.stored)?;
            columns.push(value.alias(format!("q_{index}")));
        }
        let many = level.cube.dimensions.len();
        let on = |left: &str, right: &str| -> Vec<Expr> {
            (0..many)
                .map(|index| {
                    null_safe_equality(
                        bare_column(format!("{left}_{index}")),
                        bare_column(format!("{right}_{index}")),
                    )
                })
                .collect()
        };
        let levels = self.levels_with_candidates(candidates);
        let alone = cell_queries::in_own_cell_only(parent, self.own_level(), &levels, what);
        let alone = self.mark_rows(self.base, &levels).await?.filter(alone);
        let own_keys = dimension_key_names(self.own_level(), self.cube)
            .into_iter()
            .enumerate();
        let own_keys = own_keys.map(|(index, key)| bare_column(key).alias(format!("c_{index}")));
        let meet_alone: Vec<Expr> = (0..self.cube.dimensions.len())
            .map(|index| {
                null_safe_equality(
                    bare_column(format!("z_{index}")),
                    bare_column(format!("c_{index}")),
                )
            })
            .collect();
        let within = self.workspace.read(&[candidates.to_owned()]).await?;
        let bad = self.workspace.read(bad).await?;
        let bad_keys = (0..many).map(|index| {
            bare_column(dimension_key_name(parent, index)).alias(format!("x_{index}"))
        });
        let work = || -> datafusion_common::Result<DataFrame> {
            let bad = bad.select(bad_keys.collect::<Vec<_>>())?;
            let alone = alone?.select(own_keys.collect::<Vec<_>>())?.distinct()?;
            let within = within.filter(there)?.select(columns)?;
            let within = within.join_on(alone, JoinType::LeftSemi, meet_alone)?;
            let within = within.join_on(bad, JoinType::LeftSemi, on("q", "x"))?;
            let groups = (0..many)
                .map(|index| bare_column(format!("q_{index}")).alias(format!("y_{index}")));
            let least = within.clone().aggregate(
                groups.collect(),
                vec![min(bare_column("size")).alias("least")],
            )?;
            let mut meet = on("q", "y");
            meet.push(bare_column("size").eq(bare_column("least")));
            let keys =
                (0..self.cube.dimensions.len()).map(|index| bare_column(format!("z_{index}")));
            within
                .join_on(least, JoinType::Inner, meet)?
                .select(keys.collect::<Vec<_>>())
        };
        let smallest = work().map_err(|error| release_refusal(&error))?;
        self.workspace.write_temporary_file(smallest).await
    }

    /// Candidates without the cells in `bad`, whose dimension columns are `keys`, or without one of their measures.
    async fn remove_candidates(
        &self,
        candidates: &Path,
        bad: &[PathBuf],
        keys: &[String],
        what: Quantity<'_>,
    ) -> Result<PathBuf, Refusal> {
        let cells = self.workspace.read(&[candidates.to_owned()]).await?;
        let bad = self.workspace.read(bad).await?;
        let mut columns = vec![lit(true).alias("hit")];
        let mut on = Vec::new();
        for (index, (dimension, key)) in self.cube.dimensions.iter().zip(keys).enumerate() {
            let there = format!("w_{index}");
            columns.push(bare_column(key).alias(there.clone()));
            on.push(null_safe_equality(
                bare_column(dimension.column.as_str()),
                bare_column(there),
            ));
        }
        let names: Vec<String> = cells
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let hidden = match what {
            Quantity::Measure(measure) => self.cube.numbers_of(measure),
            Quantity::Squares(measure) => vec![format!("dev_{measure}")],
            Quantity::Rows => Vec::new(),
        };
        let work = || -> datafusion_common::Result<DataFrame> {
            let cells = cells.clone();
            let bad = bad.select(columns)?.distinct()?;
            let met = cells.join_on(bad, JoinType::Left, on)?;
            let met = match what {
                Quantity::Rows => met.filter(bare_column("hit").is_null())?,
                Quantity::Measure(_) | Quantity::Squares(_) => met,
            };
            let kept = names.iter().map(|name| {
                if hidden.contains(name) {
                    let shown =
                        when(bare_column("hit").is_null(), bare_column(name.as_str())).end()?;
                    Ok(shown.alias(name.as_str()))
                } else {
                    Ok(bare_column(name.as_str()))
                }
            });
            met.select(kept.collect::<datafusion_common::Result<Vec<_>>>()?)
        };
        let left = work().map_err(|error| release_refusal(&error))?;
        self.workspace
            .write_temporary_file(left)
            .await
            .map(|(path, _)| path)
    }
}
