//! Rewrite of constructs that the engine computes wrongly to equivalent correct ones.
//!
//! A statement keeps its original form for the decision and the explanation, and is rewritten directly before the optimisation.

use crate::engine_error;
use crate::sql::functions::moving_count::moving_count;
use crate::sql::refused_construct::not_allowed;
use crate::sql::row_number::row_number;
use crate::sql::subquery_joins::free_columns::{find_outer_columns, subquery_of};
use crate::sql::subquery_joins::join_subqueries;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, NullEquality, Result};
use datafusion_expr::logical_plan::{
    Aggregate, Distinct, DistinctOn, EmptyRelation, FetchType, Join, JoinType, LogicalPlan,
    LogicalPlanBuilder, SkipType, Window,
};
use datafusion_expr::{Expr, WindowFunctionDefinition, lit};
use std::sync::Arc;

/// Rewrites such constructs of a plan.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` for constructs without a correct form.
pub fn use_sound_forms(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan
        .transform_up_with_subqueries(|node| match node {
            LogicalPlan::Join(join) if counts_copies(&join) => {
                number_copies(join).map(Transformed::yes)
            }
            LogicalPlan::Distinct(Distinct::On(distinct)) => {
                number_rows(distinct).map(Transformed::yes)
            }
            LogicalPlan::Window(window) => forget_rises(window).map(Transformed::yes),
            // The engine panics on a sort with LIMIT 0.
            LogicalPlan::Limit(limit)
                if matches!(limit.get_fetch_type()?, FetchType::Literal(Some(0))) =>
            {
                Ok(Transformed::yes(LogicalPlan::EmptyRelation(
                    EmptyRelation {
                        produce_one_row: false,
                        schema: Arc::clone(limit.input.schema()),
                    },
                )))
            }
            other => Ok(Transformed::no(other)),
        })
        .data()?;
    number_skipped(join_subqueries(plan)?, false)
}

/// Rewrites OFFSET below a node that may request an order to a condition on row numbers. The engine pushes the requested order
/// below an OFFSET without LIMIT, which then skips other rows; with a LIMIT too few rows remain (DataFusion 55.2).
fn number_skipped(plan: LogicalPlan, is_below: bool) -> Result<LogicalPlan> {
    let shows = matches!(
        plan,
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_)
    );
    let plan = plan
        .map_children(|child| number_skipped(child, is_below || !shows).map(Transformed::yes))?
        .data
        .map_subqueries(|subquery| number_skipped(subquery, true).map(Transformed::yes))?
        .data;
    match plan {
        LogicalPlan::Limit(limit) if is_below => {
            match (limit.get_skip_type()?, limit.get_fetch_type()?) {
                (SkipType::Literal(0), _) => Ok(LogicalPlan::Limit(limit)),
                (SkipType::Literal(skipped), FetchType::Literal(fetched)) => {
                    skip_rows(Arc::unwrap_or_clone(limit.input), skipped, fetched)
                }
                _ => {
                    let refusal = not_allowed("a computed OFFSET or LIMIT in a subquery");
                    let help = "write the number itself";
                    Err(engine_error::wrap_refusal(refusal.with_help(help)))
                }
            }
        }
        other => Ok(other),
    }
}

/// Skips the first rows of an order, and optionally limits the rest. Without an order, any rows are the first ones.
fn skip_rows(plan: LogicalPlan, skipped: usize, fetched: Option<usize>) -> Result<LogicalPlan> {
    let order = match plan {
        LogicalPlan::Projection(mut projection) => {
            let input = skip_rows(Arc::unwrap_or_clone(projection.input), skipped, fetched)?;
            projection.input = Arc::new(input);
            return Ok(LogicalPlan::Projection(projection));
        }
        LogicalPlan::Sort(ref sort) if sort.fetch.is_none() => sort.expr.clone(),
        _ => Vec::new(),
    };
    let shown = plan.schema().columns();
    let first = match fetched {
        Some(fetched) => LogicalPlanBuilder::from(plan)
            .limit(0, Some(skipped.saturating_add(fetched)))?
            .build()?,
        None => plan,
    };
    let number = row_number(Vec::new(), order)?.alias(PLACE);
    let place = Expr::Column(Column::new_unqualified(PLACE));
    LogicalPlanBuilder::from(first)
        .window(vec![number])?
        .filter(place.gt(lit(u64::try_from(skipped).unwrap_or(u64::MAX))))?
        .project(shown.into_iter().map(Expr::Column))?
        .build()
}

