//! Limits of DISTINCT. The engine gives one to a DISTINCT without an order; a later rule may give its input an order, and the operator
//! fails when it runs: "Ordering direction required for DISTINCT with limit" (DataFusion 55.2).

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion_common::Result;
use std::sync::Arc;

/// Takes the limit from each DISTINCT that can't keep it. The limit above it stays, so the rows are as many as before.
#[derive(Debug)]
pub(super) struct DistinctLimitRule;

impl PhysicalOptimizerRule for DistinctLimitRule {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|operator| {
            let unlimited = operator
                .downcast_ref::<AggregateExec>()
                .filter(|aggregate| !can_keep_its_limit(aggregate))
                .map(|aggregate| aggregate.with_new_limit_options(None));
            let Some(unlimited) = unlimited else {
                return Ok(Transformed::no(operator));
            };
            let unlimited: Arc<dyn ExecutionPlan> = Arc::new(unlimited);
            Ok(Transformed::yes(unlimited))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "distinct_limit"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// True for an operator without a limit, with the limit of an order of its own, or with one that it applies in any order.
fn can_keep_its_limit(aggregate: &AggregateExec) -> bool {
    aggregate
        .limit_options()
        .is_none_or(|limit| limit.descending().is_some())
        || aggregate.is_unordered_unfiltered_group_by_distinct()
}
