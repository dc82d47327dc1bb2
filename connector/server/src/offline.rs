//! Verbs that need no connector: they make and check files.

pub(crate) mod backup;
pub(crate) mod backup_rehearsal;
pub(crate) mod cluster;
pub(crate) mod config_check;
pub(crate) mod contract_verification;
pub(crate) mod copied_log;
pub(crate) mod init;
pub(crate) mod league;
pub(crate) mod league_join;
pub(crate) mod mandate;
pub(crate) mod offline_signature;
pub(crate) mod offline_signer;
pub(crate) mod offline_withdrawal;
pub(crate) mod policy_template;
pub(crate) mod signing_key;
pub(crate) mod vocabulary;
