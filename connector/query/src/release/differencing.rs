//! Differencing check: differences between a level's cells and the cells within them, or their values in another release. Each
//! difference must contain enough units, and must not be dominated by few of them.
//!
//! A unit counts in a difference by its remaining contribution. An unchanged contribution does not count. A unit that moves from
//! one cell to another counts in neither cell, since the sum of both does not change.

use super::cell_queries::{
    CubeLevel, FrameResult, Quantity, compute_remainder, dimension_key_name, disclosure_aggregates,
    disclosure_condition, finer_levels, is_published, measure_rules,
};
use super::workspace::release_refusal;
use crate::release::columns::{bare_column, null_safe_equality};
use arrow_schema::DataType;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min, sum};
use datafusion_common::JoinType;
use datafusion_expr::{Expr, cast, lit, when};
use hansa_enforcement::dominance::dominance_expr;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CountingUnit;

/// Published cells of one level with a quantity that they show.
pub(super) struct DifferencingCheck<'a> {
    pub(super) levels: &'a [CubeLevel],
    pub(super) level: usize,
    pub(super) what: Quantity<'a>,
    /// Grouping columns that identify the cells: those of the level, and of coarser levels.
    pub(super) groups: &'a [String],
}

/// Unsafe cells: one frame for each reason, with the columns of [`DifferencingCheck::groups`].
pub(super) type UnsafeCells = Result<Vec<DataFrame>, Refusal>;

