//! Who signs, and whose signatures count: the signer of this participant and the registered keys of all others.

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

/// Signs for this participant. A key on another machine or in hardware comes in through this trait.
pub trait ParticipantSigner: fmt::Debug + Send + Sync {
    /// The key's name: its RFC 7638 thumbprint.
    fn kid(&self) -> &str;

    /// Its algorithm.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Its public half.
    fn public(&self) -> &PublicKey;

    /// Signs `message`.
    ///
    /// # Errors
    /// When the key is out of reach.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal>;
}

/// Signs with a key in a file.
#[derive(Debug)]
pub struct FileSigner {
    key: PrivateKey,
}

impl FileSigner {
    /// Makes a key in a new file.
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
        self.key.public().kid()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.public().algorithm()
    }

    fn public(&self) -> &PublicKey {
        self.key.public()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.key.sign(message)
    }
}

/// How much earlier a key counts than the league registered it, microseconds: the clocks of participants differ.
pub const SLACK: i64 = 300 * 1_000_000;

/// A signing key as the trust bundle registers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredKey {
    /// The key; its name and its one algorithm follow from it.
    #[serde(flatten, with = "jwk::named_key")]
    pub key: PublicKey,
    /// First instant at which it counts.
    pub not_before: UtcTimestamp,
    /// First instant at which it no longer counts.
    pub not_after: UtcTimestamp,
    /// From when the league has revoked it.
    pub revoked_at: Option<UtcTimestamp>,
    /// From when others may have had it.
    pub compromised_since: Option<UtcTimestamp>,
    /// Whether it concludes and ends contracts and does nothing else, so that it need not lie where the connector runs.
    pub only_contracts: bool,
}

impl RegisteredKey {
    /// Whether what it signs counts at `at`.
    #[must_use]
    pub fn counts_at(&self, at: UtcTimestamp) -> bool {
        self.not_before <= at && at < self.not_after && !self.is_revoked_at(at)
    }

    /// From when it alone concludes contracts of its participant, if it is such a key: it counts a little earlier than it
    /// was registered, since clocks differ, and what another key concluded in that time stays good.
    #[must_use]
    pub fn alone_from(&self) -> Option<UtcTimestamp> {
        self.only_contracts
            .then(|| self.not_before.plus_micros(SLACK))
    }

    fn is_revoked_at(&self, at: UtcTimestamp) -> bool {
        let ended = [self.revoked_at, self.compromised_since];
        ended.into_iter().flatten().any(|end| end <= at)
    }
}

/// The signing keys of every participant, past ones too: contracts outlive keys.
pub type KeyHistory = BTreeMap<ParticipantId, Vec<RegisteredKey>>;

/// The authorities that may seal for each participant, past ones too.
pub type SealAnchors = BTreeMap<ParticipantId, Vec<SealAnchor>>;

/// What a participant has the league state of its mandates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateRegistration {
    /// Since when whoever signs contracts for it has one.
    pub since: Option<UtcTimestamp>,
    /// Those that no longer count, by the digests of their statements, each with the instant from which. What rests on one
    /// and was seen before stays good.
    pub revoked: BTreeMap<Digest, UtcTimestamp>,
}

/// The mandates of each participant.
pub type MandatesByParticipant = BTreeMap<ParticipantId, MandateRegistration>;

/// The registered keys, as they counted at one instant.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredKeys<'a> {
    history: &'a KeyHistory,
    seals: Option<&'a SealAnchors>,
    mandated: Option<&'a MandatesByParticipant>,
    logged: UtcTimestamp,
    seen: UtcTimestamp,
}

impl<'a> RegisteredKeys<'a> {
    /// The keys of `history` for signatures that entered the log at `logged`: now for what has just come in, the time of
    /// its record for what is read again. A signer can write any time into a signature, so the log's time counts too.
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

    /// The same, for signatures that may be older than their way here: what was first seen at `seen` counts by the time of
    /// its signature as long as a key lasts, but not when the key had been revoked by then. Whoever has stolen a key can write
    /// any time into a signature, and can't have it seen earlier.
    #[must_use]
    pub const fn first_seen(self, seen: UtcTimestamp) -> Self {
        Self { seen, ..self }
    }

