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

pub mod ask;
pub mod attribute;
pub mod contract;
pub mod diff;
pub mod effect;
#[cfg(test)]
mod fixture;
pub mod group;
pub mod guard;
pub mod id;
pub mod members;
pub mod money;
pub mod negotiate;
pub mod noise;
pub mod peer;
pub mod plain;
pub mod published;
pub mod refusal;
pub mod row_filter;
pub mod ruling;
pub mod term;
