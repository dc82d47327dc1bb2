//! The refusal where a published list is not held here.

use crate::refusal::{ErrorCode, Refusal};

/// The refusal of a clause whose list is not here.
pub(crate) fn lacks(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::TermNotExecutableHere, sentence).with_help(
        "the provider puts the published file, unchanged, into its folder of lists: [lists] dir",
    )
}
