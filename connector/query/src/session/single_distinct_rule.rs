//! Correction of aggregates over distinct values. The engine's rule first groups by these values and then adds up partial sums. The
//! sum of decimals then has another type than the plan declares (DataFusion 55.2).

use datafusion::optimizer::single_distinct_to_groupby::SingleDistinctToGroupBy;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion_common::Result;
use datafusion_common::tree_node::Transformed;
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::{Expr, LogicalPlan};

/// Engine rule, applied only to aggregates without a sum of non-distinct values.
#[derive(Debug, Default)]
pub(super) struct SingleDistinctRule {
    engine: SingleDistinctToGroupBy,
}

impl OptimizerRule for SingleDistinctRule {
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
        match &plan {
            LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.iter().any(is_sum) => {
                Ok(Transformed::no(plan))
            }
            _ => self.engine.rewrite(plan, config),
        }
    }
}

/// Checks for a sum of non-distinct values.
fn is_sum(expr: &Expr) -> bool {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = expr else {
        return false;
    };
    func.name() == "sum" && !params.distinct
}
