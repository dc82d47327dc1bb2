//! Fixtures for tests: leagues, participants and workers as processes of the real binary, peers and servers that keep to no
//! rule, forged certificates, slow networks, contracts in memory. The checks of the repository (`tests/repo-checks`) run under
//! this package.
//!
//! It must never be part of the product: only `dev-dependencies` name it.
//!
//! # Which fixture stands for a participant
//!
//! A test takes the highest of these that it can afford, and what they share is here:
//!
//! | layer | fixture | what is real |
//! |---|---|---|
//! | a whole system | [`league::TestLeague`], [`participant::TestParticipant`] | all: processes, files, TLS, clocks |
//! | a peer or provider that breaks the rules | [`malicious_peer::MaliciousPeer`], [`malicious_server::MaliciousServer`] | keys and wire; what is said is forged |
//! | the connector | `TestFederation` in `connector/node` | keys, log, contracts; no network, a clock that the test sets |
//! | the peer protocol | `TestProvider`, `TlsLeague` in `connector/transport` | TLS on a socket; certificates without a league |
//! | an issuer of accounts | [`oidc_issuer::TestIssuer`] | HTTP, keys and tokens, with whatever fault a test wants |
//! | keys and trust | `LeagueFixture` in `connector/identity` | the league's authority and its files |
//! | the query engine | `FixtureParticipant` in `connector/query` | plans and rows; contracts of [`contract`] |
//! | catalogue | functions of `catalog/src/fixture.rs` | entries; contracts of [`contract`] |
//!
//! There is not one fixture for all, for two reasons. A unit test is compiled with a copy of its crate whose types differ from
//! those that this package was built with, so a fixture that returns types of a crate can't serve that crate's own unit tests:
//! what is made of `hansa-query`, `hansa-transport` or `hansa` stays inside them, and `hansa-policy` and `hansa-audit-log`, which
//! [`contract`] is made of, keep fixtures of their own. And this package knows neither `hansa-identity` nor anything above it, so
//! that tests of the catalogue and the engine build without josekit and OpenSSL. A feature `testing` in the
//! product's crates would join some of them; it would also put a check that takes every signature into code that ships.
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

pub mod authenticator;
pub mod breaking_relay;
pub mod connection_flood;
pub mod contract;
pub mod detached_thread;
pub mod forged_certificate;
pub mod free_ports;
pub mod league;
pub mod malicious_peer;
pub mod malicious_server;
pub mod mutation;
pub mod network_relay;
pub mod oidc_issuer;
pub mod participant;
pub mod postgres_server;
pub mod property_cases;
pub mod seal_authority;
pub mod sql_session;
pub mod time_stamp_authority;
pub mod tls;
pub mod worker_process;
pub mod workflow;
