//! Refusal for a published list that is missing here.

use crate::refusal::{ErrorCode, Refusal};

/// Refusal by a clause whose list is missing here.
pub(crate) fn missing_list_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::TermNotExecutableHere, sentence).with_help(
        "the provider puts the published file, unchanged, into its folder of lists: [lists] dir",
    )
}
