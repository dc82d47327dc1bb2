//! Leaf of the physical plan for the rows of a participant.

use crate::engine_error::wrap_refusal;
use crate::federation::remote_query::RemoteQuery;
use crate::federation::remote_query_source::RemoteQuerySource;
use crate::federation::response_check::CheckedBatchStream;
use crate::session::join_key_columns::compute_join_keys;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Statistics};
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, TableScan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Planner of remote queries as leaves. A leaf finds its rows in the context of the run.
#[derive(Debug)]
pub(super) struct RemoteExecPlanner;

/// Streams of a question's remote queries, until each is taken.
pub(super) struct PendingStreams(Mutex<BTreeMap<usize, CheckedBatchStream>>);

impl PendingStreams {
    /// Streams by the numbers of their remote queries.
    pub(super) fn of(rows: Vec<(usize, CheckedBatchStream)>) -> Self {
        Self(Mutex::new(rows.into_iter().collect()))
    }

    fn take_stream(&self, number: usize) -> Option<CheckedBatchStream> {
        self.0.lock().remove(&number)
    }
}

#[async_trait]
impl QueryPlanner for RemoteExecPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)])
            .create_physical_plan(&compute_join_keys(plan.clone())?, session)
            .await
    }
}

#[async_trait]
impl ExtensionPlanner for RemoteExecPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        _node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        _physical: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>, DataFusionError> {
        Ok(None)
    }

    async fn plan_table_scan(
        &self,
        _planner: &dyn PhysicalPlanner,
        scan: &TableScan,
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>, DataFusionError> {
        let Some(source) = scan.source.downcast_ref::<RemoteQuerySource>() else {
            return Ok(None);
        };
        let schema = &source.remote_query.schema;
        let leaf: Arc<dyn ExecutionPlan> = Arc::new(RemoteQueryExec::new(&source.remote_query));
        let Some(projection) = &scan.projection else {
            return Ok(Some(leaf));
        };
        let outputs = projection
            .iter()
            .filter_map(|at| schema.fields().get(*at).map(|field| (*at, field)))
            .map(|(at, field)| {
                let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), at));
                (column, field.name().clone())
            })
            .collect::<Vec<_>>();
        Ok(Some(Arc::new(ProjectionExec::try_new(outputs, leaf)?)))
    }
}

/// Leaf for a remote query. It accepts no filters, since the text of the remote query is fixed. The estimated row count only
/// affects the choice of a join's build side. It is never exact, since the engine would use an exact number to answer counts.
pub(super) struct RemoteQueryExec {
    number: usize,
    expected: Statistics,
    properties: Arc<PlanProperties>,
}

impl RemoteQueryExec {
    fn new(remote_query: &RemoteQuery) -> Self {
        let schema = Arc::clone(&remote_query.schema);
        let mut expected = Statistics::new_unknown(&schema);
        let number =
            |most: u64| usize::try_from(most).map_or(Precision::Absent, Precision::Inexact);
        // A row count of 0 means that it is unknown.
        if remote_query.most_rows > 0 {
            expected.num_rows = number(remote_query.most_rows);
            expected.total_byte_size = number(remote_query.most_bytes);
        }
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self {
            number: remote_query.number,
            expected,
            properties,
        }
    }
}

impl fmt::Debug for RemoteQueryExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteQueryExec({})", self.number)
    }
}

impl DisplayAs for RemoteQueryExec {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteQueryExec: number={}", self.number)
    }
}

impl ExecutionPlan for RemoteQueryExec {
    fn name(&self) -> &'static str {
        "RemoteQueryExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _apply: &mut dyn FnMut(
            &Arc<dyn PhysicalExpr>,
        ) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(self)
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>, DataFusionError> {
        Ok(Arc::new(self.expected.clone()))
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let rows = context.session_config().get_extension::<PendingStreams>();
        let rows = rows.and_then(|rows| rows.take_stream(self.number));
        let rows = rows.ok_or_else(|| {
            DataFusionError::Internal("the rows of a remote query were taken twice".to_owned())
        })?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(self.properties.eq_properties.schema()),
            rows.map(|item| item.map_err(wrap_refusal)),
        )))
    }
}
