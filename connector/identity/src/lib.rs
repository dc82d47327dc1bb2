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
#[cfg(test)]
mod foreign;
pub mod identity;
pub mod jwk;
pub mod keys;
pub mod league;
pub mod letter;
pub mod mtls;
mod pem;
#[cfg(test)]
pub(crate) mod sample;
pub mod seal;
pub mod signature;
