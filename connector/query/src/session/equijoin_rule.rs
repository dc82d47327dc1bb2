//! Correction of join keys. The engine's rule adds `=` conditions to joins whose keys treat NULLs as equal, and creates such joins
//! from IS NOT DISTINCT FROM (DataFusion 55.2). With both kinds in one condition, rows with NULL are joined that `=` does not join.

use crate::sql::subquery_joins::equal_or_both_null;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion_common::tree_node::Transformed;
use datafusion_common::{DFSchema, NullEquality, Result};
use datafusion_expr::utils::{conjunction, split_conjunction_owned};
use datafusion_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use std::sync::Arc;

/// Engine rule for join keys, with one meaning of NULL in each join.
#[derive(Debug, Default)]
pub(super) struct EquijoinRule {
    engine: ExtractEquijoinPredicate,
}

impl OptimizerRule for EquijoinRule {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.engine.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Join(mut join) = plan else {
            return Ok(Transformed::no(plan));
        };
        if join.null_equality == NullEquality::NullEqualsNull {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        let Some(filter) = join.filter.take() else {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        };
        let both = Arc::new(join.left.schema().join(join.right.schema())?);
        let mut conditions = Vec::new();
        let mut is_changed = false;
        for condition in split_conjunction_owned(filter) {
            match condition {
                Expr::BinaryExpr(BinaryExpr {
                    left,
                    op: Operator::IsNotDistinctFrom,
                    right,
                }) if are_of_two_sides(&left, &right, join.left.schema(), join.right.schema()) => {
                    is_changed = true;
                    conditions.extend(equal_or_both_null(*left, *right, &both)?);
                }
                other => conditions.push(other),
            }
        }
        join.filter = conjunction(conditions);
        let done = self.engine.rewrite(LogicalPlan::Join(join), config)?;
        Ok(Transformed::new_transformed(
            done.data,
            is_changed || done.transformed,
        ))
    }
}

/// Checks that one expression belongs to the left side of a join alone and the other to the right side.
fn are_of_two_sides(one: &Expr, other: &Expr, left: &DFSchema, right: &DFSchema) -> bool {
    let is_of = |expr: &Expr, schema: &DFSchema| {
        let columns = expr.column_refs();
        !columns.is_empty() && columns.iter().all(|column| schema.has_column(column))
    };
    is_of(one, left) && is_of(other, right) || is_of(one, right) && is_of(other, left)
}
