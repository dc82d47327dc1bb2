//! The Dataspace Protocol: negotiations and transfers with connectors of other makes, in both roles. What a message says is read by
//! `hansa_dataspace`; which step may follow which is said by the tables of `hansa_policy` and `hansa_dataspace`; what this participant
//! does by itself is said by its `process_terms::ProcessTerms`.
//!
//! `protocol_routes` takes requests, [`process_engine`] moves processes on, `message_delivery` sends what follows.
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
