//! Trust bundle: the members of a league, their keys, and the authorities that may certify them. Signed by the league, numbered,
//! and valid for thirty days at most.

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

/// Content of a bundle. In JSON every member is present, even without a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleContent {
    /// Name of the league for people.
    pub league: String,
    /// Key that signs the bundles. It identifies the league.
    pub key: PublicKey,
    /// Sequence number; each bundle has a higher one.
    pub sequence: u64,
    /// Instant of issue.
    pub issued_at: UtcTimestamp,
    /// First instant at which the bundle is no longer valid.
    pub expires_at: UtcTimestamp,
    /// True for a demonstration league, which must not be used otherwise.
    pub demo: bool,
    /// Authorities that issue TLS certificates.
    pub anchors: Vec<CertificateAnchor>,
    /// Present and former participants.
    pub parties: Vec<LeagueMember>,
    /// SHA-256 of revoked leaf certificates, and of the payloads of revoked credentials.
    pub denied: BTreeSet<Digest>,
    /// Issuers of credentials about participants.
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

/// Issuer of credentials, with the attributes that it may state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialIssuer {
    /// Identity of the issuer, which need not be a participant.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Keys that sign credentials. A credential is valid only as long as its key.
    pub keys: Vec<RegisteredKey>,
    /// Kinds of attributes that the issuer may state.
    pub states: BTreeSet<AttributeKind>,
}

/// Authority, and the identities that it may certify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateAnchor {
    /// Certificate of the authority.
    #[serde(with = "jwk::certificate")]
    pub certificate: CertificateDer<'static>,
    /// SHA-256 of its SPKI.
    pub spki: Digest,
    /// Identities for which the authority may issue certificates. No others, whatever its certificate permits.
    pub identities: BTreeSet<ParticipantId>,
    /// First instant at which the authority is no longer valid.
    pub not_after: UtcTimestamp,
}

/// Participant of the league.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeagueMember {
    /// Identity of the participant.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Present and former signing keys.
    pub keys: Vec<RegisteredKey>,
    /// Present and former authorities of its seals.
    pub seals: Vec<SealAnchor>,
    /// Registration of its mandates.
    pub mandates: MandateRegistration,
    /// Key that signs the heads of its log.
    pub note_key: PublicKey,
    /// Address as host and port; absent for a participant that only asks.
    pub address: Option<String>,
    /// Instant of expulsion, if expelled. The keys stay, so that earlier signatures can be verified.
    pub expelled_at: Option<UtcTimestamp>,
}

/// Bundle with checked signature and content.
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
    /// Parses a bundle signed by the key that it names. For the file that the operator installed, and for a first join.
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
        let bytes = hansa_files::read_file(path, LARGEST)?;
        Self::read(&bytes)
            .map_err(|refusal| refusal.with_place(path.display().to_string(), None, None))
    }

    /// Parses a bundle like [`TrustBundle::read`], from JSON that was already parsed from its canonical form.
    ///
    /// # Errors
    /// `BUNDLE_INVALID`.
    pub fn from_json(envelope: Json) -> Result<Self, Refusal> {
        let content = BundleContent::open(&envelope)?;
        let anchors = bundle_validation::parse_anchors(&content)?;
        bundle_validation::check_content(&content)?;
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
        let roster = build_roster(&content);
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

    /// Accepts a bundle that is newer than this one: of the same league, with a higher number, not expired. `None` for an older
    /// one.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`; `BUNDLE_INVALID` when it is malformed, expired, or a different one with this number.
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
        shown.check_expiry(now)?;
        Ok(Some(shown))
    }

    /// Accepts the bundle that follows this one, like [`TrustBundle::accept_newer`]; an older one is an error.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`; `BUNDLE_INVALID` when it is malformed, expired, older, or a different one with this number.
    pub fn accept_successor(&self, bytes: &[u8], now: UtcTimestamp) -> Result<Self, Refusal> {
        if let Some(newer) = self.accept_newer(bytes, now)? {
            return Ok(newer);
        }
        let same = Self::read(bytes)?;
        same.not_before_number(self.content.sequence)?;
        same.check_expiry(now)?;
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

    /// Refuses an expired bundle.
    ///
    /// # Errors
    /// `BUNDLE_INVALID`.
    pub fn check_expiry(&self, now: UtcTimestamp) -> Result<(), Refusal> {
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

    /// Content of the bundle.
    #[must_use]
    pub const fn content(&self) -> &BundleContent {
        &self.content
    }

    /// Present or former participant `id`.
    #[must_use]
    pub fn member(&self, id: &ParticipantId) -> Option<&LeagueMember> {
        self.content.parties.iter().find(|party| party.id == *id)
    }

    /// Bytes of the bundle, as signed and distributed by the league.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        signed_envelope::to_bytes(&self.envelope)
    }

    /// Envelope as JSON, for a join file.
    #[must_use]
    pub const fn envelope(&self) -> &Json {
        &self.envelope
    }

    /// SHA-256 of the signed content.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.envelope
            .get("bundle")
            .map_or_else(|| self.envelope.digest(), Json::digest)
    }

    /// Roster for the identification of peers. [`TrustBundle::check_expiry`] checks that the bundle has not expired.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Registered keys, for signatures that entered the log at `logged`.
    #[must_use]
    pub const fn keys(&self, logged: UtcTimestamp) -> RegisteredKeys<'_> {
        RegisteredKeys::new(&self.history, logged)
            .and_seals(&self.seals)
            .and_mandated(&self.mandated)
    }

    /// Attributes that a credential shows about `subject` at `now`, by this bundle's statements about its issuer.
    ///
    /// # Errors
    /// As [`Credential::verify`].
    pub fn attested_attributes(
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

    /// Authorities that may certify `id` at `now`.
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

    /// Signs `content`, and parses the result with all checks of a received bundle.
    pub(crate) fn seal(
        content: &BundleContent,
        signer: &dyn crate::signature::ParticipantSigner,
    ) -> Result<Self, Refusal> {
        Self::from_json(content.seal(signer)?)
    }
}

/// Longest validity of a bundle, microseconds.
pub const LONGEST: i64 = 30 * 24 * 3600 * 1_000_000;

/// Largest bundle file that is read, bytes.
pub(crate) const LARGEST: u64 = 8 * 1024 * 1024;

fn build_roster(content: &BundleContent) -> Roster {
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
