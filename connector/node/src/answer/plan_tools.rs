//! Inputs of private plans: the mask secret, the published lists, and aggregate functions of the engine.

use crate::participant::Connector;
use hansa_enforcement::cube_plan::PrivatePlanContext;
use hansa_enforcement::masking::MaskingSecret;
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::sql::functions;
use std::sync::Arc;

pub(super) fn plan_context(connector: &Connector) -> Result<PrivatePlanContext, Refusal> {
    tools_of(
        connector.datasets.schema_secret,
        connector.reloadable.published_lists(),
    )
}

/// Returns the inputs from which private plans are built.
///
/// # Errors
/// `INTERNAL` if the engine lacks an aggregate function.
pub(crate) fn tools_of(
    secret: [u8; 32],
    published: Arc<PublishedLists>,
) -> Result<PrivatePlanContext, Refusal> {
    let missing = || Refusal::new(ErrorCode::Internal, "the engine lacks an aggregate");
    Ok(PrivatePlanContext {
        secret: MaskingSecret::new(secret),
        published,
        count: functions::aggregate_function("count").ok_or_else(missing)?,
        sum: functions::sum::decimal_sum_function(),
    })
}
