//! The note key of a log: signs its heads, and is another than the key that signs contracts.

use hansa_audit_log::note::{
    self, COSIGNATURE, ED25519, NotSigned, NoteCheck, NoteKey, NoteSigner,
};
use hansa_identity::keys::{Algorithm, PrivateKey, PublicKey};
use hansa_policy::refusal::{Code, Refusal};
use std::path::Path;

/// The private note key of a log.
#[derive(Debug)]
pub struct LogKey {
    key: PrivateKey,
    origin: String,
}

impl LogKey {
    /// Makes the key of the log of `domain` in a new file that only the owner can read.
    ///
    /// # Errors
    /// As [`PrivateKey::create`].
    pub fn create(path: &Path, domain: &str) -> Result<Self, Refusal> {
        let key = PrivateKey::create(path, Algorithm::EdDsa)?;
        Self::of(key, path, domain)
    }

    /// Reads the key of the log of `domain`.
    ///
    /// # Errors
    /// As [`PrivateKey::open`]; `KEY_INVALID` when it is no Ed25519 key.
    pub fn open(path: &Path, domain: &str) -> Result<Self, Refusal> {
        let key = PrivateKey::open(path)?;
        Self::of(key, path, domain)
    }

    fn of(key: PrivateKey, path: &Path, domain: &str) -> Result<Self, Refusal> {
        if key.public().algorithm() != Algorithm::EdDsa {
            return Err(
                Refusal::new(Code::KeyInvalid, "heads of the log are signed with Ed25519")
                    .with_place(path.display().to_string(), None, None),
            );
        }
        let origin = note::origin(domain);
        Ok(Self { key, origin })
    }
}

impl NoteSigner for LogKey {
    fn key(&self) -> NoteKey {
        NoteKey {
            name: self.origin.clone(),
            algorithm: ED25519,
            public: self.key.public().raw().to_vec(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NotSigned> {
        self.key.sign(message).map_err(|refusal| NotSigned {
            reason: refusal.sentence,
        })
    }
}

/// The same key as a witness of other logs. Its signatures are told apart by the algorithm in its name, and what it signs
/// begins with another line than any head.
pub(super) struct Witness<'a>(pub(super) &'a dyn NoteSigner);

impl NoteSigner for Witness<'_> {
    fn key(&self) -> NoteKey {
        NoteKey {
            algorithm: COSIGNATURE,
            ..self.0.key()
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NotSigned> {
        self.0.sign(message)
    }
}

/// Checks Ed25519 signatures of notes, by logs and by witnesses.
#[derive(Debug, Clone, Copy)]
pub struct Ed25519Notes;

impl NoteCheck for Ed25519Notes {
    fn check(&self, key: &NoteKey, message: &[u8], signature: &[u8]) -> bool {
        matches!(key.algorithm, ED25519 | COSIGNATURE)
            && PublicKey::ed25519(&key.public).is_ok_and(|key| key.matches(message, signature))
    }
}
