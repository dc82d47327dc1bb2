//! Public keys as JSON (RFC 7517, RFC 8037), in exactly one spelling.

use crate::keys::{PublicKey, SignatureAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{StrictObject, StrictObjectError};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// The key as a JWK: its required members alone, so that nothing in it can be mistaken.
#[must_use]
pub fn to_json(key: &PublicKey) -> Json {
    let text = |bytes: &[u8]| Json::Text(URL_SAFE_NO_PAD.encode(bytes));
    match key.algorithm() {
        SignatureAlgorithm::EdDsa => Json::object([
            ("kty", "OKP".into()),
            ("crv", "Ed25519".into()),
            ("x", text(key.raw())),
        ]),
        SignatureAlgorithm::Es256 => {
            let (x, y) = key.raw().split_at_checked(32).unwrap_or((key.raw(), &[]));
            Json::object([
                ("kty", "EC".into()),
                ("crv", "P-256".into()),
                ("x", text(x)),
                ("y", text(y)),
            ])
        }
    }
}

/// Reads a JWK of exactly the members that [`to_json`] writes.
///
/// # Errors
/// `KEY_INVALID`.
pub fn from_json(jwk: Json) -> Result<PublicKey, Refusal> {
    let unfit = |_: StrictObjectError| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            "a key is not a JWK on Ed25519 or P-256",
        )
    };
    let mut fields = StrictObject::of(jwk, "", unfit)?;
    let kind = fields.text("kty")?;
    let curve = fields.text("crv")?;
    let x = decode(&fields.text("x")?)?;
    let key = match (kind.as_str(), curve.as_str()) {
        ("OKP", "Ed25519") => PublicKey::ed25519(&x)?,
        ("EC", "P-256") => PublicKey::p256(&x, &decode(&fields.text("y")?)?)?,
        _ => {
            return Err(Refusal::new(
                ErrorCode::KeyInvalid,
                "a key is neither on Ed25519 nor on P-256",
            ));
        }
    };
    fields.finish()?;
    Ok(key)
}

/// base64url without padding, each value in its one spelling.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|cause| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            "a value is not base64url without padding",
        )
        .caused_by(cause)
    })
}

/// base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::{from_json, to_json};
    use crate::keys::{PrivateKey, SignatureAlgorithm};
    use hansa_audit_log::json::{Json, JsonLimits, parse};

    #[test]
    fn a_key_survives_the_round_trip() {
        let dir = tempfile::tempdir().unwrap();
        for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
            let path = dir.path().join(algorithm.as_str());
            let key = PrivateKey::create(&path, algorithm).unwrap();
            assert_eq!(&from_json(to_json(key.public())).unwrap(), key.public());
        }
    }

    #[test]
    fn other_members_kinds_and_spellings_are_refused() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let good = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let read = |text: &str| from_json(parse(text.as_bytes(), JsonLimits::default()).unwrap());
        assert!(read(&good).is_ok());
        let bad = [
            good.replace('}', r#","d":"AA"}"#),
            good.replace('}', r#","kid":"mine"}"#),
            good.replace("Ed25519", "Ed448"),
            good.replace("OKP", "oct"),
            good.replace("URo\"", "URp\""),
            good.replace("URo\"", "URo=\""),
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{x}"}}"#),
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.to_owned(),
        ];
        for text in bad {
            assert!(read(&text).is_err(), "{text}");
        }
        assert!(from_json(Json::Null).is_err());
    }
}
