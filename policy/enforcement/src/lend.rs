//! Puts what a worker has derived into its plan: the same governed tables as those of the connector that ruled.

use crate::apply::governed;
use crate::bind::Bound;
use crate::cube::Tools;
use datafusion_expr::LogicalPlan;
use hansa_policy::refusal::Refusal;
use hansa_policy::ruling::derive::Derived;

/// A plan of which a share may be computed for the connector of the same participant: every table of it governed. What comes of it is
/// no answer. Made by [`lend`] alone.
#[derive(Debug)]
pub struct Lent {
    plan: LogicalPlan,
}

/// The one maker of [`Lent`].
///
/// # Errors
/// When the effects do not give exactly what the question was planned against.
pub fn lend(derived: Derived<Bound>, tools: &Tools) -> Result<Lent, Refusal> {
    let effects = derived.effects().clone();
    let (named, _, _) = derived.into_question().into_parts();
    Ok(Lent {
        plan: governed(named, &effects, tools)?,
    })
}

impl Lent {
    /// The plan over governed tables.
    #[must_use]
    pub fn into_plan(self) -> LogicalPlan {
        self.plan
    }
}
