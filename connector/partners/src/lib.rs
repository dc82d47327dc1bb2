//! Dataspace Protocol: negotiations and transfers with connectors of other vendors, in both roles. `hansa_dataspace` parses
//! messages; the tables of `hansa_policy` and `hansa_dataspace` list the permitted steps; `process_terms::ProcessTerms` decides on
//! the automatic moves of this participant.
//!
//! `protocol_routes` takes requests, [`process_engine`] moves processes on, `message_delivery` sends the resulting messages.
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

pub mod catalog_terms;
pub mod conformance_scenario;
mod data_flow;
mod data_flow_signals;
mod flow_terms;
mod keepable_rules;
mod message_delivery;
mod message_sum;
mod negotiation_messages;
mod negotiation_process;
mod offer_rules;
mod partner;
mod partner_commands;
mod partner_identity;
mod partner_process;
pub mod process_engine;
mod process_store;
mod process_terms;
mod protocol_routes;
mod request_fault;
mod transfer_answer;
mod transfer_messages;
mod transfer_process;
