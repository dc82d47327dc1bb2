//! The order of joins: what one participant has is put together first, where that brings fewer bytes.
//!
//! The stock rules join in the order in which the text names the tables. Here relations of the same participants that are
//! compared for equality become neighbours; what is left is joined here, one after the other, in the order in which the
//! fewest rows are held: of more than eight, the smallest first.

mod join_cluster;
mod local_join;

use self::local_join::{better_order, local_joins};
use crate::federation::fragment::RemoteFragment;
use crate::federation::infallible_expr::never_fails;
use crate::federation::join_order::join_cluster::{JoinCluster, has, join_plans, within};
use crate::federation::movable_expr::movable;
use crate::federation::pushdown::{AS_GOOD, bytes, pushed_down};
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, JoinType, NullEquality};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, Projection};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The plan with its joins in another order where that pays, and whether there is any.
pub(super) fn reorder_joins(
    plan: LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Result<Transformed<LogicalPlan>, DataFusionError> {
    plan.transform_down_with_subqueries(|node| {
        let LogicalPlan::Join(join) = &node else {
            return Ok(Transformed::no(node));
        };
        let tree = is_inner(join);
        // An order that can't be put together is none.
        let better = reorder_join_tree(&node, builder).ok().flatten();
        let changed = better.is_some();
        let plan = better.unwrap_or(node);
        // Each join is looked at once: the tree is done, what it joins is not.
        let below = if changed || tree {
            plan.map_children(|child| parts(child, builder))
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

/// What a tree of joins is over, each in its own order.
fn parts(
    plan: LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Result<Transformed<LogicalPlan>, DataFusionError> {
    if is_of_tree(&plan) {
        plan.map_children(|child| parts(child, builder))
    } else {
        reorder_joins(plan, builder)
    }
}

/// Whether a node belongs to the tree of inner joins above it.
fn is_of_tree(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(join) => is_inner(join),
        LogicalPlan::Filter(filter) => over_join(&filter.input),
        LogicalPlan::Projection(projection) => only_columns(projection),
        _ => false,
    }
}

/// Whether a projection over joins only leaves columns out.
fn only_columns(projection: &Projection) -> bool {
    over_join(&projection.input)
        && projection
            .expr
            .iter()
            .all(|expr| matches!(expr, Expr::Column(_)))
}

/// Relations that are joined, and the conditions among them.
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
    flat.take(node)?;
    if flat.parts.len() < 2 || !flat.is_plain() {
        return Ok(None);
    }
    let is_chain = is_chain(node);
    let mut changed = flat.narrow()?;
    let mut clusters: Vec<JoinCluster> = flat
        .parts
        .into_iter()
        .map(|part| JoinCluster::of(part, builder))
        .collect();
    let mut conditions = flat.conditions;
    while let Some((one, two, cluster)) = cheapest(&clusters, &conditions, builder)? {
        conditions.retain(|condition| !within(condition, &[cluster.plan.schema()]));
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

/// Whether one part after the other is put to what is there: the text names no joins of joins.
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
    fn take(&mut self, plan: &LogicalPlan) -> Result<(), DataFusionError> {
        match plan {
            LogicalPlan::Join(join) if is_inner(join) => {
                self.take(&join.left)?;
                self.take(&join.right)?;
                let pairs = join.on.iter().cloned();
                self.conditions
                    .extend(pairs.map(|(left, right)| left.eq(right)));
                let filter = join.filter.iter().cloned();
                self.conditions
                    .extend(filter.flat_map(split_conjunction_owned));
            }
            LogicalPlan::Filter(filter) if over_join(&filter.input) => {
                self.take(&filter.input)?;
                self.conditions
                    .extend(split_conjunction_owned(filter.predicate.clone()));
            }
            // Only leaves columns out.
            LogicalPlan::Projection(projection) if only_columns(projection) => {
                self.take(&projection.input)?;
            }
            // What only keeps or drops rows of one part is done to that part.
            LogicalPlan::Join(join) if keeps_left(join) && over_join(&join.left) => {
                let mut inner = Self::default();
                inner.take(&join.left)?;
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

    /// Conditions over one part become filters of it.
    fn narrow(&mut self) -> Result<bool, DataFusionError> {
        let mut narrowed = false;
        for part in &mut self.parts {
            let schema = Arc::clone(part.schema());
            let (own, others): (Vec<Expr>, Vec<Expr>) = std::mem::take(&mut self.conditions)
                .into_iter()
                .partition(|one| within(one, &[&schema]));
            self.conditions = others;
            if let Some(predicate) = conjunction(own) {
                narrowed = true;
                let input = Arc::new(std::mem::take(part));
                *part = LogicalPlan::Filter(Filter::try_new(predicate, input)?);
            }
        }
        Ok(narrowed)
    }

    /// Whether each column stands for one part alone, and conditions hold and fail nowhere, wherever they are asked: joins
    /// can be put together anew.
    fn is_plain(&self) -> bool {
        let columns = self.parts.iter().flat_map(|part| part.schema().columns());
        let columns: Vec<Column> = columns.collect();
        let distinct: BTreeSet<&Column> = columns.iter().collect();
        // A name without its relation would stand for that of any relation as well.
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
        conditions.all(|one| movable(one) && never_fails(one, &all) && within(one, &[&all]))
    }
}

/// Two clusters that participants put together for the fewest bytes, where that is about as good as both apart.
fn cheapest(
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
            let size = bytes(&plan, &branches);
            let less = best.as_ref().is_none_or(|best| size < best.0);
            let must = branches.iter().any(RemoteFragment::must_stay);
            if (must || size <= AS_GOOD * (one.bytes + two.bytes)) && less {
                let cluster = JoinCluster {
                    plan,
                    branches: Some(branches),
                    // What more it brings is not allowed once again for the next one.
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

/// The part whose columns alone a join compares with its right side, by conditions that can be asked of all its rows.
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
            let holder = holders.find(|(_, part)| has(part.schema(), column));
            match holder {
                Some((at, _)) => used.insert(at),
                None if has(join.right.schema(), column) => false,
                None => return None,
            };
        }
    }
    let only = used.iter().next().copied()?;
    (used.len() == 1).then_some(only)
}
