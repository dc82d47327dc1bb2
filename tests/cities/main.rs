//! Whole participants as processes of the real binary: real TLS, real files, killed without warning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "tests"
)]

mod readme;

use std::path::Path;

/// The binary that cargo built for this run.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_hansa"))
}
