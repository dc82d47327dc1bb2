//! Protocol between the command line and a running connector, version 1: wire and domain types, with conversions in both
//! directions.

pub mod command;
pub mod event;
#[rustfmt::skip]
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::wildcard_imports,
    reason = "generated"
)]
pub mod pb;
