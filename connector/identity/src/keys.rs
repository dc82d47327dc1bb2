//! Key pairs in files, and public keys with their thumbprints (RFC 7638).

use crate::jwk::JwkMembers;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519,
    EcdsaKeyPair, Ed25519KeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_files::FileVisibility;
use hansa_policy::refusal::{ErrorCode, Refusal};
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jwk::{Jwk, KeyPair as _};
use josekit::jws::JwsVerifier;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

#[cfg(test)]
mod tests;

/// Signature algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureAlgorithm {
    /// Ed25519; no other curve.
    EdDsa,
    /// ECDSA over P-256 with SHA-256; signatures are the 64 bytes r ‖ s.
    Es256,
}

impl SignatureAlgorithm {
    /// Name in signature headers: `EdDSA` or `ES256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }

    /// Algorithm with exactly this name.
    #[must_use]
    pub fn from_word(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Es256]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
    }
}

hansa_audit_log::serialize_as_word!(SignatureAlgorithm);

/// Public key on its curve; in JSON a JWK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JwkMembers", into = "JwkMembers")]
pub struct PublicKey {
    algorithm: SignatureAlgorithm,
    /// Bytes of the key. Ed25519: 32 bytes. P-256: x ‖ y.
    raw: Vec<u8>,
    kid: String,
}

impl PublicKey {
    /// Ed25519 key from its 32 bytes.
    ///
    /// # Errors
    /// `KEY_INVALID`.
    pub fn ed25519(raw: &[u8]) -> Result<Self, Refusal> {
        Self::from_raw_bytes(SignatureAlgorithm::EdDsa, raw.to_vec())
    }

    /// P-256 key from its coordinates, 32 bytes each.
    ///
    /// # Errors
    /// `KEY_INVALID` when the point is not on the curve.
    pub fn p256(x: &[u8], y: &[u8]) -> Result<Self, Refusal> {
        if x.len() != 32 {
            return Err(invalid_key_refusal("a coordinate of P-256 has 32 bytes"));
        }
        Self::from_raw_bytes(SignatureAlgorithm::Es256, [x, y].concat())
    }

    /// Key from its SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// `KEY_INVALID` when it is of another kind or not on its curve.
    pub fn from_spki(der: &[u8]) -> Result<Self, Refusal> {
        if let Some(raw) = der.strip_prefix(ED25519_SPKI) {
            return Self::from_raw_bytes(SignatureAlgorithm::EdDsa, raw.to_vec());
        }
        if let Some(raw) = der.strip_prefix(P256_SPKI) {
            return Self::from_raw_bytes(SignatureAlgorithm::Es256, raw.to_vec());
        }
        Err(invalid_key_refusal(
            "only keys on Ed25519 and P-256 are used",
        ))
    }

