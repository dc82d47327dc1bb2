//! Wire and file formats and their domain types, both ways.
//!
//! What is read here is either exactly what this version knows, or refused: there is nothing in between.

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
pub mod base64url;
pub mod cluster;
pub mod comment;
pub mod contract;
pub mod contract_draft;
pub mod credential;
pub mod dataset;
pub mod deletion;
pub mod dispute;
pub mod envelope;
pub mod group;
pub mod incident;
pub mod mandate;
pub mod notice;
pub mod odrl;
pub mod offer;
pub mod peer;
pub mod policy_toml;
pub mod published_list;
pub mod purpose_taxonomy;
pub mod receipt;
pub mod render;
pub mod restriction;
#[cfg(test)]
mod samples;
pub mod stored_message;
pub mod strict_json;
pub mod template;
pub mod usage;
pub mod withdrawal;
