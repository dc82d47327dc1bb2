//! Windows that count what they keep: the engine's own hold their input, up to all of it, without asking for the memory.

use arrow_array::{Array, RecordBatch};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{
    BoundedWindowAggExec, StandardWindowExpr, WindowAggExec, WindowExpr,
};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    SendableRecordBatchStream,
};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{Result, ScalarValue, internal_err};
use datafusion_expr::{WindowFrameBound, WindowFrameUnits};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The plan with every window's input counted against the memory of the question.
///
/// # Errors
/// When the engine does not take its own nodes back.
pub(crate) fn counted(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let passes = match (
            node.downcast_ref::<WindowAggExec>(),
            node.downcast_ref::<BoundedWindowAggExec>(),
        ) {
            (Some(_), _) => false,
            (None, Some(window)) => window.window_expr().iter().all(passes),
            (None, None) => return Ok(Transformed::no(node)),
        };
        let [input] = node.children()[..] else {
            return internal_err!("a window has one input");
        };
        let partitions = input.output_partitioning().partition_count();
        let left: Arc<[AtomicUsize]> = (0..partitions).map(|_| AtomicUsize::new(0)).collect();
        let side = |input: &Arc<dyn ExecutionPlan>, role| -> Arc<dyn ExecutionPlan> {
            Arc::new(Hoard {
                input: Arc::clone(input),
                left: Arc::clone(&left),
                role,
            })
        };
        let below = side(input, Role::Kept);
        let node = Arc::clone(&node).replace_children(
            vec![below],
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep),
        )?;
        Ok(Transformed::yes(if passes {
            side(&node, Role::Left)
        } else {
            node
        }))
    })
    .data()
}

/// Whether rows that have left the window are not looked at again, but for a few.
fn passes(expr: &Arc<dyn WindowExpr>) -> bool {
    let frame = expr.get_window_frame();
    let by_frame = frame.units == WindowFrameUnits::Rows
        && match &frame.start_bound {
            WindowFrameBound::CurrentRow => true,
            WindowFrameBound::Preceding(ScalarValue::UInt64(Some(rows))) => *rows <= NEAR,
            WindowFrameBound::Preceding(_) | WindowFrameBound::Following(_) => false,
        };
    by_frame || reaches_back(expr).is_some_and(|rows| rows <= NEAR)
}

/// How many rows a function such as `lag` looks back, where it goes by the place of a row and not by the frame.
fn reaches_back(expr: &Arc<dyn WindowExpr>) -> Option<u64> {
    let standard = expr.as_any().downcast_ref::<StandardWindowExpr>()?;
    let evaluator = standard.get_standard_func_expr().create_evaluator().ok()?;
    if evaluator.uses_window_frame() {
        return None;
    }
    let seen = evaluator.get_range(FAR, FAR.saturating_mul(2)).ok()?;
    u64::try_from(FAR.saturating_sub(seen.start)).ok()
}

/// Rows that may be looked back at without being counted.
const NEAR: u64 = 1_000;

/// A row with enough before it.
const FAR: usize = 1 << 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The input: its bytes are reserved.
    Kept,
    /// The output: its rows are kept no longer.
    Left,
}

/// One side of a window.
#[derive(Debug)]
struct Hoard {
    input: Arc<dyn ExecutionPlan>,
    /// By partition, the rows that the window is done with.
    left: Arc<[AtomicUsize]>,
    role: Role,
}

impl DisplayAs for Hoard {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hoard")
    }
}

impl ExecutionPlan for Hoard {
    fn name(&self) -> &'static str {
        "Hoard"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
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
        match <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self {
                input,
                left: Arc::clone(&self.left),
                role: self.role,
            })),
            Err(_) => internal_err!("one child"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let pool = Arc::clone(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let (left, role) = (Arc::clone(&self.left), self.role);
        let mut kept = Kept {
            reservation: MemoryConsumer::new("window").register(&pool),
            rows: 0,
            bytes: 0,
        };
        let counted = input.map(move |batch| {
            let batch = batch?;
            match (role, left.get(partition)) {
                (_, None) => return internal_err!("a partition beyond those of the window"),
                (Role::Left, Some(left)) => {
                    left.fetch_add(batch.num_rows(), Ordering::Relaxed);
                }
                (Role::Kept, Some(left)) => kept.take(&batch, left.load(Ordering::Relaxed))?,
            }
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            counted,
        )))
    }
}

/// What a window holds of one partition; given back when its stream is dropped.
struct Kept {
    reservation: MemoryReservation,
    rows: usize,
    bytes: usize,
}

impl Kept {
    fn take(&mut self, batch: &RecordBatch, left: usize) -> Result<()> {
        self.rows = self.rows.saturating_add(batch.num_rows());
        let added = batch.num_rows().saturating_mul(ADDED);
        self.bytes = self
            .bytes
            .saturating_add(bytes(batch))
            .saturating_add(added);
        let row = self.bytes.div_ceil(self.rows.max(1));
        let rows = self.rows.saturating_sub(left);
        // Twice: the rows as they came, and those of a partition put together.
        self.reservation
            .try_resize(rows.saturating_mul(row).saturating_mul(2))
    }
}

/// Bytes of what a window adds to a row.
const ADDED: usize = 8;

/// Bytes of the rows themselves: several batches can be slices of one.
fn bytes(batch: &RecordBatch) -> usize {
    let column = |column: &Arc<dyn Array>| {
        let data = column.to_data();
        data.get_slice_memory_size()
            .unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch
        .columns()
        .iter()
        .map(column)
        .fold(0_usize, usize::saturating_add)
}
