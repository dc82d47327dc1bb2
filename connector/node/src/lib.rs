//! Library of a participant: its state, and its workflows in the order of their steps. It has no user interface; the command line,
//! client programs and partners call it.
//!
//! Each noun has one module here, as in the packages below.
//!
//! | module | workflow |
//! |---|---|
//! | [`answer`] | a question of a peer: identify, contract, decide, record, enforce, execute |
//! | [`question`] | a question that is asked here: gather tables, plan, ask, report |
//! | [`negotiation`], [`contract`], [`withdrawal`] | a contract, from the request to its end |
//! | [`dataset`], [`offer`], [`release`] | what is published, offered, and released as cells |
//! | `receipt`, [`log`], [`incident`] | the evidence |
//! | [`league`], [`peer`], [`partner`], [`token`], [`worker`] | other parties of a participant |
//! | [`participant`] | the shared state, its opening and its shutdown |
//! | [`config`], [`monitoring`], [`process`] | the configuration, metrics, clock and threads |
//!
//! Begin with [`participant::Connector`], [`answer::answer_query`] and [`question::query_start::start_query`].
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
pub mod config;
pub mod console;
pub mod contract;
pub mod dataset;
mod debug_by_name;
pub mod incident;
pub mod league;
pub mod log;
pub mod monitoring;
pub mod negotiation;
pub mod offer;
pub mod participant;
pub mod partner;
pub mod peer;
pub mod process;
pub mod question;
mod receipt;
pub mod release;
pub mod token;
pub mod withdrawal;
pub mod worker;
