//! Gate in a running plan: a leaf node without children. No node of the consumer's plan can be moved below it, and only the
//! permitted view leaves it, in batches whose boundaries depend on that view alone. A prepared plan may also be cut into stages
//! inside a gate; the inner plan is a child only during this cut.

use super::cancellation::CancellationSignal;
use super::rebatch::{BatchCutter, compact_batch, trim_batch};
use super::scrub_nulls::blank_null_values;
use crate::engine_error;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType, reset_plan_states,
};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties, SendableRecordBatchStream,
};
use datafusion_common::stats::Precision;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Result, Statistics, internal_err};
use datafusion_expr::LogicalPlan;
use futures::{Stream, TryStreamExt};
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The protections of governed tables in a running plan: the planner and each leaf ask their gate for them. [`ClosedGate`] has all of
/// them, and is the only gate outside tests. A test takes one that lacks a protection.
pub(crate) trait ScanGate: fmt::Debug + Send + Sync {
    /// The leaf as it stands in the asker's plan, with the private plan out of sight.
    fn close(&self, leaf: GovernedScanExec) -> Arc<dyn ExecutionPlan> {
        Arc::new(leaf)
    }

    /// A check that every leaf of the physical plan that was made of a logical one is a governed table, makes rows from nothing, or holds
    /// rows that the statement writes.
    ///
    /// # Errors
    /// `INTERNAL`: the plan is then not run.
    fn check_leaves(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        logical: &LogicalPlan,
    ) -> Result<(), Refusal> {
        check_leaves(plan, logical)
    }

    /// The number of rows that the planner is told.
    // INVARIANT: dealt-alike. How many rows are stored is told for plans in stages alone, of which no answer depends on the plan.
    fn report_rows(&self, leaf: &GovernedScanExec) -> Precision<usize> {
        let stored = leaf.stored.filter(|_| leaf.tells_rows);
        let rows = stored.and_then(|rows| usize::try_from(rows).ok());
        rows.map_or(Precision::Absent, Precision::Inexact)
    }

    /// The permitted rows of `streams`, one after the other, in batches whose cuts depend on the view alone.
    fn permit_rows(
        &self,
        leaf: &GovernedScanExec,
        streams: VecDeque<SendableRecordBatchStream>,
    ) -> SendableRecordBatchStream {
        let view = &leaf.view;
        let cutter = view.recut.map(|rows| BatchCutter::new(&view.schema, rows));
        permit_rows(view, cutter, streams)
    }
}

/// The gate with all protections.
#[derive(Debug)]
pub(crate) struct ClosedGate;

impl ScanGate for ClosedGate {}

/// The permitted view of a governed table in one question.
#[derive(Clone)]
pub(super) struct GovernedView {
    pub(super) dataset: DatasetId,
    /// The columns that are shown.
    pub(super) schema: SchemaRef,
    /// Rows of a batch where stored rows may be missing, so that cuts must be made anew.
    pub(super) recut: Option<usize>,
    pub(super) watch: CancellationSignal,
    pub(super) gate: Arc<dyn ScanGate>,
}

/// One governed table in one question.
pub(crate) struct GovernedScanExec {
    view: GovernedView,
    inner: Arc<dyn ExecutionPlan>,
    /// Stored rows, where they lie in files of a snapshot, which any worker can read.
    stored: Option<u64>,
    /// Set if the planner may see the approximate row count. That is the case for plans in stages, whose answers do not depend on
    /// the plan.
    tells_rows: bool,
    /// Whether the plan inside is a child: for whoever cuts a plan into stages that is made already.
    opened: bool,
    /// Set if the leaf has the partitions of the inner plan, without an order.
    dealt: bool,
    /// Set if the inner plan distributes the rows from which it computes cells.
    dealt_within: bool,
    properties: Arc<PlanProperties>,
}

impl GovernedScanExec {
    /// The leaf of a view, whose rows `inner` computes.
    pub(super) fn new(view: GovernedView, inner: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&view.schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self {
            view,
            inner,
            stored: None,
            tells_rows: false,
            opened: false,
            dealt: false,
            dealt_within: false,
            properties: Arc::new(properties),
        }
    }

    /// Sets the number of stored rows in snapshot files.
    pub(super) const fn with_stored_rows(mut self, rows: Option<u64>) -> Self {
        self.stored = rows;
        self
    }

    /// Sets the visibility of the row count for the planner.
    pub(super) const fn telling_rows(mut self, tells: bool) -> Self {
        self.tells_rows = tells;
        self
    }

    /// Number of stored rows, if they are in snapshot files.
    pub(super) const fn rows(&self) -> Option<u64> {
        self.stored
    }

    /// Id of the dataset.
    pub(super) const fn dataset(&self) -> &DatasetId {
        &self.view.dataset
    }

    /// Plan that computes the permitted rows.
    pub(super) const fn inner_plan(&self) -> &Arc<dyn ExecutionPlan> {
        &self.inner
    }

