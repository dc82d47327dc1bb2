//! The wire faces of a connector: peers and workers over mutual TLS, and the command line over the local socket.
//!
//! A face speaks one protocol. It decides nothing: what it is asked it hands to a [`peer_handler::PeerHandler`] or a desk.
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

pub mod admin;
pub mod cluster;
mod connection_acceptor;
mod flight;
pub mod member_hosts;
pub mod notice_delivery;
pub mod peer;
pub mod peer_handler;
mod secure_connection;
