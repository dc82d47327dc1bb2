//! What a TLS certificate says, and whether a chain may speak for an identity under the current bundle.

use crate::bundle::TrustBundle;
use crate::certificate::authority_certificate::CertificatePathError;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

pub mod authority_certificate;
pub(crate) mod subject_names;

/// What the certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateUsage {
    /// By the end that accepts the connection.
    Server,
    /// By the end that opens the connection.
    Client,
}

impl CertificateUsage {
    /// The extended key usage must be there: a certificate for anything is for nothing.
    const fn key_usage(self) -> KeyUsage {
        match self {
            Self::Server => KeyUsage::required(&[0x2b, 6, 1, 5, 5, 7, 3, 1]),
            Self::Client => KeyUsage::required(&[0x2b, 6, 1, 5, 5, 7, 3, 2]),
        }
    }
}

/// What a participant's own certificate says of itself; nothing of it is believed before [`verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafCertificate {
    /// The one identity in it.
    pub identity: ParticipantId,
    /// The hosts in it, in lower case: its DNS names, and those in its subject.
    pub hosts: Vec<String>,
    /// SHA-256 of the certificate in DER.
    pub digest: Digest,
    /// SHA-256 of its SPKI.
    pub spki: Digest,
    /// Its first instant.
    pub not_before: UtcTimestamp,
    /// First instant at which it is over.
    pub not_after: UtcTimestamp,
}

/// A chain that was verified for its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedChain {
    leaf: LeafCertificate,
    anchor: Digest,
    not_after: UtcTimestamp,
}

impl VerifiedChain {
    /// Who the leaf is.
    #[must_use]
    pub const fn leaf(&self) -> &LeafCertificate {
        &self.leaf
    }

    /// SHA-256 of the SPKI of the anchor that it goes back to.
    #[must_use]
    pub const fn anchor(&self) -> Digest {
        self.anchor
    }

    /// First instant at which the leaf or its anchor is over.
    #[must_use]
    pub const fn not_after(&self) -> UtcTimestamp {
        self.not_after
    }
}

/// Why a certificate does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerCertificateError {
    /// It can't be read.
    #[error("the certificate can't be read")]
    Unreadable,
    /// None, several, or malformed.
    #[error("the certificate does not hold exactly one identity hansa://<domain>")]
    NotOneIdentity,
    /// A name that no certificate of a participant holds.
    #[error("the certificate of {0} holds {1}; beside its identity it may hold hosts alone")]
    OtherName(ParticipantId, &'static str),
    /// A name of somebody else.
    #[error("the certificate of {id} also holds the name `{name}`, which is that of {owner}")]
    ForeignName {
        /// Whose certificate it is.
        id: ParticipantId,
        /// The name.
        name: String,
        /// Whose name it is.
        owner: ParticipantId,
    },
    /// An authority's certificate where a participant's is expected.
    #[error("the certificate is an authority's, not a participant's")]
    NotALeaf,
    /// A participant's certificate where an authority's is expected.
    #[error("the certificate is not an authority's")]
    NotAnAuthority,
    /// No anchor of the bundle may speak for it.
    #[error("no authority of the current trust bundle may speak for {0}")]
    MayNotSpeak(ParticipantId),
    /// The anchor's own certificate does not permit it.
    #[error("the authority above the certificate of {0} does not permit it: {1}")]
    BeyondAuthority(ParticipantId, CertificatePathError),
    /// Its time is over.
    #[error("the certificate of {0} expired on {1}")]
    Expired(ParticipantId, UtcTimestamp),
    /// Its time has not come.
    #[error("the certificate of {0} is valid from {1}")]
    NotYetValid(ParticipantId, UtcTimestamp),
    /// It is for something else.
    #[error("the certificate of {0} is not meant for this end of a connection")]
    WrongPurpose(ParticipantId),
    /// The bundle denies it.
    #[error("the trust bundle denies the certificate of {0}")]
    Denied(ParticipantId),
    /// The name that was dialled is not in it.
    #[error("the certificate of {0} does not cover the name `{1}`")]
    WrongName(ParticipantId, String),
    /// Somebody else answers.
    #[error("{found} answers instead of {expected}")]
    OtherParticipant {
        /// Who was meant.
        expected: ParticipantId,
        /// Who it is.
        found: ParticipantId,
    },
    /// The bundle is over.
    #[error("the trust bundle has expired")]
    BundleExpired,
}

