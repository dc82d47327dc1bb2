//! A key that concludes contracts and does nothing else, made where its private half stays, and the statement by which the
//! league registers its public one.

use crate::jwk;
use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::signature::{FileSigner, ParticipantSigner as _};
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{StrictObject, StrictObjectError};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// A key for contracts whose proof of possession was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractKey {
    /// For whom it concludes contracts.
    pub id: ParticipantId,
    /// Its public half.
    pub key: PublicKey,
}

impl ContractKey {
    /// Makes a key in a new file, and the statement that proves it.
    ///
    /// # Errors
    /// As [`FileSigner::create`].
    pub fn create(
        path: &Path,
        id: &ParticipantId,
        algorithm: SignatureAlgorithm,
    ) -> Result<(Self, Vec<u8>), Refusal> {
        let signer = FileSigner::create(path, algorithm)?;
        let content = Json::object([
            ("hansa", FORM.into()),
            ("id", Json::text(id)),
            ("key", jwk::to_json(signer.public())),
        ]);
        let proof = signed_envelope::sign(EnvelopeKind::ContractKey, &content, &signer)?;
        let statement = signed_envelope::to_bytes(&Json::object([
            ("contractKey", content),
            ("signature", proof),
        ]));
        Ok((Self::read(&statement)?, statement))
    }

    /// Reads the statement and checks that who wrote it has the private half.
    ///
    /// # Errors
    /// `KEY_INVALID`.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let envelope =
            signed_envelope::from_bytes(bytes, "the statement of the key", ErrorCode::KeyInvalid)?;
        let mut outer = StrictObject::of(envelope, "", fault)?;
        let content = outer.take("contractKey")?;
        let signature = outer.text("signature")?;
        outer.finish()?;
        let mut fields = StrictObject::of(content.clone(), "", fault)?;
        if fields.text("hansa")? != FORM {
            return Err(invalid("the statement of the key is of another version"));
        }
        let text = fields.text("id")?;
        let id: ParticipantId =
            text.parse()
                .map_err(|malformed: hansa_policy::id::IdentifierError| {
                    invalid(&malformed.to_string())
                })?;
        let key = jwk::from_json(fields.take("key")?)?;
        fields.finish()?;
        if id.as_str() != text
            || !signed_envelope::signed(EnvelopeKind::ContractKey, &content, &signature, &key)
        {
            return Err(invalid(
                "the statement of the key is not signed by that key",
            ));
        }
        Ok(Self { id, key })
    }
}

const FORM: &str = "contract-key/1";

fn fault(fault: StrictObjectError) -> Refusal {
    invalid(&format!("the statement of the key: {fault}"))
}

fn invalid(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::KeyInvalid, sentence)
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
            // There is one already.
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
