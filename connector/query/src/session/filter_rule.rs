//! Correction of filter pushdown. The engine's rule pushes a condition without columns below an aggregate without keys. If the
//! condition is false, the aggregate then returns a row for its empty input (DataFusion 55.2).

use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion_common::Result;
use datafusion_common::tree_node::Transformed;
use datafusion_expr::logical_plan::{Aggregate, Filter};
use datafusion_expr::utils::{conjunction, split_conjunction};
use datafusion_expr::{Expr, LogicalPlan};
use std::sync::Arc;

/// Engine rule for filters, which skips conditions without columns above an aggregate that returns a row for an empty input.
#[derive(Debug, Default)]
pub(super) struct FilterRule {
    engine: PushDownFilter,
}

impl OptimizerRule for FilterRule {
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
        let LogicalPlan::Filter(filter) = &plan else {
            return self.engine.rewrite(plan, config);
        };
        let filter = join_filters(filter.clone())?;
        let is_of_nothing = matches!(
            filter.input.as_ref(),
            LogicalPlan::Aggregate(aggregate) if has_row_of_nothing(aggregate)
        );
        let (bare, rest): (Vec<&Expr>, Vec<&Expr>) = split_conjunction(&filter.predicate)
            .into_iter()
            .partition(|condition| !condition.any_column_refs());
        if !is_of_nothing || bare.is_empty() {
            return self.engine.rewrite(plan, config);
        }
        let (Some(rest), Some(bare)) = (
            conjunction(rest.into_iter().cloned()),
            conjunction(bare.into_iter().cloned()),
        ) else {
            return Ok(Transformed::no(plan));
        };
        let below = LogicalPlan::Filter(Filter::try_new(rest, Arc::clone(&filter.input))?);
        let done = self.engine.rewrite(below, config)?;
        if !done.transformed {
            return Ok(Transformed::no(plan));
        }
        let above = Filter::try_new(bare, Arc::new(done.data))?;
        Ok(Transformed::yes(LogicalPlan::Filter(above)))
    }
}

/// Merges nested filters into one, as the engine's rule does.
fn join_filters(mut filter: Filter) -> Result<Filter> {
    while let LogicalPlan::Filter(below) = filter.input.as_ref() {
        let predicate = below.predicate.clone().and(filter.predicate);
        filter = Filter::try_new(predicate, Arc::clone(&below.input))?;
    }
    Ok(filter)
}

/// Checks that an aggregate returns a row for an empty input.
fn has_row_of_nothing(aggregate: &Aggregate) -> bool {
    match aggregate.group_expr.as_slice() {
        [] => true,
        [only] => matches!(only, Expr::GroupingSet(_)),
        _ => false,
    }
}
