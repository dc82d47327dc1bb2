//! Signatures of contracts and statements, and the trait of their verifier.

use super::mandate::Mandate;
use super::seal::SealCertificates;
use super::signature_purpose::SignaturePurpose;
use crate::id::ParticipantId;
use crate::refusal::Refusal;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;

/// Role of a party that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatoryRole {
    /// The owner of the dataset.
    Provider,
    /// The participant that asks.
    Consumer,
}

impl SignatoryRole {
    /// Both roles, the provider's first.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Consumer];

    /// `provider` or `consumer`, as in signature headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(SignatoryRole);

/// One signature as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Role of the party.
    pub role: SignatoryRole,
    /// Thumbprint of the key.
    pub kid: String,
    /// Algorithm: `EdDSA` or `ES256`; for a seal `ES256` or `PS256`.
    pub alg: String,
    /// Time of signing by the signer's clock, seconds since 1970-01-01.
    pub issued_at: i64,
    /// Signed bytes: `base64url(header) + "." + base64url(payload)`.
    pub signing_input: Vec<u8>,
    /// Bytes of the signature.
    pub signature: Vec<u8>,
    /// Certificates by which an authority confirms the key; absent where the key itself is registered.
    pub seal: Option<SealCertificates>,
    /// Mandate of the signing key, where the signature carries one.
    pub mandate: Option<Box<SignedMandate>>,
}

/// Mandate as read from its envelope. Its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMandate {
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// Content of the mandate.
    pub mandate: Mandate,
    /// Signature by a key of the participant that signs no contracts.
    pub signature: Signature,
    /// Envelope in its transmitted form.
    pub bytes: Vec<u8>,
}

/// Verifier of signatures against the registered keys. Implemented once, in `hansa-identity` (a door).
pub trait SignatureVerifier {
    /// Checks that `signature` is by a key that the trust bundle registers for `signer` under its `kid` and exactly its `alg`, or
    /// by a seal of an authority that the bundle names. The key must be permitted for the purpose and valid at
    /// `signature.issued_at`.
    ///
    /// # Errors
    /// `SIGNATURE_INVALID`, `SIGNATURE_ALG`, `SIGNER_NOT_PARTY`, `KEY_NOT_VALID_AT_SIGNING`, `KEY_REVOKED` or
    /// `SEAL_NOT_TRUSTED`.
    fn check_signature(
        &self,
        signer: &ParticipantId,
        signature: &Signature,
        purpose: SignaturePurpose,
    ) -> Result<(), Refusal>;

    /// True if `signer` states that every key that signs contracts for it has a mandate.
    fn needs_mandate(&self, signer: &ParticipantId) -> bool;

    /// True if `signer` had revoked this mandate when a signature under it was made, entered the log, or was first seen.
    fn mandate_revoked(&self, signer: &ParticipantId, on: &SignedMandate, by: &Signature) -> bool;

    /// Instant at which the signatures entered the log, where that matters.
    fn logged_at(&self) -> Option<UtcTimestamp>;
}
