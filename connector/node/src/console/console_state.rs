//! State of a participant's console.

use crate::console::file_grant::FileGrants;
use crate::console::issuer_login::open_logins::IssuerLogins;
use crate::console::kept_answers::KeptAnswers;
use crate::console::pending_act::PendingActs;
use crate::console::session::Sessions;
use crate::console::sign_in_code::SignInCodes;
use parking_lot::Mutex;
use std::sync::OnceLock;

/// Open codes, sessions, pending acts, logins at the issuer, kept answers and grants of files of a participant's console.
#[derive(Debug, Default)]
pub struct ConsoleState {
    /// Scheme, host and port by which browsers reach the console; unset where it is not served.
    pub origin: OnceLock<String>,
    /// Answers of people's questions.
    pub answers: KeptAnswers,
    /// Grants to take files.
    pub files: FileGrants,
    pub(super) codes: Mutex<SignInCodes>,
    pub(super) sessions: Mutex<Sessions>,
    pub(super) acts: Mutex<PendingActs>,
    pub(super) logins: IssuerLogins,
    /// Turn of a passkey, from the check of its counter to the record of the new one.
    pub(super) passkey_turn: tokio::sync::Mutex<()>,
}
