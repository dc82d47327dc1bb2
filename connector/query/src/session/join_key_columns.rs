//! Computed join keys.
//!
//! The engine's planner computes such a key below the join. If one side has two columns with equal names from different tables, the
//! planner assigns both to one table and can't distinguish them (DataFusion 55.2).

use datafusion_common::tree_node::Transformed;
use datafusion_common::{Column, Result, TableReference};
use datafusion_expr::Expr;
use datafusion_expr::logical_plan::{Join, LogicalPlan, LogicalPlanBuilder};
use std::sync::Arc;

/// Adds a column for each key of a join that has a computed key.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub(crate) fn compute_join_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let computed = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Join(join) if !has_columns_alone(&join) => {
            compute_keys_of(join).map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(computed.data)
}

fn has_columns_alone(join: &Join) -> bool {
    let mut keys = join.on.iter().flat_map(|(left, right)| [left, right]);
    keys.all(|key| matches!(key, Expr::Column(_)))
}

fn compute_keys_of(join: Join) -> Result<LogicalPlan> {
    let shown = join.schema.columns();
    let (left_keys, right_keys): (Vec<Expr>, Vec<Expr>) = join.on.into_iter().unzip();
    let left = KeyedSide::new(join.left, left_keys, LEFT)?;
    let right = KeyedSide::new(join.right, right_keys, RIGHT)?;
    let joined = Join::try_new(
        Arc::new(left.plan),
        Arc::new(right.plan),
        left.keys.into_iter().zip(right.keys).collect(),
        join.filter,
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?;
    let given = joined.schema.columns().into_iter();
    let given =
        given.filter(|column| !left.added.contains(column) && !right.added.contains(column));
    let exprs = given
        .zip(shown)
        .map(|(column, shown)| match column == shown {
            true => Expr::Column(column),
            false => Expr::Column(column).alias_qualified(shown.relation, shown.name),
        });
    let exprs: Vec<Expr> = exprs.collect();
    LogicalPlanBuilder::from(LogicalPlan::Join(joined))
        .project(exprs)?
        .build()
}

/// One side of a join, whose keys are columns.
struct KeyedSide {
    plan: LogicalPlan,
    keys: Vec<Expr>,
    /// Columns that were added to the side.
    added: Vec<Column>,
}

impl KeyedSide {
    fn new(plan: Arc<LogicalPlan>, keys: Vec<Expr>, name: &str) -> Result<Self> {
        // The mark column of a mark join is qualified with the table of the other side, if that is a single one.
        let only = {
            let mut tables = plan.schema().iter().filter_map(|(table, _)| table);
            let first = tables.next();
            first
                .filter(|first| tables.all(|other| other == *first))
                .cloned()
        };
        let table = only.unwrap_or_else(|| TableReference::bare(name));
        let shown = plan.schema().columns().into_iter();
        let mut exprs: Vec<Expr> = shown.map(Expr::Column).collect();
        let (mut named, mut added) = (Vec::new(), Vec::new());
        for (place, key) in keys.into_iter().enumerate() {
            if matches!(key, Expr::Column(_)) {
                named.push(key);
                continue;
            }
            let column = Column::new(Some(table.clone()), format!("{name}{place}"));
            exprs.push(key.alias_qualified(column.relation.clone(), column.name.clone()));
            named.push(Expr::Column(column.clone()));
            added.push(column);
        }
        let plan = LogicalPlanBuilder::from(plan).project(exprs)?.build()?;
        Ok(Self {
            plan,
            keys: named,
            added,
        })
    }
}

const LEFT: &str = "__left_key";
const RIGHT: &str = "__right_key";
