//! Application of derived effects to a plan on a worker. It has the governed tables of the deciding connector's plan.

use crate::bound_plan::BoundPlan;
use crate::cube_plan::PrivatePlanContext;
use crate::permitted_plan::govern_plan;
use datafusion_expr::LogicalPlan;
use hansa_policy::decision::derivation::DerivedQuery;
use hansa_policy::refusal::Refusal;

/// Plan whose tasks a worker may run for the connector of its participant: every table is governed. Its result is not an answer.
/// Made by [`delegate_plan`] alone.
#[derive(Debug)]
pub struct DelegatedPlan {
    plan: LogicalPlan,
}

/// Makes the delegated plan of a derived question. This is the only constructor of [`DelegatedPlan`].
///
/// # Errors
/// When the effects don't give exactly the view that the question was planned against.
pub fn delegate_plan(
    derived: DerivedQuery<BoundPlan>,
    tools: &PrivatePlanContext,
) -> Result<DelegatedPlan, Refusal> {
    let effects = derived.effects().clone();
    let (named, _, _) = derived.into_question().into_parts();
    Ok(DelegatedPlan {
        plan: govern_plan(named, &effects, tools)?,
    })
}

impl DelegatedPlan {
    /// Plan over governed tables.
    #[must_use]
    pub fn into_plan(self) -> LogicalPlan {
        self.plan
    }
}
