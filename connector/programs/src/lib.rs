//! Interfaces for client programs: Flight SQL for analysts, and HTTP for open data.
//!
//! [`program_handler::ClientHandler`] identifies a program and asks its questions through `hansa_node::question`, like the command
//! line.
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

mod open_data;
pub mod parquet_writer;
mod portal_page;
pub mod program_handler;
mod query_evidence;
mod saved_queries;
mod stranger_requests;
