//! Memory accounting for windows. The engine's windows keep their input, possibly all of it, without reserving memory.

use super::window_order;
use crate::pass_through::{PassThrough, PassThroughExec};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::{concat, partition};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::InputOrderMode;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::windows::{
    BoundedWindowAggExec, StandardWindowExpr, WindowAggExec, WindowExpr,
};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{Result, ScalarValue, internal_err};
use datafusion_expr::{WindowFrameBound, WindowFrameUnits};
use futures::{Stream, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Adds accounting for the input of every window to the memory of the question.
///
/// # Errors
/// An error if the engine refuses the replacement of its nodes.
pub(crate) fn with_counted_windows(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let Some(keeps) = window_retention(&node) else {
            return Ok(Transformed::no(node));
        };
        let [input] = node.children()[..] else {
            return internal_err!("a window has one input");
        };
        let partitions = input.output_partitioning().partition_count();
        let left: Arc<[AtomicUsize]> = (0..partitions).map(|_| AtomicUsize::new(0)).collect();
        let side = |input: &Arc<dyn ExecutionPlan>, properties, role| -> Arc<dyn ExecutionPlan> {
            let memory = WindowMemory {
                properties,
                left: Arc::clone(&left),
                role,
            };
            Arc::new(PassThroughExec::new(Arc::clone(input), memory))
        };
        let all = keeps == WindowRetention::All;
        let below = Arc::clone(input.properties());
        let (below, mode) = match window_order::find_key_order(&node, input)? {
            None => (below, ChildrenPropertiesMode::Keep),
            Some(known) => {
                let below = PlanProperties::clone(&below).with_eq_properties(known);
                (Arc::new(below), ChildrenPropertiesMode::Recompute)
            }
        };
        let below = side(input, below, WindowMemoryRole::Kept(keeps));
        let above = Arc::clone(node.properties());
        let node =
            Arc::clone(&node).replace_children(vec![below], ReplaceChildrenOptions::new(mode))?;
        Ok(Transformed::yes(if all {
            node
        } else {
            side(&node, above, WindowMemoryRole::Left)
        }))
    })
    .data()
}

/// Rows that a window keeps of its input.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WindowRetention {
    /// All rows.
    All,
    /// Rows inside the frame, and rows with the keys of the last row. The input is sorted by these keys.
    Group(Vec<Arc<dyn PhysicalExpr>>),
    /// Rows inside the frame.
    Few,
}

fn window_retention(node: &Arc<dyn ExecutionPlan>) -> Option<WindowRetention> {
    if node.downcast_ref::<WindowAggExec>().is_some() {
        return Some(WindowRetention::All);
    }
    let window = node.downcast_ref::<BoundedWindowAggExec>()?;
    if window.window_expr().iter().all(reads_rows_once) {
        return Some(WindowRetention::Few);
    }
    let keys = window.window_expr().first()?.partition_by();
    Some(match window.input_order_mode {
        InputOrderMode::Sorted if !keys.is_empty() => WindowRetention::Group(keys.to_vec()),
        _ => WindowRetention::All,
    })
}

/// Checks that rows before the frame are not read again, except for a few.
fn reads_rows_once(expr: &Arc<dyn WindowExpr>) -> bool {
    if let Some(rows) = reaches_back(expr) {
        return rows <= NEAR;
    }
    let frame = expr.get_window_frame();
    frame.units == WindowFrameUnits::Rows
        && match &frame.start_bound {
            WindowFrameBound::CurrentRow => true,
            WindowFrameBound::Preceding(ScalarValue::UInt64(Some(rows))) => *rows <= NEAR,
            WindowFrameBound::Preceding(_) | WindowFrameBound::Following(_) => false,
        }
}

/// Number of rows that a function such as `lag` reads back by position, independent of the frame.
fn reaches_back(expr: &Arc<dyn WindowExpr>) -> Option<u64> {
    let standard = expr.as_any().downcast_ref::<StandardWindowExpr>()?;
    let evaluator = standard.get_standard_func_expr().create_evaluator().ok()?;
    if evaluator.uses_window_frame() {
        return None;
    }
    let start = evaluator.get_range(FAR, FAR.saturating_mul(2));
    let start = start.map_or(0, |seen| seen.start);
    u64::try_from(FAR.saturating_sub(start)).ok()
}

/// Number of rows read back that need not be counted.
const NEAR: u64 = 1_000;

/// Position of a row with enough rows before it.
const FAR: usize = 1 << 40;

#[derive(Debug, Clone, PartialEq, Eq)]
enum WindowMemoryRole {
    /// Input of a window, whose kept rows are reserved.
    Kept(WindowRetention),
    /// Output of a window, whose rows are no longer kept.
    Left,
}

