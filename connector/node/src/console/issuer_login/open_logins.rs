//! Logins at the issuer that have begun.

use crate::config::person::PersonConfig;
use crate::console::issuer_login::login_rate::LoginRate;
use hansa_audit_log::digest::Digest;
use hansa_oidc::{Issuer, PendingSignIns};
use parking_lot::Mutex;
use std::sync::Arc;

/// Issuer of the console, and the logins whose browsers are there.
#[derive(Debug, Default)]
pub(crate) struct IssuerLogins {
    /// Issuer, as it was discovered at the first login.
    pub(super) issuer: tokio::sync::Mutex<Option<Arc<Issuer>>>,
    pub(super) waiting: Mutex<PendingSignIns<LoginPurpose>>,
    pub(super) rate: Mutex<LoginRate>,
}

/// Purpose of a login.
#[derive(Debug)]
pub(super) enum LoginPurpose {
    /// A new session.
    SignIn,
    /// Proof that the person of a pending act is present.
    Act(Box<WaitingAct>),
}

/// Pending act that waits for a fresh login.
#[derive(Debug)]
pub(super) struct WaitingAct {
    pub(super) id: String,
    pub(super) person: PersonConfig,
    pub(super) session: Digest,
}
