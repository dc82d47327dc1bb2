//! Public keys as JSON (RFC 7517, RFC 8037), and bytes in JSON, in exactly one form.

use crate::keys::{PublicKey, SignatureAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::json::Json;
use hansa_audit_log::json::serialized;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Members of a JWK: the required ones alone, so that each key has one form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JwkMembers {
    kty: String,
    crv: String,
    x: Base64Url,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<Base64Url>,
}

impl From<PublicKey> for JwkMembers {
    fn from(key: PublicKey) -> Self {
        let (kty, crv, length) = match key.algorithm() {
            SignatureAlgorithm::EdDsa => ("OKP", "Ed25519", key.raw_bytes().len()),
            SignatureAlgorithm::Es256 => ("EC", "P-256", 32),
        };
        let (x, y) = key.raw_bytes().split_at_checked(length).unwrap_or_default();
        Self {
            kty: kty.to_owned(),
            crv: crv.to_owned(),
            x: Base64Url(x.to_vec()),
            y: (!y.is_empty()).then(|| Base64Url(y.to_vec())),
        }
    }
}

impl TryFrom<JwkMembers> for PublicKey {
    type Error = String;

    fn try_from(jwk: JwkMembers) -> Result<Self, String> {
        let key = match (jwk.kty.as_str(), jwk.crv.as_str(), jwk.y) {
            ("OKP", "Ed25519", None) => Self::ed25519(&jwk.x.0),
            ("EC", "P-256", Some(y)) => Self::p256(&jwk.x.0, &y.0),
            _ => return Err("a key is neither on Ed25519 nor on P-256".to_owned()),
        };
        key.map_err(|refusal| refusal.sentence)
    }
}

/// Parses a JWK.
///
/// # Errors
/// `KEY_INVALID`.
pub fn from_json(jwk: &Json) -> Result<PublicKey, Refusal> {
    serialized::from_json(jwk).map_err(|fault| {
        let sentence = format!("a key is not a JWK on Ed25519 or P-256: {fault}");
        Refusal::new(ErrorCode::KeyInvalid, sentence)
    })
}

/// Bytes as base64url without padding.
#[derive(Debug)]
pub(crate) struct Base64Url(pub(crate) Vec<u8>);

hansa_audit_log::serialize_as_text!(Base64Url);

impl fmt::Display for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl FromStr for Base64Url {
    type Err = base64::DecodeError;

    fn from_str(text: &str) -> Result<Self, base64::DecodeError> {
        URL_SAFE_NO_PAD.decode(text).map(Self)
    }
}

/// Key as its JWK, with its algorithm.
pub(crate) mod named_key {
    use crate::keys::{PublicKey, SignatureAlgorithm};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct NamedKey {
        jwk: PublicKey,
        alg: SignatureAlgorithm,
    }

    pub(crate) fn serialize<S: Serializer>(key: &PublicKey, to: S) -> Result<S::Ok, S::Error> {
        let (jwk, alg) = (key.clone(), key.algorithm());
        NamedKey { jwk, alg }.serialize(to)
    }

    /// Parses the key. An algorithm other than its own is not canonical.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PublicKey, D::Error> {
        NamedKey::deserialize(from).map(|named| named.jwk)
    }
}

/// Certificate in the form of [`Base64Url`].
pub(crate) mod certificate {
    use super::Base64Url;
    use rustls_pki_types::CertificateDer;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        certificate: &CertificateDer<'static>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        Base64Url(certificate.to_vec()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<CertificateDer<'static>, D::Error> {
        Base64Url::deserialize(from).map(|bytes| bytes.0.into())
    }
}

/// Decodes base64url without padding, in canonical form.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|cause| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            "a value is not base64url without padding",
        )
        .caused_by(cause)
    })
}

/// Encodes base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::from_json;
    use crate::keys::{PrivateKey, SignatureAlgorithm};
    use hansa_audit_log::json::serialized::to_json;
    use hansa_audit_log::json::{Json, JsonLimits, parse_json};

    #[test]
    fn a_key_survives_the_round_trip() {
        let dir = tempfile::tempdir().unwrap();
        for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
            let path = dir.path().join(algorithm.as_str());
            let key = PrivateKey::create(&path, algorithm).unwrap();
            assert_eq!(
                &from_json(&to_json(key.public_key())).unwrap(),
                key.public_key()
            );
        }
    }

    #[test]
    fn other_members_kinds_and_spellings_are_refused() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let good = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let read =
            |text: &str| from_json(&parse_json(text.as_bytes(), JsonLimits::default()).unwrap());
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
        assert!(from_json(&Json::Null).is_err());
    }
}
