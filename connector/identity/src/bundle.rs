//! The trust bundle: whom a league admits, with which keys, and which authority may speak for whom. Signed by the
//! league, numbered, and good for thirty days at most.

use crate::certificate::authority_certificate::TrustedAuthority;
use crate::jwk;
use crate::keys::PublicKey;
use crate::seal::SealAnchor;
use crate::signature::{
    KeyHistory, MandateRegistration, MandatesByParticipant, RegisteredKey, RegisteredKeys,
    SealAnchors,
};
use crate::signed_envelope::{self, EnvelopeKind, SignedContent};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::attribute::{
    AttestedAttribute, AttributeIssuers, AttributeKind, Credential, CredentialTrust,
};
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::{MembershipStatus, Roster};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod bundle_validation;
mod key_authorization;
#[cfg(test)]
mod tests;

/// Content of a bundle. In JSON every member is there, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleContent {
    /// The league's name for people.
    pub league: String,
    /// The key that signs the bundles of this league: it is the league.
    pub key: PublicKey,
    /// Counts up with every bundle.
    pub sequence: u64,
    /// When it was made.
    pub issued_at: UtcTimestamp,
    /// First instant at which it no longer counts.
    pub expires_at: UtcTimestamp,
    /// Made for a show: not to be used for anything else.
    pub demo: bool,
    /// The authorities that issue TLS certificates.
    pub anchors: Vec<CertificateAnchor>,
    /// The participants, past ones too.
    pub parties: Vec<LeagueMember>,
    /// SHA-256 of leaf certificates, and of the payloads of credentials, that no longer count.
    pub denied: BTreeSet<Digest>,
    /// Who may state what of participants.
    pub issuers: Vec<CredentialIssuer>,
}

impl SignedContent for BundleContent {
    const KIND: EnvelopeKind = EnvelopeKind::Bundle;
    const NAME: &'static str = "the trust bundle";
    const SIGNER: &'static str = "its league";
    const CODE: ErrorCode = ErrorCode::BundleInvalid;

    fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// Whose credentials count, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialIssuer {
    /// Its identity; it need not be a participant.
    pub id: ParticipantId,
    /// Its name for people.
    pub name: String,
    /// The keys with which it signs credentials. What a key signed counts as long as the key does.
    pub keys: Vec<RegisteredKey>,
    /// What it may state.
    pub states: BTreeSet<AttributeKind>,
}

/// An authority and whom it may speak for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateAnchor {
    /// Its certificate.
    #[serde(with = "jwk::certificate")]
    pub certificate: CertificateDer<'static>,
    /// SHA-256 of its SPKI.
    pub spki: Digest,
    /// The identities for which it may issue; no others, whatever its certificate says.
    pub identities: BTreeSet<ParticipantId>,
    /// First instant at which it no longer counts.
    pub not_after: UtcTimestamp,
}

/// A participant of the league.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeagueMember {
    /// Its identity.
    pub id: ParticipantId,
    /// Its name for people.
    pub name: String,
    /// Its signing keys, past ones too.
    pub keys: Vec<RegisteredKey>,
    /// The authorities that may seal for it, past ones too.
    pub seals: Vec<SealAnchor>,
    /// What it states of its mandates.
    pub mandates: MandateRegistration,
    /// The key that signs the heads of its log.
    pub note_key: PublicKey,
    /// Where it listens, as host and port; absent for one that only asks.
    pub address: Option<String>,
    /// Since when it is no longer a participant. Its keys stay, so that its past signatures can be checked.
    pub expelled_at: Option<UtcTimestamp>,
}

/// A bundle whose signature and inner rules were checked.
#[derive(Debug, Clone)]
pub struct TrustBundle {
    content: BundleContent,
    envelope: Json,
    anchors: Vec<(TrustedAuthority, CertificateAnchor)>,
    history: KeyHistory,
    seals: SealAnchors,
    mandated: MandatesByParticipant,
    roster: Roster,
    issuers: AttributeIssuers,
    issuer_keys: KeyHistory,
}

