//! The first release of a cube's cells for a span of time, beside what other cubes have released for it.
//!
//! A cell is published if its group is large enough, and so is everything that can be told from it and the cells published
//! before. Cells that are made of one another form trees: whatever is computed from them by adding and taking away is a union
//! of remainders, each of one published cell without the published cells within it. So each remainder is tested as if it
//! were a cell, and where one fails the smallest new cell within it is withheld until none does.

use super::desk::{Desk, failed};
use super::frame::{
    self, Level, Made, What, assessed, floored, key, keys, marked, own, remainder, safe, same,
    seen, units_of,
};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::SchemaRef;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, min, sum};
use datafusion_common::JoinType;
use datafusion_expr::{Expr, lit, when};
use policy::effect::Cube;
use policy::id::Name;
use policy::refusal::{Code, Refusal};
use std::path::{Path, PathBuf};

/// What became of the cells of a cube in one release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cells that are published.
    pub cells: u64,
    /// Cells that are not.
    pub withheld: u64,
    /// Rows in the cells.
    pub rows: u64,
    /// Rows in those that are withheld.
    pub rows_withheld: u64,
}

/// The cells of `cube` over the rows of `base` that can be published beside those of `levels`, in a file aside with the
/// columns of [`enforce::release::schema`].
///
/// # Errors
/// `RESOURCE_LIMIT`, `DISK_FULL`, `STATE_BROKEN`.
pub(super) async fn first(
    desk: &Desk,
    base: &[PathBuf],
    stored: &SchemaRef,
    cube: &Cube,
    levels: &[Level],
) -> Result<(PathBuf, Tally), Refusal> {
    let work = Work {
        desk,
        base,
        stored,
        cube,
        levels,
    };
    let candidates = work.candidates().await?;
    let candidates = work.own_remainders(candidates).await?;
    let candidates = work.parents(candidates).await?;
    let all = frame::cells(work.rows().await?, work.own(), cube)?;
    let (groups, rows) = totals(all).await?;
    let cells = desk.read(std::slice::from_ref(&candidates)).await?;
    let (kept, told) = totals(cells.clone()).await?;
    let (path, _) = desk.keep(filed(cells, cube)?).await?;
    Ok((
        path,
        Tally {
            cells: kept,
            withheld: groups.saturating_sub(kept),
            rows: told,
            rows_withheld: rows.saturating_sub(told),
        },
    ))
}

/// The columns of released cells, in the order of the dimensions.
pub(super) fn filed(cells: DataFrame, cube: &Cube) -> Made {
    let dimensions = || cube.dimensions.iter().map(|one| one.column.as_str());
    let mut columns: Vec<Expr> = dimensions().map(own).collect();
    columns.push(own("n"));
    for measure in &cube.measures {
        columns.push(own(format!("cnt_{measure}")));
        columns.push(own(format!("sum_{measure}")));
    }
    let order = dimensions()
        .map(|name| own(name).sort(true, true))
        .collect();
    cells
        .select(columns)
        .and_then(|cells| cells.sort(order))
        .map_err(|error| failed(&error))
}

/// The dimensions among the rows, under their own names.
pub(super) fn named(level: usize, cube: &Cube) -> Vec<Expr> {
    let dimensions = cube.dimensions.iter().enumerate();
    let named = dimensions.map(|(index, one)| own(key(level, index)).alias(one.column.as_str()));
    named.collect()
}

struct Work<'a> {
    desk: &'a Desk,
    base: &'a [PathBuf],
    stored: &'a SchemaRef,
    cube: &'a Cube,
    levels: &'a [Level],
}

