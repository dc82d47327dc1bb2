//! Union of the plans of several participants.

use crate::engine_error::wrap_refusal;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, Union};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Union of plans with equal columns.
pub(super) fn union_plans(mut plans: Vec<LogicalPlan>) -> Result<LogicalPlan, DataFusionError> {
    if plans.len() < 2 {
        return plans.pop().ok_or_else(not_planned);
    }
    let inputs = plans.into_iter().map(Arc::new).collect();
    Ok(LogicalPlan::Union(Union::try_new(inputs)?))
}

pub(super) fn not_planned() -> DataFusionError {
    wrap_refusal(Refusal::new(
        ErrorCode::Internal,
        "a part of the question can't be given to its participant",
    ))
}
