//! Correction of DISTINCT with a limit. The engine pushes a limit into a DISTINCT without an order. If a later rule sorts its
//! input, the operator fails at run time: "Ordering direction required for DISTINCT with limit" (DataFusion 55.2).

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion_common::Result;
use std::sync::Arc;

/// Rule that removes the limit from such a DISTINCT. The limit above it stays, so the number of rows does not change.
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

/// Checks for an operator without a limit, with the limit of its own order, or with a limit that works in any order.
fn can_keep_its_limit(aggregate: &AggregateExec) -> bool {
    aggregate
        .limit_options()
        .is_none_or(|limit| limit.descending().is_some())
        || aggregate.is_unordered_unfiltered_group_by_distinct()
}
