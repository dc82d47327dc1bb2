//! Plan in stages at the connector: the workers start their tasks, and the last stage reads the results.

use super::eligibility::{HomeReason, why_at_home};
use super::plan_name::plan_digest;
use super::staged_plan::{StagedPlan, cut_into_stages};
use super::task_channels::{TaskChannels, failed_task_error};
use super::workers::{StagedPlanName, Staging, Workers};
use crate::engine_error;
use crate::execute::plan_preparation::{OptimizedPlan, prepare_to_run};
use arrow_schema::SchemaRef;
use datafusion::execution::TaskContext;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{DataFusionError, Result, internal_err};
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_policy::refusal::Refusal;
use std::fmt;
use std::sync::Arc;

/// Plan in stages for workers, made in `state`, or the reason why there is none.
///
/// # Errors
/// Errors of planning.
pub(crate) fn planned_in_stages(
    made: &OptimizedPlan,
    state: &SessionState,
    staging: &Staging,
) -> Result<Result<Arc<dyn ExecutionPlan>, HomeReason>, Refusal> {
    let planned = || {
        if let Some(why) = why_at_home(made)? {
            return Ok(Err(why));
        }
        let name = StagedPlanName {
            digest: plan_digest(made),
            workers: staging.workers.count(),
        };
        let channels = TaskChannels::default();
        let cut = cut_into_stages(made, state, name.workers, Arc::new(channels.clone()))?;
        Ok(cut
            .map(|staged| (staged, name, channels))
            .ok_or(HomeReason::OneStage))
    };
    let planned =
        planned().map_err(|error: DataFusionError| engine_error::execution_refusal(&error))?;
    let (mut staged, name, channels) = match planned {
        Ok(planned) => planned,
        Err(why) => return Ok(Err(why)),
    };
    staged.plan = prepare_to_run(staged.plan)?;
    let workers = Arc::clone(&staging.workers);
    let plan = StagedPlanExec::new(staged, name, workers, channels);
    Ok(Ok(Arc::new(plan)))
}

/// Plan in stages for workers, which can be read once.
struct StagedPlanExec {
    staged: Arc<StagedPlan>,
    name: StagedPlanName,
    workers: Arc<dyn Workers>,
    channels: TaskChannels,
    properties: Arc<PlanProperties>,
}

impl StagedPlanExec {
    fn new(
        staged: StagedPlan,
        name: StagedPlanName,
        workers: Arc<dyn Workers>,
        channels: TaskChannels,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(staged.plan.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self {
            staged: Arc::new(staged),
            name,
            workers,
            channels,
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for StagedPlanExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedPlanExec").finish_non_exhaustive()
    }
}

impl DisplayAs for StagedPlanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StagedPlanExec: workers={}", self.name.workers)
    }
}

impl ExecutionPlan for StagedPlanExec {
    fn name(&self) -> &'static str {
        "StagedPlanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition > 0 {
            return internal_err!("a plan in stages has one partition");
        }
        let (staged, channels) = (Arc::clone(&self.staged), self.channels.clone());
        let (workers, name) = (Arc::clone(&self.workers), self.name);
        let rows = async move {
            let source = workers.begin_tasks(name).await.map_err(failed_task_error)?;
            channels.set_source(Arc::clone(&source), stage_schemas(&staged));
            let rows = staged.plan.execute(0, staged.state.task_ctx())?;
            // The tasks at the workers run while the stream has a reader.
            Ok::<_, DataFusionError>(rows.inspect(move |_| {
                let _running = &source;
            }))
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            futures::stream::once(rows).try_flatten(),
        )))
    }
}

/// Output schemas of the stages.
pub(super) fn stage_schemas(staged: &StagedPlan) -> Vec<(usize, SchemaRef)> {
    let stages = staged.stages.iter();
    stages
        .map(|(number, stage)| (*number, Arc::clone(&stage.schema)))
        .collect()
}
