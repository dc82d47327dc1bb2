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

mod alone;
pub mod answer;
#[cfg(test)]
#[path = "../../../tests/repo-checks/cannot.rs"]
mod cannot;
#[cfg(test)]
mod cannot_tests;
pub mod execute;
pub mod fault;
pub mod federate;
#[cfg(test)]
mod fixture;
pub mod inplace;
pub mod limits;
pub mod model;
pub mod plan;
pub mod publish;
pub mod release;
pub mod session;
pub mod snapshot;
pub mod source;
pub mod turns;
