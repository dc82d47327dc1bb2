//! The data and the means of a question while it runs.

use crate::limits::QueryResourceLimits;
use crate::runtime::QueryRuntime;
use crate::snapshot::registry::SnapshotSet;

/// The snapshots that a question reads, the threads and memory of all questions, and its own limits.
#[derive(Debug, Clone, Copy)]
pub struct QueryResources<'q> {
    /// All snapshots that there are.
    pub holdings: &'q SnapshotSet,
    /// Where questions run.
    pub runtime: &'q QueryRuntime,
    /// The limits of this question.
    pub limits: &'q QueryResourceLimits,
}
