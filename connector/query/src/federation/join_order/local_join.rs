//! Local joins of clusters that no participant can join alone, in the order with the fewest intermediate rows.

use crate::federation::join_enumeration::{JoinCardinality, MOST, cheapest_order};
use crate::federation::join_order::join_cluster::{
    JoinCluster, has_column, join_plans, uses_only_schemas,
};
use crate::federation::row_estimate;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use std::collections::BTreeSet;

/// Minimum ratio of intermediate rows by which another order replaces that of the text.
const WORSE: f64 = 2.0;

/// Joins all clusters to one plan.
pub(super) fn local_joins(
    clusters: Vec<JoinCluster>,
    conditions: Vec<Expr>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    if clusters.len() <= MOST {
        let order = cheapest_order(
            &cluster_places(&clusters),
            &join_cardinality(&clusters, &conditions),
        );
        let plan = in_order(&clusters, &order, conditions.clone())?;
        if plan.is_some() {
            return Ok(plan);
        }
    }
    smallest_first(clusters, conditions)
}

/// Joins all clusters in a new order, if nothing else has changed and the order of the text has far more intermediate rows.
pub(super) fn better_order(
    clusters: &[JoinCluster],
    conditions: Vec<Expr>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    if !(3..=MOST).contains(&clusters.len()) {
        return Ok(None);
    }
    let cardinality = join_cardinality(clusters, &conditions);
    let places = cluster_places(clusters);
    let order = cheapest_order(&places, &cardinality);
    if cardinality.rows_held(&order) * WORSE > cardinality.rows_held(&places) {
        return Ok(None);
    }
    in_order(clusters, &order, conditions)
}

fn cluster_places(clusters: &[JoinCluster]) -> Vec<usize> {
    (0..clusters.len()).collect()
}

/// Estimates for the clusters and their conditions.
fn join_cardinality(clusters: &[JoinCluster], conditions: &[Expr]) -> JoinCardinality {
    let conditions = conditions.iter().map(|condition| {
        let used = clusters.iter().enumerate().filter(|(_, cluster)| {
            let schema = cluster.plan.schema();
            let mut columns = condition.column_refs().into_iter();
            columns.any(|column| has_column(schema, column))
        });
        let used: BTreeSet<usize> = used.map(|(at, _)| at).collect();
        match condition {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::Eq,
                right,
            }) => {
                let values = estimate_distinct_count(clusters, left)
                    .max(estimate_distinct_count(clusters, right));
                // A condition over more than two clusters is no join key.
                (used.clone(), used.len() == 2, 1.0 / values.max(1.0))
            }
            _ => (used, false, 1.0 / 3.0),
        }
    });
    JoinCardinality {
        rows: clusters.iter().map(JoinCluster::rows).collect(),
        conditions: conditions.collect(),
    }
}

/// Estimated distinct count of an expression over one cluster.
fn estimate_distinct_count(clusters: &[JoinCluster], expr: &Expr) -> f64 {
    let mut all = clusters.iter();
    let Some(cluster) = all.find(|cluster| uses_only_schemas(expr, &[cluster.plan.schema()]))
    else {
        return 1.0;
    };
    let rows = cluster.rows();
    let branches = cluster.branches.iter().flatten();
    let reported = branches.filter_map(|branch| {
        let inside = branch.rewrite_expr(expr, cluster.plan.schema())?;
        row_estimate::estimate_distinct_count(&branch.from, &inside)
    });
    // Without a statistic, each row is assumed to have its own value, as a group key has.
    reported
        .reduce(f64::max)
        .map_or(rows, |most| most.min(rows))
}

/// Joins the clusters in the given order. Returns `None` if a cluster is not compared with the previous ones.
fn in_order(
    clusters: &[JoinCluster],
    order: &[usize],
    mut conditions: Vec<Expr>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let mut ordered = order.iter().filter_map(|place| clusters.get(*place));
    let Some(first) = ordered.next() else {
        return Ok(None);
    };
    let mut plan = first.plan.clone();
    for cluster in ordered {
        let Some(both) = add_cluster(&plan, cluster, &mut conditions)? else {
            return Ok(None);
        };
        plan = both;
    }
    Ok(conditions.is_empty().then_some(plan))
}

/// Joins one more cluster by the conditions over both sides, which are then consumed. Returns `None` if no condition compares them.
fn add_cluster(
    plan: &LogicalPlan,
    cluster: &JoinCluster,
    conditions: &mut Vec<Expr>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let both = join_plans(plan, &cluster.plan, conditions)?;
    if let Some(both) = &both {
        conditions.retain(|condition| !uses_only_schemas(condition, &[both.schema()]));
    }
    Ok(both)
}

/// Joins all clusters: the smallest first, then always the smallest one that a condition connects.
fn smallest_first(
    mut clusters: Vec<JoinCluster>,
    mut conditions: Vec<Expr>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    clusters.sort_by(|one, two| one.rows().total_cmp(&two.rows()));
    let mut plan = clusters.remove(0).plan;
    while !clusters.is_empty() {
        let mut next = None;
        for (at, cluster) in clusters.iter().enumerate() {
            if let Some(both) = add_cluster(&plan, cluster, &mut conditions)? {
                next = Some((at, both));
                break;
            }
        }
        let Some((at, both)) = next else {
            return Ok(None);
        };
        clusters.remove(at);
        plan = both;
    }
    Ok(conditions.is_empty().then_some(plan))
}

#[cfg(test)]
mod tests;
