//! Aggregate-only datasets. Each query block over one is sent to its participant as a whole, before an optimizer rule could split
//! it.
//!
//! The participant decides if its contract permits the block. Here only the form is checked: one block, one relation, bare
//! dimensions and measures.

mod block_refusal;

use self::block_refusal::{
    dimension_refusal, format_functions, function_name, raw_rows_refusal, relation_name,
    shape_refusal, with_block_help,
};
use crate::engine_error::wrap_refusal;
use crate::federation::aggregate;
use crate::federation::aggregate::split_error::AggregateSplitError;
use crate::federation::fragment::RemoteFragment;
use crate::federation::key_space::strip_alias;
use crate::federation::plan_fragments::find_branches;
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::federation::table_source::RemoteTableSource;
use crate::sql::plan_schema::recompute_schemas;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{
    Aggregate, Distinct, EmptyRelation, Expr, LogicalPlan, lit, utils::split_conjunction_owned,
};
use hansa_catalog::query_view::ViewShape;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CubeFunction;
use std::sync::Arc;

/// Replaces each block over aggregate-only datasets by remote queries.
pub(super) fn lift_blocks(
    plan: LogicalPlan,
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, DataFusionError> {
    let mut any = false;
    let plan = plan
        .transform_down_with_subqueries(|node| {
            let block = match &node {
                LogicalPlan::Aggregate(block) => Some(block.clone()),
                LogicalPlan::Distinct(Distinct::All(input)) if reads_base(input) => {
                    let keys = input.schema().columns().into_iter().map(Expr::Column);
                    Aggregate::try_new(Arc::clone(input), keys.collect(), Vec::new()).ok()
                }
                _ => None,
            };
            let Some(block) = block else {
                return Ok(Transformed::no(node));
            };
            match find_branches(&block.input) {
                Some(branches) if branches.iter().any(is_base) => {
                    any = true;
                    let plan = lift_block(&block, branches, builder)?;
                    Ok(Transformed::new(plan, true, TreeNodeRecursion::Jump))
                }
                Some(_) | None => Ok(Transformed::no(node)),
            }
        })?
        .data;
    refuse_rest(&plan)?;
    if any {
        recompute_schemas(plan)
    } else {
        Ok(plan)
    }
}

fn is_base(branch: &RemoteFragment) -> bool {
    branch.is_base()
}

fn reads_base(plan: &LogicalPlan) -> bool {
    find_branches(plan).is_some_and(|branches| branches.iter().any(is_base))
}

fn lift_block(
    block: &Aggregate,
    branches: Vec<RemoteFragment>,
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, DataFusionError> {
    let mut kept = Vec::new();
    let mut first = None;
    for mut branch in branches {
        first = first.or_else(|| branch.first_table());
        let relation = branch.columns();
        let mut conjuncts = Vec::new();
        for conjunct in branch.conjuncts {
            let simple = builder.writer.simplify(conjunct, &relation)?;
            conjuncts.extend(split_conjunction_owned(simple));
        }
        conjuncts.retain(|conjunct| *conjunct != lit(true));
        // A condition on `participant` or `dataset` excludes this participant.
        let never = conjuncts
            .iter()
            .any(|conjunct| matches!(conjunct, Expr::Literal(value, _) if *value != true.into()));
        branch.conjuncts = conjuncts;
        if never {
            continue;
        }
        kept.push(branch);
    }
    for branch in kept.iter().filter(|branch| is_base(branch)) {
        check_block(block, branch, kept.len() > 1, builder)?;
    }
    if kept.is_empty() {
        let nothing = LogicalPlan::EmptyRelation(EmptyRelation {
            produce_one_row: false,
            schema: Arc::clone(block.input.schema()),
        });
        return Ok(LogicalPlan::Aggregate(Aggregate::try_new(
            Arc::new(nothing),
            block.group_expr.clone(),
            block.aggr_expr.clone(),
        )?));
    }
    let table = kept
        .iter()
        .find(|branch| is_base(branch))
        .and_then(RemoteFragment::first_table)
        .or(first);
    aggregate::split_aggregate(block, &kept, builder).map_err(|AggregateSplitError(construct)| {
        match &table {
            Some((table, _)) => wrap_refusal(shape_refusal(table, &construct)),
            None => wrap_refusal(Refusal::new(ErrorCode::QueryShape, construct)),
        }
    })
}

/// Checks that a block has the only accepted form.
fn check_block(
    block: &Aggregate,
    branch: &RemoteFragment,
    several: bool,
    builder: &RemoteQueryBuilder,
) -> Result<(), DataFusionError> {
    let Some((table, _)) = branch.first_table() else {
        return Ok(());
    };
    let ViewShape::Cube { cube, .. } = &table.shape else {
        return Ok(());
    };
    let input = block.input.schema();
    let relation = branch.columns();
    let refuse = |construct: String| Err(wrap_refusal(shape_refusal(&table, &construct)));
    if branch.fetch.is_some() {
        return refuse("LIMIT below an aggregate".to_owned());
    }
    let mut constant = !block.group_expr.is_empty();
    for key in &block.group_expr {
        // The key keeps its name if the question omits the time zone.
        let Some(inside) = branch.rewrite_expr(strip_alias(key), input) else {
            return refuse(key.to_string());
        };
        let inside = builder.writer.simplify(inside, &relation)?;
        constant &= !inside.any_column_refs();
        if let Some(column) = outside_dimensions(cube, &inside) {
            return Err(wrap_refusal(dimension_refusal(&table, cube, &column)));
        }
        if !is_key(&inside) {
            return refuse(inside.to_string());
        }
    }
    for conjunct in &branch.conjuncts {
        if let Some(column) = outside_dimensions(cube, conjunct) {
            return Err(wrap_refusal(dimension_refusal(&table, cube, &column)));
        }
    }
    // An average over several participants needs their sums and counts; a variance needs counts, averages and variances. A count
    // shows that a group has rows.
    let mut needed = Vec::new();
    let shown = CubeTable {
        table: &table,
        cube,
    };
    for call in &block.aggr_expr {
        match check_call(call, branch, shown, input)? {
            CubeFunction::Avg if several => needed.extend([CubeFunction::Sum, CubeFunction::Count]),
            CubeFunction::Variance if several => {
                needed.extend([CubeFunction::Count, CubeFunction::Avg])
            }
            _ => {}
        }
    }
    if constant {
        needed.push(CubeFunction::Count);
    }
    match needed
        .into_iter()
        .find(|function| !cube.functions.contains(function))
    {
        None => Ok(()),
        Some(function) => {
            let refusal = Refusal::new(
                ErrorCode::FunctionNotAllowed,
                format!(
                    "the question needs `{}` of `{}`, which shows aggregates by {} only",
                    function_name(function),
                    relation_name(&table),
                    format_functions(cube)
                ),
            );
            Err(wrap_refusal(with_block_help(refusal, &table)))
        }
    }
}

/// A table that shows the cells of a cube alone.
#[derive(Clone, Copy)]
struct CubeTable<'t> {
    table: &'t RemoteTable,
    cube: &'t Cube,
}

fn check_call(
    call: &Expr,
    branch: &RemoteFragment,
    shown: CubeTable<'_>,
    input: &DFSchema,
) -> Result<CubeFunction, DataFusionError> {
    let CubeTable { table, cube } = shown;
    let refuse = |construct: String| Err(wrap_refusal(shape_refusal(table, &construct)));
    let Some(Expr::AggregateFunction(call)) = branch.rewrite_expr(call, input) else {
        return refuse(call.to_string());
    };
    let function = match call.func.name() {
        "count" => Some(CubeFunction::Count),
        "sum" => Some(CubeFunction::Sum),
        "avg" => Some(CubeFunction::Avg),
        "var" | "var_pop" | "stddev" | "stddev_pop" => Some(CubeFunction::Variance),
        _ => None,
    };
    let Some(function) = function.filter(|function| cube.functions.contains(function)) else {
        let refusal = Refusal::new(
            ErrorCode::FunctionNotAllowed,
            format!(
                "`{}` shows aggregates by {} only, not by `{}`",
                relation_name(table),
                format_functions(cube),
                call.func.name()
            ),
        );
        return Err(wrap_refusal(with_block_help(refusal, table)));
    };
    if call.params.distinct || call.params.filter.is_some() || !call.params.order_by.is_empty() {
        return refuse(aggregate::split_error::format_call(&call));
    }
    let measure = |expr: &Expr| match expr {
        Expr::Column(column) => cube
            .measures
            .iter()
            .any(|measure| measure.as_str() == column.name),
        _ => false,
    };
    let bare = match call.params.args.as_slice() {
        // A measure that this dataset of a model does not show is not requested.
        [Expr::Literal(value, _)] => value.is_null() || call.func.name() == "count",
        [Expr::Cast(cast)] => measure(&cast.expr),
        [argument] => measure(argument),
        _ => false,
    };
    if bare {
        Ok(function)
    } else {
        refuse(aggregate::split_error::format_call(&call))
    }
}

/// Checks for a bare column, a constant, or `date_trunc` of a bare column. The analyser casts a date to a timestamp.
fn is_key(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::ScalarFunction(call) if call.func.name() == "date_trunc" => {
            match call.args.as_slice() {
                [Expr::Literal(..), Expr::Column(_)] => true,
                [Expr::Literal(..), Expr::Cast(cast)] => matches!(*cast.expr, Expr::Column(_)),
                _ => false,
            }
        }
        _ => false,
    }
}

