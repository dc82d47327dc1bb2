//! Seal in two files: its key and its certificates.

use super::{PS256, SealKey, parse_certificate};
use crate::bundle;
use crate::keys::PrivateKey;
use crate::participant_identity::read_certificates;
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::refusal::{ErrorCode, Refusal};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::JwsSigner;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm;
use std::fmt;
use std::path::Path;

/// Signer of seals with a key in a file. `Debug` output does not contain the secret, and the type is not cloneable.
pub struct SealSigner {
    key: SealKey,
    seal: SealCertificates,
    secret: SealPrivateKey,
}

enum SealPrivateKey {
    Curve(PrivateKey),
    Rsa(Box<dyn JwsSigner + Send + Sync>),
}

impl SealSigner {
    /// Reads key and certificates in PEM, the key's own certificate first, and checks that they match.
    ///
    /// # Errors
    /// `KEY_FILE_PERMISSIONS`, `FILE_MISSING`, or `KEY_INVALID`.
    pub fn open(key: &Path, certificates: &Path) -> Result<Self, Refusal> {
        let invalid = |sentence: String| {
            Refusal::new(ErrorCode::KeyInvalid, sentence).with_place(
                certificates.display().to_string(),
                None,
                None,
            )
        };
        let chain = read_certificates(certificates)?;
        let own = chain
            .first()
            .ok_or_else(|| invalid("the file holds no certificate".to_owned()))?;
        let public = parse_certificate(own)
            .and_then(|certificate| SealKey::of(&certificate))
            .map_err(|refusal| invalid(refusal.sentence))?;
        let bytes = chain.iter().map(|one| one.to_vec()).collect();
        let seal = SealCertificates::new(bytes).map_err(|why| invalid(why.to_owned()))?;
        let secret = match &public {
            SealKey::Curve(_) => SealPrivateKey::Curve(PrivateKey::open(key)?),
            SealKey::Rsa { .. } => {
                let pem = hansa_files::read_private(key, bundle::LARGEST)?;
                let signer = rsa_signer(&pem)
                    .ok_or_else(|| invalid(format!("`{}` holds no RSA key", key.display())))?;
                SealPrivateKey::Rsa(Box::new(signer))
            }
        };
        let made = Self {
            key: public,
            seal,
            secret,
        };
        let probe = b"whether the key fits its certificate";
        if made.key.accepts_signature(probe, &made.sign(probe)?) {
            return Ok(made);
        }
        Err(invalid(format!(
            "the first certificate is not that of the key in `{}`",
            key.display()
        )))
    }

    /// RFC 7638 thumbprint of the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.key.kid()
    }

    /// Algorithm: `ES256` or `PS256`.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        self.key.algorithm()
    }

    /// Certificates that are added to its signatures.
    #[must_use]
    pub const fn seal(&self) -> &SealCertificates {
        &self.seal
    }

    /// Signs `message`.
    ///
    /// # Errors
    /// `INTERNAL` when the library refuses.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        match &self.secret {
            SealPrivateKey::Curve(key) => key.sign(message),
            SealPrivateKey::Rsa(signer) => signer.sign(message).map_err(|error| {
                Refusal::new(ErrorCode::Internal, format!("{PS256} failed: {error}"))
                    .caused_by(error)
            }),
        }
    }
}

/// Signer with an RSA key in PEM (PKCS#8).
pub(super) fn rsa_signer(pem: &[u8]) -> Option<impl JwsSigner + use<>> {
    let pair = RsaKeyPair::from_pem(pem).ok()?;
    RsassaPssJwsAlgorithm::Ps256
        .signer_from_der(pair.to_raw_private_key())
        .ok()
}

impl fmt::Debug for SealSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealSigner")
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
