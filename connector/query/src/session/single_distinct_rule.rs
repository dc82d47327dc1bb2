//! Aggregates over distinct values. The engine's rule groups by such values first and adds up the sums of the groups: the sum of
//! decimals then has another type than the plan says (DataFusion 55.2).

use datafusion::optimizer::single_distinct_to_groupby::SingleDistinctToGroupBy;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion_common::Result;
use datafusion_common::tree_node::Transformed;
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::{Expr, LogicalPlan};

/// The engine's rule, for aggregates whose parts can be put together without another result: no sum but of the distinct values.
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

/// True for a sum of values that need not be distinct.
fn is_sum(expr: &Expr) -> bool {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = expr else {
        return false;
    };
    func.name() == "sum" && !params.distinct
}
