//! Claims that ID tokens and logout tokens share, and their checks.

use hansa_audit_log::time::UtcTimestamp;
use serde::Deserialize;

/// Largest age of a token, seconds.
pub(crate) const OLDEST_TOKEN: i64 = 10 * 60;
/// Difference between the clocks of the issuer and of this machine that is accepted, seconds.
pub(crate) const CLOCK_DIFFERENCE: i64 = 60;
/// Longest identifier in a token, bytes.
const LONGEST_IDENTIFIER: usize = 255;

/// Audience: one client, or a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    /// The only client.
    One(String),
    /// Several clients.
    List(Vec<String>),
}

/// Origin, addressee and times of a token.
#[derive(Debug)]
pub(crate) struct TokenFrame<'a> {
    /// Claim `iss`.
    pub(crate) issuer: &'a str,
    /// Claim `aud`.
    pub(crate) audience: &'a Audience,
    /// Claim `azp`.
    pub(crate) authorized: Option<&'a str>,
    /// Claim `exp`, seconds since 1970.
    pub(crate) expires: i64,
    /// Claim `iat`, seconds since 1970.
    pub(crate) issued: i64,
    /// Claim `nbf`, seconds since 1970.
    pub(crate) not_before: Option<i64>,
}

/// Issuer and client that a token must name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenParties<'a> {
    /// Issuer identifier.
    pub(crate) issuer: &'a str,
    /// Client identifier.
    pub(crate) client: &'a str,
}

impl TokenFrame<'_> {
    /// Checks issuer, addressee and times (OpenID Connect Core 1.0, section 3.1.3.7).
    ///
    /// # Errors
    /// A reason.
    pub(crate) fn check(&self, parties: TokenParties<'_>, now: UtcTimestamp) -> Result<(), String> {
        if self.issuer != parties.issuer {
            return Err("it is of another issuer".to_owned());
        }
        let (is_addressed, has_others) = match self.audience {
            Audience::One(client) => (client == parties.client, false),
            Audience::List(clients) => (
                clients.iter().any(|client| client == parties.client),
                clients.len() > 1,
            ),
        };
        if !is_addressed {
            return Err("it is for another client".to_owned());
        }
        if has_others && self.authorized.is_none() {
            return Err("it is for several clients and names none as authorized".to_owned());
        }
        if self
            .authorized
            .is_some_and(|client| client != parties.client)
        {
            return Err("another client is authorized by it".to_owned());
        }
        let now = to_seconds(now);
        if self.expires <= now {
            return Err("it has expired".to_owned());
        }
        if self.issued < now.saturating_sub(OLDEST_TOKEN) {
            return Err("it is too old".to_owned());
        }
        let latest = now.saturating_add(CLOCK_DIFFERENCE);
        if self.issued > latest || self.not_before.is_some_and(|begin| begin > latest) {
            return Err("it is from the future: compare the clocks".to_owned());
        }
        Ok(())
    }
}

/// Seconds since 1970.
pub(crate) fn to_seconds(time: UtcTimestamp) -> i64 {
    time.micros().div_euclid(1_000_000)
}

/// Instant of a claim.
pub(crate) fn to_instant(seconds: i64) -> UtcTimestamp {
    UtcTimestamp::EPOCH.plus_micros(seconds.saturating_mul(1_000_000))
}

/// `true` for an identifier of a subject, a session or a token: graphic ASCII, not too long.
pub(crate) fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_IDENTIFIER
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