    /// SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        let prefix = match self.algorithm {
            SignatureAlgorithm::EdDsa => ED25519_SPKI,
            SignatureAlgorithm::Es256 => P256_SPKI,
        };
        [prefix, &self.raw].concat()
    }

    /// Signature algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// RFC 7638 thumbprint with SHA-256 in base64url, always computed from the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Bytes of the key. Ed25519: 32 bytes. P-256: x ‖ y.
    #[must_use]
    pub fn raw_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// True if `signature` over `message` is by this key.
    #[must_use]
    pub fn accepts_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self.algorithm {
            SignatureAlgorithm::EdDsa => {
                UnparsedPublicKey::new(&ED25519, &self.raw).verify(message, signature)
            }
            SignatureAlgorithm::Es256 => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point())
                    .verify(message, signature)
            }
        };
        signature.len() == 64 && verified.is_ok()
    }

    /// True if `signature` over `message` is by this key, in the form of a passkey: ASN.1 for P-256 (WebAuthn Level 3, section 6.5.5).
    pub(crate) fn accepts_passkey_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            SignatureAlgorithm::EdDsa => self.accepts_signature(message, signature),
            SignatureAlgorithm::Es256 => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.point());
                key.verify(message, signature).is_ok()
            }
        }
    }

    /// Uncompressed point of a key on P-256 (SEC 1, section 2.3.3).
    fn point(&self) -> Vec<u8> {
        [&[UNCOMPRESSED], self.raw.as_slice()].concat()
    }

    fn from_raw_bytes(algorithm: SignatureAlgorithm, raw: Vec<u8>) -> Result<Self, Refusal> {
        let length = match algorithm {
            SignatureAlgorithm::EdDsa => 32,
            SignatureAlgorithm::Es256 => 64,
        };
        if raw.len() != length {
            return Err(invalid_key_refusal(&format!(
                "a key for {} has {length} bytes",
                algorithm.as_str()
            )));
        }
        if algorithm == SignatureAlgorithm::EdDsa && of_small_order(&raw) {
            return Err(invalid_key_refusal("anybody can sign for this key"));
        }
        let kid = key_thumbprint(algorithm, &raw);
        let key = Self {
            algorithm,
            raw,
            kid,
        };
        // The library checks that the point is on the curve.
        key.verifier()?;
        Ok(key)
    }

    fn verifier(&self) -> Result<Box<dyn JwsVerifier>, Refusal> {
        let spki = self.spki();
        let off_curve = |_| invalid_key_refusal("the key is not on its curve");
        Ok(match self.algorithm {
            SignatureAlgorithm::EdDsa => Box::new(
                EddsaJwsAlgorithm::Eddsa
                    .verifier_from_der(spki)
                    .map_err(off_curve)?,
            ),
            SignatureAlgorithm::Es256 => Box::new(
                EcdsaJwsAlgorithm::Es256
                    .verifier_from_der(spki)
                    .map_err(off_curve)?,
            ),
        })
    }
}

/// Private key from its file. `Debug` output does not contain the secret, and the type is not cloneable.
pub struct PrivateKey {
    signer: SigningKeyPair,
    public: PublicKey,
}

enum SigningKeyPair {
    EdDsa(Ed25519KeyPair),
    Es256(Box<EcdsaKeyPair>),
}

impl PrivateKey {
    /// Creates a key in a new file that only the owner can read.
    ///
    /// # Errors
    /// `FILE_EXISTS`, `DISK_FULL`, `STATE_BROKEN`; `INTERNAL` when the library can't generate a key.
    pub fn create(path: &Path, algorithm: SignatureAlgorithm) -> Result<Self, Refusal> {
        let failed = |error| {
            Refusal::new(
                ErrorCode::Internal,
                format!("no key could be made: {error}"),
            )
            .caused_by(error)
        };
        let pem = match algorithm {
            SignatureAlgorithm::EdDsa => EdKeyPair::generate(EdCurve::Ed25519)
                .map_err(failed)?
                .to_pem_private_key(),
            SignatureAlgorithm::Es256 => EcKeyPair::generate(EcCurve::P256)
                .map_err(failed)?
                .to_pem_private_key(),
        };
        hansa_files::create_file(path, &pem, FileVisibility::Owner)?;
        Self::from_pem(&pem).ok_or_else(|| unreadable_key_refusal(path))
    }

