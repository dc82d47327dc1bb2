//! Memory accounting for the build sides of joins. The engine's joins reserve memory for the columns of the build side, but neither
//! for the batches themselves nor for the second copy during their concatenation (55.2). A nested-loop join without memory starts
//! again in another mode: it reads its build side a second time, and over several partitions it returns rows twice. With this
//! accounting the question ends instead, wherever the memory ran out, and a build side is read once.

use crate::engine_error;
use crate::pass_through::{PassThrough, PassThroughExec};
use arrow_array::{Array as _, RecordBatch};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties, SendableRecordBatchStream,
};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{Result, internal_err};
use futures::{Stream, StreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// Adds accounting for the build sides of a plan's joins to the memory of the question.
///
/// # Errors
/// An error if the engine refuses the replacement of its nodes.
pub(crate) fn with_counted_build_sides(
    plan: Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let is_join = node.downcast_ref::<CrossJoinExec>().is_some()
            || node.downcast_ref::<NestedLoopJoinExec>().is_some()
            || node.downcast_ref::<HashJoinExec>().is_some();
        if !is_join {
            return Ok(Transformed::no(node));
        }
        let [left, right] = node.children()[..] else {
            return internal_err!("a join has two sides");
        };
        let parts = left.output_partitioning().partition_count();
        let copies: Arc<[CopyReservation]> = (0..parts).map(|_| Mutex::new(None)).collect();
        let side = |input: &Arc<dyn ExecutionPlan>, side| -> Arc<dyn ExecutionPlan> {
            let part = CountedJoinInput::new(input, Arc::clone(&copies), side);
            Arc::new(PassThroughExec::new(Arc::clone(input), part))
        };
        let children = vec![
            side(left, CountedJoinSide::Built),
            side(right, CountedJoinSide::Probed),
        ];
        let node = Arc::clone(&node).replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep),
        )?;
        Ok(Transformed::yes(node))
    })
    .data()
}

/// Reserved memory of the second copy, until the copy is complete and the first one is freed.
type CopyReservation = Mutex<Option<MemoryReservation>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CountedJoinSide {
    /// Build side, whose rows are kept.
    Built,
    /// Probe side, which is read after the build side is complete.
    Probed,
}

/// Input of a join, with memory accounting.
#[derive(Debug)]
struct CountedJoinInput {
    /// By partition of the side that is built.
    copies: Arc<[CopyReservation]>,
    side: CountedJoinSide,
    /// Flag for each partition: it was started.
    begun: Box<[AtomicBool]>,
}

impl CountedJoinInput {
    /// Creates an input of which no partition was started.
    fn new(
        input: &Arc<dyn ExecutionPlan>,
        copies: Arc<[CopyReservation]>,
        side: CountedJoinSide,
    ) -> Self {
        let parts = input.output_partitioning().partition_count();
        Self {
            copies,
            side,
            begun: (0..parts).map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// Refuses to read a partition of the build side twice. The engine does that if the join or its input ran out of memory, and
    /// other partitions of the join may have returned rows of the first read.
    fn begin_partition(&self, partition: usize) -> Result<()> {
        let begun = self.begun.get(partition);
        let again = begun.is_some_and(|begun| begun.swap(true, Ordering::Relaxed));
        if again && self.side == CountedJoinSide::Built {
            return Err(engine_error::wrap_refusal(too_much()));
        }
        Ok(())
    }
}

impl PassThrough for CountedJoinInput {
    fn renew_for(&self, input: &Arc<dyn ExecutionPlan>) -> Self {
        Self::new(input, Arc::clone(&self.copies), self.side)
    }

    fn read(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static> {
        self.begin_partition(partition)?;
        let pool = Arc::clone(context.memory_pool());
        // Where one part is built for all, whichever of them is read first finds it together.
        let place = if self.copies.len() == 1 { 0 } else { partition };
        Ok(CountedJoinStream {
            input: input.execute(partition, context)?,
            copies: Arc::clone(&self.copies),
            place,
            copy: (self.side == CountedJoinSide::Built)
                .then(|| MemoryConsumer::new("copy of a side of a join").register(&pool)),
        })
    }
}

struct CountedJoinStream {
    input: SendableRecordBatchStream,
    copies: Arc<[CopyReservation]>,
    place: usize,
    /// Reservation of the build side's second copy.
    copy: Option<MemoryReservation>,
}

impl CountedJoinStream {
    fn keep_copy(&self, copy: Option<MemoryReservation>) {
        if let Some(place) = self.copies.get(self.place) {
            *place.lock() = copy;
        }
    }
}

impl Stream for CountedJoinStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(copy) = &mut this.copy else {
            // The build side is complete.
            this.keep_copy(None);
            return this.input.poll_next_unpin(cx);
        };
        match futures::ready!(this.input.poll_next_unpin(cx)) {
            Some(Ok(batch)) => {
                // The join's next reservation must fit in addition, since a join without memory would start again.
                let join = batch.get_array_memory_size();
                let kept = rows_of(&batch).saturating_add(BATCH_BYTES);
                if copy.try_grow(kept.saturating_add(join)).is_err() {
                    return Poll::Ready(Some(Err(engine_error::wrap_refusal(too_much()))));
                }
                copy.shrink(join);
                Poll::Ready(Some(Ok(batch)))
            }
            None => {
                let copy = copy.take();
                this.keep_copy(Some(copy));
                Poll::Ready(None)
            }
            other => Poll::Ready(other),
        }
    }
}

/// Size of a batch without its columns, in bytes: the batch itself, its entry in a growing list, and allocator overhead. A count
/// over a nested-loop join has batches without columns alone.
const BATCH_BYTES: usize = 256;

fn too_much() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        "a join of the question needs more memory than its limit",
    )
}

