//! Client that the tests of the servers know, by its token.

use crate::flight_sql::ClientCredentials;
use hansa_policy::refusal::{ErrorCode, Refusal};

pub(crate) const ID: &str = "0123456789ab";

pub(crate) fn client_secret() -> String {
    "c".repeat(64)
}

/// Client of the token, for its purpose.
pub(crate) fn identify_client(
    presented: ClientCredentials<'_>,
    purpose: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let presented = presented
        .token
        .ok_or_else(|| Refusal::new(ErrorCode::TokenRequired, "nothing was presented"))?;
    if presented.id() == ID && presented.secret() == client_secret() {
        return Ok(purpose.map(str::to_owned));
    }
    Err(Refusal::new(ErrorCode::TokenInvalid, "another token"))
}