impl PeerCertificateError {
    /// The refusal for people.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Unreadable
            | Self::NotOneIdentity
            | Self::OtherName(..)
            | Self::NotALeaf
            | Self::NotAnAuthority => ErrorCode::KeyInvalid,
            Self::Expired(..) => ErrorCode::CertificateExpired,
            Self::BundleExpired => ErrorCode::BundleInvalid,
            Self::MayNotSpeak(_)
            | Self::BeyondAuthority(..)
            | Self::ForeignName { .. }
            | Self::NotYetValid(..)
            | Self::WrongPurpose(_)
            | Self::Denied(_)
            | Self::WrongName(..)
            | Self::OtherParticipant { .. } => ErrorCode::PeerNotTrusted,
        };
        Refusal::new(code, self.to_string())
    }

    /// The refusal where the certificate is this participant's own: what renews it.
    #[must_use]
    pub fn of_our_own(&self) -> Refusal {
        match self {
            Self::Expired(id, _) | Self::OtherName(id, _) | Self::ForeignName { id, .. } => self
                .refusal()
                .with_help(format!(
                    "ask the league for a new one: hansa league admit {}.request",
                    id.domain()
                ))
                .with_help("install what comes back: hansa join FILE"),
            _ => self.refusal(),
        }
    }

    /// The refusal where the certificate is that of a peer that answered: nothing here mends it.
    #[must_use]
    pub fn of_a_peer(&self) -> Refusal {
        match self {
            Self::Expired(id, _) => self.refusal().with_help(format!(
                "{} must renew it: hansa league admit, then hansa join",
                id.domain()
            )),
            _ => self.refusal(),
        }
    }
}

/// Reads a participant's certificate.
///
/// # Errors
/// When it can't be read, is an authority's, or does not hold exactly one identity.
pub fn leaf(certificate: &CertificateDer<'_>) -> Result<LeafCertificate, PeerCertificateError> {
    let parsed = parse(certificate)?;
    if parsed.is_ca() {
        return Err(PeerCertificateError::NotALeaf);
    }
    let (identity, hosts) = subject_names::read(&parsed)?;
    Ok(LeafCertificate {
        identity,
        hosts,
        digest: Digest::of(certificate),
        spki: Digest::of(parsed.public_key().raw),
        not_before: time(parsed.validity().not_before.timestamp())?,
        not_after: time(parsed.validity().not_after.timestamp())?,
    })
}

/// First instant at which a certificate is over, whosever it is.
///
/// # Errors
/// When it can't be read.
pub(super) fn not_after(
    certificate: &CertificateDer<'_>,
) -> Result<UtcTimestamp, PeerCertificateError> {
    time(parse(certificate)?.validity().not_after.timestamp())
}

