//! Correction of physical filter pushdown. The engine's rule finds an input column by its name, which may not be unique, so it
//! pushed a condition on one column down to another (DataFusion 55.2).

use datafusion::common::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion_common::Result;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Engine rule, applied only to plans with unique column names.
#[derive(Debug)]
pub(super) struct PhysicalFilterRule {
    engine: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
}

impl PhysicalFilterRule {
    /// Name of the engine rule, which runs twice.
    pub(super) const NAME: &str = "FilterPushdown";

    pub(super) const fn new(engine: Arc<dyn PhysicalOptimizerRule + Send + Sync>) -> Self {
        Self { engine }
    }

    fn optimize_below(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if has_own_names(&plan) {
            return self.engine.optimize(plan, config);
        }
        let children = plan.children().into_iter();
        let children = children
            .map(|child| self.optimize_below(Arc::clone(child), config))
            .collect::<Result<Vec<_>>>()?;
        replace_children_if_necessary(plan, children)
    }
}

impl PhysicalOptimizerRule for PhysicalFilterRule {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.optimize_below(plan, config)
    }

    fn name(&self) -> &str {
        self.engine.name()
    }

    fn schema_check(&self) -> bool {
        self.engine.schema_check()
    }
}

/// Checks that no operator of a plan has two columns with one name.
fn has_own_names(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let schema = plan.schema();
    let mut names = BTreeSet::new();
    schema
        .fields()
        .iter()
        .all(|field| names.insert(field.name()))
        && plan.children().into_iter().all(has_own_names)
}
