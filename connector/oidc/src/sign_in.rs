//! Values of one sign-in: before the browser goes to the issuer, while it is there, and when it is back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::fmt;

/// Time in which a sign-in is finished, seconds.
pub(crate) const LONGEST_SIGN_IN: i64 = 10 * 60;

/// Random bytes of one sign-in. The caller draws them. `Debug` hides them.
#[derive(Clone)]
pub struct SignInEntropy {
    /// Bytes of the parameter `state`.
    pub state: [u8; 32],
    /// Bytes of the parameter `nonce`.
    pub nonce: [u8; 32],
    /// Bytes of the code verifier (RFC 7636, section 4.1).
    pub code_verifier: [u8; 32],
}

impl fmt::Debug for SignInEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInEntropy(***)")
    }
}

/// Login that the issuer must have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginDemand {
    /// `true` if the login must be of the last minute.
    pub(crate) is_fresh: bool,
    /// Authentication context class that the login must have.
    pub(crate) acr: Option<String>,
    /// Subject of a step-up; absent: a sign-in of anybody.
    pub(crate) subject: Option<String>,
}

/// Sign-in whose browser is at the issuer. It is used up by [`crate::Issuer::finish_sign_in`]. `Debug` hides it.
pub struct PendingSignIn {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) code_verifier: String,
    pub(crate) issuer: String,
    pub(crate) redirect_uri: String,
    pub(crate) demand: LoginDemand,
    pub(crate) begun: UtcTimestamp,
}

impl PendingSignIn {
    /// Value of the parameter `state`. The browser that began the sign-in keeps it in a cookie, too.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Beginning of the sign-in.
    #[must_use]
    pub const fn begin_time(&self) -> UtcTimestamp {
        self.begun
    }

    /// `true` if the sign-in has taken too long, or began after `now`.
    #[must_use]
    pub fn has_ended(&self, now: UtcTimestamp) -> bool {
        let passed = now.micros().saturating_sub(self.begun.micros());
        !(0..=LONGEST_SIGN_IN.saturating_mul(1_000_000)).contains(&passed)
    }

    /// Code challenge with method `S256` (RFC 7636, section 4.2).
    pub(crate) fn code_challenge(&self) -> String {
        let digest = Digest::of(self.code_verifier.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.as_bytes())
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingSignIn(***)")
    }
}

/// First step of a sign-in.
#[derive(Debug)]
pub struct SignInStart {
    /// Address at the issuer to which the browser goes.
    pub address: String,
    /// Sign-in that waits for the browser.
    pub pending: PendingSignIn,
}

/// Person that the issuer vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInSubject {
    /// Subject identifier, never reassigned by the issuer.
    pub sub: String,
    /// Instant of the login at the issuer, where it is stated.
    pub auth_time: Option<UtcTimestamp>,
    /// Authentication context class of the login, where it is stated.
    pub acr: Option<String>,
    /// Session at the issuer, where it is stated. A logout may name it.
    pub sid: Option<String>,
}

/// Proof of a fresh login of one subject. Only [`crate::Issuer::finish_sign_in`] makes it.
#[derive(Debug)]
pub struct StepUpProof {
    subject: SignedInSubject,
}

impl StepUpProof {
    /// Proof for a subject whose token was checked against the demand of a step-up.
    pub(crate) const fn of_checked_subject(subject: SignedInSubject) -> Self {
        Self { subject }
    }

    /// Subject with the login.
    #[must_use]
    pub const fn subject(&self) -> &SignedInSubject {
        &self.subject
    }
}

/// Outcome of a finished sign-in.
#[derive(Debug)]
pub enum SignInOutcome {
    /// Somebody has signed in.
    SignedIn(SignedInSubject),
    /// The subject of a session has logged in afresh.
    SteppedUp(StepUpProof),
}
