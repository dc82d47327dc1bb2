//! Datasets, offers, and what a participant may see of them.
//!
//! Pure: it holds no rows and no connections.

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

pub mod dataset;
pub mod view;
