//! Cut of a physical plan into stages. Equal plans are cut equally on all machines.

use super::exact_aggregates::is_sendable_type;
use super::leaf_parts::{self, create_leaf_part, gives_parts, open_cells};
use crate::execute::gated_leaf::GovernedScanExec;
use crate::execute::plan_preparation::OptimizedPlan;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use datafusion_common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion_common::{Result, internal_datafusion_err, internal_err};
use datafusion_distributed::{
    ChannelResolver, CoordinatorToWorkerMsg, DesiredTaskCountEvent, DesiredTaskCountEventResponse,
    DistributedExec, DistributedExt as _, DistributedLeafExec, ExecuteTaskRequest,
    GetWorkerInfoRequest, GetWorkerInfoResponse, NetworkBoundaryExt as _, ProducerHead,
    RouteTasksEvent, RouteTasksEventResponse, ScaleUpLeafNodeEvent, ScaleUpLeafNodeEventResponse,
    SessionStateBuilderExt as _, SetPlanRequest, WorkerChannel, WorkerResolver,
    WorkerToCoordinatorMsg,
};
use datafusion_expr::LogicalPlan;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::HeaderMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use url::Url;

type Plan = Arc<dyn ExecutionPlan>;
type Channels = Arc<dyn ChannelResolver + Send + Sync>;

/// Address of a worker, made from its number. A plan contains no host names.
///
/// # Errors
/// None that is known.
pub(super) fn worker_address(worker: usize) -> Result<Url> {
    let text = format!("worker://{worker}/");
    text.parse()
        .map_err(|_| internal_datafusion_err!("a number is no host"))
}

/// Number of the worker with this address.
pub(super) fn worker_number(url: &Url) -> Option<u32> {
    url.host_str()?.parse().ok()
}

/// Plan in stages, with its session.
pub(super) struct StagedPlan {
    pub(super) plan: Plan,
    pub(super) state: SessionState,
    /// Stages by number.
    pub(super) stages: BTreeMap<usize, Stage>,
}

/// Stage from the viewpoint of its readers.
pub(super) struct Stage {
    /// Schema of the rows that its tasks return.
    pub(super) schema: SchemaRef,
    pub(super) tasks: usize,
    /// Node at the head of the stage, for its readers.
    pub(super) head: ProducerHead,
    /// Number of tasks that read the stage; absent if the connector reads it.
    pub(super) readers: Option<usize>,
    /// Set if the engine assumes a row order that several tasks do not preserve.
    misordered: bool,
}

/// Cuts a plan into stages for `workers` workers. Returns `None` if the plan has no stages or if its rows can't be sent.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(super) fn cut_into_stages(
    made: &OptimizedPlan,
    state: &SessionState,
    workers: u32,
    channels: Channels,
) -> Result<Option<StagedPlan>> {
    let workers = usize::try_from(workers).unwrap_or(usize::MAX);
    let addresses: Vec<Url> = (0..workers).map(worker_address).collect::<Result<_>>()?;
    let routes = addresses.clone();
    let physical = in_two_phases(open_cells(Arc::clone(&made.physical))?)?;
    let state = SessionStateBuilder::new_from_existing(state.clone())
        .with_query_planner(Arc::new(ReadyPlanner(physical)))
        .with_distributed_worker_resolver(NumberedWorkers(addresses))
        .with_distributed_channel_resolver(channels)
        .with_distributed_planner()
        .with_distributed_metrics_collection(false)?
        .with_distributed_children_isolator_unions(false)?
        .with_distributed_desired_task_count_handler(
            move |event: DesiredTaskCountEvent<'_>| -> Option<Result<DesiredTaskCountEventResponse>> {
                let leaf = event.plan.downcast_ref::<GovernedScanExec>()?;
                Some(Ok(match gives_parts(leaf) {
                    true => DesiredTaskCountEventResponse::desired(workers),
                    false => DesiredTaskCountEventResponse::maximum(1),
                }))
            },
        )
        .with_distributed_scale_up_leaf_node_handler(
            |event: ScaleUpLeafNodeEvent<'_>| -> Option<Result<ScaleUpLeafNodeEventResponse>> {
                let leaf = event.plan.downcast_ref::<GovernedScanExec>()?;
                let dealt = task_leaf_part(event.plan, leaf, event.task_count);
                Some(dealt.map(ScaleUpLeafNodeEventResponse::new))
            },
        )
        .with_distributed_route_tasks_handler(
            move |event: RouteTasksEvent<'_>| -> Option<Result<RouteTasksEventResponse>> {
                let urls = routes.iter().take(event.task_count).cloned().collect();
                Some(Ok(RouteTasksEventResponse::new(urls)))
            },
        )
        .build();
    let cut = state
        .query_planner()
        .create_physical_plan(&made.optimized, &state);
    let plan = futures::executor::block_on(cut)?;
    if !plan.is::<DistributedExec>() {
        return Ok(None);
    }
    let mut stages = BTreeMap::new();
    collect_stages(&plan, None, &mut stages)?;
    let mut fields = stages.values().flat_map(|stage| stage.schema.fields());
    let cut = fields.all(|field| is_sendable_type(field.data_type()));
    let cut = cut
        && stages
            .values()
            .all(|stage| stage.tasks <= workers && !stage.misordered);
    Ok(cut.then_some(StagedPlan {
        plan,
        state,
        stages,
    }))
}

