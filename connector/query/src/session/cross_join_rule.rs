//! Correction of the join order rule. The engine's rule rebuilds inner joins by their keys, and loses a key without a column on one
//! side, or with columns of several tables (DataFusion 55.2). The result then contains wrong pairs of rows.

use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion_common::tree_node::Transformed;
use datafusion_common::{NullEquality, Result};
use datafusion_expr::logical_plan::Join;
use datafusion_expr::utils::conjunction;
use datafusion_expr::{BinaryExpr, Expr, JoinType, LogicalPlan, Operator};
use std::sync::Arc;

/// Engine rule with such keys converted to conditions.
#[derive(Debug, Default)]
pub(super) struct CrossJoinRule {
    engine: EliminateCrossJoin,
}

impl OptimizerRule for CrossJoinRule {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let kept = plan.transform_down_with_subqueries(|node| match node {
            LogicalPlan::Join(join) if join.join_type == JoinType::Inner => {
                Ok(keep_conditions(join).update_data(LogicalPlan::Join))
            }
            other => Ok(Transformed::no(other)),
        })?;
        let is_changed = kept.transformed;
        let done = self.engine.rewrite(kept.data, config)?;
        Ok(Transformed::new_transformed(
            done.data,
            is_changed || done.transformed,
        ))
    }
}

/// Converts the keys that the rule would lose to conditions of the join.
fn keep_conditions(mut join: Join) -> Transformed<Join> {
    let (left, right) = (collect_inputs(&join.left), collect_inputs(&join.right));
    let (kept, lost): (Vec<_>, Vec<_>) = std::mem::take(&mut join.on)
        .into_iter()
        .partition(|(of_left, of_right)| is_of_one(of_left, &left) && is_of_one(of_right, &right));
    join.on = kept;
    if lost.is_empty() {
        return Transformed::no(join);
    }
    let op = match join.null_equality {
        NullEquality::NullEqualsNothing => Operator::Eq,
        NullEquality::NullEqualsNull => Operator::IsNotDistinctFrom,
    };
    let conditions = lost.into_iter().map(|(left, right)| {
        Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
    });
    join.filter = conjunction(join.filter.take().into_iter().chain(conditions));
    Transformed::yes(join)
}

/// Inputs of the joins that the rule rebuilds.
fn collect_inputs(plan: &Arc<LogicalPlan>) -> Vec<&LogicalPlan> {
    match plan.as_ref() {
        LogicalPlan::Join(join) if join.join_type == JoinType::Inner => {
            let (mut all, right) = (collect_inputs(&join.left), collect_inputs(&join.right));
            all.extend(right);
            all
        }
        other => vec![other],
    }
}

/// Checks that a key has columns and that they belong to one input.
fn is_of_one(key: &Expr, inputs: &[&LogicalPlan]) -> bool {
    let columns = key.column_refs();
    let has_all = |input: &&LogicalPlan| {
        let mut columns = columns.iter();
        columns.all(|column| input.schema().has_column(column))
    };
    !columns.is_empty() && inputs.iter().any(has_all)
}
