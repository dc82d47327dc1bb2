//! Signer of this participant, and verifier with the registered keys of all participants.

use crate::jwk;
use crate::keys::{PrivateKey, PublicKey, SignatureAlgorithm};
use crate::seal::{self, SealAnchor};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{Signature, SignatureVerifier, SignedMandate};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

#[cfg(test)]
mod tests;

/// Signer for this participant. Keys on another machine or in hardware implement this trait.
pub trait ParticipantSigner: fmt::Debug + Send + Sync {
    /// RFC 7638 thumbprint of the key.
    fn kid(&self) -> &str;

    /// Algorithm of the key.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Public key.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`.
    ///
    /// # Errors
    /// When the key is not available.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal>;
}

/// Signer with a key in a file.
#[derive(Debug)]
pub struct FileSigner {
    key: PrivateKey,
}

impl FileSigner {
    /// Creates a key in a new file.
    ///
    /// # Errors
    /// As [`PrivateKey::create`].
    pub fn create(path: &Path, algorithm: SignatureAlgorithm) -> Result<Self, Refusal> {
        let key = PrivateKey::create(path, algorithm)?;
        Ok(Self { key })
    }

    /// Reads the key from its file.
    ///
    /// # Errors
    /// As [`PrivateKey::open`].
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let key = PrivateKey::open(path)?;
        Ok(Self { key })
    }
}

impl ParticipantSigner for FileSigner {
    fn kid(&self) -> &str {
        self.key.public_key().kid()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.public_key().algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.key.sign(message)
    }
}

/// Time before its registration from which a key is valid, microseconds, since the clocks of participants differ.
pub const SLACK: i64 = 300 * 1_000_000;

/// Signing key as registered in the trust bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredKey {
    /// Public key, which determines thumbprint and algorithm.
    #[serde(flatten, with = "jwk::named_key")]
    pub key: PublicKey,
    /// First instant of validity.
    pub not_before: UtcTimestamp,
    /// First instant at which the key is no longer valid.
    pub not_after: UtcTimestamp,
    /// Instant of revocation by the league, if revoked.
    pub revoked_at: Option<UtcTimestamp>,
    /// Instant since which others may know the private key.
    pub compromised_since: Option<UtcTimestamp>,
    /// True for a key that only concludes and ends contracts. It need not be stored on the connector's machine.
    pub only_contracts: bool,
}

impl RegisteredKey {
    /// True if signatures of the key are valid at `at`.
    #[must_use]
    pub fn counts_at(&self, at: UtcTimestamp) -> bool {
        self.not_before <= at && at < self.not_after && !self.is_revoked_at(at)
    }

    /// Instant from which the key alone concludes contracts of its participant, if it is such a key. Its validity begins a little
    /// before the registration, since clocks differ; contracts that another key concluded in that time stay valid.
    #[must_use]
    pub fn sole_signing_start(&self) -> Option<UtcTimestamp> {
        self.only_contracts
            .then(|| self.not_before.plus_micros(SLACK))
    }

    fn is_revoked_at(&self, at: UtcTimestamp) -> bool {
        let ended = [self.revoked_at, self.compromised_since];
        ended.into_iter().flatten().any(|end| end <= at)
    }
}

/// Present and former signing keys of every participant, since contracts outlive keys.
pub type KeyHistory = BTreeMap<ParticipantId, Vec<RegisteredKey>>;

/// Present and former authorities of seals, by participant.
pub type SealAnchors = BTreeMap<ParticipantId, Vec<SealAnchor>>;

/// Registration of a participant's mandates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateRegistration {
    /// Instant since which every signatory of contracts needs a mandate, if so.
    pub since: Option<UtcTimestamp>,
    /// Revoked mandates by the digests of their statements, with the instants of revocation. Signatures that were seen earlier stay
    /// valid.
    pub revoked: BTreeMap<Digest, UtcTimestamp>,
}

/// Registrations of mandates, by participant.
pub type MandatesByParticipant = BTreeMap<ParticipantId, MandateRegistration>;

/// Registered keys, with their validity at one instant.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredKeys<'a> {
    history: &'a KeyHistory,
    seals: Option<&'a SealAnchors>,
    mandated: Option<&'a MandatesByParticipant>,
    logged: UtcTimestamp,
    seen: UtcTimestamp,
}

impl<'a> RegisteredKeys<'a> {
    /// Keys of `history` for signatures that entered the log at `logged`: the present for a new signature, the time of its record
    /// for a stored one. A signer can write any time into a signature, so the log's time is checked too.
    #[must_use]
    pub const fn new(history: &'a KeyHistory, logged: UtcTimestamp) -> Self {
        Self {
            history,
            seals: None,
            mandated: None,
            logged,
            seen: logged,
        }
    }

    /// Keys for signatures that may be older than their arrival. A signature first seen at `seen` is judged by its own time against
    /// the validity of the key, and by `seen` against its revocation. The holder of a stolen key can write any time into a
    /// signature, but can't make it appear earlier.
    #[must_use]
    pub const fn first_seen(self, seen: UtcTimestamp) -> Self {
        Self { seen, ..self }
    }

    /// Adds the authorities of seals.
    #[must_use]
    pub const fn and_seals(self, seals: &'a SealAnchors) -> Self {
        Self {
            seals: Some(seals),
            ..self
        }
    }

    /// Adds the registrations of mandates.
    #[must_use]
    pub const fn and_mandated(self, mandated: &'a MandatesByParticipant) -> Self {
        Self {
            mandated: Some(mandated),
            ..self
        }
    }

