//! What a participant keeps: keys and trust, contracts, state, and the log on disk.
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

pub mod audit;
pub mod contracts;
pub mod files;
pub mod side;
pub mod state;
pub mod trust;