impl DifferencingCheck<'_> {
    /// Checks the complete cells.
    pub(super) fn check_cells(&self, rows: &DataFrame) -> UnsafeCells {
        let cube = self.cube(self.level)?;
        let there = self.is_published(self.level)?;
        let work = || {
            rows.clone()
                .filter(there)?
                .aggregate(
                    self.groups(),
                    disclosure_aggregates(self.level, cube, self.what),
                )?
                .filter(Expr::Not(Box::new(disclosure_condition(cube, self.what))))?
                .select(self.groups())
        };
        Ok(vec![work().map_err(|error| release_refusal(&error))?])
    }

    /// Checks the remainders in one release after the subtraction of the published cells within.
    pub(super) fn check_remainders(&self, rows: &DataFrame) -> UnsafeCells {
        let rest = compute_remainder(rows.clone(), self.level, self.levels, self.what)?;
        let mut found = Vec::new();
        for rule in self.rules()? {
            let cube = self.cube(rule)?;
            let few = rest
                .clone()
                .aggregate(self.groups(), disclosure_aggregates(rule, cube, self.what))
                .and_then(|rest| {
                    rest.filter(Expr::Not(Box::new(disclosure_condition(cube, self.what))))
                })
                .map_err(|error| release_refusal(&error))?;
            found.push(self.affected_cells(few, rule, rows)?);
        }
        Ok(found)
    }

    /// Checks the remainders in one release after the subtraction of the cells within as they are in another release. All rows have
    /// cell flags.
    pub(super) fn check_between_releases(&self, one: &DataFrame, other: &DataFrame) -> UnsafeCells {
        let finer = finer_levels(self.level, self.levels);
        if finer.is_empty() {
            return Ok(Vec::new());
        }
        let within = finer.iter().fold(lit(false), |within, (index, other)| {
            within.or(is_published(*index, &other.cube, self.what))
        });
        let whole = self.is_published(self.level)?;
        let taken = other.clone().filter(whole.clone().and(within));
        let work = || subtract_rows(one.clone().filter(whole)?, taken?);
        let rows = self.disclosed_rows(work().map_err(|error| release_refusal(&error))?)?;
        let mut found = Vec::new();
        for rule in self.rules()? {
            for few in self.find_small_remainders(&rows, &rows, self.groups, rule)? {
                found.push(self.affected_cells(few, rule, other)?);
            }
        }
        Ok(found)
    }

    /// Checks the changes of the cells and of their remainders between two releases. All rows have cell flags.
    pub(super) fn unsafe_changes(&self, before: &DataFrame, after: &DataFrame) -> UnsafeCells {
        let both = subtract_rows(after.clone(), before.clone())
            .map_err(|error| release_refusal(&error))?;
        let (both, atoms) = self.atoms(self.disclosed_rows(both)?)?;
        let rest = compute_remainder(both.clone(), self.level, self.levels, self.what)?;
        let mut found = Vec::new();
        for rule in self.rules()? {
            for few in self.find_small_remainders(&rest, &both, &atoms, rule)? {
                found.push(self.affected_cells(few, rule, &both)?);
            }
            // Together with the change of another cell, the old or new rows alone do not reveal which units moved.
            for sign in [1_i64, -1] {
                let there = rest.clone().filter(bare_column("sign").eq(lit(sign)));
                let there = there.map_err(|error| release_refusal(&error))?;
                for few in self.find_small_remainders(&there, &both, &atoms, rule)? {
                    found.push(self.affected_cells(few, rule, &both)?);
                }
            }
        }
        if !finer_levels(self.level, self.levels).is_empty() {
            let whole = both.filter(self.is_published(self.level)?);
            let whole = whole.map_err(|error| release_refusal(&error))?;
            found.extend(self.find_small_remainders(&whole, &whole, self.groups, self.level)?);
        }
        Ok(found)
    }

    fn cube(&self, level: usize) -> Result<&Cube, Refusal> {
        let missing = || Refusal::new(ErrorCode::Internal, "there is no such level");
        let level = self.levels.get(level).ok_or_else(missing)?;
        Ok(&level.cube)
    }

    fn groups(&self) -> Vec<Expr> {
        self.groups.iter().map(bare_column).collect()
    }

    fn is_published(&self, level: usize) -> Result<Expr, Refusal> {
        Ok(is_published(level, self.cube(level)?, self.what))
    }

    /// Rows that count for the shown quantity.
    fn disclosed_rows(&self, rows: DataFrame) -> FrameResult {
        match self.what.measure() {
            None => Ok(rows),
            Some(measure) => rows
                .filter(bare_column(format!("m_{measure}")).is_not_null())
                .map_err(|error| release_refusal(&error)),
        }
    }

    /// Levels whose rules apply to a remainder: its own level, and the levels of the subtracted cells if their rules are stricter.
    /// A total could otherwise reveal data that a stricter contract withholds.
    fn rules(&self) -> Result<Vec<usize>, Refusal> {
        let own = self.cube(self.level)?;
        let asks = |other: &Cube| -> bool {
            let more = match self.what {
                Quantity::Rows | Quantity::Squares(_) => false,
                Quantity::Measure(measure) => measure_rules(other, measure).any(|(_, rule)| {
                    let mut known = measure_rules(own, measure);
                    !known.any(|(_, known)| known == rule)
                }),
            };
            more || other.unit != own.unit || other.at_least > own.at_least
        };
        let finer = finer_levels(self.level, self.levels).into_iter();
        let stricter = finer.filter(|(_, other)| asks(&other.cube));
        let stricter = stricter.map(|(index, _)| index);
        Ok(std::iter::once(self.level).chain(stricter).collect())
    }

    /// Filters cells found by another level's rule to those from which cells of that level are subtracted.
    fn affected_cells(&self, few: DataFrame, rule: usize, rows: &DataFrame) -> FrameResult {
        let taken = |name: &String| format!("t_{name}");
        let names = || self.groups.iter();
        let work = || -> datafusion_common::Result<DataFrame> {
            let few = few.select(self.groups())?;
            if rule == self.level {
                return Ok(few);
            }
            let within = self.is_published(self.level).unwrap_or_else(|_| lit(true));
            let within = within.and(self.is_published(rule).unwrap_or_else(|_| lit(true)));
            let there = names().map(|name| bare_column(name).alias(taken(name)));
            let there = rows
                .clone()
                .filter(within)?
                .select(there.collect::<Vec<_>>())?
                .distinct()?;
            let on: Vec<Expr> = names()
                .map(|name| null_safe_equality(bare_column(name), bare_column(taken(name))))
                .collect();
            few.join_on(there, JoinType::LeftSemi, on)
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Rows that count at all, with the columns of their cells in all levels.
    fn atoms(&self, rows: DataFrame) -> Result<(DataFrame, Vec<String>), Refusal> {
        let mut names = Vec::new();
        let mut any = lit(false);
        let mut rows = rows;
        for (level, one) in self.levels.iter().enumerate() {
            let there = is_published(level, &one.cube, self.what);
            any = any.or(there.clone());
            let is = when(there.clone(), lit(true)).end();
            let is = is.map_err(|error| release_refusal(&error))?;
            let mut columns = vec![(format!("a{level}"), is)];
            for index in 0..one.cube.dimensions.len() {
                let value =
                    when(there.clone(), bare_column(dimension_key_name(level, index))).end();
                let value = value.map_err(|error| release_refusal(&error))?;
                columns.push((format!("a{level}_{index}"), value));
            }
            for (name, value) in columns {
                rows = rows
                    .with_column(&name, value)
                    .map_err(|error| release_refusal(&error))?;
                names.push(name);
            }
        }
        let rows = rows.filter(any).map_err(|error| release_refusal(&error))?;
        Ok((rows, names))
    }

    /// Cells in which the remainder of `part` is too small by the rule of a level. `all` is the complete disclosed set, and `apart`
    /// are the columns that separate its units.
    fn find_small_remainders(
        &self,
        part: &DataFrame,
        all: &DataFrame,
        apart: &[String],
        rule: usize,
    ) -> UnsafeCells {
        let cube = self.cube(rule)?;
        let least = i64::from(cube.at_least.max(1));
        let mut found = vec![match (&cube.unit, self.what.measure()) {
            (CountingUnit::Rows, None) => self.groups_with_few_rows(part, least),
            (CountingUnit::Rows, Some(measure)) => {
                let value = format!("m_{measure}");
                self.groups_with_few_values(self.moved_remainders(part, all, apart, &value)?, least)
            }
            (CountingUnit::Column(_), _) => {
                let unit = format!("u{rule}");
                let units = self.moved_remainders(part, all, apart, &unit)?;
                self.groups_with_few_units(units, &unit, least)
            }
        }?];
        if let Quantity::Measure(measure) = self.what {
            for (index, term) in measure_rules(cube, measure) {
                let unit = format!("du{rule}_{index}");
                let units = self.moved_remainders(part, all, apart, &unit)?;
                let disclosed = dominance_expr(bare_column(&unit), bare_column("s"), term.rule)
                    .alias("dominated");
                let moving = count(bare_column("moves")).alias("moving");
                let work = || {
                    units
                        .aggregate(self.groups(), vec![disclosed, moving])?
                        .filter(bare_column("dominated").or(bare_column("moving").gt(lit(0_i64))))?
                        .select(self.groups())
                };
                found.push(work().map_err(|error| release_refusal(&error))?);
            }
        }
        Ok(found)
    }

    /// Cells with few counted rows: only the difference in the number of rows is disclosed.
    fn groups_with_few_rows(&self, part: &DataFrame, least: i64) -> FrameResult {
        let work = || {
            part.clone()
                .aggregate(self.groups(), vec![sum(bare_column("sign")).alias("d")])?
                .filter(bare_column("d").not_eq(lit(0_i64)))?
                .filter(
                    bare_column("d")
                        .lt(lit(least))
                        .and(bare_column("d").gt(lit(-least))),
                )?
                .select(self.groups())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Cells with few changed values. A changed row counts with its old and its new value.
    fn groups_with_few_values(&self, values: DataFrame, least: i64) -> FrameResult {
        let stays = || bare_column("moves").is_null();
        let work = || {
            let of = |is: Expr, value: Expr| when(is.and(stays()), value).otherwise(lit(0_i64));
            let came = of(bare_column("d").gt(lit(0_i64)), bare_column("d"))?;
            let went = of(
                bare_column("d").lt(lit(0_i64)),
                lit(0_i64) - bare_column("d"),
            )?;
            values
                .aggregate(
                    self.groups(),
                    vec![sum(came).alias("came"), sum(went).alias("went")],
                )?
                .filter(
                    bare_column("came")
                        .lt(lit(least))
                        .and(bare_column("went").lt(lit(least))),
                )?
                .select(self.groups())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Cells with few units of a column.
    fn groups_with_few_units(&self, units: DataFrame, unit: &str, least: i64) -> FrameResult {
        let work = || {
            let stays = when(bare_column("moves").is_null(), bare_column(unit)).end()?;
            units
                .aggregate(self.groups(), vec![count_distinct(stays).alias("units")])?
                .filter(bare_column("units").lt(lit(least)))?
                .select(self.groups())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Remainder of each value of `by` in each cell, as `d` rows and the sum `s`. `moves` is set if the unit moves to another cell.
    fn moved_remainders(
        &self,
        part: &DataFrame,
        all: &DataFrame,
        apart: &[String],
        by: &str,
    ) -> FrameResult {
        let left = self.remaining_values(part, self.groups, by)?;
        let everywhere = self.remaining_values(all, apart, by)?;
        let both = |name: &str| {
            let (most, least) = (
                bare_column(format!("{name}_most")),
                bare_column(format!("{name}_least")),
            );
            most.gt(lit(0_i64)).and(least.lt(lit(0_i64)))
        };
        let ends = |name: &str| {
            [
                max(bare_column(name)).alias(format!("{name}_most")),
                min(bare_column(name)).alias(format!("{name}_least")),
            ]
        };
        let work = || {
            let moving = everywhere
                .aggregate(vec![bare_column(by)], [ends("d"), ends("s")].concat())?
                .filter(both("d").or(both("s")))?
                .select(vec![
                    bare_column(by).alias("mover"),
                    lit(true).alias("moves"),
                ])?;
            // The moving units are the build side; the remainders are streamed.
            moving.join_on(
                left,
                JoinType::Right,
                [null_safe_equality(bare_column(by), bare_column("mover"))],
            )
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Remainder of each value of `by` in each cell after the subtraction, as `d` rows and the sum `s`.
    fn remaining_values(&self, rows: &DataFrame, cells: &[String], by: &str) -> FrameResult {
        let mut keys: Vec<Expr> = cells.iter().map(bare_column).collect();
        keys.push(bare_column(by));
        let rows = rows.clone();
        let many = vec![sum(bare_column("sign")).alias("d")];
        let there = || bare_column("d").not_eq(lit(0_i64));
        let work = || {
            let Some(measure) = self.what.measure() else {
                let left = rows.aggregate(keys, many)?.filter(there())?;
                return left.with_column("s", lit(0.0_f64));
            };
            let value = format!("m_{measure}");
            let worth = || {
                cast(bare_column(&value), DataType::Float64)
                    * cast(bare_column("d"), DataType::Float64)
            };
            if value == by {
                let left = rows.aggregate(keys, many)?.filter(there())?;
                return left.with_column("s", lit(0.0_f64));
            }
            // Grouping by value first removes unchanged rows without a rounding error.
            let mut each = keys.clone();
            each.push(bare_column(&value));
            let size = when(worth().lt(lit(0.0_f64)), lit(0.0_f64) - worth()).otherwise(worth())?;
            let differs = bare_column("s")
                .gt(bare_column("size") * lit(ROUNDING))
                .or(bare_column("s").lt(bare_column("size") * lit(-ROUNDING)));
            rows.aggregate(each, many)?
                .filter(there())?
                .aggregate(
                    keys,
                    vec![
                        sum(bare_column("d")).alias("d"),
                        sum(worth()).alias("s"),
                        sum(size).alias("size"),
                    ],
                )?
                .filter(there().or(differs))
        };
        work().map_err(|error| release_refusal(&error))
    }
}

/// Rows with a positive sign, and subtracted rows with a negative one.
fn subtract_rows(rows: DataFrame, away: DataFrame) -> datafusion_common::Result<DataFrame> {
    let rows = rows.with_column("sign", lit(1_i64))?;
    rows.union(away.with_column("sign", lit(-1_i64))?)
}

/// Relative difference below which sums of floating-point numbers count as equal.
const ROUNDING: f64 = 1e-9;
