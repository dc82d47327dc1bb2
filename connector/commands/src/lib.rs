//! The command line: one module for each noun. `arguments` in it holds the verbs as they are typed, the module itself does them.
//!
//! [`cli`] reads what was typed and prints what comes back, `admin` carries a verb to the connector, `serve` runs one.
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

mod admin;
mod approval;
mod audit;
mod backup;
mod catalog;
pub mod cli;
mod cluster;
mod config;
mod conformance;
mod connect;
mod console;
mod contract;
mod credential;
mod dataset;
mod delivery;
mod doctor;
mod group;
mod key;
mod league;
mod model;
mod offer;
mod participant;
mod partner;
mod peer;
mod person;
mod policy;
mod question;
mod rulebook;
mod running;
mod serve;
mod simulate;
mod status;
mod token;
mod worker;
