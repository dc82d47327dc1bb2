//! Who signs, and whose signatures count: the signer of this participant and the registered keys of all others.

use crate::trust::keys::{Algorithm, PrivateKey, PublicKey};
use evidence::time::Time;
use policy::contract::{Signature, SignatureCheck};
use policy::id::ParticipantId;
use policy::refusal::{Code, Refusal};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

#[cfg(test)]
mod tests;

/// Signs for this participant. A key on another machine or in hardware comes in through this trait.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The key's name: its RFC 7638 thumbprint.
    fn kid(&self) -> &str;

    /// Its algorithm.
    fn algorithm(&self) -> Algorithm;

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
    pub fn create(path: &Path, algorithm: Algorithm) -> Result<Self, Refusal> {
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

impl Signer for FileSigner {
    fn kid(&self) -> &str {
        self.key.public().kid()
    }

    fn algorithm(&self) -> Algorithm {
        self.key.public().algorithm()
    }

    fn public(&self) -> &PublicKey {
        self.key.public()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.key.sign(message)
    }
}

/// A signing key as the trust bundle registers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The key; its name and its one algorithm follow from it.
    pub key: PublicKey,
    /// First instant at which it counts.
    pub not_before: Time,
    /// First instant at which it no longer counts.
    pub not_after: Time,
    /// From when the league has revoked it.
    pub revoked_at: Option<Time>,
    /// From when others may have had it.
    pub compromised_since: Option<Time>,
}

impl RegisteredKey {
    /// Whether what it signs counts at `at`.
    #[must_use]
    pub fn counts_at(&self, at: Time) -> bool {
        let ended = [
            Some(self.not_after),
            self.revoked_at,
            self.compromised_since,
        ];
        self.not_before <= at && ended.into_iter().flatten().all(|end| at < end)
    }
}

/// The signing keys of every participant, past ones too: contracts outlive keys.
pub type KeyHistory = BTreeMap<ParticipantId, Vec<RegisteredKey>>;

/// The registered keys, as they counted at one instant.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredKeys<'a> {
    history: &'a KeyHistory,
    logged: Time,
}

impl<'a> RegisteredKeys<'a> {
    /// The keys of `history` for signatures that entered the log at `logged`: now for what has just come in, the time of
    /// its record for what is read again. A signer can write any time into a signature, so the log's time counts too.
    #[must_use]
    pub const fn new(history: &'a KeyHistory, logged: Time) -> Self {
        Self { history, logged }
    }
}

/// DOOR: signatures are checked here and nowhere else.
impl SignatureCheck for RegisteredKeys<'_> {
    fn check(&self, signer: &ParticipantId, signature: &Signature) -> Result<(), Refusal> {
        let refuse = |code, sentence: String| {
            Err(Refusal::new(code, sentence).with_participant(signer.clone()))
        };
        let registered = self
            .history
            .get(signer)
            .into_iter()
            .flatten()
            .find(|registered| registered.key.kid() == signature.kid);
        let Some(registered) = registered else {
            return refuse(
                Code::SignerNotParty,
                format!("the key `{}` is not registered for {signer}", signature.kid),
            );
        };
        let expected = registered.key.algorithm();
        if Algorithm::named(&signature.alg) != Some(expected) {
            return refuse(
                Code::SignatureAlg,
                format!(
                    "the signature says `{}`, its key is registered for {}",
                    signature.alg,
                    expected.as_str()
                ),
            );
        }
        let signed = signature
            .issued_at
            .checked_mul(1_000_000)
            .and_then(|micros| Time::from_micros(micros).ok());
        let counted = signed.is_some_and(|signed| {
            [signed, self.logged]
                .iter()
                .all(|at| registered.counts_at(*at))
        });
        if !counted {
            return refuse(
                Code::KeyNotValidAtSigning,
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
                Code::SignatureInvalid,
                format!("the signature of {signer} does not match"),
            );
        }
        Ok(())
    }
}
