//! Plan parts that participants can compute alone, and their transfer cost.

use crate::federation::aggregate::sketch::count_sketches;
use crate::federation::colocated_join::{colocated_joins, cross_join_branches, wrap_in_select};
use crate::federation::fragment::RemoteFragment;
use crate::federation::key_space::separating_key_space;
use crate::federation::movable_expr::{is_movable, remove_alias};
use crate::federation::plan_fragments::branches_or;
use crate::federation::query_ir::{FromSource, SelectBody};
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::row_estimate;
use crate::federation::window::push_window;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Aggregate, Expr, Filter, LogicalPlan};

/// Branches of a plan, one for each participant that computes a part of it.
pub(super) fn pushed_down(
    plan: &LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Option<Vec<RemoteFragment>> {
    let more = |node: &LogicalPlan| {
        if let Some(known) = builder.cached_fragments(node) {
            return known;
        }
        let found = match node {
            LogicalPlan::Join(join) => pushed_down(&join.left, builder).and_then(|left| {
                let right = pushed_down(&join.right, builder)?;
                colocated_joins(join, &left, &right, &builder.writer)
            }),
            LogicalPlan::Aggregate(aggregate) => push_aggregate(aggregate, builder),
            LogicalPlan::Filter(filter) => push_filter(filter, builder),
            LogicalPlan::Window(window) => push_window(window, builder),
            _ => None,
        };
        builder.cache_fragments(node, found.clone());
        found
    };
    branches_or(plan, &more)
}

/// Pushes down an aggregate whose groups are complete at one participant.
fn push_aggregate(
    aggregate: &Aggregate,
    builder: &RemoteQueryBuilder,
) -> Option<Vec<RemoteFragment>> {
    let input = aggregate.input.schema();
    let branches = pushed_down(&aggregate.input, builder)?;
    let keys: Vec<Expr> = aggregate
        .group_expr
        .iter()
        .cloned()
        .map(remove_alias)
        .collect();
    if branches
        .iter()
        .any(|branch| branch.is_base() || branch.fetch.is_some())
    {
        return None;
    }
    let own = separating_key_space(&keys, &branches, input);
    if branches.len() > 1 && own.is_none() {
        return None;
    }
    let all: Vec<Expr> = aggregate
        .aggr_expr
        .iter()
        .cloned()
        .map(remove_alias)
        .collect();
    if !keys.iter().chain(&all).all(is_movable) {
        return None;
    }
    let one = |branch: &RemoteFragment| {
        let inside = |exprs: &[Expr]| -> Option<Vec<Expr>> {
            exprs
                .iter()
                .map(|expr| branch.rewrite_expr(expr, input))
                .collect()
        };
        let (keys, partials) = (inside(&keys)?, inside(&all)?);
        // A constant as a group key has another meaning in SQL.
        if !keys.iter().all(Expr::any_column_refs) {
            return None;
        }
        let mut done = wrap_in_select(
            branch,
            SelectBody::Groups { keys, partials },
            &builder.writer,
        )?;
        done.relies.extend(own.clone());
        let kinds = done.columns();
        let kinds = kinds.fields().iter().map(|field| field.data_type());
        kinds
            .eq(aggregate
                .schema
                .fields()
                .iter()
                .map(|field| field.data_type()))
            .then_some(done)
    };
    branches.iter().map(one).collect()
}

/// Pushes down a filter that compares with scalar values of the same participant. The values become additional columns of the rows.
fn push_filter(filter: &Filter, builder: &RemoteQueryBuilder) -> Option<Vec<RemoteFragment>> {
    let branches = pushed_down(&filter.input, builder)?;
    let [branch] = branches.as_slice() else {
        return None;
    };
    let count = branch.outputs.len();
    let mut both = branch.clone();
    let mut values = Vec::new();
    let walked = filter.predicate.apply(|expr| {
        if let Expr::ScalarSubquery(inner) = expr {
            values.push(inner.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok()?;
    for value in &values {
        let inner = pushed_down(&value.subquery, builder)?;
        let [inner] = inner.as_slice() else {
            return None;
        };
        if !value.outer_ref_columns.is_empty() || !is_one_row(inner) {
            return None;
        }
        both = cross_join_branches(&both, inner, &builder.writer)?;
    }
    let found = both.outputs.split_off(count);
    let schema = filter.input.schema();
    let mut whole = true;
    let predicate = filter.predicate.clone().transform_down(|expr| {
        let known = match &expr {
            Expr::ScalarSubquery(inner) => {
                let at = values.iter().position(|value| value == inner);
                at.and_then(|at| found.get(at))
            }
            Expr::Column(column) => {
                let at = schema.maybe_index_of_column(column);
                at.and_then(|at| both.outputs.get(at))
            }
            _ => return Ok(Transformed::no(expr)),
        };
        whole &= known.is_some();
        let known = known.cloned().unwrap_or(expr);
        Ok(Transformed::new(known, true, TreeNodeRecursion::Jump))
    });
    let predicate = predicate.ok()?.data.unalias_nested().data;
    if !whole || !is_movable(&predicate) {
        return None;
    }
    both.conjuncts.extend(split_conjunction_owned(predicate));
    Some(vec![both])
}

/// Checks that a branch always has exactly one row: an aggregate without keys.
fn is_one_row(branch: &RemoteFragment) -> bool {
    let [item] = branch.from.as_slice() else {
        return false;
    };
    let FromSource::Inner(inner) = &item.source else {
        return false;
    };
    let all = matches!(&inner.select.body, SelectBody::Groups { keys, .. } if keys.is_empty());
    all && branch.conjuncts.is_empty() && branch.fetch.is_none() && inner.select.limit.is_none()
}

/// Checks that a branch is more than a chain over one relation.
pub(super) fn is_more(branch: &RemoteFragment) -> bool {
    branch.from.len() > 1
        || matches!(branch.from.first(), Some(item) if matches!(item.source, FromSource::Inner(_)))
}

/// Maximum ratio of transferred bytes for joins and groups at the participants. Most additional bytes are repeated columns, which
/// compress well, and such a branch permits further pushdown of conditions, keys and aggregates.
pub(super) const AS_GOOD: f64 = 1.25;

/// Checks that the result of this part has about as few bytes as its inputs.
pub(super) fn is_worth_pushdown(
    plan: &LogicalPlan,
    branches: &[RemoteFragment],
    builder: &RemoteQueryBuilder,
) -> bool {
    let parts: f64 = plan
        .inputs()
        .into_iter()
        .map(|input| estimate_transfer_bytes(input, builder))
        .sum();
    estimate_branch_bytes(plan, branches) <= AS_GOOD * parts
        || branches.iter().any(RemoteFragment::must_stay)
}

/// Estimated bytes of branches as the rows of a plan.
pub(super) fn estimate_branch_bytes(plan: &LogicalPlan, branches: &[RemoteFragment]) -> f64 {
    let rows: f64 = branches.iter().map(row_estimate::estimate_rows).sum();
    row_estimate::estimate_bytes(rows, plan.schema().fields())
}

/// Estimated minimum transfer for a part of a plan, in bytes.
pub(super) fn estimate_transfer_bytes(plan: &LogicalPlan, builder: &RemoteQueryBuilder) -> f64 {
    let inputs = plan.inputs();
    let parts: f64 = inputs
        .iter()
        .map(|input| estimate_transfer_bytes(input, builder))
        .sum();
    let whole = pushed_down(plan, builder).map(|branches| estimate_branch_bytes(plan, &branches));
    match (plan, whole) {
        (_, Some(whole)) if inputs.is_empty() => whole,
        (_, Some(whole)) => whole.min(parts),
        (LogicalPlan::Aggregate(aggregate), None) => {
            estimate_partial_bytes(aggregate, builder).unwrap_or(parts)
        }
        (_, None) => parts,
    }
}

/// Estimated bytes of an aggregate whose partial states are merged here.
pub(super) fn estimate_partial_bytes(
    aggregate: &Aggregate,
    builder: &RemoteQueryBuilder,
) -> Option<f64> {
    let input = aggregate.input.schema();
    let branches = pushed_down(&aggregate.input, builder)?;
    let each = branches.iter().map(|branch| {
        let keys = aggregate.group_expr.iter();
        let keys: Option<Vec<Expr>> = keys.map(|key| branch.rewrite_expr(key, input)).collect();
        keys.map(|keys| row_estimate::estimate_groups(branch, &keys))
    });
    let groups: Option<Vec<f64>> = each.collect();
    let groups: f64 = groups?.iter().sum();
    let rows = branches.iter().map(row_estimate::estimate_rows).sum();
    let states = row_estimate::estimate_state_bytes(count_sketches(aggregate), groups, rows);
    Some(row_estimate::estimate_bytes(groups, aggregate.schema.fields()) + states)
}
