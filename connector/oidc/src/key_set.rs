//! Key set of the issuer (RFC 7517): the public keys that can verify its tokens.

use crate::answer_fault::invalid_answer_refusal;
use crate::signature_algorithm::SignatureAlgorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_policy::refusal::Refusal;
use serde::Deserialize;
use serde_json::Value;

/// Longest key set, bytes.
pub(crate) const LONGEST_KEY_SET: usize = 256 << 10;
/// Most keys of a set.
const MOST_KEYS: usize = 100;
/// Bytes of a coordinate of P-256, and of a public key of Ed25519.
const COORDINATE: usize = 32;

#[derive(Deserialize)]
struct KeySetDocument {
    keys: Vec<Value>,
}

/// Key as the issuer writes it. Private and symmetric members are never read.
#[derive(Deserialize)]
struct KeyDocument {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Keys of the issuer that can verify.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<VerificationKey>);

/// Public key with its identifier.
#[derive(Debug)]
pub(crate) struct VerificationKey {
    kid: Option<String>,
    /// Only algorithm of the key, where the issuer limits it.
    algorithm: Option<SignatureAlgorithm>,
    material: KeyMaterial,
}

#[derive(Debug)]
enum KeyMaterial {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// Uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// Reason for which no key of a set is the one of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// No key has the identifier. The issuer may have new keys.
    Unknown,
    /// Keys with the identifier are for another algorithm or purpose.
    Unfit,
    /// Several keys fit.
    Ambiguous,
}

impl KeySet {
    /// Reads a key set. Keys of another type, curve or purpose are left out, as the standard demands.
    ///
    /// # Errors
    /// `ISSUER_ANSWER_INVALID`
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let malformed = |fault: serde_json::Error| {
            invalid_answer_refusal("its key set is malformed").caused_by(fault)
        };
        let document: KeySetDocument = serde_json::from_slice(bytes).map_err(malformed)?;
        if document.keys.len() > MOST_KEYS {
            return Err(invalid_answer_refusal(&format!(
                "its key set has more than {MOST_KEYS} keys"
            )));
        }
        let keys = document.keys.into_iter().filter_map(|key| {
            let key: KeyDocument = serde_json::from_value(key).ok()?;
            VerificationKey::from_document(key)
        });
        Ok(Self(keys.collect()))
    }

    /// Key of a token. A token without an identifier has a key if exactly one fits.
    ///
    /// # Errors
    /// Why there is no such key.
    pub(crate) fn find_key(
        &self,
        kid: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Result<&VerificationKey, KeyFault> {
        let mut named = self
            .0
            .iter()
            .filter(|key| kid.is_none() || key.kid.as_deref() == kid)
            .peekable();
        if named.peek().is_none() {
            return Err(KeyFault::Unknown);
        }
        let mut fitting = named.filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (None, _) => Err(KeyFault::Unfit),
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(KeyFault::Ambiguous),
        }
    }
}

impl VerificationKey {
    /// `None` if the key can't verify a signature of an accepted algorithm.
    fn from_document(key: KeyDocument) -> Option<Self> {
        if key
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return None;
        }
        if let Some(operations) = &key.key_ops
            && !operations.iter().any(|operation| operation == "verify")
        {
            return None;
        }
        let algorithm = match &key.alg {
            Some(name) => Some(SignatureAlgorithm::from_name(name)?),
            None => None,
        };
        let decode = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let coordinate =
            |text: &Option<String>| decode(text).filter(|bytes| bytes.len() == COORDINATE);
        let material = match (key.kty.as_str(), key.crv.as_deref()) {
            ("RSA", None) => KeyMaterial::Rsa {
                modulus: strip_zeros(&decode(&key.n)?),
                exponent: strip_zeros(&decode(&key.e)?),
            },
            ("EC", Some("P-256")) => {
                let point = [vec![4], coordinate(&key.x)?, coordinate(&key.y)?].concat();
                KeyMaterial::P256(point)
            }
            ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519(coordinate(&key.x)?),
            _ => return None,
        };
        Some(Self {
            kid: key.kid,
            algorithm,
            material,
        })
    }

    fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        let is_permitted = self.algorithm.is_none_or(|only| only == algorithm);
        is_permitted
            && matches!(
                (&self.material, algorithm),
                (
                    KeyMaterial::Rsa { .. },
                    SignatureAlgorithm::Rs256 | SignatureAlgorithm::Ps256
                ) | (KeyMaterial::P256(_), SignatureAlgorithm::Es256)
                    | (KeyMaterial::Ed25519(_), SignatureAlgorithm::EdDsa)
            )
    }

    /// `true` if the signature is by this key over `message`. RSA keys have 2048 to 8192 bits.
    pub(crate) fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let verified = match (&self.material, algorithm) {
            (KeyMaterial::Rsa { modulus, exponent }, SignatureAlgorithm::Rs256) => rsa_components(
                modulus, exponent,
            )
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            (KeyMaterial::Rsa { modulus, exponent }, SignatureAlgorithm::Ps256) => rsa_components(
                modulus, exponent,
            )
            .verify(&RSA_PSS_2048_8192_SHA256, message, signature),
            (KeyMaterial::P256(point), SignatureAlgorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (KeyMaterial::Ed25519(key), SignatureAlgorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

fn rsa_components<'a>(modulus: &'a [u8], exponent: &'a [u8]) -> RsaPublicKeyComponents<&'a [u8]> {
    RsaPublicKeyComponents {
        n: modulus,
        e: exponent,
    }
}

/// Number without leading zeros, as the library wants it.
fn strip_zeros(number: &[u8]) -> Vec<u8> {
    let digits = number.iter().skip_while(|byte| **byte == 0);
    digits.copied().collect()
}
