//! Corrections of released cells, for rows that were added, changed or removed after the release of their period.
//!
//! Only published cells are corrected, and only if the difference to each earlier release reveals no small group. The decision is
//! made for complete cells of the coarsest cube, so that the cells of all cubes stay nested.

use super::cell_file::{dimension_columns, round_counts, select_released_columns};
use super::cell_queries::{
    self, CubeLevel, FrameResult, Quantity, count_cells, cube_view, dimension_key_names,
    dimension_value, mark_published_cells,
};
use super::differencing::DifferencingCheck;
use super::first_release::ReleaseStats;
use super::workspace::{ReleaseWorkspace, release_refusal, sort_rows};
use crate::release::columns::{bare_column, null_safe_equality};
use crate::sql::functions::sum::whole_of;
use arrow_schema::SchemaRef;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion_common::JoinType;
use datafusion_expr::{Expr, lit, when};
use hansa_enforcement::variance::squared_deviation_expr;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};

/// Temporary files of a correction.
#[derive(Debug)]
pub(super) struct CorrectedFiles {
    /// New rows of the cells.
    pub(super) base: PathBuf,
    /// Cells of each level.
    pub(super) cells: Vec<(PathBuf, ReleaseStats)>,
}

/// Merges the safe changes of `incoming` into the newest of `versions`, and computes the cells of all levels.
///
/// # Errors
/// `RESOURCE_LIMIT`, `DISK_FULL`, `STATE_BROKEN`.
pub(super) async fn merge_corrections(
    workspace: &ReleaseWorkspace,
    versions: &[PathBuf],
    incoming: &Path,
    stored: &SchemaRef,
    levels: &[CubeLevel],
) -> Result<Option<CorrectedFiles>, Refusal> {
    let coarsest = levels
        .iter()
        .position(|one| levels.iter().all(|other| other.cube.refines(&one.cube)));
    let (Some(coarsest), Some(last)) = (coarsest, versions.last()) else {
        return Ok(None);
    };
    let work = CorrectionJob {
        workspace,
        incoming,
        stored,
        levels,
        coarsest,
    };
    let base = work.merge_safe_changes(versions, last).await?;
    let mut cells = Vec::new();
    for level in 0..levels.len() {
        cells.push(work.recompute_cells(&base, level).await?);
    }
    Ok(Some(CorrectedFiles { base, cells }))
}

struct CorrectionJob<'a> {
    workspace: &'a ReleaseWorkspace,
    incoming: &'a Path,
    stored: &'a SchemaRef,
    levels: &'a [CubeLevel],
    coarsest: usize,
}