impl Work<'_> {
    const fn own(&self) -> usize {
        self.levels.len()
    }

    async fn rows(&self) -> Made {
        let rows = self.desk.read(self.base).await?;
        let mut cubes: Vec<&Cube> = self.levels.iter().map(|level| &level.cube).collect();
        cubes.push(self.cube);
        seen(rows, &cubes, self.stored)
    }

    /// What would be published of the rows after a removal of cells, marked.
    async fn with(&self, candidates: &Path) -> Result<(DataFrame, Vec<Level>), Refusal> {
        let mut levels = self.levels.to_vec();
        levels.push(Level {
            cube: self.cube.clone(),
            cells: candidates.to_owned(),
        });
        let rows = marked(self.desk, self.rows().await?, &levels).await?;
        Ok((rows, levels))
    }

    /// The cells that are safe by themselves.
    async fn candidates(&self) -> Result<PathBuf, Refusal> {
        let cube = self.cube;
        let cells = frame::cells(self.rows().await?, self.own(), cube)?;
        let mut columns = named(self.own(), cube);
        columns.extend([own("n"), own("units")]);
        for measure in &cube.measures {
            let what = What::Measure(measure);
            columns.push(own(units_of(what)));
            for name in [format!("cnt_{measure}"), format!("sum_{measure}")] {
                let shown = when(safe(cube, what), own(name.clone())).end();
                columns.push(shown.map_err(|error| failed(&error))?.alias(name));
            }
        }
        let safe = cells
            .filter(safe(cube, What::Rows))
            .and_then(|cells| cells.select(columns))
            .map_err(|error| failed(&error))?;
        self.desk.keep(safe).await.map(|(path, _)| path)
    }

    /// Without the cells of which a small group would be left when finer cells, published before, are taken away.
    async fn own_remainders(&self, mut candidates: PathBuf) -> Result<PathBuf, Refusal> {
        let whats = std::iter::once(What::Rows).chain(self.cube.measures.iter().map(What::Measure));
        for what in whats {
            let (rows, levels) = self.with(&candidates).await?;
            let unsafe_ones = unsafe_remainders(rows, self.own(), &levels, what)?;
            let (bad, count) = self.desk.keep(unsafe_ones).await?;
            if count > 0 {
                let keys = keys(self.own(), self.cube);
                candidates = self.without(&candidates, &bad, &keys, what).await?;
            }
        }
        Ok(candidates)
    }

    /// Without the cells of which a small group would be left in a coarser cell, published before, when they are taken away.
    async fn parents(&self, mut candidates: PathBuf) -> Result<PathBuf, Refusal> {
        for (parent, level) in self.levels.iter().enumerate() {
            if !self.cube.refines(&level.cube) || level.cube.refines(self.cube) {
                continue;
            }
            let whats =
                std::iter::once(What::Rows).chain(level.cube.measures.iter().map(What::Measure));
            for what in whats {
                loop {
                    let (rows, levels) = self.with(&candidates).await?;
                    let unsafe_ones = unsafe_remainders(rows, parent, &levels, what)?;
                    let (bad, count) = self.desk.keep(unsafe_ones).await?;
                    if count == 0 {
                        break;
                    }
                    let (smallest, found) = self.smallest(&candidates, &bad, parent, what).await?;
                    if found == 0 {
                        return Err(Refusal::new(
                            Code::Internal,
                            "cells that were released earlier do not fit together",
                        ));
                    }
                    let keys: Vec<String> = (0..self.cube.dimensions.len())
                        .map(|one| format!("z_{one}"))
                        .collect();
                    candidates = self.without(&candidates, &smallest, &keys, what).await?;
                }
            }
        }
        Ok(candidates)
    }

    /// The smallest shown candidates within each of the parent's cells in `bad`.
    async fn smallest(
        &self,
        candidates: &Path,
        bad: &Path,
        parent: usize,
        what: What<'_>,
    ) -> Result<(PathBuf, u64), Refusal> {
        let Some(level) = self.levels.get(parent) else {
            return Err(Refusal::new(Code::Internal, "there is no such level"));
        };
        let own_measure = |measure: &Name| self.cube.measures.contains(measure);
        let (shown, units) = match what {
            What::Measure(measure) if own_measure(measure) => (
                own(format!("cnt_{measure}")).is_not_null(),
                own(units_of(what)),
            ),
            // Of a measure that it does not have, nothing of it is in the difference.
            What::Measure(_) => (lit(false), own("units")),
            What::Rows => (lit(true), own("units")),
        };
        let mut columns = vec![units.alias("size")];
        for (index, dimension) in self.cube.dimensions.iter().enumerate() {
            columns.push(own(dimension.column.as_str()).alias(format!("z_{index}")));
        }
        for (index, coarse) in level.cube.dimensions.iter().enumerate() {
            let value = floored(coarse, own(coarse.column.as_str()), self.stored)?;
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
        let within = self.desk.read(&[candidates.to_owned()]).await?;
        let bad = self.desk.read(&[bad.to_owned()]).await?;
        let bad_keys = (0..many).map(|index| own(key(parent, index)).alias(format!("x_{index}")));
        let work = || -> datafusion_common::Result<DataFrame> {
            let bad = bad.select(bad_keys.collect::<Vec<_>>())?;
            let within = within.filter(shown)?.select(columns)?;
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
        let smallest = work().map_err(|error| failed(&error))?;
        self.desk.keep(smallest).await
    }

    /// The candidates without those in `bad`, whose dimensions are called `keys`; or without a measure of them.
    async fn without(
        &self,
        candidates: &Path,
        bad: &Path,
        keys: &[String],
        what: What<'_>,
    ) -> Result<PathBuf, Refusal> {
        let cells = self.desk.read(&[candidates.to_owned()]).await?;
        let bad = self.desk.read(&[bad.to_owned()]).await?;
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
            What::Measure(measure) => vec![format!("cnt_{measure}"), format!("sum_{measure}")],
            What::Rows => Vec::new(),
        };
        let work = || -> datafusion_common::Result<DataFrame> {
            let cells = cells.clone();
            let bad = bad.select(columns)?.distinct()?;
            let met = cells.join_on(bad, JoinType::Left, on)?;
            let met = match what {
                What::Rows => met.filter(own("hit").is_null())?,
                What::Measure(_) => met,
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
        let left = work().map_err(|error| failed(&error))?;
        self.desk.keep(left).await.map(|(path, _)| path)
    }
}

/// The keys of the level's published cells of which the remainder is too small, or dominated, to be told.
pub(super) fn unsafe_remainders(
    rows: DataFrame,
    level: usize,
    levels: &[Level],
    what: What<'_>,
) -> Made {
    let Some(one) = levels.get(level) else {
        return Err(Refusal::new(Code::Internal, "there is no such level"));
    };
    let rest = remainder(rows, level, levels, what)?;
    let groups: Vec<Expr> = keys(level, &one.cube).into_iter().map(own).collect();
    rest.aggregate(groups.clone(), assessed(level, &one.cube, what))
        .and_then(|rest| rest.filter(Expr::Not(Box::new(safe(&one.cube, what)))))
        .and_then(|rest| rest.select(groups))
        .map_err(|error| failed(&error))
}

/// How many cells there are, and how many rows are in them.
pub(super) async fn totals(cells: DataFrame) -> Result<(u64, u64), Refusal> {
    let all = cells
        .aggregate(
            vec![],
            vec![
                count(lit(1_i64)).alias("cells"),
                sum(own("n")).alias("rows"),
            ],
        )
        .map_err(|error| failed(&error))?;
    let batches = all.collect().await.map_err(|error| failed(&error))?;
    let number = |index: usize| -> u64 {
        let first = batches.first().and_then(|batch| batch.columns().get(index));
        let values = first.and_then(|column| column.as_primitive_opt::<Int64Type>());
        let value = values.and_then(|values| values.iter().next()).flatten();
        value
            .and_then(|value| u64::try_from(value).ok())
            .unwrap_or(0)
    };
    Ok((number(0), number(1)))
}
