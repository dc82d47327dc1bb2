//! Refusals of this package, one function for each code.

use hansa_policy::refusal::{ErrorCode, Refusal};

/// Refusal for an issuer that gives no answer.
pub(crate) fn unreachable_issuer_refusal(reason: &str) -> Refusal {
    Refusal::new(
        ErrorCode::IssuerUnreachable,
        format!("the issuer of the sign-in gave no answer: {reason}"),
    )
}

/// Refusal for an answer of the issuer that can't be used.
pub(crate) fn invalid_answer_refusal(reason: &str) -> Refusal {
    Refusal::new(
        ErrorCode::IssuerAnswerInvalid,
        format!("an answer of the issuer can't be used: {reason}"),
    )
}

/// Refusal of a sign-in or a step-up.
pub(crate) fn sign_in_refusal(reason: &str) -> Refusal {
    Refusal::new(
        ErrorCode::SignInRefused,
        format!("the sign-in is refused: {reason}"),
    )
    .with_help("begin the sign-in again")
}

/// Refusal of a logout token.
pub(crate) fn logout_refusal(reason: &str) -> Refusal {
    Refusal::new(
        ErrorCode::LogoutTokenInvalid,
        format!("the logout token is refused: {reason}"),
    )
}
