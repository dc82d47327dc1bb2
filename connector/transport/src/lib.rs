//! The wire faces of a connector: peers and workers over mutual TLS, and the command line over the local socket.
//!
//! A face speaks one protocol. It decides nothing: what it is asked it hands to a [`front::Front`] or a desk.
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

mod accept;
pub mod admin;
pub mod cluster;
mod dial;
mod flight;
pub mod front;
pub mod hosts;
pub mod notice;
pub mod peer;
