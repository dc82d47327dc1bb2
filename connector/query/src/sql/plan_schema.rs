//! Schemas of a plan as they are after parts of it were replaced.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{LogicalPlan, Union};
use std::sync::Arc;

/// The plan with the schema of each node made anew from those of its inputs, in subqueries too.
///
/// # Errors
/// Where a node does not fit its inputs.
pub(crate) fn recompute_schemas(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    plan.transform_up_with_subqueries(|node| {
        Ok(Transformed::yes(match node.recompute_schema()? {
            LogicalPlan::Union(union) => LogicalPlan::Union(widen_nullability(union)?),
            other => other,
        }))
    })
    .map(|done| done.data)
}

/// A union whose columns may be NULL where those of one of its inputs may. The engine keeps the schema of a union as it was; a rule
/// that makes it anew would then be taken for one that changes it.
fn widen_nullability(union: Union) -> Result<Union, DataFusionError> {
    let Union { inputs, schema } = union;
    let fields = schema.iter().enumerate().map(|(index, (of, field))| {
        let mut inputs = inputs.iter();
        let null = inputs.any(|input| {
            let fields = input.schema().fields();
            fields.get(index).is_some_and(|field| field.is_nullable())
        });
        let field = field.as_ref().clone();
        let null = null || field.is_nullable();
        (of.cloned(), Arc::new(field.with_nullable(null)))
    });
    let schema = DFSchema::new_with_metadata(fields.collect(), schema.metadata().clone())?;
    Ok(Union {
        inputs,
        schema: Arc::new(schema),
    })
}