    /// The same, and the seals by these authorities.
    #[must_use]
    pub const fn and_seals(self, seals: &'a SealAnchors) -> Self {
        Self {
            seals: Some(seals),
            ..self
        }
    }

    /// The same, and what participants state of their mandates.
    #[must_use]
    pub const fn and_mandated(self, mandated: &'a MandatesByParticipant) -> Self {
        Self {
            mandated: Some(mandated),
            ..self
        }
    }

    /// The key that `signer` registers under the signature's name, if it may do this.
    fn registered(
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
                    "the key `{kid}` of {signer} concludes contracts and does nothing else"
                ))
            }
            // From the first such key on, for good: nobody waits for it to end.
            SignaturePurpose::Contract
                if !registered.only_contracts
                    && keys.iter().any(|other| {
                        other.alone_from().is_some_and(|from| from <= self.logged)
                    }) =>
            {
                refuse(format!(
                    "{signer} concludes contracts with a key of its own for that, and `{kid}` is another one"
                ))
            }
            _ => Ok(registered),
        }
    }

    fn mandates(&self, of: &ParticipantId) -> Option<&'a MandateRegistration> {
        self.mandated.and_then(|mandated| mandated.get(of))
    }

    /// When the signature was made, by its own word, and when it entered the log.
    fn times(&self, signature: &Signature) -> Option<[UtcTimestamp; 2]> {
        let micros = signature.issued_at.checked_mul(1_000_000)?;
        let signed = UtcTimestamp::from_micros(micros).ok()?;
        Some([signed, self.logged])
    }
}

/// DOOR: signatures are checked here and nowhere else.
impl SignatureVerifier for RegisteredKeys<'_> {
    fn check(
        &self,
        signer: &ParticipantId,
        signature: &Signature,
        purpose: SignaturePurpose,
    ) -> Result<(), Refusal> {
        let named = |refusal: Refusal| refusal.with_participant(signer.clone());
        let refuse = |code, sentence: String| Err(named(Refusal::new(code, sentence)));
        let Some(times) = self.times(signature) else {
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
                    format!(
                        "a seal of {signer} concludes and ends contracts and does nothing else"
                    ),
                );
            }
            let anchors = self.seals.and_then(|seals| seals.get(signer));
            let anchors = anchors.map_or(&[][..], Vec::as_slice);
            return seal::check(signature, sealed, anchors, times, self.seen).map_err(named);
        }
        let registered = self
            .registered(signer, &signature.kid, purpose)
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
                    "the key `{}` of {signer} was revoked before its signature was first seen, at {}, whatever time that bears",
                    signature.kid, self.seen
                ),
            );
        }
        if !times.iter().all(|at| registered.counts_at(*at)) {
            return refuse(
                ErrorCode::KeyNotValidAtSigning,
                format!(
                    "the key `{}` of {signer} did not count when it signed",
                    signature.kid
                ),
            );
        }
        if !registered
            .key
            .matches(&signature.signing_input, &signature.signature)
        {
            return refuse(
                ErrorCode::SignatureInvalid,
                format!("the signature of {signer} does not match"),
            );
        }
        Ok(())
    }

    fn needs_mandate(&self, signer: &ParticipantId) -> bool {
        self.mandates(signer)
            .and_then(|mandates| mandates.since)
            .is_some_and(|since| since <= self.logged)
    }

    fn mandate_revoked(
        &self,
        signer: &ParticipantId,
        mandate: &SignedMandate,
        signature: &Signature,
    ) -> bool {
        let revoked = self.mandates(signer).map(|mandates| &mandates.revoked);
        let from = revoked.and_then(|revoked| revoked.get(&mandate.statement));
        // What was made at no time was made too late.
        from.is_some_and(|from| {
            self.times(signature)
                .is_none_or(|times| times.iter().chain([&self.seen]).any(|at| from <= at))
        })
    }

    fn logged_at(&self) -> Option<UtcTimestamp> {
        Some(self.logged)
    }
}
