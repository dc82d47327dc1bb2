//! Conditions of operators on their way down. The engine's rule finds a column of the input by its name, which may be that of several: it
//! moved a condition on one column to another (DataFusion 55.2).

use datafusion::common::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion_common::Result;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The engine's rule, for operators below which each column has a name of its own.
#[derive(Debug)]
pub(super) struct PhysicalFilterRule {
    engine: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
}

impl PhysicalFilterRule {
    /// The name of the engine's rule, which runs twice.
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

/// True if no operator of a plan has two columns of one name.
fn has_own_names(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let schema = plan.schema();
    let mut names = BTreeSet::new();
    schema
        .fields()
        .iter()
        .all(|field| names.insert(field.name()))
        && plan.children().into_iter().all(has_own_names)
}