/// One side of a window.
#[derive(Debug, Clone)]
struct WindowMemory {
    /// Those of the input; of the rows of a window with an order by its keys that the engine does not find.
    properties: Arc<PlanProperties>,
    /// Number of rows that the window has completed, by partition.
    left: Arc<[AtomicUsize]>,
    role: WindowMemoryRole,
}

impl PassThrough for WindowMemory {
    fn renew_for(&self, _input: &Arc<dyn ExecutionPlan>) -> Self {
        self.clone()
    }

    fn properties(&self, _input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        Arc::clone(&self.properties)
    }

    fn read(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static> {
        let pool = Arc::clone(context.memory_pool());
        let input = input.execute(partition, context)?;
        let (left, role) = (Arc::clone(&self.left), self.role.clone());
        let mut kept = PartitionMemory {
            reservation: MemoryConsumer::new("window").register(&pool),
            rows: 0,
            bytes: 0,
            group: LastKeyGroup::default(),
        };
        Ok(input.map(move |batch| {
            let batch = batch?;
            match (&role, left.get(partition)) {
                (_, None) => return internal_err!("a partition beyond those of the window"),
                (WindowMemoryRole::Left, Some(left)) => {
                    left.fetch_add(batch.num_rows(), Ordering::Relaxed);
                }
                (WindowMemoryRole::Kept(keeps), Some(left)) => {
                    kept.take_batch(&batch, keeps, left.load(Ordering::Relaxed))?;
                }
            }
            Ok(batch)
        }))
    }
}

/// Reserved memory of a window for one partition, released when the stream is dropped.
struct PartitionMemory {
    reservation: MemoryReservation,
    rows: usize,
    bytes: usize,
    group: LastKeyGroup,
}

impl PartitionMemory {
    fn take_batch(
        &mut self,
        batch: &RecordBatch,
        keeps: &WindowRetention,
        left: usize,
    ) -> Result<()> {
        self.rows = self.rows.saturating_add(batch.num_rows());
        let added = batch.num_rows().saturating_mul(ADDED);
        self.bytes = self
            .bytes
            .saturating_add(row_bytes(batch))
            .saturating_add(added);
        let row = self.bytes.div_ceil(self.rows.max(1));
        let inside = self.rows.saturating_sub(left);
        let rows = match keeps {
            WindowRetention::All => self.rows,
            WindowRetention::Group(keys) => self.group.take_batch(batch, keys)?.max(inside),
            WindowRetention::Few => inside,
        };
        // The factor two covers the original batches and their concatenation.
        self.reservation
            .try_resize(rows.saturating_mul(row).saturating_mul(2))
    }
}

/// Rows with the keys of the last row.
#[derive(Default)]
struct LastKeyGroup {
    rows: usize,
    /// Keys of the last row.
    last: Option<Vec<ArrayRef>>,
}

impl LastKeyGroup {
    fn take_batch(&mut self, batch: &RecordBatch, keys: &[Arc<dyn PhysicalExpr>]) -> Result<usize> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(self.rows);
        }
        let keys = evaluate_expressions_to_arrays(keys, batch)?;
        let before = usize::from(self.last.is_some());
        // The last row of the previous batch, followed by these rows.
        let keys = match &self.last {
            None => keys,
            Some(last) => last
                .iter()
                .zip(&keys)
                .map(|(last, key)| Ok(concat(&[last.as_ref(), key.as_ref()])?))
                .collect::<Result<_>>()?,
        };
        let groups = partition(&keys)?.ranges();
        let start = groups.last().map_or(0, |group| group.start);
        let end = rows.saturating_add(before);
        self.rows = if start == 0 {
            self.rows.saturating_add(rows)
        } else {
            end.saturating_sub(start)
        };
        let last = end.saturating_sub(1);
        let alone = |key: &ArrayRef| -> ArrayRef {
            let key = key.slice(last, 1);
            // A view of one text would keep the texts of all previous batches.
            match key.as_string_view_opt() {
                Some(text) => Arc::new(text.gc()),
                None => key,
            }
        };
        self.last = Some(keys.iter().map(alone).collect());
        Ok(self.rows)
    }
}

/// Bytes that a window adds to each row.
const ADDED: usize = 8;

/// Size of the rows themselves, in bytes, since several batches can be slices of one.
fn row_bytes(batch: &RecordBatch) -> usize {
    let column = |column: &Arc<dyn Array>| {
        let data = column.to_data();
        let own = data
            .get_slice_memory_size()
            .unwrap_or_else(|_| column.get_array_memory_size());
        // The size of views alone does not include the texts that they keep in memory.
        let texts = column.as_string_view_opt();
        own.saturating_add(texts.map_or(0, |texts| texts.total_buffer_bytes_used()))
    };
    batch
        .columns()
        .iter()
        .map(column)
        .fold(0_usize, usize::saturating_add)
}
