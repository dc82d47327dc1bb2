//! Refusals of tokens.

use super::der_reader::MalformedDer;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Refusal of an invalid token.
pub(super) fn invalid_token_refusal(sentence: &str) -> Refusal {
    Refusal::new(
        ErrorCode::TimeStampInvalid,
        format!("the time stamp does not hold: {sentence}"),
    )
}

impl From<MalformedDer> for Refusal {
    fn from(cause: MalformedDer) -> Self {
        invalid_token_refusal(&cause.to_string()).caused_by(cause)
    }
}

/// Refusal of a token without a path to an anchor.
pub(super) fn untrusted_token_refusal(sentence: &str) -> Refusal {
    Refusal::new(
        ErrorCode::TimeStampNotTrusted,
        format!("the authority of the time stamp is not trusted: {sentence}"),
    )
}

/// Refusal of an unknown algorithm.
pub(super) fn unknown_algorithm(what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::SignatureAlg,
        format!("the {what} of the time stamp is not known here"),
    )
}
