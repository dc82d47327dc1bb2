//! Nodes of a plan that give the rows of their input, in its order. One of them counts rows, paces them or describes them; all else is
//! the same for all of them and stands here.

use arrow_array::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{Result, internal_err};
use futures::Stream;
use std::fmt;
use std::sync::Arc;

/// The part of a pass-through node that differs from the others. A plan shows the name of its type, and nothing that it holds.
pub(crate) trait PassThrough: fmt::Debug + Send + Sync + 'static {
    /// The rows of one partition of the input.
    ///
    /// # Errors
    /// Those of the input, and of a partition that may not be read.
    fn read(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static>;

    /// The part of a node above another input, or in another run.
    fn renew_for(&self, input: &Arc<dyn ExecutionPlan>) -> Self;

    /// The properties of the rows: by default those of the input.
    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        Arc::clone(input.properties())
    }
}

/// A node that gives the rows of its input.
#[derive(Debug)]
pub(crate) struct PassThroughExec<P> {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    part: P,
}

impl<P: PassThrough> PassThroughExec<P> {
    /// A node above `input`.
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, part: P) -> Self {
        Self {
            properties: part.properties(&input),
            input,
            part,
        }
    }
}

impl<P: PassThrough> DisplayAs for PassThroughExec<P> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<P: PassThrough> ExecutionPlan for PassThroughExec<P> {
    fn name(&self) -> &'static str {
        Self::static_name()
    }

    fn static_name() -> &'static str {
        let path = std::any::type_name::<P>();
        path.rsplit("::").next().unwrap_or(path)
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
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
        let Ok([input]) = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) else {
            return internal_err!("{} has one child", self.name());
        };
        let part = self.part.renew_for(&input);
        Ok(Arc::new(Self::new(input, part)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.part.read(&self.input, partition, context)?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::Schema;
    use datafusion::physical_plan::displayable;
    use datafusion::physical_plan::empty::EmptyExec;

    #[derive(Debug, Clone)]
    struct SecretRows(#[expect(dead_code, reason = "a plan must not show it")] &'static str);

    impl PassThrough for SecretRows {
        fn read(
            &self,
            input: &Arc<dyn ExecutionPlan>,
            partition: usize,
            context: Arc<TaskContext>,
        ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + 'static> {
            input.execute(partition, context)
        }

        fn renew_for(&self, _input: &Arc<dyn ExecutionPlan>) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_node_shows_the_name_of_its_type_alone() {
        let input = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
        let node = PassThroughExec::new(input, SecretRows("hidden"));
        assert_eq!(node.name(), "SecretRows");
        let shown = displayable(&node).indent(true).to_string();
        assert_eq!(shown.lines().next(), Some("SecretRows"), "{shown}");
        assert!(!shown.contains("hidden"));
    }
}