/// Size of a copy of the rows, in bytes. Texts are shared and not copied.
fn rows_of(batch: &RecordBatch) -> usize {
    let column = |column: &Arc<dyn arrow_array::Array>| {
        let own = column.to_data().get_slice_memory_size();
        own.unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch
        .columns()
        .iter()
        .map(column)
        .fold(0_usize, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int64Array};
    use datafusion::arrow::datatypes::SchemaRef;
    use datafusion::physical_plan::collect;
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
    use datafusion_common::{DataFusionError, JoinType};
    use std::sync::atomic::AtomicUsize;

    /// Two numbers. The first read may fail for lack of memory after them.
    #[derive(Debug)]
    struct NumberPartition {
        batch: RecordBatch,
        schema: SchemaRef,
        is_poor: bool,
        runs: AtomicUsize,
    }

    impl PartitionStream for NumberPartition {
        fn schema(&self) -> &SchemaRef {
            &self.schema
        }

        fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
            let is_first = self.runs.fetch_add(1, Ordering::Relaxed) == 0;
            let no_memory = || DataFusionError::ResourcesExhausted("none is left".to_owned());
            let mut items = vec![Ok(self.batch.clone())];
            items.extend((is_first && self.is_poor).then(|| Err(no_memory())));
            Box::pin(RecordBatchStreamAdapter::new(
                Arc::clone(&self.schema),
                futures::stream::iter(items),
            ))
        }
    }

    fn numbers(parts: usize, is_poor: bool) -> Arc<dyn ExecutionPlan> {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        let part = |_| -> Arc<dyn PartitionStream> {
            Arc::new(NumberPartition {
                batch: batch.clone(),
                schema: batch.schema(),
                is_poor,
                runs: AtomicUsize::new(0),
            })
        };
        let parts = (0..parts).map(part).collect();
        let made = StreamingTableExec::try_new(batch.schema(), parts, None, [], false, None);
        Arc::new(made.unwrap())
    }

    /// Nested-loop join whose left side is the build side.
    fn join(is_poor: bool) -> Arc<dyn ExecutionPlan> {
        let (left, right) = (numbers(1, is_poor), numbers(2, false));
        let join = NestedLoopJoinExec::try_new(left, right, None, &JoinType::Left, None);
        with_counted_build_sides(Arc::new(join.unwrap())).unwrap()
    }

    fn rows(plan: Arc<dyn ExecutionPlan>) -> Result<usize> {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let batches = runtime.block_on(collect(plan, Arc::new(TaskContext::default())))?;
        Ok(batches.iter().map(RecordBatch::num_rows).sum())
    }

    /// The engine also restarts the join if its input runs out of memory, and each partition then returns its own rows.
    #[test]
    fn a_side_that_is_built_is_read_once() {
        assert_eq!(rows(join(false)).unwrap(), 8);
        let refusal = engine_error::execution_refusal(&rows(join(true)).unwrap_err());
        assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{refusal}");
        assert_eq!(refusal, too_much());
        let context = || Arc::new(TaskContext::default());
        let join = join(false);
        let [built, probed] = join.children()[..] else {
            panic!("two sides");
        };
        for side in [built, probed] {
            assert!(side.execute(0, context()).is_ok());
        }
        assert!(built.execute(0, context()).is_err());
        assert!(probed.execute(0, context()).is_ok());
        // Another run has its own nodes.
        let again = Arc::clone(built).reset_state().unwrap();
        assert!(again.execute(0, context()).is_ok());
        assert!(again.execute(0, context()).is_err());
    }
}
