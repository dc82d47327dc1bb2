//! Correction of outer joins. The engine keeps its knowledge about the columns of the nullable side above the join (DataFusion
//! 55.2): a constant column is then 5 or NULL, and a requested sort by it is omitted.

use crate::pass_through::{PassThrough, PassThroughExec};
use arrow_array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _, PlanProperties};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{JoinType, Result};
use futures::Stream;
use std::sync::Arc;

/// Rule that hides this knowledge from outer joins. It runs before the rule that omits sorts.
#[derive(Debug)]
pub(super) struct OuterJoinRule;

impl OuterJoinRule {
    /// Engine rule that omits sorts.
    pub(super) const BEFORE: &str = "EnsureRequirements";
}

impl PhysicalOptimizerRule for OuterJoinRule {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(hide_constants).data()
    }

    fn name(&self) -> &'static str {
        "outer_join"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn hide_constants(node: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let Some(join_type) = join_type(&node) else {
        return Ok(Transformed::no(node));
    };
    let may_miss = match join_type {
        JoinType::Left => [false, true],
        JoinType::Right => [true, false],
        JoinType::Full => [true, true],
        _ => return Ok(Transformed::no(node)),
    };
    let inputs = node.children().into_iter().zip(may_miss);
    let inputs: Vec<(&Arc<dyn ExecutionPlan>, bool)> = inputs
        .map(|(input, may_miss)| (input, may_miss && knows_more_than_columns(input)))
        .collect();
    if !inputs.iter().any(|(_, is_hidden)| *is_hidden) {
        return Ok(Transformed::no(node));
    }
    let inputs = inputs
        .into_iter()
        .map(|(input, is_hidden)| -> Arc<dyn ExecutionPlan> {
            match is_hidden {
                true => Arc::new(PassThroughExec::new(Arc::clone(input), NullableInput)),
                false => Arc::clone(input),
            }
        });
    let inputs = inputs.collect();
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    node.replace_children(inputs, options).map(Transformed::yes)
}

fn join_type(node: &Arc<dyn ExecutionPlan>) -> Option<JoinType> {
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        return Some(*join.join_type());
    }
    if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        return Some(*join.join_type());
    }
    let join = node.downcast_ref::<SortMergeJoinExec>()?;
    Some(join.join_type())
}

/// Checks that a column is known to be constant, or equal to an expression. Equality of two columns is harmless, since NULL in both
/// is equal, too.
fn knows_more_than_columns(input: &Arc<dyn ExecutionPlan>) -> bool {
    let known = input.equivalence_properties();
    let is_more = |expr: &Arc<dyn PhysicalExpr>| {
        expr.downcast_ref::<Column>().is_none() || known.is_expr_constant(expr).is_some()
    };
    known
        .eq_group()
        .iter()
        .any(|class| class.iter().any(is_more))
}

/// Input whose only known property is the order of its rows.
#[derive(Debug)]
struct NullableInput;

impl PassThrough for NullableInput {
    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        let known = input.equivalence_properties();
        let orders = known.oeq_class().iter().cloned();
        let known = EquivalenceProperties::new_with_orderings(input.schema(), orders);
        Arc::new(PlanProperties::clone(input.properties()).with_eq_properties(known))
    }

    fn renew_for(&self, _input: &Arc<dyn ExecutionPlan>) -> Self {
        Self
    }

    fn read(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static> {
        input.execute(partition, context)
    }
}
