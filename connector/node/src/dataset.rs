//! Own datasets: what is published, its snapshots, and what is refused of it whatever contracts permit.

pub(crate) mod dataset_state;
pub mod provider_restriction;
pub(crate) mod provider_restrictions;
pub mod publication;
pub mod published_lists;
pub mod snapshot_checks;
