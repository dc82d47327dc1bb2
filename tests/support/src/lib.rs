//! Fixtures for tests: leagues, participants and workers as processes of the real binary, peers and servers that keep to no
//! rule, forged certificates, slow networks. The checks of the repository (`tests/repo-checks`) run under this package.
//!
//! It must never be part of the product: only `dev-dependencies` name it.
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

pub mod connection_flood;
pub mod detached_thread;
pub mod forged_certificate;
pub mod league;
pub mod malicious_peer;
pub mod malicious_server;
pub mod mutation;
pub mod network_relay;
pub mod participant;
pub mod postgres_server;
pub mod property_cases;
pub mod seal_authority;
pub mod sql_session;
pub mod tls;
pub mod worker_process;
pub mod workflow;
