//! Row counts of a task below and above its head node, which must agree for a complete output. If a producer of a stream panics,
//! the engine ends the stream as if it were complete; here such an end is an error. Rows that a head keeps completely are also
//! accounted here.

use super::task_channels::failed_task_error;
use crate::pass_through::{PassThrough, PassThroughExec};
use arrow_array::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties as _, SendableRecordBatchStream,
};
use datafusion_common::{Result, internal_err};
use datafusion_distributed::{BroadcastExec, MaybeEncoded, ProducerHead};
use futures::{Stream, StreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::sync::Arc;

type Plan = Arc<dyn ExecutionPlan>;

/// Row counts of one task, below and above its head.
#[derive(Debug)]
pub(super) struct RowCounts {
    head: HeadKind,
    counted: Mutex<Counted>,
}

/// Relation of the partitions above and below a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeadKind {
    /// Each partition above contains the partition below with its number.
    None,
    /// Each partition above contains rows of all partitions below.
    Dealt,
    /// Each partition above repeats the partition below with its number, modulo the number of partitions below.
    Repeated,
}

#[derive(Debug)]
struct Counted {
    /// Counts by partition below the head.
    below: Vec<PartitionCount>,
    /// Counts by partition above the head.
    above: Vec<PartitionCount>,
}

#[derive(Debug, Clone, Copy, Default)]
struct PartitionCount {
    rows: u64,
    ended: bool,
}

impl RowCounts {
    /// Adds the head for all readers to the plan of a task, with a count below the head. Returns the plan and its counts.
    ///
    /// # Errors
    /// An error if the engine refuses its own nodes.
    pub(super) fn count_under_head(plan: Plan, head: &ProducerHead) -> Result<(Plan, Arc<Self>)> {
        // The head from the cut of the plan is for one reader. It is replaced by a head for all readers.
        let plan = match plan.children().as_slice() {
            [below] if plan.is::<RepartitionExec>() || plan.is::<BroadcastExec>() => {
                Arc::clone(below)
            }
            _ => plan,
        };
        let below = plan.output_partitioning().partition_count();
        let (kind, above) = match head {
            ProducerHead::None => (HeadKind::None, below),
            ProducerHead::RepartitionExec {
                partitioning: MaybeEncoded::Decoded(partitioning),
            } => (HeadKind::Dealt, partitioning.partition_count()),
            ProducerHead::RepartitionExec { .. } => {
                return internal_err!("a head that was encoded");
            }
            ProducerHead::BroadcastExec { output_partitions } => {
                (HeadKind::Repeated, *output_partitions)
            }
        };
        let counts = Arc::new(Self {
            head: kind,
            counted: Mutex::new(Counted {
                below: vec![PartitionCount::default(); below],
                above: vec![PartitionCount::default(); above],
            }),
        });
        let counted: Plan = Arc::new(PassThroughExec::new(plan, CountedTask(Arc::clone(&counts))));
        let plan: Plan = match head {
            ProducerHead::RepartitionExec {
                partitioning: MaybeEncoded::Decoded(partitioning),
            } => Arc::new(RepartitionExec::try_new(counted, partitioning.clone())?),
            ProducerHead::BroadcastExec { output_partitions } => {
                let readers = output_partitions.checked_div(below).unwrap_or_default();
                Arc::new(BroadcastExec::new(counted, readers))
            }
            ProducerHead::None | ProducerHead::RepartitionExec { .. } => counted,
        };
        Ok((plan, counts))
    }

    /// Counted rows of a partition above the head. The stream ends with an error if rows from below are missing.
    pub(super) fn count_above_head(
        self: Arc<Self>,
        partition: usize,
        rows: SendableRecordBatchStream,
    ) -> SendableRecordBatchStream {
        let schema = rows.schema();
        let last = Arc::clone(&self);
        let counting =
            rows.inspect(move |batch| self.add(|counted| &mut counted.above, partition, batch));
        let end = futures::stream::once(async move { last.end(partition) });
        let end = end.filter_map(|ended| std::future::ready(ended.err().map(Err)));
        Box::pin(RecordBatchStreamAdapter::new(schema, counting.chain(end)))
    }