    /// Key of `signer` with the signature's thumbprint, if it is permitted for the purpose.
    fn registered_key(
        &self,
        signer: &ParticipantId,
        kid: &str,
        purpose: SignaturePurpose,
    ) -> Result<&'a RegisteredKey, Refusal> {
        let refuse = |sentence: String| Err(Refusal::new(ErrorCode::SignerNotParty, sentence));
        let keys = self.history.get(signer).map_or(&[][..], Vec::as_slice);
        let Some(registered) = keys.iter().find(|registered| registered.key.kid() == kid) else {
            return refuse(format!("the key `{kid}` is not registered for {signer}"));
        };
        match purpose {
            SignaturePurpose::Statement | SignaturePurpose::Mandate
                if registered.only_contracts =>
            {
                refuse(format!(
                    "the key `{kid}` of {signer} may only conclude contracts"
                ))
            }
            // Permanently from the first such key on, even after its end.
            SignaturePurpose::Contract
                if !registered.only_contracts
                    && keys.iter().any(|other| {
                        other
                            .sole_signing_start()
                            .is_some_and(|from| from <= self.logged)
                    }) =>
            {
                refuse(format!(
                    "{signer} concludes contracts with a separate key, and `{kid}` is not that key"
                ))
            }
            _ => Ok(registered),
        }
    }

    fn mandate_registration(&self, of: &ParticipantId) -> Option<&'a MandateRegistration> {
        self.mandated.and_then(|mandated| mandated.get(of))
    }

    /// Stated time of the signature, and time of its log entry.
    fn signature_times(&self, signature: &Signature) -> Option<[UtcTimestamp; 2]> {
        let micros = signature.issued_at.checked_mul(1_000_000)?;
        let signed = UtcTimestamp::from_micros(micros).ok()?;
        Some([signed, self.logged])
    }
}

/// DOOR: the only code that verifies signatures.
impl SignatureVerifier for RegisteredKeys<'_> {
    fn check_signature(
        &self,
        signer: &ParticipantId,
        signature: &Signature,
        purpose: SignaturePurpose,
    ) -> Result<(), Refusal> {
        let named = |refusal: Refusal| refusal.with_participant(signer.clone());
        let refuse = |code, sentence: String| Err(named(Refusal::new(code, sentence)));
        let Some(times) = self.signature_times(signature) else {
            return refuse(
                ErrorCode::KeyNotValidAtSigning,
                format!("the signature of {signer} was made at no time"),
            );
        };
        if let Some(sealed) = &signature.seal {
            if !matches!(
                purpose,
                SignaturePurpose::Contract | SignaturePurpose::View | SignaturePurpose::Withdrawal
            ) {
                return refuse(
                    ErrorCode::SignerNotParty,
                    format!("a seal of {signer} may only conclude and end contracts"),
                );
            }
            let anchors = self.seals.and_then(|seals| seals.get(signer));
            let anchors = anchors.map_or(&[][..], Vec::as_slice);
            return seal::check_sealed_signature(signature, sealed, anchors, times, self.seen)
                .map_err(named);
        }
        let registered = self
            .registered_key(signer, &signature.kid, purpose)
            .map_err(named)?;
        let expected = registered.key.algorithm();
        if SignatureAlgorithm::from_word(&signature.alg) != Some(expected) {
            return refuse(
                ErrorCode::SignatureAlg,
                format!(
                    "the signature says `{}`, its key is registered for {}",
                    signature.alg,
                    expected.as_str()
                ),
            );
        }
        if times.iter().any(|at| registered.is_revoked_at(*at)) {
            return refuse(
                ErrorCode::KeyRevoked,
                format!("the key `{}` of {signer} was revoked", signature.kid),
            );
        }
        if registered.is_revoked_at(self.seen) {
            return refuse(
                ErrorCode::KeyRevoked,
                format!(
                    "the key `{}` of {signer} was revoked before its signature was first seen, at {}; the time in the signature does not count",
                    signature.kid, self.seen
                ),
            );
        }
        if !times.iter().all(|at| registered.counts_at(*at)) {
            return refuse(
                ErrorCode::KeyNotValidAtSigning,
                format!(
                    "the key `{}` of {signer} was not valid when it signed",
                    signature.kid
                ),
            );
        }
        if !registered
            .key
            .accepts_signature(&signature.signing_input, &signature.signature)
        {
            return refuse(
                ErrorCode::SignatureInvalid,
                format!("the signature of {signer} does not match"),
            );
        }
        Ok(())
    }

    fn needs_mandate(&self, signer: &ParticipantId) -> bool {
        self.mandate_registration(signer)
            .and_then(|mandates| mandates.since)
            .is_some_and(|since| since <= self.logged)
    }

    fn mandate_revoked(
        &self,
        signer: &ParticipantId,
        mandate: &SignedMandate,
        signature: &Signature,
    ) -> bool {
        let revoked = self
            .mandate_registration(signer)
            .map(|mandates| &mandates.revoked);
        let from = revoked.and_then(|revoked| revoked.get(&mandate.statement));
        // A signature without a valid time counts as too late.
        from.is_some_and(|from| {
            self.signature_times(signature)
                .is_none_or(|times| times.iter().chain([&self.seen]).any(|at| from <= at))
        })
    }

    fn logged_at(&self) -> Option<UtcTimestamp> {
        Some(self.logged)
    }
}
