//! What can be told of a level's cells by taking others away: the cells within them, or what they were in another release.
//! Each difference must be of enough units, and not of few that dominate it.
//!
//! A unit counts in a difference by what is left of it: what stays the same counts for nothing, and one that goes from one
//! cell into another counts in neither, since the sum of both cells tells nothing of it.

use super::cell_queries::{
    CubeLevel, FrameResult, Quantity, disclosure_aggregates, finer, is_published, key, remainder,
    rules, safe,
};
use super::workspace::release_refusal;
use crate::release::columns::{own, same};
use arrow_schema::DataType;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min, sum};
use datafusion_common::JoinType;
use datafusion_expr::{Expr, cast, lit, when};
use hansa_enforcement::dominance::dominance;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CountingUnit;

/// The published cells of one level, as far as they tell of `what`.
pub(super) struct DifferencingCheck<'a> {
    pub(super) levels: &'a [CubeLevel],
    pub(super) level: usize,
    pub(super) what: Quantity<'a>,
    /// The columns by which the cells are found again: those of the level, and of coarser ones.
    pub(super) groups: &'a [String],
}

/// Cells that can't be told, a frame for each reason, with the columns of [`DifferencingCheck::groups`].
pub(super) type UnsafeCells = Result<Vec<DataFrame>, Refusal>;