/// Verifies a chain, leaf first: that an anchor listed for the leaf's identity has issued it, as that anchor's certificate
/// permits, for this use, for now, with no name of somebody else, and that the bundle does not deny it. Path validation
/// alone would let any authority speak for anybody.
///
/// # Errors
/// The first fault.
pub fn verify(
    chain: &[CertificateDer<'_>],
    bundle: &TrustBundle,
    usage: CertificateUsage,
    now: UtcTimestamp,
) -> Result<VerifiedChain, PeerCertificateError> {
    bundle
        .current(now)
        .map_err(|_| PeerCertificateError::BundleExpired)?;
    let (first, intermediates) = chain
        .split_first()
        .ok_or(PeerCertificateError::Unreadable)?;
    let leaf = leaf(first)?;
    if bundle.content().denied.contains(&leaf.digest) {
        return Err(PeerCertificateError::Denied(leaf.identity));
    }
    if bundle
        .member(&leaf.identity)
        .is_none_or(|member| member.expelled_at.is_some())
    {
        return Err(PeerCertificateError::MayNotSpeak(leaf.identity));
    }
    let parties = &bundle.content().parties;
    for name in &leaf.hosts {
        if let Some(owner) = subject_names::owner(name, &leaf.identity, parties) {
            return Err(PeerCertificateError::ForeignName {
                name: name.clone(),
                owner: owner.clone(),
                id: leaf.identity,
            });
        }
    }
    let end = EndEntityCert::try_from(first).map_err(|_| PeerCertificateError::Unreadable)?;
    let algorithms = rustls::crypto::aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .all;
    let id = leaf.identity.clone();
    let mut worst = PeerCertificateError::MayNotSpeak(id.clone());
    for (trusted, anchor) in bundle.anchors_for(&id, now) {
        let anchors = std::slice::from_ref(&trusted.anchor);
        let path = end.verify_for_usage(
            algorithms,
            anchors,
            intermediates,
            unix(now),
            usage.key_usage(),
            None,
            None,
        );
        match path {
            // The house counts an end as the first instant after; X.509 as the last one within.
            Ok(_) if now >= leaf.not_after => {
                worst = PeerCertificateError::Expired(id.clone(), leaf.not_after);
            }
            Ok(path) => {
                let facts = &trusted.facts;
                if let Err(fault) = facts.understood().and_then(|()| facts.permits(&path, now)) {
                    worst = PeerCertificateError::BeyondAuthority(id.clone(), fault);
                    continue;
                }
                let not_after = leaf.not_after.min(anchor.not_after);
                return Ok(VerifiedChain {
                    leaf,
                    anchor: anchor.spki,
                    not_after,
                });
            }
            Err(error) => {
                if let Some(fault) = fault(&error, &leaf) {
                    worst = fault;
                }
            }
        }
    }
    Err(worst)
}

/// Whether the certificate covers the name that was dialled; an address of numbers is covered by the identity alone.
///
/// # Errors
/// [`PeerCertificateError::WrongName`].
pub fn covers(
    certificate: &CertificateDer<'_>,
    dialled: &ServerName<'_>,
) -> Result<(), PeerCertificateError> {
    if matches!(dialled, ServerName::IpAddress(_)) {
        return Ok(());
    }
    let end = EndEntityCert::try_from(certificate).map_err(|_| PeerCertificateError::Unreadable)?;
    if end.verify_is_valid_for_subject_name(dialled).is_ok() {
        return Ok(());
    }
    Err(PeerCertificateError::WrongName(
        leaf(certificate)?.identity,
        dialled.to_str().into_owned(),
    ))
}

pub(super) fn parse<'a>(
    certificate: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, PeerCertificateError> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) | Err(_) => Err(PeerCertificateError::Unreadable),
    }
}

fn fault(error: &webpki::Error, leaf: &LeafCertificate) -> Option<PeerCertificateError> {
    use webpki::Error;
    let id = leaf.identity.clone();
    match error {
        Error::CertExpired { .. } => Some(PeerCertificateError::Expired(id, leaf.not_after)),
        Error::CertNotValidYet { .. } => {
            Some(PeerCertificateError::NotYetValid(id, leaf.not_before))
        }
        Error::RequiredEkuNotFoundContext(_) => Some(PeerCertificateError::WrongPurpose(id)),
        // A path that leads nowhere: the anchor did not issue it.
        _ => None,
    }
}

pub(super) fn time(seconds: i64) -> Result<UtcTimestamp, PeerCertificateError> {
    seconds
        .checked_mul(1_000_000)
        .and_then(|micros| UtcTimestamp::from_micros(micros).ok())
        .ok_or(PeerCertificateError::Unreadable)
}

fn unix(now: UtcTimestamp) -> UnixTime {
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_micros(micros))
}