    /// Copy of the leaf for another question, with fresh nodes and its own cancellation.
    pub(super) fn copy_for_query(
        &self,
        watch: CancellationSignal,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = reset_plan_states(Arc::clone(&self.inner))
            .map_err(|error| engine_error::wrap_refusal(leaf_refusal(&error)))?;
        let view = GovernedView {
            watch,
            ..self.view.clone()
        };
        Ok(Arc::new(Self {
            view,
            inner,
            properties: Arc::clone(&self.properties),
            ..*self
        }))
    }

    /// Copy of the leaf with another inner plan, which computes some of its rows.
    pub(super) fn with_inner(&self, inner: Arc<dyn ExecutionPlan>) -> Self {
        Self::new(self.view.clone(), inner)
    }

    /// Copy of the leaf with another inner plan, which is exposed for the cut into stages.
    pub(super) fn with_opened_inner(&self, inner: Arc<dyn ExecutionPlan>) -> Self {
        let mut opened = self.with_inner(inner);
        opened.opened = true;
        opened
    }

    /// Leaf whose rows come from several partitions of `inner` in parallel, without an order.
    pub(super) fn with_dealt_rows(self, inner: Arc<dyn ExecutionPlan>) -> Self {
        let partitions = inner.output_partitioning().partition_count();
        let properties = PlanProperties::clone(&self.properties);
        let partitioning = Partitioning::UnknownPartitioning(partitions);
        Self {
            properties: Arc::new(properties.with_partitioning(partitioning)),
            dealt: true,
            inner,
            ..self
        }
    }

    /// Leaf whose cells `inner` computes from distributed rows.
    pub(super) fn with_cells_of_dealt_rows(mut self, inner: Arc<dyn ExecutionPlan>) -> Self {
        self.inner = inner;
        self.dealt_within = true;
        self
    }

    /// Checks that several cores read the leaf in parallel.
    pub(super) const fn is_dealt(&self) -> bool {
        self.dealt || self.dealt_within
    }

    fn with_inner_of(
        self: Arc<Self>,
        children: &[Arc<dyn ExecutionPlan>],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (self.opened, children) {
            (false, []) => Ok(self),
            (true, [inner]) => Ok(Arc::new(self.with_opened_inner(Arc::clone(inner)))),
            _ => internal_err!("a governed table has no such children"),
        }
    }

    /// Leaf for a part of this one: `inner` returns aggregate states.
    pub(super) fn to_state_leaf(&self, inner: Arc<dyn ExecutionPlan>) -> Self {
        let view = GovernedView {
            schema: inner.schema(),
            recut: None,
            ..self.view.clone()
        };
        Self::new(view, inner).with_stored_rows(self.stored)
    }
}

impl fmt::Debug for GovernedScanExec {
    /// The output never contains the inner plan.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GovernedScanExec")
            .field("dataset", &self.view.dataset)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for GovernedScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GovernedScanExec: {}", self.view.dataset.name)
    }
}

impl ExecutionPlan for GovernedScanExec {
    fn name(&self) -> &'static str {
        "GovernedScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        match self.opened {
            true => vec![&self.inner],
            false => Vec::new(),
        }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.with_inner_of(&children)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.with_inner_of(&children)
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut reported = Statistics::new_unknown(&self.view.schema);
        reported.num_rows = self.view.gate.report_rows(self);
        Ok(Arc::new(reported))
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        self.copy_for_query(self.view.watch.clone())
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let all = self.inner.output_partitioning().partition_count();
        let read = match (self.dealt, partition) {
            (true, partition) if partition < all => partition..partition.saturating_add(1),
            // The partitions are read one after another, so the order of rows is that of the files.
            (false, 0) => 0..all,
            _ => return internal_err!("a governed table has no such partition"),
        };
        let mut streams = VecDeque::new();
        for inner in read {
            let stream = self
                .inner
                .execute(inner, Arc::clone(&context))
                .map_err(|error| engine_error::wrap_refusal(leaf_refusal(&error)))?;
            streams.push_back(stream);
        }
        Ok(self.view.gate.permit_rows(self, streams))
    }
}

/// The rows of `streams` as a view shows them, with the cuts of `cutter` where there is one.
fn permit_rows(
    view: &GovernedView,
    cutter: Option<BatchCutter>,
    streams: VecDeque<SendableRecordBatchStream>,
) -> SendableRecordBatchStream {
    let permitted = PermittedStream {
        streams,
        schema: Arc::clone(&view.schema),
        cutter,
        watch: view.watch.clone(),
    };
    Box::pin(RecordBatchStreamAdapter::new(
        Arc::clone(&view.schema),
        permitted,
    ))
}

