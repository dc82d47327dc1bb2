//! Datasets, offers, and what a participant may see of them.
//!
//! Pure: it holds no rows and no connections.

pub mod dataset;
pub mod view;
