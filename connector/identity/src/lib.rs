//! Keys and certificates: who a participant is, how it proves it, and whom it believes.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

pub mod bundle;
pub mod certificate;
pub mod cluster;
pub mod fingerprint;
pub mod jwk;
pub mod keys;
pub mod league;
#[cfg(test)]
pub(crate) mod league_fixture;
pub mod mtls;
#[cfg(test)]
mod mutated_input;
pub mod participant_identity;
mod pem;
pub mod seal;
pub mod signature;
pub mod signed_envelope;
