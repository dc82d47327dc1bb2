//! Correction of physical projection pushdown. A filter of the engine may contain a projection. The engine's rule compares the
//! condition, which refers to input columns, with the output columns of this projection. If two of them have equal names and
//! indexes, a projection is pushed below a filter that refers to another column (DataFusion 55.2).

use datafusion::common::config::ConfigOptions;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use std::sync::Arc;

/// Engine rule, applied to filters whose projections are separate nodes.
#[derive(Debug)]
pub(super) struct PhysicalProjectionRule {
    engine: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
}

impl PhysicalProjectionRule {
    /// Name of the engine rule, which runs several times.
    pub(super) const NAME: &str = "ProjectionPushdown";

    pub(super) const fn new(engine: Arc<dyn PhysicalOptimizerRule + Send + Sync>) -> Self {
        Self { engine }
    }
}

impl PhysicalOptimizerRule for PhysicalProjectionRule {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(separate_projection).data()?;
        self.engine.optimize(plan, config)
    }

    fn name(&self) -> &str {
        self.engine.name()
    }

    fn schema_check(&self) -> bool {
        self.engine.schema_check()
    }
}

/// Converts a filter with a projection to a projection over a filter.
fn separate_projection(
    plan: Arc<dyn ExecutionPlan>,
) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let Some(filter) = plan.downcast_ref::<FilterExec>() else {
        return Ok(Transformed::no(plan));
    };
    let Some(places) = filter.projection() else {
        return Ok(Transformed::no(plan));
    };
    let input = filter.input().schema();
    let columns = places.iter().map(|place| {
        let name = input.field(*place).name();
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, *place));
        ProjectionExpr {
            expr: column,
            alias: name.clone(),
        }
    });
    let columns: Vec<ProjectionExpr> = columns.collect();
    let filter = FilterExecBuilder::from(filter)
        .apply_projection(None)?
        .build()?;
    let projection = ProjectionExec::try_new(columns, Arc::new(filter))?;
    Ok(Transformed::yes(Arc::new(projection)))
}
