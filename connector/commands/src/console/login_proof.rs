//! Fresh login at the issuer as a proof that the person of an act is present.

use crate::console::person_visit::PersonVisit;
use hansa_console::{ActKind, LoginStep};
use hansa_node::config::console::StepUp;
use hansa_node::console::issuer_login::is_login_enough;
use hansa_node::console::pending_act::PendingAct;
use hansa_policy::refusal::Refusal;

/// Fresh login as a proof of a pending act.
///
/// # Errors
/// If the contract of the act can't be read.
pub(super) fn login_step(
    visit: &PersonVisit<'_>,
    pending: &PendingAct,
) -> Result<LoginStep, Refusal> {
    let config = visit.connector.config();
    let is_on =
        config.console.step_up == StepUp::Again && config.console.sign_in_issuer().is_some();
    let has_account = visit.person.person.key.account().is_some();
    // INVARIANT: passkey-by-host. A login at the issuer adds no passkey either; it is for acts on contracts alone.
    let is_on_contract = ActKind::from_command(&pending.act.act).is_some();
    if !is_on || !has_account || !is_on_contract {
        return Ok(LoginStep::NotOffered);
    }
    Ok(
        match (
            is_login_enough(visit.connector, &pending.act)?,
            &pending.login,
        ) {
            (false, _) => LoginStep::NotOffered,
            (true, None) => LoginStep::Offered,
            (true, Some(_)) => LoginStep::Done,
        },
    )
}
