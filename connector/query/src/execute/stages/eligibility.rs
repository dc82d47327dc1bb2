//! Rule for plans that may run in stages: a closed list of nodes whose results do not depend on the distribution of rows.

use super::exact_aggregates::why_not_exact;
use super::leaf_parts::is_dealable;
use crate::execute::gated_leaf::GovernedScanExec;
use crate::execute::plan_preparation::OptimizedPlan;
use crate::execute::row_order::fixed_above;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::scalar_subquery::ScalarSubqueryExpr;
use datafusion::physical_expr::{LexOrdering, Partitioning, PhysicalExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion_common::Result;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use hansa_policy::id::DatasetId;
use std::fmt;
use std::sync::Arc;

type Plan = Arc<dyn ExecutionPlan>;

/// Row count of the largest stored table whose rows may be distributed, or `None` if there is no such table.
pub(crate) fn largest_table(plan: &Plan) -> Result<Option<u64>> {
    let mut largest = None;
    plan.apply(|node| {
        let leaf = node.downcast_ref::<GovernedScanExec>();
        let rows = leaf
            .filter(|leaf| is_dealable(leaf))
            .and_then(|leaf| leaf.rows());
        largest = largest.max(rows);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(largest)
}

/// Reason to run a question at the connector or at one core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HomeReason {
    /// There are fewer than two workers.
    FewWorkers,
    /// No table has enough stored rows. The value is the row count of the largest table that could be distributed.
    Small(Option<u64>),
    /// The plan has no last sort or aggregation that could get a total order.
    Unsorted,
    /// The rows of a table can't be distributed.
    Table(DatasetId),
    /// The states of an aggregate can't be merged or can't be sent.
    Aggregate(String),
    /// The join keys are floating-point numbers, or rows are not distributed by keys.
    Keys,
    /// A limit applies to an order with ties.
    Limit,
    /// The plan waits for the value of another query.
    ScalarSubquery,
    /// The plan has a node that is not on the list. The value is the engine's name of the node.
    Node(String),
    /// The plan has no exchange, or the exchanged rows have a type that can't be sent.
    OneStage,
}

impl fmt::Display for HomeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewWorkers => f.write_str("fewer than two workers are there"),
            Self::Small(None) => f.write_str("it reads no table whose rows can be dealt"),
            Self::Small(Some(rows)) => write!(
                f,
                "the largest table that it reads has {rows} rows, fewer than `[cluster] at_least`"
            ),
            Self::Unsorted => {
                f.write_str("no last sorting or grouping of it can be put into a total order")
            }
            Self::Table(dataset) => write!(f, "the rows of `{dataset}` can't be dealt"),
            Self::Aggregate(name) => {
                write!(
                    f,
                    "`{name}` can't be put together of parts as it is asked for"
                )
            }
            Self::Keys => f.write_str("rows meet by floating-point numbers, or by no keys"),
            Self::Limit => f.write_str("a limit within it counts rows in an order with ties"),
            Self::ScalarSubquery => {
                f.write_str("it compares with the single value of another query")
            }
            Self::Node(name) => write!(f, "`{name}` is not run in stages"),
            Self::OneStage => f.write_str("nothing in it is exchanged, or can't travel"),
        }
    }
}

/// Reason why a plan may not run in stages. Returns `None` if the plan gives bit-identical rows in one order for each distribution
/// of rows among tasks.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(super) fn why_at_home(made: &OptimizedPlan) -> Result<Option<HomeReason>> {
    why_together(made, DealtTo::Workers)
}

/// Reason why a plan may not run at several cores. Returns `None` under the condition of [`why_at_home`].
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(crate) fn why_at_one_core(made: &OptimizedPlan) -> Result<Option<HomeReason>> {
    why_together(made, DealtTo::Cores)
}

/// Receivers of the distributed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DealtTo {
    Workers,
    Cores,
}

fn why_together(made: &OptimizedPlan, dealt_to: DealtTo) -> Result<Option<HomeReason>> {
    // INVARIANT: dealt-alike. The root fixes the order of rows, and no node below it depends on row order.
    if fixed_above(&made.optimized)?.is_none() {
        return Ok(Some(HomeReason::Unsorted));
    }
    let mut why = None;
    made.physical.apply(|node| {
        why = why_unlisted(node, dealt_to);
        // The value of another part of the plan can't be sent.
        if why.is_none() && dealt_to == DealtTo::Workers && !stands_alone(node)? {
            why = Some(HomeReason::ScalarSubquery);
        }
        Ok(match why {
            None => TreeNodeRecursion::Continue,
            Some(_) => TreeNodeRecursion::Stop,
        })
    })?;
    Ok(why)
}