fn outside_dimensions(cube: &Cube, expr: &Expr) -> Option<String> {
    let mut outside: Vec<&str> = expr
        .column_refs()
        .into_iter()
        .map(|column| column.name.as_str())
        .filter(|name| {
            !cube
                .dimensions
                .iter()
                .any(|dimension| dimension.column.as_str() == *name)
        })
        .collect();
    outside.sort_unstable();
    outside.first().map(|name| (*name).to_owned())
}

/// Refuses any remaining use of an aggregate-only dataset, which is outside an accepted block.
fn refuse_rest(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    let mut path: Vec<String> = Vec::new();
    refuse_below(plan, &mut path)?;
    plan.apply_with_subqueries(|node| {
        // Subqueries are part of expressions, which the walk above does not visit.
        if let LogicalPlan::TableScan(scan) = node
            && let Some(source) = scan.source.downcast_ref::<RemoteTableSource>()
            && source.relation == DatasetRelation::Base
        {
            return Err(wrap_refusal(raw_rows_refusal(&source.table)));
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(|_| ())
}

fn refuse_below(plan: &LogicalPlan, path: &mut Vec<String>) -> Result<(), DataFusionError> {
    if let LogicalPlan::TableScan(scan) = plan
        && let Some(source) = scan.source.downcast_ref::<RemoteTableSource>()
        && source.relation == DatasetRelation::Base
    {
        let below_aggregate = path.iter().rposition(|node| node == "an aggregate");
        return Err(wrap_refusal(match below_aggregate {
            None => raw_rows_refusal(&source.table),
            Some(at) => {
                let construct = path
                    .get(at.saturating_add(1)..)
                    .and_then(|rest| rest.first())
                    .cloned()
                    .unwrap_or_else(|| "an expression".to_owned());
                shape_refusal(
                    &source.table,
                    &format!("{construct} between the aggregate and the dataset"),
                )
            }
        }));
    }
    let construct = match plan {
        LogicalPlan::Aggregate(_) => Some("an aggregate"),
        LogicalPlan::Join(_) => Some("a join"),
        LogicalPlan::Window(_) => Some("a window function"),
        LogicalPlan::Sort(_) => Some("ORDER BY"),
        LogicalPlan::Limit(_) => Some("LIMIT"),
        LogicalPlan::Distinct(_) => Some("DISTINCT"),
        LogicalPlan::Unnest(_) => Some("unnest"),
        _ => None,
    };
    if let Some(construct) = construct {
        path.push(construct.to_owned());
    }
    for input in plan.inputs() {
        refuse_below(input, path)?;
    }
    if construct.is_some() {
        path.pop();
    }
    Ok(())
}
