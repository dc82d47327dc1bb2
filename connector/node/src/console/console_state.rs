//! State of a participant's console.

use crate::console::session::Sessions;
use crate::console::sign_in_code::SignInCodes;
use parking_lot::Mutex;
use std::sync::OnceLock;

/// Open codes and sessions of a participant's console.
#[derive(Debug, Default)]
pub struct ConsoleState {
    /// Scheme, host and port by which browsers reach the console; unset where it is not served.
    pub origin: OnceLock<String>,
    pub(super) codes: Mutex<SignInCodes>,
    pub(super) sessions: Mutex<Sessions>,
}
