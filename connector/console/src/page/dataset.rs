//! Own datasets: the list, one dataset, a new one, and the acts on them.

pub mod addition;
pub mod dataset_act;
pub mod detail;
pub mod list;
pub mod offer_act;
pub mod profile;
pub mod report;
pub mod staging;
