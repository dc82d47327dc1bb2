//! Text to plan, permitted plan to rows; sources and snapshots; questions over several participants.
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

pub mod answer;
#[cfg(test)]
#[path = "../../../tests/repo-checks/cannot.rs"]
mod cannot;
#[cfg(test)]
mod compile_fail_tests;
mod dedicated_thread;
pub mod engine_error;
pub mod execute;
pub mod fair_scheduler;
pub mod federation;
#[cfg(test)]
mod fixture;
pub mod in_place_data;
pub mod ingest;
pub mod limits;
pub mod model;
pub mod publication;
pub mod release;
pub mod session;
pub mod snapshot;
pub mod sql;
