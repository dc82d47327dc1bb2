//! Response of the token endpoint (RFC 6749, sections 5.1 and 5.2).

use crate::answer_fault::{invalid_answer_refusal, sign_in_refusal};
use crate::callback::to_error_word;
use crate::issuer_client::IssuerAnswer;
use hansa_policy::refusal::Refusal;
use serde::Deserialize;

/// Longest response, bytes.
pub(crate) const LONGEST_RESPONSE: usize = 64 << 10;

/// Tokens of a sign-in. They are checked and dropped. The type has no `Debug`.
#[derive(Deserialize)]
pub(crate) struct ReceivedTokens {
    token_type: String,
    /// Signed statement about the person.
    pub(crate) id_token: String,
    /// Token for other services. It is used for the claim `at_hash` alone.
    pub(crate) access_token: Option<String>,
}

#[derive(Deserialize)]
struct ErrorDocument {
    error: String,
}

/// Reads a response.
///
/// # Errors
/// `SIGN_IN_REFUSED` if the issuer refuses the code, `ISSUER_ANSWER_INVALID` for anything else than tokens.
pub(crate) fn read_token_response(answer: &IssuerAnswer) -> Result<ReceivedTokens, Refusal> {
    if answer.status != 200 {
        let document: Option<ErrorDocument> = serde_json::from_slice(&answer.body).ok();
        let word = document.map(|document| to_error_word(&document.error));
        return Err(match (answer.status, word.as_deref()) {
            (400, Some("invalid_grant")) => sign_in_refusal("the issuer does not accept the code"),
            (_, Some("invalid_client" | "unauthorized_client")) => {
                invalid_answer_refusal("it does not accept the client and its secret")
                    .with_help("check `client` and the file of the secret under [console.oidc]")
            }
            (_, Some(word)) => invalid_answer_refusal(&format!("it refuses the code: `{word}`")),
            (status, None) => invalid_answer_refusal(&format!("its status is {status}")),
        });
    }
    // The cause would contain a part of a token.
    let tokens: ReceivedTokens = serde_json::from_slice(&answer.body)
        .map_err(|_| invalid_answer_refusal("its token response is malformed"))?;
    match tokens.token_type.eq_ignore_ascii_case("bearer") {
        true => Ok(tokens),
        false => Err(invalid_answer_refusal("its tokens are of an unknown type")),
    }
}
