//! Protocol between connectors, version 1: wire and domain types, with conversions in both directions.

pub mod catalog_page;
pub(crate) mod field;
pub mod greeting;
pub mod message;
pub mod query_request;
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
pub mod compact_answer;
pub mod proof;
pub mod refusal;
pub mod witness;

/// Supported versions of the peer protocol.
pub const VERSIONS: [u32; 1] = [1];
