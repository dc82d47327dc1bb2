//! Join order: relations of one participant are joined first, if that transfers fewer bytes.
//!
//! The engine's rules join in the order of the text. This module places relations of one participant next to each other if an
//! equality compares them. The remaining joins are local, in the order with the fewest intermediate rows; for more than eight
//! relations, the smallest comes first.

mod join_cluster;
mod local_join;

use self::local_join::{better_order, local_joins};
use crate::federation::fragment::RemoteFragment;
use crate::federation::infallible_expr::never_fails;
use crate::federation::join_order::join_cluster::{
    JoinCluster, has_column, join_plans, uses_only_schemas,
};
use crate::federation::movable_expr::is_movable;
use crate::federation::pushdown::{AS_GOOD, estimate_branch_bytes, pushed_down};
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, JoinType, NullEquality};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, Projection};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Plan with a cheaper join order, and a flag for a change.
pub(super) fn reorder_joins(
    plan: LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Result<Transformed<LogicalPlan>, DataFusionError> {
    plan.transform_down_with_subqueries(|node| {
        let LogicalPlan::Join(join) = &node else {
            return Ok(Transformed::no(node));
        };
        let tree = is_inner(join);
        // An order that can't be built leaves the plan unchanged.
        let better = reorder_join_tree(&node, builder).ok().flatten();
        let changed = better.is_some();
        let plan = better.unwrap_or(node);
        // Each join tree is processed once; the walk continues in its inputs.
        let below = if changed || tree {
            plan.map_children(|child| order_inputs(child, builder))
        } else {
            plan.map_children(|child| reorder_joins(child, builder))
        }?;
        let changed = changed || below.transformed;
        Ok(Transformed::new(
            below.data,
            changed,
            TreeNodeRecursion::Jump,
        ))
    })
}

/// Processes the inputs of a join tree, each with its own join order.
fn order_inputs(
    plan: LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Result<Transformed<LogicalPlan>, DataFusionError> {
    if is_of_tree(&plan) {
        plan.map_children(|child| order_inputs(child, builder))
    } else {
        reorder_joins(plan, builder)
    }
}

/// Checks that a node belongs to the tree of inner joins above it.
fn is_of_tree(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(join) => is_inner(join),
        LogicalPlan::Filter(filter) => over_join(&filter.input),
        LogicalPlan::Projection(projection) => only_columns(projection),
        _ => false,
    }
}

/// Checks that a projection over joins only removes columns.
fn only_columns(projection: &Projection) -> bool {
    over_join(&projection.input)
        && projection
            .expr
            .iter()
            .all(|expr| matches!(expr, Expr::Column(_)))
}

/// Joined relations and their conditions.
#[derive(Default)]
struct JoinGraph {
    parts: Vec<LogicalPlan>,
    conditions: Vec<Expr>,
}

fn reorder_join_tree(
    node: &LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let mut flat = JoinGraph::default();
    flat.add_plan(node)?;
    if flat.parts.len() < 2 || !flat.is_plain() {
        return Ok(None);
    }
    let is_chain = is_chain(node);
    let mut changed = flat.narrow()?;
    let mut clusters: Vec<JoinCluster> = flat
        .parts
        .into_iter()
        .map(|part| JoinCluster::from_plan(part, builder))
        .collect();
    let mut conditions = flat.conditions;
    while let Some((one, two, cluster)) = cheapest_join(&clusters, &conditions, builder)? {
        conditions.retain(|condition| !uses_only_schemas(condition, &[cluster.plan.schema()]));
        clusters.remove(two.max(one));
        clusters.remove(two.min(one));
        clusters.push(cluster);
        changed = true;
    }
    let plan = if changed {
        local_joins(clusters, conditions)?
    } else if is_chain {
        better_order(&clusters, conditions)?
    } else {
        None
    };
    let Some(plan) = plan else {
        return Ok(None);
    };
    let columns = node.schema().columns().into_iter().map(Expr::Column);
    LogicalPlanBuilder::from(plan)
        .project(columns)?
        .build()
        .map(Some)
}

/// Checks that the tree is a left-deep chain, without joins of joins.
fn is_chain(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(join) if is_inner(join) => {
            !is_of_tree(&join.right) && (!is_of_tree(&join.left) || is_chain(&join.left))
        }
        LogicalPlan::Filter(filter) => is_chain(&filter.input),
        LogicalPlan::Projection(projection) => is_chain(&projection.input),
        _ => true,
    }
}

impl JoinGraph {
    fn add_plan(&mut self, plan: &LogicalPlan) -> Result<(), DataFusionError> {
        match plan {
            LogicalPlan::Join(join) if is_inner(join) => {
                self.add_plan(&join.left)?;
                self.add_plan(&join.right)?;
                let pairs = join.on.iter().cloned();
                self.conditions
                    .extend(pairs.map(|(left, right)| left.eq(right)));
                let filter = join.filter.iter().cloned();
                self.conditions
                    .extend(filter.flat_map(split_conjunction_owned));
            }
            LogicalPlan::Filter(filter) if over_join(&filter.input) => {
                self.add_plan(&filter.input)?;
                self.conditions
                    .extend(split_conjunction_owned(filter.predicate.clone()));
            }
            // The projection only removes columns.
            LogicalPlan::Projection(projection) if only_columns(projection) => {
                self.add_plan(&projection.input)?;
            }
            // A semi-join or anti-join with one relation is applied to that relation.
            LogicalPlan::Join(join) if keeps_left(join) && over_join(&join.left) => {
                let mut inner = Self::default();
                inner.add_plan(&join.left)?;
                match only_part(join, &inner.parts) {
                    Some(at) => {
                        if let Some(part) = inner.parts.get_mut(at) {
                            let left = std::mem::take(part);
                            *part = LogicalPlan::Join(Join::try_new(
                                Arc::new(left),
                                Arc::clone(&join.right),
                                join.on.clone(),
                                join.filter.clone(),
                                join.join_type,
                                join.join_constraint,
                                join.null_equality,
                                join.null_aware,
                            )?);
                        }
                        self.parts.append(&mut inner.parts);
                        self.conditions.append(&mut inner.conditions);
                    }
                    None => self.parts.push(plan.clone()),
                }
            }
            other => self.parts.push(other.clone()),
        }
        Ok(())
    }

