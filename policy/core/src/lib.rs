//! Participants, contracts, terms and the ruling on a question.
//!
//! Pure: no input or output, no clock, no knowledge of plans, wires or certificates. Everything that a decision may
//! depend on is an argument.

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

pub mod attribute;
pub mod contract;
pub mod decision;
pub mod diff;
pub mod effect;
#[cfg(test)]
mod fixture;
pub mod group;
pub mod id;
pub mod money;
pub mod nearest_word;
pub mod negotiation;
pub mod noise;
pub mod peer;
pub mod published_list;
pub mod query_request;
pub mod refusal;
pub mod restriction;
pub mod row_filter;
pub mod safe_text;
pub mod strict_object;
pub mod term;
