//! Sign-in of people by an OpenID Connect issuer: the code flow with PKCE, and the back-channel logout.
//!
//! The issuer says who a person is, and nothing else: groups and roles of the issuer give no role here. No token leaves the package.
//! Times and random values are arguments.
//!
//! # The walk
//!
//! 1. [`IssuerConfig`] names the issuer. [`Issuer::discover`] reads its metadata and its keys.
//! 2. [`Issuer::begin_sign_in`] or [`Issuer::begin_step_up`] gives the address at the issuer, and a [`PendingSignIn`].
//!    [`PendingSignIns`] keeps it until the browser comes back.
//! 3. [`Issuer::finish_sign_in`] takes the pending sign-in, which so counts once, and the [`CallbackParameters`]. It exchanges the
//!    code, checks the ID token, and gives a [`SignInOutcome`].
//! 4. [`Issuer::check_logout_token`] checks the token of a logout at the issuer, and gives the sessions that end.
//!
//! # What it must never do
//!
//! - Accept a token of another algorithm than RS256, PS256, ES256 and EdDSA.
//! - Follow a redirection of the issuer, or read an answer without a bound.
//! - Ask for the keys of the issuer more often than once a minute because of a token.
//! - Give a token, a code or a secret to a caller, a text or `Debug`.
//!
//! # Example
//!
//! ```
//! use hansa_oidc::{ClientSecret, IssuerConfig};
//!
//! let config = IssuerConfig {
//!     issuer: "https://id.munster.example/realms/city".to_owned(),
//!     client: "hansa-console".to_owned(),
//!     secret: ClientSecret::new("swordfish"),
//!     acr: Some("2".to_owned()),
//! };
//! assert!(config.check().is_ok());
//! assert!(!format!("{config:?}").contains("swordfish"));
//!
//! let unprotected = IssuerConfig {
//!     issuer: "http://id.munster.example".to_owned(),
//!     ..config
//! };
//! assert!(unprotected.check().is_err());
//! ```

mod answer_fault;
pub mod callback;
mod client_authentication;
mod discovery_document;
mod form_encoding;
mod id_token;
pub mod issuer;
mod issuer_address;
mod issuer_client;
pub mod issuer_config;
mod issuer_keys;
mod key_set;
pub mod logout;
pub mod pending_sign_ins;
mod replay_memory;
pub mod sign_in;
mod signature_algorithm;
mod signed_token;
mod token_claims;
mod token_response;

pub use crate::callback::CallbackParameters;
pub use crate::issuer::Issuer;
pub use crate::issuer_config::{ClientSecret, IssuerConfig};
pub use crate::logout::EndedSessions;
pub use crate::pending_sign_ins::{KeptSignIn, PendingSignIns};
pub use crate::sign_in::{
    PendingSignIn, SignInEntropy, SignInOutcome, SignInStart, SignedInSubject, StepUpProof,
};

#[cfg(test)]
mod tests;