    /// Reads a key in PEM (PKCS#8) from a file that only the owner can read.
    ///
    /// # Errors
    /// `KEY_FILE_PERMISSIONS`, `FILE_MISSING`, or `KEY_INVALID`.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let pem = hansa_files::read_private(path, LARGEST_KEY_FILE)?;
        Self::from_pem(&pem).ok_or_else(|| unreadable_key_refusal(path))
    }

    /// Public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message`.
    ///
    /// # Errors
    /// `INTERNAL` when the library refuses.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        // The library reports no reason.
        let failed = |_| Refusal::new(ErrorCode::Internal, "signing failed");
        let signature = match &self.signer {
            SigningKeyPair::EdDsa(pair) => pair.try_sign(message),
            SigningKeyPair::Es256(pair) => pair.sign(&SystemRandom::new(), message),
        };
        Ok(signature.map_err(failed)?.as_ref().to_vec())
    }

    fn from_pem(pem: &[u8]) -> Option<Self> {
        if let Ok(pair) = EdKeyPair::from_pem(pem) {
            let public = PublicKey::from_spki(&pair.to_der_public_key()).ok()?;
            let seed = secret_bytes(&pair.to_jwk_private_key())?;
            let signer =
                Ed25519KeyPair::from_seed_and_public_key(&seed, public.raw_bytes()).ok()?;
            return Some(Self {
                signer: SigningKeyPair::EdDsa(signer),
                public,
            });
        }
        let pair = EcKeyPair::from_pem(pem, Some(EcCurve::P256)).ok()?;
        let public = PublicKey::from_spki(&pair.to_der_public_key()).ok()?;
        let signer = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &secret_bytes(&pair.to_jwk_private_key())?,
            &public.point(),
        );
        Some(Self {
            signer: SigningKeyPair::Es256(Box::new(signer.ok()?)),
            public,
        })
    }
}

/// Private key's 32 bytes (RFC 7518, section 6.2.2.1; RFC 8037, section 2).
fn secret_bytes(key: &Jwk) -> Option<[u8; 32]> {
    let text = key.parameter("d")?.as_str()?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    // Leading zeros may be missing.
    let mut whole = [0; 32];
    let from = whole.len().checked_sub(bytes.len())?;
    whole.get_mut(from..)?.copy_from_slice(&bytes);
    Some(whole)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kid", &self.public.kid())
            .finish_non_exhaustive()
    }
}

/// Largest key file that is read, bytes.
const LARGEST_KEY_FILE: u64 = 64 * 1024;

/// Prefix of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410).
const ED25519_SPKI: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Prefix of an uncompressed P-256 key in its SubjectPublicKeyInfo (RFC 5480).
const P256_SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Prefix of an uncompressed point on P-256 (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 0x04;

/// Points of small order on Ed25519 without their sign, including non-reduced encodings. Anybody can make signatures for such a
/// key, so its owner could deny a signature later.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    bytes_with_ends(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    bytes_with_ends(0xec, 0xff, 0x7f),
    bytes_with_ends(0xed, 0xff, 0x7f),
    bytes_with_ends(0xee, 0xff, 0x7f),
];

const fn bytes_with_ends(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let m = middle;
    [
        first, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m, m,
        m, m, last,
    ]
}

fn of_small_order(raw: &[u8]) -> bool {
    let mut unsigned = raw.to_vec();
    if let Some(last) = unsigned.last_mut() {
        *last &= 0x7f;
    }
    SMALL_ORDER.iter().any(|point| point.as_slice() == unsigned)
}

/// RFC 7638: SHA-256 over the required members of the JWK in alphabetical order.
fn key_thumbprint(algorithm: SignatureAlgorithm, raw: &[u8]) -> String {
    let jwk = match algorithm {
        SignatureAlgorithm::EdDsa => format!(
            r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
            URL_SAFE_NO_PAD.encode(raw)
        ),
        SignatureAlgorithm::Es256 => {
            let (x, y) = raw.split_at_checked(32).unwrap_or((raw, &[]));
            format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                URL_SAFE_NO_PAD.encode(x),
                URL_SAFE_NO_PAD.encode(y)
            )
        }
    };
    URL_SAFE_NO_PAD.encode(Digest::of(jwk.as_bytes()).as_bytes())
}

fn invalid_key_refusal(why: &str) -> Refusal {
    Refusal::new(ErrorCode::KeyInvalid, why)
}

fn unreadable_key_refusal(path: &Path) -> Refusal {
    Refusal::new(
        ErrorCode::KeyInvalid,
        format!(
            "`{}` holds no private key on Ed25519 or P-256 in PEM (PKCS#8)",
            path.display()
        ),
    )
    .with_place(path.display().to_string(), None, None)
}
