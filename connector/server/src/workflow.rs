//! The walks of a connector, readable from top to bottom.

pub(crate) mod answer;
pub(crate) mod approval;
pub(crate) mod clause_citation;
pub(crate) mod combined_contracts;
pub(crate) mod continuation_token;
pub(crate) mod contract_usage;
pub(crate) mod contract_withdrawal;
pub(crate) mod credentials;
pub(crate) mod deletion_attestation;
pub(crate) mod federated_query;
pub(crate) mod group_membership;
pub(crate) mod log_incident;
pub(crate) mod log_proof;
pub(crate) mod mailbox;
pub(crate) mod negotiation;
pub(crate) mod notice;
pub(crate) mod offer_renewal;
pub(crate) mod peer_handler;
pub(crate) mod peer_query_client;
pub(crate) mod pending_approvals;
mod person_erasure;
pub(crate) mod provider_restriction;
pub(crate) mod publication;
pub(crate) mod receipt;
pub(crate) mod run_to_completion;
pub(crate) mod share_worker;
pub(crate) mod startup;
