//! First release of a cube's cells for a period, in addition to the released cells of other cubes.
//!
//! A cell is published if its group is large enough, and if all groups that can be computed from it and the published cells are
//! large enough too. Nested cells form trees: every sum or difference of them is a union of remainders, where a remainder is a
//! published cell without the published cells within it. Each remainder is therefore tested like a cell. While a test fails, the
//! smallest new cell within the remainder is withheld. The new cells are also checked against earlier releases of their rows.

use super::cell_file::{dimension_columns, round_counts, select_released_columns};
use super::cell_queries::{
    self, CubeLevel, FrameResult, KEY, Quantity, cube_view, dimension_value, key, keys,
    mark_published_cells, safe, totals, units_of,
};
use super::differencing::DifferencingCheck;
use super::workspace::{ReleaseWorkspace, release_refusal};
use crate::release::columns::{own, same};
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
pub(super) async fn first(
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
    let candidates = work.parents(candidates).await?;
    let all = cell_queries::cells(work.rows(base).await?, work.own(), cube, None)?;
    let (groups, rows) = totals(all).await?;
    let cells = workspace.read(std::slice::from_ref(&candidates)).await?;
    let (kept, reported) = totals(cells.clone()).await?;
    let rounded = round_counts(workspace, cells, cube)?;
    let (path, _) = workspace
        .keep(select_released_columns(rounded, cube)?)
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
fn what_of<'a>(number: &str, measure: &'a SqlIdentifier) -> Quantity<'a> {
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
    const fn own(&self) -> usize {
        self.levels.len()
    }

    async fn rows(&self, base: &[PathBuf]) -> FrameResult {
        let rows = self.workspace.read(base).await?;
        let mut cubes: Vec<&Cube> = self.levels.iter().map(|level| &level.cube).collect();
        cubes.push(self.cube);
        cube_view(rows, &cubes, self.stored)
    }

    /// Levels including the cube with these candidates.
    fn with(&self, candidates: &Path) -> Vec<CubeLevel> {
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
    async fn bad(
        &self,
        candidates: &Path,
        level: usize,
        what: Quantity<'_>,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let levels = self.with(candidates);
        let cube = levels.get(level).map(|level| &level.cube);
        let groups = cube.map(|cube| keys(level, cube)).unwrap_or_default();
        let apart = DifferencingCheck {
            levels: &levels,
            level,
            what,
            groups: &groups,
        };
        let rows = self.mark_rows(self.base, &levels).await?;
        let mut found = apart.remainders(&rows)?;
        if !self.levels.is_empty() {
            // A consumer may subtract cells from earlier releases, so the candidates are also checked against the earlier rows.
            for older in self.older {
                let before = self.mark_rows(older, &levels).await?;
                found.extend(apart.whole(&before)?);
                found.extend(apart.remainders(&before)?);
                found.extend(apart.unsafe_changes(&before, &rows)?);
                found.extend(apart.between(&before, &rows)?);
                found.extend(apart.between(&rows, &before)?);
            }
        }
        let mut bad = Vec::new();
        for cells in found {
            let (file, count) = self.workspace.keep(cells).await?;
            if count > 0 {
                bad.push(file);
            }
        }
        Ok(bad)
    }

    /// Cells that are safe by themselves.
    async fn candidates(&self) -> Result<PathBuf, Refusal> {
        let cube = self.cube;
        let key = cell_queries::lot_key(self.own(), cube, self.workspace)?;
        let cells = cell_queries::cells(self.rows(self.base).await?, self.own(), cube, key)?;
        let mut columns = dimension_columns(self.own(), cube);
        columns.extend([own("n"), own("units")]);
        if cube.base.is_some() {
            columns.push(own(KEY));
        }
        for measure in &cube.measures {
            let what = Quantity::Measure(measure);
            columns.push(own(units_of(what)));
            for name in cube.numbers_of(measure) {
                let disclosed = match what_of(&name, measure) {
                    Quantity::Squares(_) if cube.withholds_variances() => {
                        safe(cube, what).and(safe(cube, Quantity::Squares(measure)))
                    }
                    _ => safe(cube, what),
                };
                let shown = when(disclosed, own(name.clone())).end();
                columns.push(shown.map_err(|error| release_refusal(&error))?.alias(name));
            }
        }
        let safe = cells
            .filter(safe(cube, Quantity::Rows))
            .and_then(|cells| cells.select(columns))
            .map_err(|error| release_refusal(&error))?;
        self.workspace.keep(safe).await.map(|(path, _)| path)
    }

    /// Removes candidates whose remainder is a small group after the subtraction of finer published cells.
    async fn own_remainders(&self, mut candidates: PathBuf) -> Result<PathBuf, Refusal> {
        for what in Quantity::all(self.cube) {
            loop {
                let bad = self.bad(&candidates, self.own(), what).await?;
                if bad.is_empty() {
                    break;
                }
                let keys = keys(self.own(), self.cube);
                candidates = self.without(&candidates, &bad, &keys, what).await?;
            }
        }
        Ok(candidates)
    }

    /// Removes candidates whose subtraction from a coarser published cell leaves a small group.
    async fn parents(&self, mut candidates: PathBuf) -> Result<PathBuf, Refusal> {
        for (parent, level) in self.levels.iter().enumerate() {
            if !self.cube.refines(&level.cube) || level.cube.refines(self.cube) {
                continue;
            }
            for what in Quantity::all(&level.cube) {
                loop {
                    let bad = self.bad(&candidates, parent, what).await?;
                    if bad.is_empty() {
                        break;
                    }
                    let (smallest, found) = self.smallest(&candidates, &bad, parent, what).await?;
                    if found == 0 {
                        // Earlier releases are incompatible with any cell of this cube.
                        return self.none(&candidates).await;
                    }
                    let keys: Vec<String> = (0..self.cube.dimensions.len())
                        .map(|one| format!("z_{one}"))
                        .collect();
                    candidates = self.without(&candidates, &[smallest], &keys, what).await?;
                }
            }
        }
        Ok(candidates)
    }

    async fn none(&self, candidates: &Path) -> Result<PathBuf, Refusal> {
        let cells = self.workspace.read(&[candidates.to_owned()]).await?;
        let none = cells
            .limit(0, Some(0))
            .map_err(|error| release_refusal(&error))?;
        self.workspace.keep(none).await.map(|(path, _)| path)
    }

    /// Smallest published candidate within each of the parent's unsafe cells.
    async fn smallest(
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
                own(format!("cnt_{measure}")).is_not_null(),
                own(units_of(what)),
            ),
            Quantity::Squares(measure) if own_measure(measure) && tells_squares => (
                own(format!("dev_{measure}")).is_not_null(),
                own(units_of(Quantity::Measure(measure))),
            ),
            // A measure that the candidate does not have is not part of the difference.
            Quantity::Measure(_) | Quantity::Squares(_) => (lit(false), own("units")),
            Quantity::Rows => (lit(true), own("units")),
        };
        let mut columns = vec![units.alias("size")];
        for (index, dimension) in self.cube.dimensions.iter().enumerate() {
            columns.push(own(dimension.column.as_str()).alias(format!("z_{index}")));
        }
        for (index, coarse) in level.cube.dimensions.iter().enumerate() {
            let value = dimension_value(coarse, own(coarse.column.as_str()), self.stored)?;
            columns.push(value.alias(format!("q_{index}")));
        }
        let many = level.cube.dimensions.len();
        let on = |left: &str, right: &str| -> Vec<Expr> {
            (0..many)
                .map(|index| {
                    same(
                        own(format!("{left}_{index}")),
                        own(format!("{right}_{index}")),
                    )
                })
                .collect()
        };
        let levels = self.with(candidates);
        let alone = cell_queries::in_own_cell_only(parent, self.own(), &levels, what);
        let alone = self.mark_rows(self.base, &levels).await?.filter(alone);
        let own_keys = keys(self.own(), self.cube).into_iter().enumerate();
        let own_keys = own_keys.map(|(index, key)| own(key).alias(format!("c_{index}")));
        let meet_alone: Vec<Expr> = (0..self.cube.dimensions.len())
            .map(|index| same(own(format!("z_{index}")), own(format!("c_{index}"))))
            .collect();
        let within = self.workspace.read(&[candidates.to_owned()]).await?;
        let bad = self.workspace.read(bad).await?;
        let bad_keys = (0..many).map(|index| own(key(parent, index)).alias(format!("x_{index}")));
        let work = || -> datafusion_common::Result<DataFrame> {
            let bad = bad.select(bad_keys.collect::<Vec<_>>())?;
            let alone = alone?.select(own_keys.collect::<Vec<_>>())?.distinct()?;
            let within = within.filter(there)?.select(columns)?;
            let within = within.join_on(alone, JoinType::LeftSemi, meet_alone)?;
            let within = within.join_on(bad, JoinType::LeftSemi, on("q", "x"))?;
            let groups =
                (0..many).map(|index| own(format!("q_{index}")).alias(format!("y_{index}")));
            let least = within
                .clone()
                .aggregate(groups.collect(), vec![min(own("size")).alias("least")])?;
            let mut meet = on("q", "y");
            meet.push(own("size").eq(own("least")));
            let keys = (0..self.cube.dimensions.len()).map(|index| own(format!("z_{index}")));
            within
                .join_on(least, JoinType::Inner, meet)?
                .select(keys.collect::<Vec<_>>())
        };
        let smallest = work().map_err(|error| release_refusal(&error))?;
        self.workspace.keep(smallest).await
    }

    /// Candidates without the cells in `bad`, whose dimension columns are `keys`, or without one of their measures.
    async fn without(
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
            columns.push(own(key).alias(there.clone()));
            on.push(same(own(dimension.column.as_str()), own(there)));
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
                Quantity::Rows => met.filter(own("hit").is_null())?,
                Quantity::Measure(_) | Quantity::Squares(_) => met,
            };
            let kept = names.iter().map(|name| {
                if hidden.contains(name) {
                    let shown = when(own("hit").is_null(), own(name.as_str())).end()?;
                    Ok(shown.alias(name.as_str()))
                } else {
                    Ok(own(name.as_str()))
                }
            });
            met.select(kept.collect::<datafusion_common::Result<Vec<_>>>()?)
        };
        let left = work().map_err(|error| release_refusal(&error))?;
        self.workspace.keep(left).await.map(|(path, _)| path)
    }
}
