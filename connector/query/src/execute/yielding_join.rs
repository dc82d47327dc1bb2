//! Joins that yield. The engine's joins block their thread while two batches are joined, so neither a time limit nor a withdrawal
//! could take effect. Here the probe side is divided into slices with pauses between them.

use crate::pass_through::{PassThrough, PassThroughExec};
use arrow_array::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{Result, internal_err};
use futures::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Makes every join of a plan yield.
///
/// # Errors
/// An error if the engine refuses the replacement of its nodes.
pub(super) fn with_yielding_joins(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let pairs = node.downcast_ref::<CrossJoinExec>().is_some()
            || node.downcast_ref::<NestedLoopJoinExec>().is_some();
        let join = pairs
            || node.downcast_ref::<HashJoinExec>().is_some()
            || node.downcast_ref::<SortMergeJoinExec>().is_some();
        if !join {
            return Ok(Transformed::no(node));
        }
        let node = if pairs { slice_right_side(node)? } else { node };
        let yielding: Arc<dyn ExecutionPlan> = Arc::new(CooperativeExec::new(node));
        Ok(Transformed::yes(yielding))
    })
    .data()
}

/// Nested-loop join or cross join: its left side is kept completely, and its right side is sliced.
fn slice_right_side(join: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let [left, right] = join.children()[..] else {
        return internal_err!("a join has two sides");
    };
    let kept = Arc::new(AtomicUsize::new(0));
    let side = |input: &Arc<dyn ExecutionPlan>, role| -> Arc<dyn ExecutionPlan> {
        let part = YieldingInput {
            kept: Arc::clone(&kept),
            role,
        };
        Arc::new(PassThroughExec::new(Arc::clone(input), part))
    };
    let children = vec![
        side(left, YieldingInputRole::Kept),
        side(right, YieldingInputRole::Sliced),
    ];
    join.replace_children(
        children,
        ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum YieldingInputRole {
    Kept,
    Sliced,
}

/// One side of a join.
#[derive(Debug, Clone)]
struct YieldingInput {
    /// Rows of the side that is kept.
    kept: Arc<AtomicUsize>,
    role: YieldingInputRole,
}

impl PassThrough for YieldingInput {
    fn renew_for(&self, _input: &Arc<dyn ExecutionPlan>) -> Self {
        self.clone()
    }

    fn read(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static> {
        Ok(YieldingStream {
            input: input.execute(partition, context)?,
            kept: Arc::clone(&self.kept),
            role: self.role,
            rest: None,
            since: 0,
        })
    }
}

struct YieldingStream {
    input: SendableRecordBatchStream,
    kept: Arc<AtomicUsize>,
    role: YieldingInputRole,
    rest: Option<RecordBatch>,
    /// Number of row pairs since the last pause.
    since: usize,
}

impl YieldingStream {
    fn slice(&mut self, batch: RecordBatch) -> RecordBatch {
        let kept = self.kept.load(Ordering::Relaxed).max(1);
        let rows = SLICE.div_euclid(kept).max(1).min(batch.num_rows());
        self.since = self.since.saturating_add(rows.saturating_mul(kept));
        if rows == batch.num_rows() {
            return batch;
        }
        self.rest = Some(batch.slice(rows, batch.num_rows().saturating_sub(rows)));
        batch.slice(0, rows)
    }
}

impl Stream for YieldingStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.since > PAUSE {
            this.since = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(rest) = this.rest.take() {
            return Poll::Ready(Some(Ok(this.slice(rest))));
        }
        match futures::ready!(this.input.poll_next_unpin(cx)) {
            Some(Ok(batch)) => Poll::Ready(Some(Ok(match this.role {
                YieldingInputRole::Kept => {
                    this.kept.fetch_add(batch.num_rows(), Ordering::Relaxed);
                    batch
                }
                YieldingInputRole::Sliced => this.slice(batch),
            }))),
            other => Poll::Ready(other),
        }
    }
}

/// Maximum number of row pairs of one slice with the kept side, if that has fewer rows.
const SLICE: usize = 256 * 1024;

/// Number of row pairs between two pauses.
const PAUSE: usize = 2 * 1024 * 1024;
