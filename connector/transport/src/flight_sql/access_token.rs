//! The token by which a client is known: an id that may be shown, and a secret that is shown once.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fmt;

/// A token as a client presents it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    id: String,
    secret: String,
}

/// Programs in Go leave the padding away (RFC 7617 wants it).
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How its text begins, so that whoever finds one knows what it is.
const PREFIX: &str = "hansa_";

/// Hexadecimal digits of the id: 48 bits.
pub const ID_DIGITS: usize = 12;

/// Hexadecimal digits of the secret: 256 bits, so that nobody guesses it and a plain digest keeps it.
pub const SECRET_DIGITS: usize = 64;

impl AccessToken {
    /// The token of these parts.
    ///
    /// # Errors
    /// `TOKEN_INVALID` where they are not lower-case hexadecimal digits of the right number.
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

    /// Its id, which is no secret: records, lists and the user name of a connection hold it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its secret, which is the password of a connection.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The whole of it as one text, as `Authorization: Bearer …` carries it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, self.secret)
    }

    /// The token that a call presents, as `Bearer TOKEN` or as `Basic` with id and secret.
    ///
    /// # Errors
    /// `TOKEN_INVALID` where there are several, or one that is none.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = all.next() else {
            return Ok(None);
        };
        // Two parties that each read another one of them would see two callers.
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

    /// The token of its text.
    ///
    /// # Errors
    /// `TOKEN_INVALID` where it is none.
    pub fn of_text(text: &str) -> Result<Self, Refusal> {
        let (id, secret) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or_else(malformed_token_refusal)?;
        Self::new(id, secret)
    }

    /// Whether a text holds one, wherever in it: a secret that stands where it must not is known to others.
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
        // Where a program has one box alone, the whole token stands in that of the password.
        if secret.starts_with(PREFIX) {
            return Self::of_text(secret);
        }
        Self::new(id, secret)
    }
}

/// No secret stands in a trace.
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
        let bearer = format!("Bearer {}", token.text());
        let basic = |user: &str, password: &str| {
            format!("Basic {}", BASIC.encode(format!("{user}:{password}")))
        };
        for value in [
            bearer.clone(),
            bearer.replace("Bearer", "bearer"),
            basic(ID, &secret).trim_end_matches('=').to_owned(),
            basic(ID, &secret),
            basic("", &token.text()),
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
            token.text()
        )));
        assert!(!AccessToken::is_within(&token.text()[..80]));
    }
}
