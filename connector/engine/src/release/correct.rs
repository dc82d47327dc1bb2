//! Corrections: rows that came, changed or went after the release of their span.
//!
//! Only what is published already is corrected, and never so that somebody who kept any earlier release could tell a small
//! group from the difference. Whether that is so is decided for whole cells of the coarsest cube, so that the cells of all
//! cubes go on to be made of one another.

use super::cells::{Tally, filed, named, totals};
use super::desk::{Desk, failed};
use super::frame::{
    self, Level, Made, What, floored, keys, marked, own, remainder, rules, safe, same, seen,
    units_of,
};
use arrow_schema::{DataType, SchemaRef};
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, sum};
use datafusion_common::JoinType;
use datafusion_expr::{Expr, cast, lit, when};
use enforce::dominated::dominated;
use policy::effect::Cube;
use policy::refusal::{Code, Refusal};
use policy::term::Unit;
use std::path::{Path, PathBuf};

/// What a correction comes to, each in a file aside.
#[derive(Debug)]
pub(super) struct Corrected {
    /// The rows that the cells are of from now on.
    pub(super) base: PathBuf,
    /// The cells of each level.
    pub(super) cells: Vec<(PathBuf, Tally)>,
}

/// Takes over into the newest of `versions` what can be taken over of `incoming`, and works out the cells of all levels.
///
/// # Errors
/// `RESOURCE_LIMIT`, `DISK_FULL`, `STATE_BROKEN`.
pub(super) async fn correct(
    desk: &Desk,
    versions: &[PathBuf],
    incoming: &Path,
    stored: &SchemaRef,
    levels: &[Level],
) -> Result<Option<Corrected>, Refusal> {
    let coarsest = levels
        .iter()
        .position(|one| levels.iter().all(|other| other.cube.refines(&one.cube)));
    let (Some(coarsest), Some(last)) = (coarsest, versions.last()) else {
        return Ok(None);
    };
    let work = Work {
        desk,
        incoming,
        stored,
        levels,
        coarsest,
    };
    let refused = work.refused(versions).await?;
    let base = work.merged(last, &refused).await?;
    let mut cells = Vec::new();
    for level in 0..levels.len() {
        cells.push(work.again(&base, level).await?);
    }
    Ok(Some(Corrected { base, cells }))
}

struct Work<'a> {
    desk: &'a Desk,
    incoming: &'a Path,
    stored: &'a SchemaRef,
    levels: &'a [Level],
    coarsest: usize,
}

