//! Puts what a worker has derived into its plan: the same governed tables as those of the connector that ruled.

use crate::bound_plan::BoundPlan;
use crate::cube_plan::PrivatePlanContext;
use crate::permitted_plan::govern_plan;
use datafusion_expr::LogicalPlan;
use hansa_policy::decision::derivation::DerivedQuery;
use hansa_policy::refusal::Refusal;

/// A plan of which tasks may be run for the connector of the same participant: every table of it governed. What comes of it is no
/// answer. Made by [`delegate`] alone.
#[derive(Debug)]
pub struct DelegatedPlan {
    plan: LogicalPlan,
}

/// The one maker of [`DelegatedPlan`].
///
/// # Errors
/// When the effects do not give exactly what the question was planned against.
pub fn delegate(
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
    /// The plan over governed tables.
    #[must_use]
    pub fn into_plan(self) -> LogicalPlan {
        self.plan
    }
}
