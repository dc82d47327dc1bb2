//! Key for contracts alone, created where its private key stays, and the statement by which the league registers its public key.

use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::signature::{FileSigner, ParticipantSigner as _};
use crate::signed_envelope::{self, EnvelopeKind, SignedContent};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Key for contracts with a checked proof of possession.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractKey {
    /// Participant for which the key concludes contracts.
    pub id: ParticipantId,
    /// Public key.
    pub key: PublicKey,
}

impl ContractKey {
    /// Creates a key in a new file, and the statement with its proof of possession.
    ///
    /// # Errors
    /// As [`FileSigner::create`].
    pub fn create(
        path: &Path,
        id: &ParticipantId,
        algorithm: SignatureAlgorithm,
    ) -> Result<(Self, Vec<u8>), Refusal> {
        let signer = FileSigner::create(path, algorithm)?;
        let (id, key) = (id.clone(), signer.public_key().clone());
        let statement = signed_envelope::to_bytes(&Self { id, key }.seal(&signer)?);
        Ok((Self::read(&statement)?, statement))
    }

    /// Parses the statement and checks the proof of possession.
    ///
    /// # Errors
    /// `KEY_INVALID`.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let envelope = signed_envelope::from_bytes(bytes, Self::NAME, Self::CODE)?;
        Self::open(&envelope)
    }
}

impl SignedContent for ContractKey {
    const KIND: EnvelopeKind = EnvelopeKind::ContractKey;
    const NAME: &'static str = "the statement of the key";
    const SIGNER: &'static str = "that key";
    const CODE: ErrorCode = ErrorCode::KeyInvalid;

    fn key(&self) -> &PublicKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::ContractKey;
    use crate::keys::SignatureAlgorithm;

    #[test]
    fn a_statement_proves_its_key_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let id = "munster.example".parse().unwrap();
        for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
            let path = folder.path().join(algorithm.as_str());
            let (made, bytes) = ContractKey::create(&path, &id, algorithm).unwrap();
            assert_eq!(ContractKey::read(&bytes).unwrap(), made);
            assert_eq!(made.key.algorithm(), algorithm);
            // The file exists already.
            assert!(ContractKey::create(&path, &id, algorithm).is_err());
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 1;
                assert_ne!(
                    ContractKey::read(&other).ok().as_ref(),
                    Some(&made),
                    "byte {at}"
                );
            }
        }
    }
}