    /// Turns conditions over one relation into filters of it.
    fn narrow(&mut self) -> Result<bool, DataFusionError> {
        let mut narrowed = false;
        for part in &mut self.parts {
            let schema = Arc::clone(part.schema());
            let (own, others): (Vec<Expr>, Vec<Expr>) = std::mem::take(&mut self.conditions)
                .into_iter()
                .partition(|one| uses_only_schemas(one, &[&schema]));
            self.conditions = others;
            if let Some(predicate) = conjunction(own) {
                narrowed = true;
                let input = Arc::new(std::mem::take(part));
                *part = LogicalPlan::Filter(Filter::try_new(predicate, input)?);
            }
        }
        Ok(narrowed)
    }

    /// Checks that the joins can be reordered: each column belongs to one relation, and the conditions can be evaluated anywhere
    /// without an error.
    fn is_plain(&self) -> bool {
        let columns = self.parts.iter().flat_map(|part| part.schema().columns());
        let columns: Vec<Column> = columns.collect();
        let distinct: BTreeSet<&Column> = columns.iter().collect();
        // An unqualified name would match a column of any relation.
        let alone = |one: &Column| {
            one.relation.is_some()
                || columns
                    .iter()
                    .filter(|other| other.name == one.name)
                    .count()
                    == 1
        };
        if distinct.len() < columns.len() || !columns.iter().all(alone) {
            return false;
        }
        let schemas = self.parts.iter().map(|part| part.schema());
        let all = schemas.fold(DFSchema::empty(), |mut all, one| {
            all.merge(one);
            all
        });
        let mut conditions = self.conditions.iter();
        conditions
            .all(|one| is_movable(one) && never_fails(one, &all) && uses_only_schemas(one, &[&all]))
    }
}

/// Pair of clusters whose join at the participants transfers the fewest bytes, if that is about as good as separate transfers.
fn cheapest_join(
    clusters: &[JoinCluster],
    conditions: &[Expr],
    builder: &RemoteQueryBuilder,
) -> Result<Option<(usize, usize, JoinCluster)>, DataFusionError> {
    let mut best: Option<(f64, (usize, usize, JoinCluster))> = None;
    for (at, one) in clusters.iter().enumerate() {
        for (behind, two) in clusters.iter().enumerate().skip(at.saturating_add(1)) {
            if one.branches.is_none() || two.branches.is_none() {
                continue;
            }
            let Some(plan) = join_plans(&one.plan, &two.plan, conditions)? else {
                continue;
            };
            let Some(branches) = pushed_down(&plan, builder) else {
                continue;
            };
            let size = estimate_branch_bytes(&plan, &branches);
            let less = best.as_ref().is_none_or(|best| size < best.0);
            let must = branches.iter().any(RemoteFragment::must_stay);
            if (must || size <= AS_GOOD * (one.bytes + two.bytes)) && less {
                let cluster = JoinCluster {
                    plan,
                    branches: Some(branches),
                    // The tolerance must not accumulate over several joins.
                    bytes: size.min(one.bytes + two.bytes),
                };
                best = Some((size, (at, behind, cluster)));
            }
        }
    }
    Ok(best.map(|(_, found)| found))
}

fn is_inner(join: &Join) -> bool {
    join.join_type == JoinType::Inner && join.null_equality == NullEquality::NullEqualsNothing
}

const fn keeps_left(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
}

fn over_join(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(join) => is_inner(join) || (keeps_left(join) && over_join(&join.left)),
        LogicalPlan::Projection(projection) => over_join(&projection.input),
        LogicalPlan::Filter(filter) => over_join(&filter.input),
        _ => false,
    }
}

/// Index of the only relation that a join compares with its right side. The conditions must be safe on all its rows.
fn only_part(join: &Join, parts: &[LogicalPlan]) -> Option<usize> {
    let mut used = BTreeSet::new();
    let both = join.left.schema().join(join.right.schema()).ok()?;
    let conditions = join.on.iter().flat_map(|(left, right)| [left, right]);
    for expr in conditions.chain(&join.filter) {
        if !never_fails(expr, &both) {
            return None;
        }
        for column in expr.column_refs() {
            let mut holders = parts.iter().enumerate();
            let holder = holders.find(|(_, part)| has_column(part.schema(), column));
            match holder {
                Some((at, _)) => used.insert(at),
                None if has_column(join.right.schema(), column) => false,
                None => return None,
            };
        }
    }
    let only = used.iter().next().copied()?;
    (used.len() == 1).then_some(only)
}
