//! Contracts in force: files, quotas and prepaid balances, duties, and notices.

pub mod agreement_parameters;
pub mod clause_citation;
pub mod combined_contracts;
pub(crate) mod contract_files;
pub mod contract_state;
pub mod contract_usage;
pub mod deletion_attestation;
pub mod notice;
pub(crate) mod prepaid_balances;
pub mod query_accounting;
pub mod quota_budget;
pub(crate) mod rate_limit;