/// Refuses constructs without a correct form, before the decision on a statement.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED`.
pub fn check_sound_forms(plan: &LogicalPlan) -> Result<()> {
    let mut has_any = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Aggregate(aggregate) = node {
            refuse_outer_aggregates(aggregate)?;
        }
        if let LogicalPlan::Window(window) = node {
            refuse_moving_windows(&window.window_expr)?;
        }
        has_any |= matches!(node, LogicalPlan::Distinct(Distinct::On(_)));
        node.apply_expressions(|expr| {
            has_any |= expr.exists(|part| {
                Ok(matches!(
                    part,
                    Expr::Exists(_)
                        | Expr::InSubquery(_)
                        | Expr::SetComparison(_)
                        | Expr::ScalarSubquery(_)
                ))
            })?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if has_any {
        use_sound_forms(plan.clone())?;
    }
    Ok(())
}

/// Refuses an aggregate of outer columns alone. By the standard (SQL:2016, 10.9) it belongs to the outer query, which the engine
/// does not support.
fn refuse_outer_aggregates(aggregate: &Aggregate) -> Result<()> {
    for call in &aggregate.aggr_expr {
        let (mut names_outer, mut names_own) = (call.contains_outer(), call.any_column_refs());
        call.apply(|part| {
            if let Some(subquery) = subquery_of(part) {
                for column in find_outer_columns(&subquery.subquery)?.keys() {
                    match aggregate.input.schema().has_column(column) {
                        true => names_own = true,
                        false => names_outer = true,
                    }
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if names_outer && !names_own {
            let refusal = not_allowed("an aggregate of columns of the query around alone");
            let help =
                "compute it in the query around, or add a column of the subquery's own tables";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
    }
    Ok(())
}

/// Refuses aggregates over windows with a moving start, if the engine can't remove rows from their state.
fn refuse_moving_windows(calls: &[Expr]) -> Result<()> {
    for call in calls {
        let Expr::WindowFunction(window) = call.clone().unalias() else {
            continue;
        };
        let WindowFunctionDefinition::AggregateUDF(function) = &window.fun else {
            continue;
        };
        let moves = !window.params.window_frame.start_bound.is_unbounded();
        if moves && !MOVING.split(' ').any(|name| name == function.name()) {
            let what = format!("{} over a window whose first row moves", function.name());
            let refusal = not_allowed(&what);
            let help = "let the window begin with UNBOUNDED PRECEDING";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
    }
    Ok(())
}

/// Aggregates from which rows can be removed, by the engine's names.
const MOVING: &str = "\
    avg count sum min max median var_pop var stddev_pop stddev";

/// Replaces counts in windows, so that the engine assumes no monotonicity.
fn forget_rises(window: Window) -> Result<LogicalPlan> {
    let calls = window.window_expr.into_iter().map(|call| {
        call.transform(|part| match part {
            Expr::WindowFunction(mut window) => {
                let moves = !window.params.window_frame.start_bound.is_unbounded();
                match &window.fun {
                    WindowFunctionDefinition::AggregateUDF(count)
                        if moves && count.name() == "count" =>
                    {
                        window.fun = WindowFunctionDefinition::AggregateUDF(moving_count(count));
                        Ok(Transformed::yes(Expr::WindowFunction(window)))
                    }
                    _ => Ok(Transformed::no(Expr::WindowFunction(window))),
                }
            }
            other => Ok(Transformed::no(other)),
        })
        .data()
    });
    let calls = calls.collect::<Result<Vec<_>>>()?;
    Window::try_new(calls, window.input).map(LogicalPlan::Window)
}

/// Checks for `EXCEPT ALL` or `INTERSECT ALL`, which the planner converts to a join that ignores duplicates.
fn counts_copies(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftAnti | JoinType::LeftSemi)
        && join.null_equality == NullEquality::NullEqualsNull
        && join.filter.is_none()
        && !matches!(*join.left, LogicalPlan::Distinct(_))
}

/// Joins rows that are numbered among their duplicates: the third duplicate on one side equals the third on the other.
fn number_copies(join: Join) -> Result<LogicalPlan> {
    let shown = join.schema.columns();
    let (left_keys, right_keys): (Vec<Expr>, Vec<Expr>) = join.on.into_iter().unzip();
    let numbered = |plan: Arc<LogicalPlan>, keys: &[Expr], name: &str| {
        let number = row_number(keys.to_vec(), Vec::new())?.alias(name);
        LogicalPlanBuilder::from(Arc::unwrap_or_clone(plan))
            .window(vec![number])?
            .build()
    };
    let left = numbered(join.left, &left_keys, LEFT_COPY)?;
    let right = numbered(join.right, &right_keys, RIGHT_COPY)?;
    let copy = |name: &str| Expr::Column(Column::new_unqualified(name));
    let left_keys = left_keys.into_iter().chain([copy(LEFT_COPY)]);
    let right_keys = right_keys.into_iter().chain([copy(RIGHT_COPY)]);
    let joined = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        left_keys.zip(right_keys).collect(),
        None,
        join.join_type,
        join.join_constraint,
        NullEquality::NullEqualsNull,
        false,
    )?;
    LogicalPlanBuilder::from(LogicalPlan::Join(joined))
        .project(shown.into_iter().map(Expr::Column))?
        .build()
}

const LEFT_COPY: &str = "__copy_of_left";
const RIGHT_COPY: &str = "__copy_of_right";

/// Rewrites `DISTINCT ON` to the first row of each group. The engine would use a function that these sessions do not have.
fn number_rows(distinct: DistinctOn) -> Result<LogicalPlan> {
    let DistinctOn {
        on_expr,
        select_expr,
        sort_expr,
        input,
        schema,
    } = distinct;
    let Some(order) = sort_expr else {
        let refusal = not_allowed("DISTINCT ON without ORDER BY");
        let help = "say with ORDER BY which row of each group is shown";
        return Err(engine_error::wrap_refusal(refusal.with_help(help)));
    };
    let number = row_number(on_expr, order.clone())?.alias(PLACE);
    let place = Expr::Column(Column::new_unqualified(PLACE));
    let mut shown = Vec::new();
    for (expr, name) in select_expr.into_iter().zip(schema.columns()) {
        shown.push(expr.unalias().alias_qualified(name.relation, name.name));
    }
    LogicalPlanBuilder::from(Arc::unwrap_or_clone(input))
        .window(vec![number])?
        .filter(place.eq(lit(1_u64)))?
        .sort(order)?
        .project(shown)?
        .build()
}

const PLACE: &str = "__place_in_group";
