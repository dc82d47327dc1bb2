//! What signs on a machine that runs no connector: a key in a file, or a seal in two.

use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::seal::signer::SealSigner;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::Refusal;
use hansa_proto::envelope;
use hansa_proto::envelope::header::ProtectedHeader;
use hansa_proto::envelope::kind::StatementKind;
use std::path::Path;

/// A key, or a seal.
#[derive(Debug)]
pub(crate) enum OfflineSigner {
    /// One that the league registers.
    Key(FileSigner),
    /// One that an authority certifies.
    Seal(SealSigner),
}

impl OfflineSigner {
    /// A key; with certificates, a seal.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(crate) fn open(key: &Path, certificates: Option<&Path>) -> Result<Self, Refusal> {
        match certificates {
            None => FileSigner::open(key).map(Self::Key),
            Some(certificates) => SealSigner::open(key, certificates).map(Self::Seal),
        }
    }

    /// The thumbprint of its key.
    pub(crate) fn kid(&self) -> &str {
        match self {
            Self::Key(signer) => signer.kid(),
            Self::Seal(signer) => signer.kid(),
        }
    }

    /// Signs a payload: the whole statement.
    ///
    /// # Errors
    /// When the library refuses.
    pub(crate) fn sign(
        &self,
        kind: StatementKind,
        role: SignatoryRole,
        payload: &[u8],
        mandate: Option<&[u8]>,
        now: UtcTimestamp,
    ) -> Result<Vec<u8>, Refusal> {
        let (alg, seal) = match self {
            Self::Key(signer) => (signer.algorithm().as_str(), None),
            Self::Seal(signer) => (signer.algorithm(), Some(signer.seal())),
        };
        let header = ProtectedHeader {
            kind,
            role,
            alg,
            kid: self.kid(),
            issued_at: now.micros().div_euclid(1_000_000),
            seal,
            mandate,
        }
        .to_base64url();
        let input = envelope::signing_input(&header, payload);
        let signature = match self {
            Self::Key(signer) => signer.sign(&input),
            Self::Seal(signer) => signer.sign(&input),
        }?;
        Ok(envelope::assemble_statement(
            payload,
            &[(header, signature)],
        ))
    }
}
