//! What is told to somebody whose question does not fit an aggregate-only dataset, with an example that would.

use crate::federate::home::RemoteTable;
use hansa_catalog::view::Shape;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::Function;

pub(super) fn relation_name(table: &RemoteTable) -> String {
    format!("{}.{}", table.alias, table.dataset.name)
}

pub(super) fn raw(table: &RemoteTable) -> Refusal {
    let refusal = Refusal::new(
        Code::AggregateOnly,
        format!(
            "`{}` shows aggregates only; rows never leave",
            relation_name(table)
        ),
    );
    told(refusal, table)
}

pub(super) fn shape(table: &RemoteTable, construct: &str) -> Refusal {
    let refusal = Refusal::new(
        Code::QueryShape,
        format!(
            "`{}` shows aggregates only and can't be used with `{construct}`",
            relation_name(table)
        ),
    );
    told(refusal, table)
}

pub(super) fn dimension(table: &RemoteTable, cube: &Cube, column: &str) -> Refusal {
    let names: Vec<String> = cube
        .dimensions
        .iter()
        .map(|dimension| format!("`{}`", dimension.column))
        .collect();
    let refusal = Refusal::new(
        Code::DimensionNotAllowed,
        format!(
            "`{}` can be grouped and filtered by {} only, not by `{column}`",
            relation_name(table),
            names.join(", ")
        ),
    );
    told(refusal, table)
}

pub(super) fn told(mut refusal: Refusal, table: &RemoteTable) -> Refusal {
    refusal.participant = Some(table.dataset.owner.clone());
    refusal.contract = table.contract;
    if let Shape::Cube { cube, .. } = &table.shape {
        refusal = refusal
            .with_help(format!("ask for example: {}", example(table, cube)))
            .with_help(format!(
                "or use the cells themselves: SELECT * FROM {}.cube",
                relation_name(table)
            ));
    }
    refusal
}

pub(super) fn functions(cube: &Cube) -> String {
    let names: Vec<&str> = cube
        .functions
        .iter()
        .map(|function| function_name(*function))
        .collect();
    names.join(", ")
}

pub(super) fn function_name(function: Function) -> &'static str {
    function.as_str()
}

/// A block that the contract permits.
fn example(table: &RemoteTable, cube: &Cube) -> String {
    let measure = cube.measures.first();
    let call = match (cube.functions.first(), measure) {
        (Some(Function::Sum), Some(measure)) => format!("sum({measure})"),
        (Some(Function::Avg), Some(measure)) => format!("avg({measure})"),
        (Some(Function::Variance), Some(measure)) => format!("var({measure})"),
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
