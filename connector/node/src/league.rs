//! The league of a participant: trust bundle, rulebook, groups and credentials.

pub mod credential_issuance;
pub mod credentials;
pub(crate) mod group_lists;
pub mod group_membership;
pub(crate) mod league_bundle;
pub(crate) mod membership_checks;
pub mod rulebook_acceptance;
pub mod rulebook_register;