/// Reason why a node is not on the list.
fn why_unlisted(node: &Plan, dealt_to: DealtTo) -> Option<HomeReason> {
    let unless = |listed: bool, why: HomeReason| (!listed).then_some(why);
    if let Some(leaf) = node.downcast_ref::<GovernedScanExec>() {
        let listed = leaf.is_dealt() || is_dealable(leaf);
        return unless(listed, HomeReason::Table(leaf.dataset().clone()));
    }
    if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
        return why_not_exact(aggregate).map(HomeReason::Aggregate);
    }
    if let Some(sort) = node.downcast_ref::<SortExec>() {
        let total = sort.fetch().is_none() || is_total(sort.expr(), &sort.schema());
        return unless(total, HomeReason::Limit);
    }
    if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>() {
        let total = merge.fetch().is_none() || is_total(merge.expr(), &merge.schema());
        return unless(total, HomeReason::Limit);
    }
    if let Some(deal) = node.downcast_ref::<RepartitionExec>() {
        let listed = match deal.partitioning() {
            // Group keys are normalised, whereas equal floating-point numbers can have two representations.
            Partitioning::Hash(keys, _) => {
                deal.input().is::<AggregateExec>()
                    || keys.iter().all(|key| is_exact(key, &deal.input().schema()))
            }
            _ => false,
        };
        return unless(listed, HomeReason::Keys);
    }
    if let Some(limit) = node.downcast_ref::<GlobalLimitExec>() {
        return unless(sorted_below(limit.input()), HomeReason::Limit);
    }
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        let exact = |(left, right): &(_, _)| {
            is_exact(left, &join.left().schema()) && is_exact(right, &join.right().schema())
        };
        if !join.on().iter().all(exact) {
            return Some(HomeReason::Keys);
        }
    }
    let here = node.is::<ScalarSubqueryExec>() || node.is::<UnionExec>();
    let by_row = (here && dealt_to == DealtTo::Cores)
        || node.is::<FilterExec>()
        || node.is::<ProjectionExec>()
        || node.is::<CooperativeExec>()
        || node.is::<CoalescePartitionsExec>()
        || node.is::<HashJoinExec>()
        || node.is::<CrossJoinExec>()
        || node.is::<NestedLoopJoinExec>();
    match (by_row, node.fetch()) {
        (true, None) => None,
        (true, Some(_)) => Some(HomeReason::Limit),
        (false, _) => Some(HomeReason::Node(node.name().to_owned())),
    }
}

/// Checks that a limit applies to a total order.
fn sorted_below(node: &Plan) -> bool {
    if let Some(sort) = node.downcast_ref::<SortExec>() {
        return is_total(sort.expr(), &sort.schema());
    }
    if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>() {
        return is_total(merge.expr(), &merge.schema());
    }
    let passes = node.is::<ProjectionExec>() || node.is::<CooperativeExec>();
    match node.children().as_slice() {
        [below] => passes && sorted_below(below),
        _ => false,
    }
}

/// Checks that an order distinguishes all rows that differ, which requires each column in the order.
fn is_total(order: &LexOrdering, schema: &SchemaRef) -> bool {
    let by_column = |at: usize| {
        let mut keys = order.iter();
        keys.any(|key| {
            let column = key.expr.downcast_ref::<Column>();
            column.is_some_and(|column| column.index() == at)
        })
    };
    (0..schema.fields().len()).all(by_column)
}

/// Checks that equal key values are bit-identical.
fn is_exact(key: &Arc<dyn PhysicalExpr>, schema: &SchemaRef) -> bool {
    key.data_type(schema).is_ok_and(|kind| !kind.is_floating())
}

/// Checks that a node does not wait for another part of the plan.
fn stands_alone(node: &Plan) -> Result<bool> {
    let mut alone = true;
    node.apply_expressions(&mut |expr: &Arc<dyn PhysicalExpr>| {
        expr.apply(|part| {
            alone &= part.downcast_ref::<ScalarSubqueryExpr>().is_none();
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(alone)
}
