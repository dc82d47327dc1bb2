//! Note key of a log. It signs heads, and differs from the key that signs contracts.

use hansa_audit_log::note::{
    self, COSIGNATURE, ED25519, NoteKey, NoteSigner, NoteSigningError, NoteVerifier,
};
use hansa_identity::keys::{PrivateKey, PublicKey, SignatureAlgorithm};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Private note key of a log.
#[derive(Debug)]
pub struct LogSigningKey {
    key: PrivateKey,
    origin: String,
}

impl LogSigningKey {
    /// Creates the key for the log of `domain` in a new file that only the owner can read.
    ///
    /// # Errors
    /// As [`PrivateKey::create`].
    pub fn create(path: &Path, domain: &str) -> Result<Self, Refusal> {
        let key = PrivateKey::create(path, SignatureAlgorithm::EdDsa)?;
        Self::from_private_key(key, path, domain)
    }

    /// Opens the key for the log of `domain`.
    ///
    /// # Errors
    /// As [`PrivateKey::open`]; `KEY_INVALID` when the key is not an Ed25519 key.
    pub fn open(path: &Path, domain: &str) -> Result<Self, Refusal> {
        let key = PrivateKey::open(path)?;
        Self::from_private_key(key, path, domain)
    }

    fn from_private_key(key: PrivateKey, path: &Path, domain: &str) -> Result<Self, Refusal> {
        if key.public_key().algorithm() != SignatureAlgorithm::EdDsa {
            return Err(Refusal::new(
                ErrorCode::KeyInvalid,
                "heads of the log are signed with Ed25519",
            )
            .with_place(path.display().to_string(), None, None));
        }
        let origin = note::log_origin(domain);
        Ok(Self { key, origin })
    }
}

impl NoteSigner for LogSigningKey {
    fn key(&self) -> NoteKey {
        NoteKey {
            name: self.origin.clone(),
            algorithm: ED25519,
            public: self.key.public_key().raw_bytes().to_vec(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteSigningError> {
        self.key.sign(message).map_err(|refusal| NoteSigningError {
            reason: refusal.sentence,
        })
    }
}

/// Note key in the role of a witness of other logs. The algorithm in the key's name distinguishes its signatures, and the signed
/// text begins with another line than a head.
pub(super) struct WitnessSigner<'a>(pub(super) &'a dyn NoteSigner);

impl NoteSigner for WitnessSigner<'_> {
    fn key(&self) -> NoteKey {
        NoteKey {
            algorithm: COSIGNATURE,
            ..self.0.key()
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteSigningError> {
        self.0.sign(message)
    }
}

/// Verifier of Ed25519 signatures of notes, by logs and by witnesses.
#[derive(Debug, Clone, Copy)]
pub struct Ed25519NoteVerifier;

impl NoteVerifier for Ed25519NoteVerifier {
    fn accepts_signature(&self, key: &NoteKey, message: &[u8], signature: &[u8]) -> bool {
        matches!(key.algorithm, ED25519 | COSIGNATURE)
            && PublicKey::ed25519(&key.public)
                .is_ok_and(|key| key.accepts_signature(message, signature))
    }
}
