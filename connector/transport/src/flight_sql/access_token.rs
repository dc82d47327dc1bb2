//! Access token of a client: a public id, and a secret that is shown once.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fmt;

/// Access token as presented by a client.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    id: String,
    secret: String,
}

/// Base64 with optional padding, since clients in Go leave it out (RFC 7617 demands it).
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Prefix of the text, by which a found token is recognised.
const PREFIX: &str = "hansa_";

/// Number of hexadecimal digits of the id: 48 bits.
pub const ID_DIGITS: usize = 12;

/// Number of hexadecimal digits of the secret: 256 bits, enough against guessing, so that a plain digest protects it.
pub const SECRET_DIGITS: usize = 64;

impl AccessToken {
    /// Token of these parts.
    ///
    /// # Errors
    /// `TOKEN_INVALID` when the parts are not lower-case hexadecimal digits of the right number.
    pub fn new(id: &str, secret: &str) -> Result<Self, Refusal> {
        let is_hex = |text: &str, digits: usize| {
            text.len() == digits
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        if is_hex(id, ID_DIGITS) && is_hex(secret, SECRET_DIGITS) {
            return Ok(Self {
                id: id.to_owned(),
                secret: secret.to_owned(),
            });
        }
        Err(malformed_token_refusal())
    }

    /// Id, which is not secret: records, lists and user names of connections contain it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Secret, which is the password of a connection.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Complete token as one text, as in `Authorization: Bearer …`.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, self.secret)
    }

    /// Token of a call, as `Bearer TOKEN` or as `Basic` with id and secret.
    ///
    /// # Errors
    /// `TOKEN_INVALID` when there are several tokens, or an invalid one.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = all.next() else {
            return Ok(None);
        };
        // With two tokens, two readers could identify two different callers.
        if all.next().is_some() {
            return Err(malformed_token_refusal());
        }
        let text = value.to_str().map_err(|_| malformed_token_refusal())?;
        let (scheme, rest) = text.split_once(' ').ok_or_else(malformed_token_refusal)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Self::of_text(rest.trim()).map(Some);
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return Self::of_basic(rest.trim()).map(Some);
        }
        Err(malformed_token_refusal())
    }

    /// Parses the text of a token.
    ///
    /// # Errors
    /// `TOKEN_INVALID` when the text is not a token.
    pub fn of_text(text: &str) -> Result<Self, Refusal> {
        let (id, secret) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or_else(malformed_token_refusal)?;
        Self::new(id, secret)
    }

    /// True if the text contains a token anywhere. A secret in a wrong place may be known to others.
    pub(crate) fn is_within(text: &str) -> bool {
        let begins = text.match_indices(PREFIX);
        begins.into_iter().any(|(at, _)| {
            let rest = text.get(at..).unwrap_or_default();
            let length = PREFIX.len() + ID_DIGITS + 1 + SECRET_DIGITS;
            rest.get(..length)
                .is_some_and(|one| Self::of_text(one).is_ok())
        })
    }

    fn of_basic(encoded: &str) -> Result<Self, Refusal> {
        let decoded = BASIC
            .decode(encoded)
            .map_err(|_| malformed_token_refusal())?;
        let text = std::str::from_utf8(&decoded).map_err(|_| malformed_token_refusal())?;
        let (id, secret) = text.split_once(':').ok_or_else(malformed_token_refusal)?;
        // A program with a single input field puts the complete token into the password.
        if secret.starts_with(PREFIX) {
            return Self::of_text(secret);
        }
        Self::new(id, secret)
    }
}

/// Without the secret, since `Debug` output may go into traces.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn malformed_token_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::TokenInvalid,
        "what the call presents is no access token of this connector",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const ID: &str = "0123456789ab";

    fn presented(values: &[&str]) -> Result<Option<AccessToken>, ErrorCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        AccessToken::from_headers(&headers).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_user_and_password() {
        let secret = "0f".repeat(32);
        let token = AccessToken::new(ID, &secret).unwrap();
        assert_eq!(presented(&[]), Ok(None));
        let bearer = format!("Bearer {}", token.to_text());
        let basic = |user: &str, password: &str| {
            format!("Basic {}", BASIC.encode(format!("{user}:{password}")))
        };
        for value in [
            bearer.clone(),
            bearer.replace("Bearer", "bearer"),
            basic(ID, &secret).trim_end_matches('=').to_owned(),
            basic(ID, &secret),
            basic("", &token.to_text()),
        ] {
            assert_eq!(presented(&[&value]), Ok(Some(token.clone())), "{value}");
        }
        assert_eq!(presented(&[&bearer, &bearer]), Err(ErrorCode::TokenInvalid));
        for value in [
            "",
            "Bearer",
            "Bearer x",
            "Bearer hansa_0123456789ab_",
            "Digest x",
            "Basic !",
            &basic(ID, &secret.to_uppercase()),
            &basic(ID, "short"),
            &basic("é", &secret),
        ] {
            assert_eq!(presented(&[value]), Err(ErrorCode::TokenInvalid), "{value}");
        }
        assert!(!format!("{token:?}").contains(&secret));
        assert!(AccessToken::is_within(&format!(
            "hansa_é?a={}&b",
            token.to_text()
        )));
        assert!(!AccessToken::is_within(&token.to_text()[..80]));
    }
}
