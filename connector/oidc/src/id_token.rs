//! Claims of an ID token, and their checks (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).

use crate::sign_in::{LoginDemand, PendingSignIn, SignedInSubject};
use crate::signed_token::VerifiedPayload;
use crate::token_claims::{
    Audience, CLOCK_DIFFERENCE, TokenFrame, TokenParties, is_identifier, to_instant, to_seconds,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::time::UtcTimestamp;
use serde::Deserialize;

/// Largest age of a fresh login, seconds.
const FRESH_LOGIN: i64 = 60;

/// Claims that count. Others are ignored, as the standard demands.
#[derive(Deserialize)]
struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    auth_time: Option<i64>,
    acr: Option<String>,
    at_hash: Option<String>,
    sid: Option<String>,
}

/// Checks the claims of an ID token whose signature holds.
///
/// # Errors
/// A reason.
pub(crate) fn check_id_token(
    payload: &VerifiedPayload,
    access_token: Option<&str>,
    parties: TokenParties<'_>,
    pending: &PendingSignIn,
    now: UtcTimestamp,
) -> Result<SignedInSubject, String> {
    let claims: IdTokenClaims = serde_json::from_slice(&payload.bytes)
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
    if claims.nonce.as_deref() != Some(pending.nonce.as_str()) {
        return Err("it was issued for another sign-in".to_owned());
    }
    if let Some(stated) = &claims.at_hash {
        let computed = access_token.map(|token| {
            let half = payload.algorithm.half_digest(token);
            URL_SAFE_NO_PAD.encode(half)
        });
        if computed.as_ref() != Some(stated) {
            return Err("it does not fit the access token beside it".to_owned());
        }
    }
    let identifiers = [Some(&claims.sub), claims.sid.as_ref()];
    if !identifiers
        .into_iter()
        .flatten()
        .all(|name| is_identifier(name))
    {
        return Err("its subject or session is no identifier".to_owned());
    }
    check_demand(&pending.demand, &claims, now)?;
    Ok(SignedInSubject {
        sub: claims.sub,
        auth_time: claims.auth_time.map(to_instant),
        acr: claims.acr,
        sid: claims.sid,
    })
}

fn check_demand(
    demand: &LoginDemand,
    claims: &IdTokenClaims,
    now: UtcTimestamp,
) -> Result<(), String> {
    // INVARIANT: oidc-fresh-login. The issuer is asked for it, and not believed to have done it.
    if demand.is_fresh {
        let Some(login) = claims.auth_time else {
            return Err("the issuer does not say when the login was".to_owned());
        };
        let age = to_seconds(now).saturating_sub(login);
        if !(-CLOCK_DIFFERENCE..=FRESH_LOGIN).contains(&age) {
            return Err("the login is not fresh".to_owned());
        }
    }
    if demand.acr.is_some() && claims.acr != demand.acr {
        return Err("the login is of another authentication context class".to_owned());
    }
    match &demand.subject {
        Some(subject) if *subject != claims.sub => Err("somebody else has logged in".to_owned()),
        _ => Ok(()),
    }
}
