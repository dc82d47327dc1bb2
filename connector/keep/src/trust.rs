//! Keys and certificates: who a participant is, how it proves it, and whom it believes.

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
