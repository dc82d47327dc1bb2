//! Queries for the cells of several cubes, and for the disclosure risk of groups of rows.

use super::workspace::{ReleaseWorkspace, release_refusal};
use crate::release::columns::{bare_column, null_safe_equality};
use crate::sql::functions::sum::whole_of;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, SchemaRef};
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, sum};
use datafusion_common::{JoinType, ScalarValue};
use datafusion_expr::{Expr, cast, lit, when};
use hansa_enforcement::bucket;
use hansa_enforcement::dominance::dominance_expr;
use hansa_enforcement::variance::squared_deviation_expr;
use hansa_enforcement::variance_disclosure::variance_disclosure;
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use std::path::PathBuf;

/// Cube with the file of its published cells.
#[derive(Debug, Clone)]
pub(super) struct CubeLevel {
    pub(super) cube: Cube,
    pub(super) cells: PathBuf,
}

/// Quantity of a cell: its number of rows, a measure, or the squares of a measure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quantity<'a> {
    Rows,
    Measure(&'a SqlIdentifier),
    Squares(&'a SqlIdentifier),
}

impl<'a> Quantity<'a> {
    /// All quantities of a cube.
    pub(super) fn cube_quantities(cube: &'a Cube) -> impl Iterator<Item = Self> {
        let squares = cube.measures.iter().filter(|_| cube.withholds_variances());
        std::iter::once(Self::Rows)
            .chain(cube.measures.iter().map(Self::Measure))
            .chain(squares.map(Self::Squares))
    }

    /// Measure of the quantity.
    pub(super) const fn measure(self) -> Option<&'a SqlIdentifier> {
        match self {
            Self::Rows => None,
            Self::Measure(measure) | Self::Squares(measure) => Some(measure),
        }
    }

    /// Checks that the cells of the cube can show the quantity.
    fn is_of(self, cube: &Cube) -> bool {
        let squares = !matches!(self, Self::Squares(_)) || cube.permits(CubeFunction::Variance);
        let measure = self.measure();
        squares && measure.is_none_or(|measure| cube.measures.contains(measure))
    }
}

/// Range of the release column in its own unit: microseconds or days. The start may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeRange {
    pub(super) from: Option<i64>,
    pub(super) to: i64,
}

pub(super) type FrameResult = Result<DataFrame, Refusal>;

/// Column name of a cube's dimension.
pub(super) fn dimension_key_name(level: usize, dimension: usize) -> String {
    format!("d{level}_{dimension}")
}

/// Column names of a cube's dimensions.
pub(super) fn dimension_key_names(level: usize, cube: &Cube) -> Vec<String> {
    (0..cube.dimensions.len())
        .map(|one| dimension_key_name(level, one))
        .collect()
}

/// Type of a stored column.
pub(super) fn stored_column_type(stored: &SchemaRef, name: &str) -> Result<DataType, Refusal> {
    let mut fields = stored.fields().iter();
    let field = fields.find(|field| field.name() == name);
    field.map(|field| field.data_type().clone()).ok_or_else(|| {
        Refusal::new(
            ErrorCode::SchemaChanged,
            format!("the dataset has no column `{name}`"),
        )
    })
}

/// Value of a dimension for the value in `column`.
pub(super) fn dimension_value(
    dimension: &CubeDimension,
    column: Expr,
    stored: &SchemaRef,
) -> Result<Expr, Refusal> {
    match dimension.bucket {
        None => Ok(column),
        Some(width) => {
            let kind = stored_column_type(stored, dimension.column.as_str())?;
            bucket::floor_to_bucket(column, &kind, width, dimension.zone.as_deref())
        }
    }
}