    fn add(
        &self,
        side: impl Fn(&mut Counted) -> &mut Vec<PartitionCount>,
        partition: usize,
        batch: &Result<RecordBatch>,
    ) {
        let Ok(batch) = batch else { return };
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        if let Some(count) = side(&mut self.counted.lock()).get_mut(partition) {
            count.rows = count.rows.saturating_add(rows);
        }
    }

    // INVARIANT: task-counted. A partition is complete only if all its sources are complete and their row counts agree.
    fn end(&self, partition: usize) -> Result<()> {
        let mut counted = self.counted.lock();
        let Counted { below, above } = &mut *counted;
        let of_one = match self.head {
            HeadKind::None => Some(partition),
            HeadKind::Repeated => partition.checked_rem(below.len()),
            HeadKind::Dealt => None,
        };
        let over = match of_one {
            Some(one) => below.get(one).is_some_and(|count| count.ended),
            None => below.iter().all(|count| count.ended),
        };
        if let Some(count) = above.get_mut(partition) {
            count.ended = true;
        }
        let rows = |side: &[PartitionCount]| -> u64 { side.iter().map(|count| count.rows).sum() };
        let as_many = match self.head {
            HeadKind::None | HeadKind::Dealt => {
                !above.iter().all(|count| count.ended) || rows(above) == rows(below)
            }
            HeadKind::Repeated => {
                let rows =
                    |side: &[PartitionCount], at: usize| side.get(at).map(|count| count.rows);
                of_one.is_some_and(|one| rows(above, partition) == rows(below, one))
            }
        };
        if over && as_many {
            return Ok(());
        }
        Err(failed_task_error(Refusal::new(
            ErrorCode::WorkerFailed,
            format!("partition {partition} of a task lacks rows: {counted:?}"),
        )))
    }
}

/// The plan of a task, whose rows are counted.
#[derive(Debug, Clone)]
struct CountedTask(Arc<RowCounts>);

impl PassThrough for CountedTask {
    fn read(
        &self,
        input: &Plan,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static> {
        // A repeated batch is held whole, and the engine takes memory for it without asking the pool.
        let room = (self.0.head == HeadKind::Repeated)
            .then(|| MemoryConsumer::new("rows that are repeated").register(context.memory_pool()));
        let rows = input.execute(partition, context)?;
        let counts = Arc::clone(&self.0);
        let last = Arc::clone(&counts);
        let counting = rows.map(move |batch| {
            let batch = batch?;
            if let Some(room) = &room {
                room.try_grow(batch.get_array_memory_size())?;
                room.free();
            }
            let batch = Ok(batch);
            counts.add(|counted| &mut counted.below, partition, &batch);
            batch
        });
        let end = futures::stream::once(async move {
            if let Some(count) = last.counted.lock().below.get_mut(partition) {
                count.ended = true;
            }
        });
        Ok(counting.chain(end.filter_map(|()| std::future::ready(None))))
    }

    fn renew_for(&self, _input: &Plan) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;
    use arrow_schema::{DataType, Field, Schema};
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::execution::memory_pool::GreedyMemoryPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;

    /// A hundred batches of 8,000 bytes, which a head repeats for two readers.
    fn repeated(memory: usize) -> Result<usize> {
        let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
        let column: Arc<Int64Array> = Arc::new((0..1_000).collect());
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column])?;
        let rows = MemorySourceConfig::try_new_exec(&[vec![batch; 100]], schema, None)?;
        let head = ProducerHead::BroadcastExec {
            output_partitions: 2,
        };
        let (plan, counts) = RowCounts::count_under_head(rows, &head)?;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
            .build_arc()?;
        let context = Arc::new(TaskContext::default().with_runtime(runtime));
        let handle = tokio::runtime::Runtime::new().unwrap();
        handle.block_on(async {
            let mut rows = 0;
            for partition in 0..2 {
                let stream = plan.execute(partition, Arc::clone(&context))?;
                let mut stream = Arc::clone(&counts).count_above_head(partition, stream);
                while let Some(batch) = stream.next().await {
                    rows += batch?.num_rows();
                }
            }
            Ok(rows)
        })
    }

    #[test]
    fn what_is_repeated_fits_into_the_memory_of_its_question() {
        assert_eq!(repeated(2_000_000).unwrap(), 200_000);
        let error = repeated(100_000).unwrap_err();
        assert!(error.to_string().contains("that are repeated"), "{error}");
    }
}
