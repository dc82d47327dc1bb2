//! Refusals of questions that do not fit an aggregate-only dataset, with an example of a permitted block.

use crate::federation::table::RemoteTable;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CubeFunction;

pub(super) fn relation_name(table: &RemoteTable) -> String {
    format!("{}.{}", table.alias, table.dataset.name)
}

pub(super) fn raw_rows_refusal(table: &RemoteTable) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::AggregateOnly,
        format!(
            "`{}` shows aggregates only; rows never leave",
            relation_name(table)
        ),
    );
    with_block_help(refusal, table)
}

pub(super) fn shape_refusal(table: &RemoteTable, construct: &str) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::QueryShape,
        format!(
            "`{}` shows aggregates only and can't be used with `{construct}`",
            relation_name(table)
        ),
    );
    with_block_help(refusal, table)
}

pub(super) fn dimension_refusal(table: &RemoteTable, cube: &Cube, column: &str) -> Refusal {
    let names: Vec<String> = cube
        .dimensions
        .iter()
        .map(|dimension| format!("`{}`", dimension.column))
        .collect();
    let refusal = Refusal::new(
        ErrorCode::DimensionNotAllowed,
        format!(
            "`{}` can be grouped and filtered by {} only, not by `{column}`",
            relation_name(table),
            names.join(", ")
        ),
    );
    with_block_help(refusal, table)
}

pub(super) fn with_block_help(mut refusal: Refusal, table: &RemoteTable) -> Refusal {
    refusal.participant = Some(table.dataset.owner.clone());
    refusal.contract = table.contract;
    if let ViewShape::Cube { cube, .. } = &table.shape {
        refusal = refusal
            .with_help(format!("ask for example: {}", example_block(table, cube)))
            .with_help(format!(
                "or use the cells themselves: SELECT * FROM {}.cube",
                relation_name(table)
            ));
    }
    refusal
}

pub(super) fn format_functions(cube: &Cube) -> String {
    let names: Vec<&str> = cube
        .functions
        .iter()
        .map(|function| function_name(*function))
        .collect();
    names.join(", ")
}

pub(super) fn function_name(function: CubeFunction) -> &'static str {
    function.as_str()
}

/// Example of a block that the contract permits.
fn example_block(table: &RemoteTable, cube: &Cube) -> String {
    let measure = cube.measures.first();
    let call = match (cube.functions.first(), measure) {
        (Some(CubeFunction::Sum), Some(measure)) => format!("sum({measure})"),
        (Some(CubeFunction::Avg), Some(measure)) => format!("avg({measure})"),
        (Some(CubeFunction::Variance), Some(measure)) => format!("var({measure})"),
        _ => "count(*)".to_owned(),
    };
    let name = relation_name(table);
    let plain = cube
        .dimensions
        .iter()
        .find(|dimension| dimension.bucket.is_none());
    match plain {
        Some(dimension) => format!(
            "SELECT {column}, {call} FROM {name} GROUP BY {column}",
            column = dimension.column
        ),
        None => format!("SELECT {call} FROM {name}"),
    }
}