impl DifferencingCheck<'_> {
    /// Of the cells as they are.
    pub(super) fn whole(&self, rows: &DataFrame) -> UnsafeCells {
        let cube = self.cube(self.level)?;
        let there = self.is_published(self.level)?;
        let work = || {
            rows.clone()
                .filter(there)?
                .aggregate(
                    self.groups(),
                    disclosure_aggregates(self.level, cube, self.what),
                )?
                .filter(Expr::Not(Box::new(safe(cube, self.what))))?
                .select(self.groups())
        };
        Ok(vec![work().map_err(|error| release_refusal(&error))?])
    }

    /// Of what is left in one release when the published cells within are taken away.
    pub(super) fn remainders(&self, rows: &DataFrame) -> UnsafeCells {
        let rest = remainder(rows.clone(), self.level, self.levels, self.what)?;
        let mut found = Vec::new();
        for rule in self.rules()? {
            let cube = self.cube(rule)?;
            let few = rest
                .clone()
                .aggregate(self.groups(), disclosure_aggregates(rule, cube, self.what))
                .and_then(|rest| rest.filter(Expr::Not(Box::new(safe(cube, self.what)))))
                .map_err(|error| release_refusal(&error))?;
            found.push(self.affected_cells(few, rule, rows)?);
        }
        Ok(found)
    }

    /// Of what is left in one release when the cells within, as they are in another, are taken away. All rows are marked.
    pub(super) fn between(&self, one: &DataFrame, other: &DataFrame) -> UnsafeCells {
        let finer = finer(self.level, self.levels);
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
            for few in self.few(&rows, &rows, self.groups, rule)? {
                found.push(self.affected_cells(few, rule, other)?);
            }
        }
        Ok(found)
    }

    /// Of what became of the cells, and of what is left of them, from one release to another. All rows are marked.
    pub(super) fn unsafe_changes(&self, before: &DataFrame, after: &DataFrame) -> UnsafeCells {
        let both = subtract_rows(after.clone(), before.clone())
            .map_err(|error| release_refusal(&error))?;
        let (both, atoms) = self.atoms(self.disclosed_rows(both)?)?;
        let rest = remainder(both.clone(), self.level, self.levels, self.what)?;
        let mut found = Vec::new();
        for rule in self.rules()? {
            for few in self.few(&rest, &both, &atoms, rule)? {
                found.push(self.affected_cells(few, rule, &both)?);
            }
            // Beside the change of another cell, what was or is there tells nothing of who went from one into the other.
            for sign in [1_i64, -1] {
                let there = rest.clone().filter(own("sign").eq(lit(sign)));
                let there = there.map_err(|error| release_refusal(&error))?;
                for few in self.few(&there, &both, &atoms, rule)? {
                    found.push(self.affected_cells(few, rule, &both)?);
                }
            }
        }
        if !finer(self.level, self.levels).is_empty() {
            let whole = both.filter(self.is_published(self.level)?);
            let whole = whole.map_err(|error| release_refusal(&error))?;
            found.extend(self.few(&whole, &whole, self.groups, self.level)?);
        }
        Ok(found)
    }

    fn cube(&self, level: usize) -> Result<&Cube, Refusal> {
        let missing = || Refusal::new(ErrorCode::Internal, "there is no such level");
        let level = self.levels.get(level).ok_or_else(missing)?;
        Ok(&level.cube)
    }

    fn groups(&self) -> Vec<Expr> {
        self.groups.iter().map(own).collect()
    }

    fn is_published(&self, level: usize) -> Result<Expr, Refusal> {
        Ok(is_published(level, self.cube(level)?, self.what))
    }

    /// The rows that go into what is told.
    fn disclosed_rows(&self, rows: DataFrame) -> FrameResult {
        match self.what.measure() {
            None => Ok(rows),
            Some(measure) => rows
                .filter(own(format!("m_{measure}")).is_not_null())
                .map_err(|error| release_refusal(&error)),
        }
    }

    /// The levels by whose rules a remainder is judged: its own, and those of the cells that are taken away, as far as these
    /// ask for more. Otherwise a total would tell what a stricter contract withholds.
    fn rules(&self) -> Result<Vec<usize>, Refusal> {
        let own = self.cube(self.level)?;
        let asks = |other: &Cube| -> bool {
            let more = match self.what {
                Quantity::Rows | Quantity::Squares(_) => false,
                Quantity::Measure(measure) => rules(other, measure).any(|(_, rule)| {
                    let mut known = rules(own, measure);
                    !known.any(|(_, known)| known == rule)
                }),
            };
            more || other.unit != own.unit || other.at_least > own.at_least
        };
        let finer = finer(self.level, self.levels).into_iter();
        let stricter = finer.filter(|(_, other)| asks(&other.cube));
        let stricter = stricter.map(|(index, _)| index);
        Ok(std::iter::once(self.level).chain(stricter).collect())
    }

    /// Of the cells found by the rule of another level, those from which cells of that level are taken away.
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
            let there = names().map(|name| own(name).alias(taken(name)));
            let there = rows
                .clone()
                .filter(within)?
                .select(there.collect::<Vec<_>>())?
                .distinct()?;
            let on: Vec<Expr> = names()
                .map(|name| same(own(name), own(taken(name))))
                .collect();
            few.join_on(there, JoinType::LeftSemi, on)
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// The rows that are told at all, with the columns that say in which cells of all levels they are.
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
                let value = when(there.clone(), own(key(level, index))).end();
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

    /// The cells of which what is left of `part` is too little by the rule of a level. `all` is what is told at once, and
    /// `apart` where its units are told apart.
    fn few(&self, part: &DataFrame, all: &DataFrame, apart: &[String], rule: usize) -> UnsafeCells {
        let cube = self.cube(rule)?;
        let least = i64::from(cube.at_least.max(1));
        let mut found = vec![match (&cube.unit, self.what.measure()) {
            (CountingUnit::Rows, None) => self.groups_with_few_rows(part, least),
            (CountingUnit::Rows, Some(measure)) => {
                let value = format!("m_{measure}");
                self.groups_with_few_values(self.moving(part, all, apart, &value)?, least)
            }
            (CountingUnit::Column(_), _) => {
                let unit = format!("u{rule}");
                let units = self.moving(part, all, apart, &unit)?;
                self.groups_with_few_units(units, &unit, least)
            }
        }?];
        if let Quantity::Measure(measure) = self.what {
            for (index, term) in rules(cube, measure) {
                let unit = format!("du{rule}_{index}");
                let units = self.moving(part, all, apart, &unit)?;
                let disclosed = dominance(own(&unit), own("s"), term.rule).alias("dominated");
                let moving = count(own("moves")).alias("moving");
                let work = || {
                    units
                        .aggregate(self.groups(), vec![disclosed, moving])?
                        .filter(own("dominated").or(own("moving").gt(lit(0_i64))))?
                        .select(self.groups())
                };
                found.push(work().map_err(|error| release_refusal(&error))?);
            }
        }
        Ok(found)
    }

    /// Rows that are counted: of them, only how many more or less there are is told.
    fn groups_with_few_rows(&self, part: &DataFrame, least: i64) -> FrameResult {
        let work = || {
            part.clone()
                .aggregate(self.groups(), vec![sum(own("sign")).alias("d")])?
                .filter(own("d").not_eq(lit(0_i64)))?
                .filter(own("d").lt(lit(least)).and(own("d").gt(lit(-least))))?
                .select(self.groups())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Rows that are told by their values: one that says something else goes with one value and comes with another.
    fn groups_with_few_values(&self, values: DataFrame, least: i64) -> FrameResult {
        let stays = || own("moves").is_null();
        let work = || {
            let of = |is: Expr, value: Expr| when(is.and(stays()), value).otherwise(lit(0_i64));
            let came = of(own("d").gt(lit(0_i64)), own("d"))?;
            let went = of(own("d").lt(lit(0_i64)), lit(0_i64) - own("d"))?;
            values
                .aggregate(
                    self.groups(),
                    vec![sum(came).alias("came"), sum(went).alias("went")],
                )?
                .filter(own("came").lt(lit(least)).and(own("went").lt(lit(least))))?
                .select(self.groups())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// Units of a column.
    fn groups_with_few_units(&self, units: DataFrame, unit: &str, least: i64) -> FrameResult {
        let work = || {
            let stays = when(own("moves").is_null(), own(unit)).end()?;
            units
                .aggregate(self.groups(), vec![count_distinct(stays).alias("units")])?
                .filter(own("units").lt(lit(least)))?
                .select(self.groups())
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// What is left of each of `by` in each cell, as `d` rows and the sum `s`; `moves` where it goes from one cell into another.
    fn moving(&self, part: &DataFrame, all: &DataFrame, apart: &[String], by: &str) -> FrameResult {
        let left = self.left(part, self.groups, by)?;
        let everywhere = self.left(all, apart, by)?;
        let both = |name: &str| {
            let (most, least) = (own(format!("{name}_most")), own(format!("{name}_least")));
            most.gt(lit(0_i64)).and(least.lt(lit(0_i64)))
        };
        let ends = |name: &str| {
            [
                max(own(name)).alias(format!("{name}_most")),
                min(own(name)).alias(format!("{name}_least")),
            ]
        };
        let work = || {
            let moving = everywhere
                .aggregate(vec![own(by)], [ends("d"), ends("s")].concat())?
                .filter(both("d").or(both("s")))?
                .select(vec![own(by).alias("mover"), lit(true).alias("moves")])?;
            // Those that move stay in memory, what is left of each passes by.
            moving.join_on(left, JoinType::Right, [same(own(by), own("mover"))])
        };
        work().map_err(|error| release_refusal(&error))
    }

    /// What is left of each of `by` in each cell when rows that are taken away are, as `d` rows and the sum `s`.
    fn left(&self, rows: &DataFrame, cells: &[String], by: &str) -> FrameResult {
        let mut keys: Vec<Expr> = cells.iter().map(own).collect();
        keys.push(own(by));
        let rows = rows.clone();
        let many = vec![sum(own("sign")).alias("d")];
        let there = || own("d").not_eq(lit(0_i64));
        let work = || {
            let Some(measure) = self.what.measure() else {
                let left = rows.aggregate(keys, many)?.filter(there())?;
                return left.with_column("s", lit(0.0_f64));
            };
            let value = format!("m_{measure}");
            let worth = || cast(own(&value), DataType::Float64) * cast(own("d"), DataType::Float64);
            if value == by {
                let left = rows.aggregate(keys, many)?.filter(there())?;
                return left.with_column("s", lit(0.0_f64));
            }
            // Value by value first: what did not change leaves no trace of rounding.
            let mut each = keys.clone();
            each.push(own(&value));
            let size = when(worth().lt(lit(0.0_f64)), lit(0.0_f64) - worth()).otherwise(worth())?;
            let differs = own("s")
                .gt(own("size") * lit(ROUNDING))
                .or(own("s").lt(own("size") * lit(-ROUNDING)));
            rows.aggregate(each, many)?
                .filter(there())?
                .aggregate(
                    keys,
                    vec![
                        sum(own("d")).alias("d"),
                        sum(worth()).alias("s"),
                        sum(size).alias("size"),
                    ],
                )?
                .filter(there().or(differs))
        };
        work().map_err(|error| release_refusal(&error))
    }
}

/// Rows, and others taken away from them.
fn subtract_rows(rows: DataFrame, away: DataFrame) -> datafusion_common::Result<DataFrame> {
    let rows = rows.with_column("sign", lit(1_i64))?;
    rows.union(away.with_column("sign", lit(-1_i64))?)
}

/// Sums of floating-point numbers that differ by less than this share are the same.
const ROUNDING: f64 = 1e-9;
