//! Schemas of a plan after a replacement of some nodes.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{LogicalPlan, Union};
use std::sync::Arc;

/// Recomputes the schema of each node from its inputs, including those in subqueries.
///
/// # Errors
/// An error if a node does not fit its inputs.
pub(crate) fn recompute_schemas(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    plan.transform_up_with_subqueries(|node| {
        Ok(Transformed::yes(match node.recompute_schema()? {
            LogicalPlan::Union(union) => LogicalPlan::Union(widen_nullability(union)?),
            other => other,
        }))
    })
    .map(|done| done.data)
}

/// Makes a column of a union nullable if it is nullable in one of the inputs. The engine keeps the old schema of a union, so a rule
/// that recomputes it would be reported as changing it.
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