/// Rows of a frame whose time column `name` lies in the range.
pub(super) fn filter_time_range(
    frame: DataFrame,
    name: &str,
    span: TimeRange,
    stored: &SchemaRef,
) -> FrameResult {
    let edge = |at: i64| -> Result<Expr, Refusal> {
        Ok(lit(match stored_column_type(stored, name)? {
            DataType::Timestamp(_, zone) => ScalarValue::TimestampMicrosecond(Some(at), zone),
            _ => ScalarValue::Date32(Some(i32::try_from(at).unwrap_or(i32::MAX))),
        }))
    };
    let mut inside = bare_column(name).lt(edge(span.to)?);
    if let Some(from) = span.from {
        inside = inside.and(bare_column(name).gt_eq(edge(from)?));
    }
    frame
        .filter(inside)
        .map_err(|error| release_refusal(&error))
}

/// Rows of a frame with the columns of the cubes: for each cube its dimensions, its unit and those of its rules, and the measures.
pub(super) fn cube_view(frame: DataFrame, cubes: &[&Cube], stored: &SchemaRef) -> FrameResult {
    let mut columns = Vec::new();
    let mut measures: Vec<&SqlIdentifier> = Vec::new();
    for (level, cube) in cubes.iter().enumerate() {
        for (index, dimension) in cube.dimensions.iter().enumerate() {
            let value = dimension_value(dimension, bare_column(dimension.column.as_str()), stored)?;
            columns.push(value.alias(dimension_key_name(level, index)));
        }
        if let CountingUnit::Column(unit) = &cube.unit {
            columns.push(bare_column(unit.as_str()).alias(format!("u{level}")));
        }
        for (index, rule) in cube.dominance.iter().enumerate() {
            let unit = bare_column(rule.unit.as_str());
            columns.push(unit.alias(format!("du{level}_{index}")));
        }
        measures.extend(
            cube.measures
                .iter()
                .filter(|name| !measures.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    for measure in measures {
        columns.push(bare_column(measure.as_str()).alias(format!("m_{measure}")));
    }
    frame
        .select(columns)
        .map_err(|error| release_refusal(&error))
}

/// Adds flags to rows for each level: the row's cell is published, and each of its measures is shown.
pub(super) async fn mark_published_cells(
    workspace: &ReleaseWorkspace,
    mut rows: DataFrame,
    levels: &[CubeLevel],
) -> FrameResult {
    for (level, one) in levels.iter().enumerate() {
        let cells = workspace.read(std::slice::from_ref(&one.cells)).await?;
        let mut columns = Vec::new();
        let mut on = Vec::new();
        for (index, dimension) in one.cube.dimensions.iter().enumerate() {
            let there = format!("k{level}_{index}");
            columns.push(bare_column(dimension.column.as_str()).alias(there.clone()));
            on.push(null_safe_equality(
                bare_column(dimension_key_name(level, index)),
                bare_column(there),
            ));
        }
        columns.push(lit(true).alias(flag_column(level, Quantity::Rows)));
        for measure in &one.cube.measures {
            let shown = bare_column(format!("cnt_{measure}")).is_not_null();
            columns.push(shown.alias(flag_column(level, Quantity::Measure(measure))));
            if one.cube.permits(CubeFunction::Variance) {
                let shown = bare_column(format!("dev_{measure}")).is_not_null();
                columns.push(shown.alias(flag_column(level, Quantity::Squares(measure))));
            }
        }
        let gone: Vec<String> = (0..one.cube.dimensions.len())
            .map(|index| format!("k{level}_{index}"))
            .collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        rows = cells
            .select(columns)
            // The engine builds on the left side, which is the smaller one.
            .and_then(|cells| cells.join_on(rows, JoinType::Right, on))
            .and_then(|rows| rows.drop_columns(&gone))
            .map_err(|error| release_refusal(&error))?;
    }
    Ok(rows)
}

fn flag_column(level: usize, what: Quantity<'_>) -> String {
    match what {
        Quantity::Rows => format!("p{level}"),
        Quantity::Measure(measure) => format!("p{level}_{measure}"),
        Quantity::Squares(measure) => format!("ps{level}_{measure}"),
    }
}

/// Checks that the row is in a published cell of the level and counts for `what`.
pub(super) fn is_published(level: usize, cube: &Cube, what: Quantity<'_>) -> Expr {
    if what.is_of(cube) {
        bare_column(flag_column(level, what)).is_true()
    } else {
        lit(false)
    }
}

/// Levels whose cells are contained in those of `level`, with their indexes. Of levels with equal cells, only the earlier ones.
pub(super) fn finer_levels(level: usize, levels: &[CubeLevel]) -> Vec<(usize, &CubeLevel)> {
    let Some(one) = levels.get(level) else {
        return Vec::new();
    };
    let within = |(index, other): &(usize, &CubeLevel)| {
        other.cube.refines(&one.cube)
            && *index != level
            && (!one.cube.refines(&other.cube) || *index < level)
    };
    levels.iter().enumerate().filter(within).collect()
}

/// Checks that a row is in a cell of `own` within a cell of `parent` and in no cell of a level in between. A cell in between is
/// subtracted together with its own cells, so withholding one of those leaves no larger remainder.
pub(super) fn in_own_cell_only(
    parent: usize,
    own: usize,
    levels: &[CubeLevel],
    what: Quantity<'_>,
) -> Expr {
    let there = |index: usize| {
        let level = levels.get(index);
        level.map_or(lit(false), |level| is_published(index, &level.cube, what))
    };
    let between = finer_levels(parent, levels).into_iter();
    let between = between.filter(|(index, _)| *index != own);
    between.fold(there(parent).and(there(own)), |alone, (index, _)| {
        alone.and(Expr::Not(Box::new(there(index))))
    })
}

/// Remainder of each published cell of a level after the subtraction of all published cells within it. If the cells of all levels
/// are nested, everything computable from them is a union of such remainders.
pub(super) fn compute_remainder(
    rows: DataFrame,
    level: usize,
    levels: &[CubeLevel],
    what: Quantity<'_>,
) -> FrameResult {
    let Some(one) = levels.get(level) else {
        return Err(Refusal::new(ErrorCode::Internal, "there is no such level"));
    };
    let left = is_published(level, &one.cube, what);
    let left = finer_levels(level, levels)
        .into_iter()
        .fold(left, |left, (index, other)| {
            left.and(Expr::Not(Box::new(is_published(index, &other.cube, what))))
        });
    let left = match what.measure() {
        None => left,
        Some(measure) => left.and(bare_column(format!("m_{measure}")).is_not_null()),
    };
    rows.filter(left).map_err(|error| release_refusal(&error))
}

/// Aggregates for the disclosure check of each group: `units` is the number of units that count for `what`, and `dominated` is set
/// if few of them dominate it.
pub(super) fn disclosure_aggregates(level: usize, cube: &Cube, what: Quantity<'_>) -> Vec<Expr> {
    let units = match (&cube.unit, what.measure()) {
        (CountingUnit::Rows, None) => count(lit(1_i64)),
        (CountingUnit::Rows, Some(measure)) => count(bare_column(format!("m_{measure}"))),
        (CountingUnit::Column(_), None) => count_distinct(bare_column(format!("u{level}"))),
        (CountingUnit::Column(_), Some(measure)) => {
            let there = bare_column(format!("m_{measure}")).is_not_null();
            let unit = bare_column(format!("u{level}"));
            count_distinct(when(there, unit.clone()).end().unwrap_or(unit))
        }
    };
    let mut all = vec![units.alias(units_of(what))];
    if let Quantity::Squares(measure) = what {
        let unit = match &cube.unit {
            CountingUnit::Rows => None,
            CountingUnit::Column(_) => Some(bare_column(format!("u{level}"))),
        };
        all.push(
            variance_disclosure(unit, bare_column(format!("m_{measure}")))
                .alias(format!("nar_{measure}")),
        );
    }
    if let Quantity::Measure(measure) = what {
        let part = cast(bare_column(format!("m_{measure}")), DataType::Float64);
        for (index, rule) in measure_rules(cube, measure) {
            let unit = bare_column(format!("du{level}_{index}"));
            all.push(dominance_expr(unit, part.clone(), rule.rule).alias(format!("dom{index}")));
        }
    }
    all
}

/// Rules of the cube for a measure, with their indexes among all rules.
pub(super) fn measure_rules<'a>(
    cube: &'a Cube,
    measure: &'a SqlIdentifier,
) -> impl Iterator<Item = (usize, &'a hansa_policy::value::cube::DominanceTerm)> {
    let rules = cube.dominance.iter().enumerate();
    rules.filter(move |(_, rule)| rule.measure == *measure)
}

/// Name of the column in which [`disclosure_aggregates`] counts units.
pub(super) fn units_of(what: Quantity<'_>) -> String {
    match what {
        Quantity::Rows => "units".to_owned(),
        Quantity::Measure(measure) => format!("units_{measure}"),
        Quantity::Squares(measure) => format!("units_of_squares_{measure}"),
    }
}

/// Condition for the disclosure of a group, over the columns of [`disclosure_aggregates`].
pub(super) fn disclosure_condition(cube: &Cube, what: Quantity<'_>) -> Expr {
    let least = i64::from(cube.at_least.max(1));
    let enough = bare_column(units_of(what)).gt_eq(lit(least));
    match what {
        Quantity::Rows => enough,
        Quantity::Measure(measure) => measure_rules(cube, measure)
            .fold(enough, |safe, (index, _)| {
                safe.and(Expr::Not(Box::new(bare_column(format!("dom{index}")))))
            }),
        Quantity::Squares(measure) => {
            enough.and(Expr::Not(Box::new(bare_column(format!("nar_{measure}")))))
        }
    }
}

/// Key of a cell for the rounding of its count, in the column [`KEY`]; `None` if counts are exact.
pub(super) fn lot_key(
    level: usize,
    cube: &Cube,
    workspace: &ReleaseWorkspace,
) -> Result<Option<Expr>, Refusal> {
    if cube.base.is_none() {
        return Ok(None);
    }
    let unit = bare_column(format!("u{level}"));
    Ok(Some(workspace.cell_keys()?.key(unit).alias(KEY)))
}

/// Column with the key of a cell until its count is rounded.
pub(super) const KEY: &str = "lot_key";

/// Cells of a cube over rows: `n`, and `cnt_m` and `sum_m` of each measure, with the columns of [`disclosure_aggregates`]. Sums are
/// narrowed to their final type when they are written.
pub(super) fn compute_cells(
    rows: DataFrame,
    level: usize,
    cube: &Cube,
    key: Option<Expr>,
) -> FrameResult {
    let mut aggregates = vec![count(lit(1_i64)).alias("n")];
    aggregates.extend(disclosure_aggregates(level, cube, Quantity::Rows));
    for measure in &cube.measures {
        let value = || bare_column(format!("m_{measure}"));
        aggregates.push(count(value()).alias(format!("cnt_{measure}")));
        aggregates.push(whole_of(value()).alias(format!("sum_{measure}")));
        if cube.permits(CubeFunction::Variance) {
            aggregates.push(squared_deviation_expr(value()).alias(format!("dev_{measure}")));
        }
        // Rules have numbers within the cube, so the names of several measures do not collide.
        aggregates.extend(disclosure_aggregates(
            level,
            cube,
            Quantity::Measure(measure),
        ));
        if cube.withholds_variances() {
            aggregates.extend(disclosure_aggregates(
                level,
                cube,
                Quantity::Squares(measure),
            ));
        }
    }
    aggregates.extend(key);
    let groups = dimension_key_names(level, cube)
        .into_iter()
        .map(bare_column)
        .collect();
    rows.aggregate(groups, aggregates)
        .map_err(|error| release_refusal(&error))
}

/// Number of cells, and number of rows in them.
pub(super) async fn count_cells(cells: DataFrame) -> Result<(u64, u64), Refusal> {
    let all = cells
        .aggregate(
            vec![],
            vec![
                count(lit(1_i64)).alias("cells"),
                sum(bare_column("n")).alias("rows"),
            ],
        )
        .map_err(|error| release_refusal(&error))?;
    let batches = all
        .collect()
        .await
        .map_err(|error| release_refusal(&error))?;
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