fn check_leaves(plan: &Arc<dyn ExecutionPlan>, logical: &LogicalPlan) -> Result<(), Refusal> {
    let (mut gated, mut held, mut written) = (true, 0_usize, 0_usize);
    let counted = logical.apply_with_subqueries(|node| {
        written = written.saturating_add(usize::from(matches!(node, LogicalPlan::Values(_))));
        Ok(TreeNodeRecursion::Continue)
    });
    let walked = plan.apply(|node| {
        let is_held = holds_rows(node);
        held = held.saturating_add(usize::from(is_held));
        let harmless = !node.children().is_empty()
            || node.downcast_ref::<GovernedScanExec>().is_some()
            || SOURCELESS.contains(&node.name())
            || is_held && held <= written;
        if harmless {
            Ok(TreeNodeRecursion::Continue)
        } else {
            gated = false;
            Ok(TreeNodeRecursion::Stop)
        }
    });
    if gated && walked.is_ok() && counted.is_ok() {
        Ok(())
    } else {
        Err(Refusal::new(
            ErrorCode::Internal,
            "a source of the physical plan is not governed",
        ))
    }
}

/// Checks for a node that holds its rows in memory, as the engine does for `VALUES`.
fn holds_rows(node: &Arc<dyn ExecutionPlan>) -> bool {
    let source = node.downcast_ref::<DataSourceExec>();
    source.is_some_and(|source| source.data_source().is::<MemorySourceConfig>())
}

/// Leaves of the engine that read no data.
const SOURCELESS: [&str; 2] = ["EmptyExec", "PlaceholderRowExec"];

/// Stream of the permitted view.
struct PermittedStream {
    streams: VecDeque<SendableRecordBatchStream>,
    schema: SchemaRef,
    cutter: Option<BatchCutter>,
    watch: CancellationSignal,
}

impl Stream for PermittedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(why) = this.watch.end_reason() {
                return Poll::Ready(Some(Err(engine_error::wrap_refusal(why))));
            }
            if let Some(batch) = this.cutter.as_mut().and_then(BatchCutter::next) {
                return Poll::Ready(Some(compact_batch(&batch)));
            }
            let Some(stream) = this.streams.front_mut() else {
                let last = this.cutter.as_mut().map(BatchCutter::finish).transpose();
                return match last {
                    Ok(last) => Poll::Ready(last.flatten().map(|batch| compact_batch(&batch))),
                    Err(error) => {
                        Poll::Ready(Some(Err(engine_error::wrap_refusal(leaf_refusal(&error)))))
                    }
                };
            };
            let batch = match futures::ready!(stream.try_poll_next_unpin(cx)) {
                None => {
                    this.streams.pop_front();
                    continue;
                }
                Some(Err(error)) => {
                    this.streams.clear();
                    return Poll::Ready(Some(Err(engine_error::wrap_refusal(leaf_refusal(
                        &error,
                    )))));
                }
                Some(Ok(batch)) => batch,
            };
            let shown = fit_batch(&batch, &this.schema);
            let taken = match (shown, this.cutter.as_mut()) {
                (Ok(batch), None) => return Poll::Ready(Some(trim_batch(&batch))),
                (Ok(batch), Some(cutter)) => cutter.take_batch(batch),
                (Err(error), _) => Err(error),
            };
            if let Err(error) = taken {
                this.streams.clear();
                return Poll::Ready(Some(Err(engine_error::wrap_refusal(leaf_refusal(&error)))));
            }
        }
    }
}

/// Converts a batch to the schema of the view: names, types and nullability as planned.
fn fit_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        // INVARIANT: nothing-under-null. A reader may have left values of a hidden row there.
        batch.columns().iter().map(blank_null_values).collect(),
        &options,
    )?)
}

/// Refusal of an error inside a leaf. It is reported by class, since its text could contain files, clauses and sizes.
pub(super) fn leaf_refusal(error: &datafusion_common::DataFusionError) -> Refusal {
    let refusal = engine_error::execution_refusal(error);
    match refusal.code {
        ErrorCode::ResourceLimit
        | ErrorCode::SourceUnreadable
        | ErrorCode::SourceUnavailable
        | ErrorCode::DatasetNotPublished
        | ErrorCode::PrivacyBudgetSpent
        // Failure of a worker's states: the question is run again at the connector.
        | ErrorCode::WorkerFailed
        // Overflow of a published total. A withheld total never causes this error.
        | ErrorCode::SumOverflow
        | ErrorCode::SourceChanged
        | ErrorCode::SchemaChanged => refusal,
        // Only the owner can repair the snapshot, and sees the details.
        ErrorCode::SnapshotDamaged => Refusal::new(ErrorCode::SnapshotDamaged, refusal.sentence)
            .with_help("its owner must repair it: `hansa doctor` there says how"),
        _ => {
            tracing::error!(name = "gate.failed", detail = %error);
            Refusal::new(ErrorCode::Internal, "the permitted rows can't be computed")
                .caused_by(error.to_string())
        }
    }
}

#[cfg(test)]
pub(crate) mod mutant_gate;
