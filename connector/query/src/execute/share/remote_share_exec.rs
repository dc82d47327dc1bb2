//! The states of a fragment as they come from workers: one partition for each share.

use super::fragment::Fragment;
use super::{ShareSpec, Workers};
use crate::engine_error;
use arrow_array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::TaskContext;
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
use futures::{StreamExt, TryStreamExt};
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::sync::Arc;

/// A fragment that workers compute.
pub(super) struct RemoteShareExec {
    workers: Arc<dyn Workers>,
    fragment: u32,
    plan: Digest,
    /// How many shares there are, as long as this plan is: workers may come and go meanwhile.
    of: u32,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl RemoteShareExec {
    pub(super) fn new(workers: Arc<dyn Workers>, fragment: &Fragment, plan: Digest) -> Self {
        let schema = fragment.states.schema();
        let of = workers.count().max(1);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(usize::try_from(of).unwrap_or(usize::MAX)),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self {
            workers,
            fragment: fragment.number,
            plan,
            of,
            schema,
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for RemoteShareExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Afar")
            .field("fragment", &self.fragment)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for RemoteShareExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Afar fragment={}", self.fragment)
    }
}

impl ExecutionPlan for RemoteShareExec {
    fn name(&self) -> &'static str {
        "Afar"
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
        let of = self.of;
        let part = u32::try_from(partition).unwrap_or(u32::MAX);
        if part >= of {
            return internal_err!("a share that nobody computes");
        }
        let spec = ShareSpec {
            fragment: self.fragment,
            plan: self.plan,
            part,
            of,
        };
        let (workers, schema) = (Arc::clone(&self.workers), Arc::clone(&self.schema));
        let states = async move {
            let states = workers.share(spec).await.map_err(failed)?;
            let states = states.map(move |batch| fit(&batch.map_err(failed)?, &schema));
            Ok::<_, DataFusionError>(states)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            futures::stream::once(states).try_flatten(),
        )))
    }
}

/// What is told of a share that failed: which one, where and why is the operator's business. Where nothing is out yet the question is
/// done again at home, and told as it goes there.
fn failed(why: Refusal) -> DataFusionError {
    tracing::warn!(name: "share.failed", %why, "a worker did not give its share");
    engine_error::carry(lost())
}

fn lost() -> Refusal {
    Refusal::new(
        ErrorCode::WorkerFailed,
        "a part of the answer could not be computed",
    )
    .with_help("ask again")
}

/// The states in the types with which the plan goes on; texts travel in another form than they are worked on.
fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let other = || {
        let sentence = "a worker sent other columns than it was asked for";
        failed(Refusal::new(ErrorCode::WorkerFailed, sentence))
    };
    if batch.num_columns() != schema.fields().len() {
        return Err(other());
    }
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        if column.data_type() == field.data_type() {
            Ok(Arc::clone(column))
        } else {
            cast(column, field.data_type()).map_err(|_| other())
        }
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|_| other())
}
