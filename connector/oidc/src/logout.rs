//! Claims of a logout token, and their checks (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).

use crate::signed_token::VerifiedPayload;
use crate::token_claims::{Audience, TokenFrame, TokenParties, is_identifier};
use hansa_audit_log::time::UtcTimestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// Member of `events` that makes a token a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Sessions that end by a logout at the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedSessions {
    /// Sessions of one session at the issuer.
    OfIssuerSession {
        /// Session at the issuer, as [`crate::SignedInSubject::sid`] has it.
        sid: String,
        /// Subject of the session, where the token names it. Another subject's session with this `sid` stays.
        sub: Option<String>,
    },
    /// All sessions of a subject.
    OfSubject {
        /// Subject identifier.
        sub: String,
    },
}

/// Logout with the identifier of its token.
pub(crate) struct CheckedLogout {
    /// Claim `jti`.
    pub(crate) token: String,
    /// Sessions that end.
    pub(crate) ended: EndedSessions,
}

#[derive(Deserialize)]
struct LogoutClaims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    jti: String,
    events: Map<String, Value>,
    sub: Option<String>,
    sid: Option<String>,
    #[serde(default, deserialize_with = "read_presence")]
    nonce: bool,
}

/// `true` for each value, also for `null`: the claim must not be there at all.
fn read_presence<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Checks the claims of a logout token whose signature holds.
///
/// # Errors
/// A reason.
pub(crate) fn check_logout_claims(
    payload: &VerifiedPayload,
    parties: TokenParties<'_>,
    now: UtcTimestamp,
) -> Result<CheckedLogout, String> {
    let claims: LogoutClaims = serde_json::from_slice(&payload.bytes)
        .map_err(|_| "its claims are malformed".to_owned())?;
    let frame = TokenFrame {
        issuer: &claims.iss,
        audience: &claims.aud,
        authorized: claims.azp.as_deref(),
        expires: claims.exp,
        issued: claims.iat,
        not_before: claims.nbf,
    };
    frame.check(parties, now)?;
    if claims.nonce {
        return Err("it has a nonce, as an ID token has".to_owned());
    }
    if !claims
        .events
        .get(LOGOUT_EVENT)
        .is_some_and(Value::is_object)
    {
        return Err("it is about no logout".to_owned());
    }
    let identifiers = [Some(&claims.jti), claims.sub.as_ref(), claims.sid.as_ref()];
    if !identifiers
        .into_iter()
        .flatten()
        .all(|name| is_identifier(name))
    {
        return Err("one of its names is no identifier".to_owned());
    }
    let ended = match (claims.sid, claims.sub) {
        (Some(sid), sub) => EndedSessions::OfIssuerSession { sid, sub },
        (None, Some(sub)) => EndedSessions::OfSubject { sub },
        (None, None) => return Err("it names neither a session nor a subject".to_owned()),
    };
    Ok(CheckedLogout {
        token: claims.jti,
        ended,
    })
}
