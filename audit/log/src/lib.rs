//! The evidence floor: digests, instants, canonical JSON, the hash tree, the ledger and its offline verification.
//!
//! Nothing here knows what an entry means, performs input or output, or reads a clock.

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

pub mod chain;
pub mod digest;
pub mod json;
pub mod ledger;
pub mod note;
pub mod reconcile;
pub mod record;
pub mod storage;
pub mod tile;
pub mod time;
pub mod tree;
pub mod verifier;

#[cfg(test)]
mod testing;
