//! Own datasets: the list, and one dataset.

pub mod detail;
pub mod list;
pub mod profile;
pub mod report;