impl TrustBundle {
    /// Reads a bundle signed by the key that it names: for the file that the operator installed, and for a first join.
    ///
    /// # Errors
    /// `BUNDLE_INVALID`.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        Self::from_json(signed_envelope::from_bytes(
            bytes,
            "the trust bundle",
            ErrorCode::BundleInvalid,
        )?)
    }

    /// Reads the installed bundle from its file.
    ///
    /// # Errors
    /// `FILE_MISSING` or `BUNDLE_INVALID`.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let bytes = hansa_files::read(path, LARGEST)?;
        Self::read(&bytes)
            .map_err(|refusal| refusal.with_place(path.display().to_string(), None, None))
    }

    /// As [`TrustBundle::read`], from JSON that was already parsed from its canonical form.
    ///
    /// # Errors
    /// `BUNDLE_INVALID`.
    pub fn from_json(envelope: Json) -> Result<Self, Refusal> {
        let content = BundleContent::open(&envelope)?;
        let anchors = bundle_validation::anchors(&content)?;
        bundle_validation::content(&content)?;
        let history = content
            .parties
            .iter()
            .map(|party| (party.id.clone(), party.keys.clone()))
            .collect();
        let seals = content
            .parties
            .iter()
            .map(|party| (party.id.clone(), party.seals.clone()))
            .collect();
        let mandated = content
            .parties
            .iter()
            .map(|party| (party.id.clone(), party.mandates.clone()))
            .collect();
        let roster = roster(&content);
        let issuers = content
            .issuers
            .iter()
            .map(|issuer| (issuer.id.clone(), issuer.states.clone()))
            .collect();
        let issuer_keys = content
            .issuers
            .iter()
            .map(|issuer| (issuer.id.clone(), issuer.keys.clone()))
            .collect();
        Ok(Self {
            content,
            envelope,
            anchors,
            history,
            seals,
            mandated,
            roster,
            issuers,
            issuer_keys,
        })
    }

    /// Takes a bundle that somebody shows if it is newer than this one: of the same league, with a higher number, not
    /// expired. An older one is nothing new and gives `None`.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`; `BUNDLE_INVALID` when it is malformed, expired, or another one of the same number.
    pub fn accept_newer(&self, bytes: &[u8], now: UtcTimestamp) -> Result<Option<Self>, Refusal> {
        let shown = Self::read(bytes)?;
        self.same_league(&shown)?;
        if shown.content.sequence < self.content.sequence {
            return Ok(None);
        }
        if shown.content.sequence == self.content.sequence {
            if shown.envelope.get("bundle") == self.envelope.get("bundle") {
                return Ok(None);
            }
            return Err(Refusal::new(
                ErrorCode::BundleInvalid,
                format!(
                    "the league signed two different bundles with the number {}",
                    shown.content.sequence
                ),
            ));
        }
        shown.current(now)?;
        Ok(Some(shown))
    }

    /// Takes the bundle that is to follow this one: as [`TrustBundle::accept_newer`], but going back is a fault.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`; `BUNDLE_INVALID` when it is malformed, expired, older, or another one of the same number.
    pub fn follow(&self, bytes: &[u8], now: UtcTimestamp) -> Result<Self, Refusal> {
        if let Some(newer) = self.accept_newer(bytes, now)? {
            return Ok(newer);
        }
        let same = Self::read(bytes)?;
        same.not_before_number(self.content.sequence)?;
        same.current(now)?;
        Ok(same)
    }

    /// Refuses a bundle with a lower number than one that was already in use.
    ///
    /// # Errors
    /// `BUNDLE_INVALID`.
    pub fn not_before_number(&self, floor: u64) -> Result<(), Refusal> {
        if self.content.sequence >= floor {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::BundleInvalid,
            format!(
                "the trust bundle has number {}, but number {floor} was in use already",
                self.content.sequence
            ),
        ))
    }

    /// Refuses a bundle that is over.
    ///
    /// # Errors
    /// `BUNDLE_INVALID`.
    pub fn current(&self, now: UtcTimestamp) -> Result<(), Refusal> {
        if now < self.content.expires_at {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::BundleInvalid,
            format!(
                "the trust bundle of `{}` expired on {}",
                self.content.league, self.content.expires_at
            ),
        )
        .with_help("fetch the current one from the league, or from any participant that has it"))
    }

    /// Refuses a bundle of another league.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`.
    pub fn same_league(&self, other: &Self) -> Result<(), Refusal> {
        if self.content.key == other.content.key {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::WrongLeague,
            format!(
                "the file is from the league `{}` ({}), this participant belongs to `{}` ({})",
                other.content.league,
                other.content.key.kid(),
                self.content.league,
                self.content.key.kid()
            ),
        ))
    }

    /// What it says.
    #[must_use]
    pub const fn content(&self) -> &BundleContent {
        &self.content
    }

    /// The participant `id`, past ones too.
    #[must_use]
    pub fn member(&self, id: &ParticipantId) -> Option<&LeagueMember> {
        self.content.parties.iter().find(|party| party.id == *id)
    }

    /// Its bytes, as the league signed and distributes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        signed_envelope::to_bytes(&self.envelope)
    }

    /// Its envelope as JSON, to be put into a join file.
    #[must_use]
    pub const fn envelope(&self) -> &Json {
        &self.envelope
    }

    /// SHA-256 of what the league signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.envelope
            .get("bundle")
            .map_or_else(|| self.envelope.digest(), Json::digest)
    }

    /// Who may be recognised while this bundle is current; whether it is, [`TrustBundle::current`] says.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The registered keys, for signatures that entered the log at `logged`.
    #[must_use]
    pub const fn keys(&self, logged: UtcTimestamp) -> RegisteredKeys<'_> {
        RegisteredKeys::new(&self.history, logged)
            .and_seals(&self.seals)
            .and_mandated(&self.mandated)
    }

    /// What a credential shows of `subject` at `now`, by what this bundle says of its issuer.
    ///
    /// # Errors
    /// As [`Credential::verify`].
    pub fn shown(
        &self,
        credential: &Credential,
        subject: &ParticipantId,
        now: UtcTimestamp,
    ) -> Result<Vec<AttestedAttribute>, Refusal> {
        let stating = CredentialTrust {
            issuers: &self.issuers,
            keys: &RegisteredKeys::new(&self.issuer_keys, now),
            denied: &self.content.denied,
        };
        credential.verify(subject, &stating, now)
    }

    /// The anchors that may speak for `id` at `now`.
    pub fn anchors_for<'a>(
        &'a self,
        id: &'a ParticipantId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (&'a TrustedAuthority, &'a CertificateAnchor)> {
        self.anchors
            .iter()
            .filter(move |(_, anchor)| anchor.identities.contains(id) && now < anchor.not_after)
            .map(|(trusted, anchor)| (trusted, anchor))
    }

    /// Signs `content` and reads the result back through the same checks as everybody else.
    pub(crate) fn seal(
        content: &BundleContent,
        signer: &dyn crate::signature::ParticipantSigner,
    ) -> Result<Self, Refusal> {
        Self::from_json(content.seal(signer)?)
    }
}

/// The longest that a bundle may count.
pub const LONGEST: i64 = 30 * 24 * 3600 * 1_000_000;

/// The largest bundle file that is read.
pub(crate) const LARGEST: u64 = 8 * 1024 * 1024;

fn roster(content: &BundleContent) -> Roster {
    let denied: Vec<Digest> = content.denied.iter().copied().collect();
    let members: BTreeMap<ParticipantId, MembershipStatus> = content
        .parties
        .iter()
        .filter(|party| party.expelled_at.is_none())
        .map(|party| {
            let issuers = content
                .anchors
                .iter()
                .filter(|anchor| anchor.identities.contains(&party.id))
                .map(|anchor| anchor.spki)
                .collect();
            let status = MembershipStatus {
                issuers,
                denied: denied.clone(),
            };
            (party.id.clone(), status)
        })
        .collect();
    Roster::new(members)
}
