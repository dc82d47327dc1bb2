//! Rows, and what they are a function of.
