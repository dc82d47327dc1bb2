//! Starts participants as processes of the real binary, and checks the house itself.
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

pub mod cases;
pub mod city;
pub mod forge;
pub mod league;
pub mod mutate;
pub mod outlaw;
pub mod play;
pub mod postgres;
pub mod relay;
pub mod rogue;
pub mod seal;
pub mod session;
pub mod strangers;
pub mod threads;
pub mod tls;
pub mod worker;
