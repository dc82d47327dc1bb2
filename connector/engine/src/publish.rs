//! publish.
