//! Own datasets: publication, snapshots, and restrictions that refuse despite contracts.

pub mod coming_files;
pub mod dataset_state;
pub mod provider_restriction;
pub(crate) mod provider_restrictions;
pub mod publication;
pub mod published_lists;
pub mod snapshot_checks;
pub mod staged_file;
