//! Signatures as they are read, and what checks them.

use super::mandate::Mandate;
use super::seal::SealCertificates;
use super::signature_purpose::SignaturePurpose;
use crate::id::ParticipantId;
use crate::refusal::Refusal;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;

/// Which party signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatoryRole {
    /// The owner of the dataset.
    Provider,
    /// The one who asks.
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
    /// For whom.
    pub role: SignatoryRole,
    /// Thumbprint of the key.
    pub kid: String,
    /// `EdDSA` or `ES256`; of a seal `ES256` or `PS256`.
    pub alg: String,
    /// When it was made, by the signer's clock, in seconds.
    pub issued_at: i64,
    /// `base64url(header) + "." + base64url(payload)`: the bytes that are signed.
    pub signing_input: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The certificates by which an authority speaks for the key; absent where the key itself is registered.
    pub seal: Option<SealCertificates>,
    /// The mandate on which it rests, where it brings one.
    pub mandate: Option<Box<SignedMandate>>,
}

/// A mandate as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMandate {
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// What it says.
    pub mandate: Mandate,
    /// By a key of the participant that signs no contracts.
    pub signature: Signature,
    /// Its envelope, as it travels.
    pub bytes: Vec<u8>,
}

/// Checks signatures against the registered keys. Implemented once, in `keep` (a door).
pub trait SignatureVerifier {
    /// Whether `signature` is by a key of `signer` that the trust bundle registers under its `kid` with exactly its `alg`,
    /// or by a seal for which the bundle names the authority; that may do this, counted at `signature.issued_at`, and matches.
    ///
    /// # Errors
    /// `SIGNATURE_INVALID`, `SIGNATURE_ALG`, `SIGNER_NOT_PARTY`, `KEY_NOT_VALID_AT_SIGNING`, `KEY_REVOKED` or
    /// `SEAL_NOT_TRUSTED`.
    fn check(
        &self,
        signer: &ParticipantId,
        signature: &Signature,
        purpose: SignaturePurpose,
    ) -> Result<(), Refusal>;

    /// Whether `signer` states that whoever signs contracts for it has a mandate.
    fn needs_mandate(&self, signer: &ParticipantId) -> bool;

    /// Whether `signer` had revoked this mandate when a signature that rests on it was made, entered the log, or was first
    /// seen.
    fn mandate_revoked(&self, signer: &ParticipantId, on: &SignedMandate, by: &Signature) -> bool;

    /// When they entered the log, where that counts.
    fn logged_at(&self) -> Option<UtcTimestamp>;
}
