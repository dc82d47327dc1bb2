//! Client data: the JSON in which a browser says what an authenticator was asked, and by which page.

use crate::passkey::PasskeyFault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, parse_json};

/// Limits of client data. Browsers write about 200 bytes.
const LIMITS: JsonLimits = JsonLimits {
    bytes: 4096,
    depth: 4,
};

/// Checks the client data of an operation.
///
/// Browsers may add members, and some do so on purpose, so unknown ones mean nothing. Those that would say that the page stood in the
/// page of another origin are known, and refused.
pub(super) fn check_client_data(
    bytes: &[u8],
    operation: &str,
    challenge: Digest,
    origin: &str,
) -> Result<(), PasskeyFault> {
    let data = parse_client_data(bytes)?;
    let text = |name: &str| data.get(name).and_then(Json::as_text);
    if text("type") != Some(operation) {
        return Err(PasskeyFault::Operation);
    }
    let challenge = URL_SAFE_NO_PAD.encode(challenge.as_bytes());
    if text("challenge") != Some(challenge.as_str()) {
        return Err(PasskeyFault::Challenge);
    }
    let is_framed = match data.get("crossOrigin") {
        None => false,
        Some(member) => member.as_bool() != Some(false),
    };
    if text("origin") != Some(origin) || is_framed || data.get("topOrigin").is_some() {
        return Err(PasskeyFault::Origin);
    }
    Ok(())
}

pub(super) fn read_origin(bytes: &[u8]) -> Result<String, PasskeyFault> {
    let data = parse_client_data(bytes)?;
    let origin = data.get("origin").and_then(Json::as_text);
    origin.map(str::to_owned).ok_or(PasskeyFault::ClientData)
}

/// Client data whose members are unique, so that no other reader sees another value.
fn parse_client_data(bytes: &[u8]) -> Result<Json, PasskeyFault> {
    let data = parse_json(bytes, LIMITS).map_err(|_| PasskeyFault::ClientData)?;
    match data {
        Json::Object(_) => Ok(data),
        _ => Err(PasskeyFault::ClientData),
    }
}
