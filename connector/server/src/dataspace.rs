//! The Dataspace Protocol: negotiations and transfers with connectors of other makes, in both roles. What a message says is read by
//! `hansa_dataspace`; which step may follow which is said by the tables of `hansa_policy` and `hansa_dataspace`; what this participant
//! does by itself is said by its [`process_terms::ProcessTerms`].

pub(crate) mod catalog_terms;
pub(crate) mod conformance_scenario;
mod data_flow;
mod data_flow_signals;
mod flow_terms;
mod keepable_rules;
mod message_delivery;
mod message_sum;
mod negotiation_messages;
pub(crate) mod negotiation_process;
mod offer_rules;
pub(crate) mod partner;
mod partner_commands;
mod partner_identity;
mod partner_process;
pub(crate) mod process_engine;
pub(crate) mod process_store;
pub(crate) mod process_terms;
mod protocol_routes;
mod request_fault;
mod transfer_answer;
mod transfer_messages;
pub(crate) mod transfer_process;