fn collect_stages(
    node: &Plan,
    readers: Option<usize>,
    stages: &mut BTreeMap<usize, Stage>,
) -> Result<()> {
    let Some(boundary) = node.as_network_boundary() else {
        return node
            .children()
            .into_iter()
            .try_for_each(|child| collect_stages(child, readers, stages));
    };
    let below = boundary.input_stage();
    let Some(plan) = below.local_plan() else {
        return internal_err!("a stage that is not planned here");
    };
    let stage = Stage {
        schema: node.schema(),
        tasks: below.task_count(),
        head: boundary.producer_head(readers.unwrap_or(1))?,
        readers,
        misordered: false,
    };
    let meet = !matches!(stage.head, ProducerHead::None) && stage.tasks > 1;
    let stage = Stage {
        misordered: meet && node.output_ordering().is_some(),
        ..stage
    };
    if stages.insert(below.num(), stage).is_some() {
        return internal_err!("a stage is read twice");
    }
    collect_stages(plan, Some(below.task_count()), stages)
}

/// Plans of all tasks as the engine would send them, each with its own leaves and with the workers of the stages below.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(super) async fn task_plans(staged: &StagedPlan) -> Result<Vec<SetPlanRequest>> {
    let expected = staged.stages.values().map(|stage| stage.tasks).sum();
    let (send, mut captured) = mpsc::channel(1);
    let state = SessionStateBuilder::new_from_existing(staged.state.clone())
        .with_distributed_channel_resolver(CapturingChannels(send))
        .build();
    // Nothing runs: the sent plans are captured, and the stages below never return rows.
    let mut running = staged.plan.execute(0, state.task_ctx())?;
    let mut plans = Vec::with_capacity(expected);
    while plans.len() < expected {
        tokio::select! {
            plan = captured.recv() => match plan {
                Some(plan) => plans.push(plan),
                None => return internal_err!("a plan has fewer tasks than it says"),
            },
            ended = running.next() => match ended {
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) | None => return internal_err!("a plan runs that should not"),
            },
        }
    }
    Ok(plans)
}

/// Splits aggregates without keys into partial aggregates of the tasks and a final merge. The planner makes a single aggregate for
/// an input with one partition.
fn in_two_phases(plan: Plan) -> Result<Plan> {
    plan.transform_up(|node| {
        let whole = node.downcast_ref::<AggregateExec>();
        let single = |whole: &&AggregateExec| {
            *whole.mode() == AggregateMode::Single && whole.group_expr().is_empty()
        };
        let Some(whole) = whole.filter(single) else {
            return Ok(Transformed::no(node));
        };
        Ok(Transformed::yes(leaf_parts::in_two_phases(whole)?))
    })
    .data()
}

/// Part of a leaf for one of `tasks` tasks.
fn task_leaf_part(original: &Plan, leaf: &GovernedScanExec, tasks: usize) -> Result<Plan> {
    if tasks <= 1 || !gives_parts(leaf) {
        return Ok(Arc::clone(original));
    }
    let of = u32::try_from(tasks).unwrap_or(u32::MAX);
    let variants = (0..of)
        .map(|part| create_leaf_part(leaf, part, of))
        .collect::<Result<Vec<_>>>()?;
    let leaf = DistributedLeafExec::try_new(Arc::clone(original), variants)?;
    Ok(Arc::new(leaf))
}

struct NumberedWorkers(Vec<Url>);

impl WorkerResolver for NumberedWorkers {
    fn get_urls(&self) -> Result<Vec<Url>> {
        Ok(self.0.clone())
    }
}

/// Planner that returns an existing plan.
#[derive(Debug)]
struct ReadyPlanner(Plan);

#[async_trait]
impl QueryPlanner for ReadyPlanner {
    async fn create_physical_plan(&self, _: &LogicalPlan, _: &dyn Session) -> Result<Plan> {
        Ok(Arc::clone(&self.0))
    }
}

struct CapturingChannels(mpsc::Sender<SetPlanRequest>);

#[async_trait]
impl ChannelResolver for CapturingChannels {
    async fn get_worker_client_for_url(&self, _: &Url) -> Result<Box<dyn WorkerChannel>> {
        Ok(Box::new(Self(self.0.clone())))
    }
}

#[async_trait]
impl WorkerChannel for CapturingChannels {
    async fn coordinator_channel(
        &mut self,
        _: HeaderMap,
        request: SetPlanRequest,
        _: BoxStream<'static, CoordinatorToWorkerMsg>,
        _: ExecutionPlanMetricsSet,
        _: &Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<WorkerToCoordinatorMsg>>> {
        let _over = self.0.send(request).await;
        Ok(futures::stream::pending().boxed())
    }

    async fn execute_task(
        &mut self,
        _: HeaderMap,
        request: ExecuteTaskRequest,
        _: ExecutionPlanMetricsSet,
        _: &Arc<TaskContext>,
    ) -> Result<Vec<BoxStream<'static, Result<RecordBatch>>>> {
        let partitions = request.target_partition_start..request.target_partition_end;
        Ok(partitions
            .map(|_| futures::stream::pending().boxed())
            .collect())
    }

    async fn get_worker_info(&mut self, _: GetWorkerInfoRequest) -> Result<GetWorkerInfoResponse> {
        internal_err!("nobody is asked")
    }
}
