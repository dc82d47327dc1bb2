//! File format of released cells.

use super::cell_queries::{FrameResult, KEY, dimension_key_name};
use super::workspace::{ReleaseWorkspace, release_refusal};
use crate::release::columns::bare_column;
use datafusion::dataframe::DataFrame;
use datafusion_expr::Expr;
use hansa_enforcement::overflow_safe_sum::{WHOLE, integer_total_expr};
use hansa_policy::effect::Cube;
use hansa_policy::value::cube::CubeFunction;

/// Rounds the counts of cells as the cube requires, by the keys of the cells.
pub(super) fn round_counts(
    workspace: &ReleaseWorkspace,
    cells: DataFrame,
    cube: &Cube,
) -> FrameResult {
    let Some(base) = cube.base else {
        return Ok(cells);
    };
    let rounded = workspace.cell_keys()?.rounded_count("n", KEY, base);
    cells
        .with_column("n", rounded)
        .map_err(|error| release_refusal(&error))
}

/// Columns of released cells, in the order of the dimensions. The overflow of a shown total fails here; a withheld cell never
/// fails.
pub(super) fn select_released_columns(cells: DataFrame, cube: &Cube) -> FrameResult {
    let dimensions = || cube.dimensions.iter().map(|one| one.column.as_str());
    let mut columns: Vec<Expr> = dimensions().map(bare_column).collect();
    columns.push(bare_column("n"));
    if cube.permits(CubeFunction::Units) {
        columns.push(bare_column("units"));
    }
    let is_whole = |name: &str| {
        let field = cells.schema().field_with_unqualified_name(name);
        field.is_ok_and(|field| *field.data_type() == WHOLE)
    };
    for name in cube.measures.iter().flat_map(|one| cube.numbers_of(one)) {
        let number = bare_column(&name);
        columns.push(if is_whole(&name) {
            integer_total_expr(number.clone().is_not_null(), number).alias(name)
        } else {
            number
        });
    }
    let order = dimensions()
        .map(|name| bare_column(name).sort(true, true))
        .collect();
    cells
        .select(columns)
        .and_then(|cells| cells.sort(order))
        .map_err(|error| release_refusal(&error))
}

/// Dimension columns of a level, under their own names.
pub(super) fn dimension_columns(level: usize, cube: &Cube) -> Vec<Expr> {
    let dimensions = cube.dimensions.iter().enumerate();
    let named = dimensions.map(|(index, one)| {
        bare_column(dimension_key_name(level, index)).alias(one.column.as_str())
    });
    named.collect()
}