impl CorrectionJob<'_> {
    fn cubes(&self) -> Vec<&Cube> {
        self.levels.iter().map(|level| &level.cube).collect()
    }

    fn cube(&self, level: usize) -> Result<&Cube, Refusal> {
        let level = self.levels.get(level);
        let missing = || Refusal::new(ErrorCode::Internal, "there is no such level");
        level.map(|level| &level.cube).ok_or_else(missing)
    }

    /// Column names of the coarsest cells.
    fn coarsest_columns(&self) -> Result<Vec<String>, Refusal> {
        Ok(dimension_key_names(
            self.coarsest,
            self.cube(self.coarsest)?,
        ))
    }

    /// Column names of a level's cells, and of the coarsest cells that contain them.
    fn groups(&self, level: usize) -> Result<Vec<String>, Refusal> {
        let mut names = dimension_key_names(level, self.cube(level)?);
        if level != self.coarsest {
            names.extend(self.coarsest_columns()?);
        }
        Ok(names)
    }

    /// Merges the safe changes. A change that is refused in one cell may have protected the change of another one, so the result is
    /// checked again until it is safe.
    async fn merge_safe_changes(
        &self,
        versions: &[PathBuf],
        last: &Path,
    ) -> Result<PathBuf, Refusal> {
        let mut refused = Vec::new();
        let mut known = 0;
        let mut base = self.incoming.to_owned();
        loop {
            refused.push(self.find_refused_cells(versions, &base).await?);
            let all = self.workspace.read(&refused).await?;
            let all = all.distinct().map_err(|error| release_refusal(&error))?;
            let (file, count) = self.workspace.write_temporary_file(all).await?;
            if count == known {
                return Ok(base);
            }
            known = count;
            base = self.merge_accepted_rows(last, &file).await?;
        }
    }

    async fn rows(&self, file: &Path) -> FrameResult {
        let rows = self.workspace.read(&[file.to_owned()]).await?;
        cube_view(rows, &self.cubes(), self.stored)
    }

    /// Coarsest cells that must not change to `incoming`, in a file with the columns of [`CorrectionJob::coarsest_columns`].
    async fn find_refused_cells(
        &self,
        versions: &[PathBuf],
        incoming: &Path,
    ) -> Result<PathBuf, Refusal> {
        let whole: Vec<Expr> = self
            .coarsest_columns()?
            .into_iter()
            .map(bare_column)
            .collect();
        let mut found = Vec::new();
        let after = self.mark_rows(incoming).await?;
        let mut before = Vec::new();
        for version in versions {
            before.push(self.mark_rows(version).await?);
        }
        for level in 0..self.levels.len() {
            let cube = self.cube(level)?;
            let groups = self.groups(level)?;
            let whats =
                std::iter::once(Quantity::Rows).chain(cube.measures.iter().map(Quantity::Measure));
            for what in whats {
                let apart = DifferencingCheck {
                    levels: self.levels,
                    level,
                    what,
                    groups: &groups,
                };
                let mut unsafe_ones = apart.check_remainders(&after)?;
                unsafe_ones.extend(apart.check_cells(&after)?);
                unsafe_ones.push(self.find_emptied_cells(incoming, level, what).await?);
                for before in &before {
                    unsafe_ones.extend(apart.unsafe_changes(before, &after)?);
                    unsafe_ones.extend(apart.check_between_releases(before, &after)?);
                    unsafe_ones.extend(apart.check_between_releases(&after, before)?);
                }
                for cells in unsafe_ones {
                    found.push(self.keep_cells(cells, &whole).await?);
                }
            }
        }
        let all = self
            .workspace
            .read(&found)
            .await?
            .distinct()
            .map_err(|error| release_refusal(&error))?;
        self.workspace
            .write_temporary_file(all)
            .await
            .map(|(path, _)| path)
    }

    /// Rows with flags for their cells, in a temporary file, since they are read repeatedly.
    async fn mark_rows(&self, file: &Path) -> FrameResult {
        let rows =
            mark_published_cells(self.workspace, self.rows(file).await?, self.levels).await?;
        let (file, _) = self.workspace.write_temporary_file(rows).await?;
        self.workspace.read(&[file]).await
    }

    async fn keep_cells(&self, cells: DataFrame, whole: &[Expr]) -> Result<PathBuf, Refusal> {
        let cells = cells
            .select(whole.to_vec())
            .map_err(|error| release_refusal(&error))?;
        self.workspace
            .write_temporary_file(cells)
            .await
            .map(|(path, _)| path)
    }

    /// Published cells without any remaining row.
    async fn find_emptied_cells(
        &self,
        incoming: &Path,
        level: usize,
        what: Quantity<'_>,
    ) -> FrameResult {
        let one = self.levels.get(level);
        let one = one.ok_or_else(|| Refusal::new(ErrorCode::Internal, "there is no such level"))?;
        let published = self
            .workspace
            .read(std::slice::from_ref(&one.cells))
            .await?;
        let published = match what {
            Quantity::Rows | Quantity::Squares(_) => published,
            Quantity::Measure(measure) => published
                .filter(bare_column(format!("cnt_{measure}")).is_not_null())
                .map_err(|error| release_refusal(&error))?,
        };
        let mut columns = Vec::new();
        let mut on = Vec::new();
        for (index, dimension) in one.cube.dimensions.iter().enumerate() {
            columns.push(bare_column(dimension.column.as_str()).alias(format!("g_{index}")));
            on.push(null_safe_equality(
                bare_column(format!("g_{index}")),
                bare_column(cell_queries::dimension_key_name(level, index)),
            ));
        }
        let coarsest = self.cube(self.coarsest)?;
        for (name, coarse) in self
            .coarsest_columns()?
            .into_iter()
            .zip(&coarsest.dimensions)
        {
            let value = dimension_value(coarse, bare_column(coarse.column.as_str()), self.stored)?;
            columns.push(value.alias(format!("w_{name}")));
        }
        let there = self.rows(incoming).await?;
        let there = match what {
            Quantity::Rows | Quantity::Squares(_) => there,
            Quantity::Measure(measure) => there
                .filter(bare_column(format!("m_{measure}")).is_not_null())
                .map_err(|error| release_refusal(&error))?,
        };
        let keys: Vec<Expr> = dimension_key_names(level, &one.cube)
            .into_iter()
            .map(bare_column)
            .collect();
        let whole = self.coarsest_columns()?;
        let back = whole
            .iter()
            .map(|name| bare_column(format!("w_{name}")).alias(name.as_str()));
        let work = || {
            let there = there.select(keys)?.distinct()?;
            published
                .select(columns)?
                .join_on(there, JoinType::LeftAnti, on)?
                .select(back.collect::<Vec<_>>())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Rows of `last`, with those of `incoming` in the cells that are not refused.
    async fn merge_accepted_rows(&self, last: &Path, refused: &Path) -> Result<PathBuf, Refusal> {
        let coarsest = self.cube(self.coarsest)?;
        let side = async |file: &Path, join: JoinType| -> FrameResult {
            let rows = self.workspace.read(&[file.to_owned()]).await?;
            let refused = self.workspace.read(&[refused.to_owned()]).await?;
            let names: Vec<Expr> = rows
                .schema()
                .fields()
                .iter()
                .map(|field| bare_column(field.name().as_str()))
                .collect();
            let mut columns = names.clone();
            let mut on = Vec::new();
            for (name, dimension) in self
                .coarsest_columns()?
                .into_iter()
                .zip(&coarsest.dimensions)
            {
                let value = dimension_value(
                    dimension,
                    bare_column(dimension.column.as_str()),
                    self.stored,
                )?;
                columns.push(value.alias(format!("q_{name}")));
                on.push(null_safe_equality(
                    bare_column(format!("q_{name}")),
                    bare_column(name),
                ));
            }
            let work = || {
                // The refused cells are the build side; the rows are streamed.
                refused
                    .join_on(rows.select(columns)?, join, on)?
                    .select(names)
            };
            work().map_err(|error| release_refusal(&error))
        };
        let before = side(last, JoinType::RightSemi).await?;
        let after = side(self.incoming, JoinType::RightAnti).await?;
        let all = before
            .union(after)
            .map_err(|error| release_refusal(&error))?;
        self.workspace
            .write_temporary_file(sort_rows(all)?)
            .await
            .map(|(path, _)| path)
    }

    /// Published cells of a level over new rows: equal cells and measures with new values.
    async fn recompute_cells(
        &self,
        base: &Path,
        level: usize,
    ) -> Result<(PathBuf, ReleaseStats), Refusal> {
        let cube = self.cube(level)?;
        let rows =
            mark_published_cells(self.workspace, self.rows(base).await?, self.levels).await?;
        let mut columns = dimension_columns(level, cube);
        let all = cell_queries::compute_cells(rows.clone(), level, cube, None)?;
        let (groups, many) = count_cells(all).await?;
        let reported = rows
            .filter(cell_queries::is_published(level, cube, Quantity::Rows))
            .map_err(|error| release_refusal(&error))?;
        // All rows of a cell have equal flags for its shown measures, so the flags are additional grouping keys.
        let mut keys: Vec<Expr> = dimension_key_names(level, cube)
            .into_iter()
            .map(bare_column)
            .collect();
        let mut aggregates = vec![count(lit(1_i64)).alias("n")];
        columns.push(bare_column("n"));
        if let Some(key) = cell_queries::lot_key(level, cube, self.workspace)? {
            aggregates.push(key);
            columns.push(bare_column(cell_queries::KEY));
        }
        for (index, measure) in cube.measures.iter().enumerate() {
            let flag = format!("shown_{index}");
            keys.push(
                cell_queries::is_published(level, cube, Quantity::Measure(measure))
                    .alias(flag.as_str()),
            );
            let value = || bare_column(format!("m_{measure}"));
            let made = [
                count(value()),
                whole_of(value()),
                squared_deviation_expr(value()),
            ];
            for (name, made) in cube.numbers_of(measure).into_iter().zip(made) {
                aggregates.push(made.alias(name.as_str()));
                let shown = when(bare_column(flag.as_str()), bare_column(name.as_str())).end();
                columns.push(shown.map_err(|error| release_refusal(&error))?.alias(name));
            }
        }
        let cells = reported
            .aggregate(keys, aggregates)
            .and_then(|cells| cells.select(columns))
            .map_err(|error| release_refusal(&error))?;
        let (kept, shown) = count_cells(cells.clone()).await?;
        let rounded = round_counts(self.workspace, cells, cube)?;
        let (path, _) = self
            .workspace
            .write_temporary_file(select_released_columns(rounded, cube)?)
            .await?;
        let stats = ReleaseStats {
            cells: kept,
            withheld: groups.saturating_sub(kept),
            rows: many,
            rows_withheld: many.saturating_sub(shown),
        };
        Ok((path, stats))
    }
}