impl Work<'_> {
    fn cubes(&self) -> Vec<&Cube> {
        self.levels.iter().map(|level| &level.cube).collect()
    }

    fn cube(&self, level: usize) -> Result<&Cube, Refusal> {
        let level = self.levels.get(level);
        let missing = || Refusal::new(Code::Internal, "there is no such level");
        level.map(|level| &level.cube).ok_or_else(missing)
    }

    /// The names of the coarsest cells among the rows.
    fn whole(&self) -> Result<Vec<String>, Refusal> {
        Ok(keys(self.coarsest, self.cube(self.coarsest)?))
    }

    /// A level's cells among the rows, and the coarsest ones that they lie in.
    fn groups(&self, level: usize) -> Result<Vec<Expr>, Refusal> {
        let mut names = keys(level, self.cube(level)?);
        if level != self.coarsest {
            names.extend(self.whole()?);
        }
        Ok(names.into_iter().map(own).collect())
    }

    async fn rows(&self, file: &Path) -> Made {
        let rows = self.desk.read(&[file.to_owned()]).await?;
        seen(rows, &self.cubes(), self.stored)
    }

    /// The coarsest cells that stay as they are, in a file with the columns of [`Work::whole`].
    async fn refused(&self, versions: &[PathBuf]) -> Result<PathBuf, Refusal> {
        let whole: Vec<Expr> = self.whole()?.into_iter().map(own).collect();
        let mut found = Vec::new();
        for level in 0..self.levels.len() {
            let cube = self.cube(level)?;
            let whats = std::iter::once(What::Rows).chain(cube.measures.iter().map(What::Measure));
            for what in whats {
                for version in versions {
                    found.push(
                        self.kept(self.changed(version, level, what).await?, &whole)
                            .await?,
                    );
                }
                let rows = marked(self.desk, self.rows(self.incoming).await?, self.levels).await?;
                let small = self.too_small(rows.clone(), level, what)?;
                found.push(self.kept(small, &whole).await?);
                let rest = self.remainders(rows, level, what)?;
                found.push(self.kept(rest, &whole).await?);
                found.push(self.kept(self.gone(level, what).await?, &whole).await?);
            }
        }
        let all = self
            .desk
            .read(&found)
            .await?
            .distinct()
            .map_err(|error| failed(&error))?;
        self.desk.keep(all).await.map(|(path, _)| path)
    }

    async fn kept(&self, cells: DataFrame, whole: &[Expr]) -> Result<PathBuf, Refusal> {
        let cells = cells
            .select(whole.to_vec())
            .map_err(|error| failed(&error))?;
        self.desk.keep(cells).await.map(|(path, _)| path)
    }

    /// The cells whose remainder differs from an earlier release in few units, or in units that dominate the difference.
    async fn changed(&self, version: &Path, level: usize, what: What<'_>) -> Made {
        let cube = self.cube(level)?;
        let signed = |rows: DataFrame, sign: i64| {
            rows.with_column("sign", lit(sign))
                .map_err(|error| failed(&error))
        };
        let before = signed(self.rows(version).await?, -1)?;
        let after = signed(self.rows(self.incoming).await?, 1)?;
        let both = before.union(after).map_err(|error| failed(&error))?;
        let both = marked(self.desk, both, self.levels).await?;
        let rest = remainder(both, level, self.levels, what)?;
        let cells = self.groups(level)?;
        let mut parts = cells.clone();
        if matches!(cube.unit, Unit::Column(_)) {
            parts.push(own(format!("u{level}")));
        }
        let mut aggregates = vec![
            match cube.unit {
                Unit::Rows => sum(absolute(own("d"))),
                Unit::Column(_) => count_distinct(own(format!("u{level}"))),
            }
            .alias(units_of(what)),
        ];
        if let What::Measure(measure) = what {
            let value = format!("m_{measure}");
            parts.push(own(value.as_str()));
            let many = cast(own("d"), DataType::Float64);
            let part = cast(own(value), DataType::Float64) * many;
            for (index, rule) in rules(cube, measure) {
                let unit = own(format!("du{level}_{index}"));
                parts.push(unit.clone());
                aggregates
                    .push(dominated(unit, part.clone(), rule.rule).alias(format!("dom{index}")));
            }
        }
        let work = || {
            rest.aggregate(parts, vec![sum(own("sign")).alias("d")])?
                .filter(own("d").not_eq(lit(0_i64)))?
                .aggregate(cells, aggregates)?
                .filter(Expr::Not(Box::new(safe(cube, what))))
        };
        work().map_err(|error| failed(&error))
    }

    /// The published cells that would not be published any more.
    fn too_small(&self, rows: DataFrame, level: usize, what: What<'_>) -> Made {
        let cube = self.cube(level)?;
        let work = || {
            rows.filter(frame::shown(level, cube, what))?
                .aggregate(
                    self.groups(level).unwrap_or_default(),
                    frame::assessed(level, cube, what),
                )?
                .filter(Expr::Not(Box::new(safe(cube, what))))
        };
        work().map_err(|error| failed(&error))
    }

    /// The published cells of which a small remainder would be left.
    fn remainders(&self, rows: DataFrame, level: usize, what: What<'_>) -> Made {
        let groups = self.groups(level)?;
        let cube = self.cube(level)?;
        let rest = remainder(rows, level, self.levels, what)?;
        let work = || {
            rest.aggregate(groups, frame::assessed(level, cube, what))?
                .filter(Expr::Not(Box::new(safe(cube, what))))
        };
        work().map_err(|error| failed(&error))
    }

    /// The published cells of which no row is left.
    async fn gone(&self, level: usize, what: What<'_>) -> Made {
        let one = self.levels.get(level);
        let one = one.ok_or_else(|| Refusal::new(Code::Internal, "there is no such level"))?;
        let published = self.desk.read(std::slice::from_ref(&one.cells)).await?;
        let published = match what {
            What::Rows => published,
            What::Measure(measure) => published
                .filter(own(format!("cnt_{measure}")).is_not_null())
                .map_err(|error| failed(&error))?,
        };
        let mut columns = Vec::new();
        let mut on = Vec::new();
        for (index, dimension) in one.cube.dimensions.iter().enumerate() {
            columns.push(own(dimension.column.as_str()).alias(format!("g_{index}")));
            on.push(same(
                own(format!("g_{index}")),
                own(frame::key(level, index)),
            ));
        }
        let coarsest = self.cube(self.coarsest)?;
        for (name, coarse) in self.whole()?.into_iter().zip(&coarsest.dimensions) {
            let value = floored(coarse, own(coarse.column.as_str()), self.stored)?;
            columns.push(value.alias(format!("w_{name}")));
        }
        let there = self.rows(self.incoming).await?;
        let there = match what {
            What::Rows => there,
            What::Measure(measure) => there
                .filter(own(format!("m_{measure}")).is_not_null())
                .map_err(|error| failed(&error))?,
        };
        let keys: Vec<Expr> = keys(level, &one.cube).into_iter().map(own).collect();
        let whole = self.whole()?;
        let back = whole
            .iter()
            .map(|name| own(format!("w_{name}")).alias(name.as_str()));
        let work = || {
            let there = there.select(keys)?.distinct()?;
            published
                .select(columns)?
                .join_on(there, JoinType::LeftAnti, on)?
                .select(back.collect::<Vec<_>>())
        };
        work().map_err(|error| failed(&error))
    }

    /// The rows of `last`, and in the cells that are not refused those of `incoming` instead.
    async fn merged(&self, last: &Path, refused: &Path) -> Result<PathBuf, Refusal> {
        let coarsest = self.cube(self.coarsest)?;
        let side = async |file: &Path, join: JoinType| -> Made {
            let rows = self.desk.read(&[file.to_owned()]).await?;
            let refused = self.desk.read(&[refused.to_owned()]).await?;
            let names: Vec<Expr> = rows
                .schema()
                .fields()
                .iter()
                .map(|field| own(field.name().as_str()))
                .collect();
            let mut columns = names.clone();
            let mut on = Vec::new();
            for (name, dimension) in self.whole()?.into_iter().zip(&coarsest.dimensions) {
                let value = floored(dimension, own(dimension.column.as_str()), self.stored)?;
                columns.push(value.alias(format!("q_{name}")));
                on.push(same(own(format!("q_{name}")), own(name)));
            }
            let work = || {
                rows.select(columns)?
                    .join_on(refused, join, on)?
                    .select(names)
            };
            work().map_err(|error| failed(&error))
        };
        let before = side(last, JoinType::LeftSemi).await?;
        let after = side(self.incoming, JoinType::LeftAnti).await?;
        let all = before.union(after).map_err(|error| failed(&error))?;
        self.desk.keep(all).await.map(|(path, _)| path)
    }

    /// The published cells of a level over other rows: the same cells and measures, with new values.
    async fn again(&self, base: &Path, level: usize) -> Result<(PathBuf, Tally), Refusal> {
        let cube = self.cube(level)?;
        let rows = marked(self.desk, self.rows(base).await?, self.levels).await?;
        let mut columns = named(level, cube);
        let all = frame::cells(rows.clone(), level, cube)?;
        let (groups, many) = totals(all).await?;
        let told = rows
            .filter(frame::shown(level, cube, What::Rows))
            .map_err(|error| failed(&error))?;
        // Which measures are shown is the same for all rows of a cell, so it is one more key of the group.
        let mut keys: Vec<Expr> = keys(level, cube).into_iter().map(own).collect();
        let mut aggregates = vec![count(lit(1_i64)).alias("n")];
        columns.push(own("n"));
        for (index, measure) in cube.measures.iter().enumerate() {
            let flag = format!("shown_{index}");
            keys.push(frame::shown(level, cube, What::Measure(measure)).alias(flag.as_str()));
            let value = || own(format!("m_{measure}"));
            for (name, made) in [
                (format!("cnt_{measure}"), count(value())),
                (format!("sum_{measure}"), sum(value())),
            ] {
                aggregates.push(made.alias(name.as_str()));
                let shown = when(own(flag.as_str()), own(name.as_str())).end();
                columns.push(shown.map_err(|error| failed(&error))?.alias(name));
            }
        }
        let cells = told
            .aggregate(keys, aggregates)
            .and_then(|cells| cells.select(columns))
            .map_err(|error| failed(&error))?;
        let (kept, shown) = totals(cells.clone()).await?;
        let (path, _) = self.desk.keep(filed(cells, cube)?).await?;
        let tally = Tally {
            cells: kept,
            withheld: groups.saturating_sub(kept),
            rows: many,
            rows_withheld: many.saturating_sub(shown),
        };
        Ok((path, tally))
    }
}

/// The absolute value of an integer.
fn absolute(of: Expr) -> Expr {
    let negative = of.clone().lt(lit(0_i64));
    let turned = Expr::Negative(Box::new(of.clone()));
    when(negative, turned).otherwise(of.clone()).unwrap_or(of)
}
