//! What the command line and a running connector say to each other, version 1: wire and domain types, both ways.

pub mod command;
pub mod event;
#[rustfmt::skip]
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated"
)]
pub mod pb;
