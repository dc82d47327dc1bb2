//! An immutable, versioned snapshot of a dataset: Parquet files that nobody changes.

use catalog::dataset::Dataset;
use std::path::PathBuf;

/// A published snapshot, pinned for as long as somebody holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The catalogue entry that was published with it.
    pub dataset: Dataset,
    /// Its Parquet files in order, with exactly the entry's columns.
    pub files: Vec<PathBuf>,
}
