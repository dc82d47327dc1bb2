//! The gate with one protection taken away. Compiled for tests alone: they show that the property fails then.

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum GateMutant {
    /// Nothing.
    #[default]
    None,
    /// The leaf: the private plan is handed to the asker's optimizer as it is.
    NoLeaf,
    /// The cutting anew: batches end where hidden rows made them end.
    Uncut,
    /// Unknown statistics: the files' row count is told.
    Statistics,
    /// The end: the rows are broken off by a panic after the first batch.
    Falls,
}
