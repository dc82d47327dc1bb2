//! Content of TLS certificates, and the verification of a chain for an identity under the current bundle.

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

/// Use of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateUsage {
    /// Server: the end that accepts the connection.
    Server,
    /// Client: the end that opens the connection.
    Client,
}

impl CertificateUsage {
    /// Required extended key usage. A certificate without one is not accepted.
    const fn key_usage(self) -> KeyUsage {
        match self {
            Self::Server => KeyUsage::required(&[0x2b, 6, 1, 5, 5, 7, 3, 1]),
            Self::Client => KeyUsage::required(&[0x2b, 6, 1, 5, 5, 7, 3, 2]),
        }
    }
}

/// Content of a participant's certificate. It is not trusted before [`verify_chain`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafCertificate {
    /// Single identity in the certificate.
    pub identity: ParticipantId,
    /// Host names in lower case: its DNS names, and those in its subject.
    pub hosts: Vec<String>,
    /// SHA-256 of the certificate in DER.
    pub digest: Digest,
    /// SHA-256 of its SPKI.
    pub spki: Digest,
    /// First instant of validity.
    pub not_before: UtcTimestamp,
    /// First instant at which the certificate is no longer valid.
    pub not_after: UtcTimestamp,
}

/// Chain that was verified for its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedChain {
    leaf: LeafCertificate,
    anchor: Digest,
    not_after: UtcTimestamp,
}

impl VerifiedChain {
    /// Content of the leaf certificate.
    #[must_use]
    pub const fn leaf(&self) -> &LeafCertificate {
        &self.leaf
    }

    /// SHA-256 of the SPKI of the issuing authority.
    #[must_use]
    pub const fn anchor(&self) -> Digest {
        self.anchor
    }

    /// First instant at which the leaf or its authority is no longer valid.
    #[must_use]
    pub const fn not_after(&self) -> UtcTimestamp {
        self.not_after
    }
}

/// Reason why a certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerCertificateError {
    /// The certificate can't be parsed.
    #[error("the certificate can't be read")]
    Unreadable,
    /// The certificate has no identity, several, or a malformed one.
    #[error("the certificate does not hold exactly one identity hansa://<domain>")]
    NotOneIdentity,
    /// The certificate has a name of a kind that is not permitted.
    #[error("the certificate of {0} holds {1}; besides its identity it may only hold host names")]
    OtherName(ParticipantId, &'static str),
    /// The certificate has a name of another participant.
    #[error("the certificate of {id} also holds the name `{name}`, which is that of {owner}")]
    ForeignName {
        /// Identity of the certificate.
        id: ParticipantId,
        /// Foreign name.
        name: String,
        /// Owner of the name.
        owner: ParticipantId,
    },
    /// The certificate is an authority's, where a participant's is expected.
    #[error("the certificate is an authority's, not a participant's")]
    NotALeaf,
    /// The certificate is a participant's, where an authority's is expected.
    #[error("the certificate is not an authority's")]
    NotAnAuthority,
    /// No authority of the bundle may certify the identity.
    #[error("no authority of the current trust bundle may speak for {0}")]
    MayNotSpeak(ParticipantId),
    /// The authority's own certificate does not permit the chain.
    #[error("the authority above the certificate of {0} does not permit it: {1}")]
    BeyondAuthority(ParticipantId, CertificatePathError),
    /// The certificate has expired.
    #[error("the certificate of {0} expired on {1}")]
    Expired(ParticipantId, UtcTimestamp),
    /// The certificate is not valid yet.
    #[error("the certificate of {0} is valid from {1}")]
    NotYetValid(ParticipantId, UtcTimestamp),
    /// The certificate is for another use.
    #[error("the certificate of {0} is not valid for this side of a connection")]
    WrongPurpose(ParticipantId),
    /// The certificate is revoked by the bundle.
    #[error("the trust bundle denies the certificate of {0}")]
    Denied(ParticipantId),
    /// The certificate does not contain the host name of the connection.
    #[error("the certificate of {0} does not cover the name `{1}`")]
    WrongName(ParticipantId, String),
    /// Another participant answers.
    #[error("{found} answers instead of {expected}")]
    OtherParticipant {
        /// Expected participant.
        expected: ParticipantId,
        /// Actual participant.
        found: ParticipantId,
    },
    /// The bundle has expired.
    #[error("the trust bundle has expired")]
    BundleExpired,
}

impl PeerCertificateError {
    /// Refusal for people.
    #[must_use]
    pub fn to_refusal(&self) -> Refusal {
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

    /// Refusal for this participant's own certificate, with the way to renew it.
    #[must_use]
    pub fn of_our_own(&self) -> Refusal {
        match self {
            Self::Expired(id, _) | Self::OtherName(id, _) | Self::ForeignName { id, .. } => self
                .to_refusal()
                .with_help(format!(
                    "ask the league for a new one: hansa league admit {}.request",
                    id.domain()
                ))
                .with_help("install what comes back: hansa join FILE"),
            _ => self.to_refusal(),
        }
    }

    /// Refusal for the certificate of a peer that answered. Nothing on this side can solve it.
    #[must_use]
    pub fn of_a_peer(&self) -> Refusal {
        match self {
            Self::Expired(id, _) => self.to_refusal().with_help(format!(
                "{} must renew it: hansa league admit, then hansa join",
                id.domain()
            )),
            _ => self.to_refusal(),
        }
    }
}

/// Parses a participant's certificate.
///
/// # Errors
/// When it can't be parsed, is an authority's, or does not contain exactly one identity.
pub fn parse_leaf(
    certificate: &CertificateDer<'_>,
) -> Result<LeafCertificate, PeerCertificateError> {
    let parsed = parse_certificate(certificate)?;
    if parsed.is_ca() {
        return Err(PeerCertificateError::NotALeaf);
    }
    let (identity, hosts) = subject_names::read_subject_names(&parsed)?;
    Ok(LeafCertificate {
        identity,
        hosts,
        digest: Digest::of(certificate),
        spki: Digest::of(parsed.public_key().raw),
        not_before: time_from_seconds(parsed.validity().not_before.timestamp())?,
        not_after: time_from_seconds(parsed.validity().not_after.timestamp())?,
    })
}

/// First instant at which a certificate is no longer valid.
///
/// # Errors
/// When it can't be parsed.
pub(super) fn not_after(
    certificate: &CertificateDer<'_>,
) -> Result<UtcTimestamp, PeerCertificateError> {
    time_from_seconds(
        parse_certificate(certificate)?
            .validity()
            .not_after
            .timestamp(),
    )
}

/// Verifies a chain, leaf first: an authority listed for the leaf's identity has issued it within its own permissions, for this
/// use, for now, without a name of another participant, and the bundle has not revoked it. Path validation alone would let any
/// authority certify any identity.
///
/// # Errors
/// The first error.
pub fn verify_chain(
    chain: &[CertificateDer<'_>],
    bundle: &TrustBundle,
    usage: CertificateUsage,
    now: UtcTimestamp,
) -> Result<VerifiedChain, PeerCertificateError> {
    bundle
        .check_expiry(now)
        .map_err(|_| PeerCertificateError::BundleExpired)?;
    let (first, intermediates) = chain
        .split_first()
        .ok_or(PeerCertificateError::Unreadable)?;
    let leaf = parse_leaf(first)?;
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
        if let Some(owner) = subject_names::host_owner(name, &leaf.identity, parties) {
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
            to_unix_time(now),
            usage.key_usage(),
            None,
            None,
        );
        match path {
            // Here the end is the first instant after the validity; in X.509 it is the last instant within.
            Ok(_) if now >= leaf.not_after => {
                worst = PeerCertificateError::Expired(id.clone(), leaf.not_after);
            }
            Ok(path) => {
                let facts = &trusted.facts;
                if let Err(fault) = facts
                    .check_extensions()
                    .and_then(|()| facts.check_path(&path, now))
                {
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
                if let Some(fault) = chain_fault(&error, &leaf) {
                    worst = fault;
                }
            }
        }
    }
    Err(worst)
}

/// Checks that the certificate contains the host name of the connection. For an IP address the identity alone is enough.
///
/// # Errors
/// [`PeerCertificateError::WrongName`].
pub fn check_host_name(
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
        parse_leaf(certificate)?.identity,
        dialled.to_str().into_owned(),
    ))
}

pub(super) fn parse_certificate<'a>(
    certificate: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, PeerCertificateError> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) | Err(_) => Err(PeerCertificateError::Unreadable),
    }
}

fn chain_fault(error: &webpki::Error, leaf: &LeafCertificate) -> Option<PeerCertificateError> {
    use webpki::Error;
    let id = leaf.identity.clone();
    match error {
        Error::CertExpired { .. } => Some(PeerCertificateError::Expired(id, leaf.not_after)),
        Error::CertNotValidYet { .. } => {
            Some(PeerCertificateError::NotYetValid(id, leaf.not_before))
        }
        Error::RequiredEkuNotFoundContext(_) => Some(PeerCertificateError::WrongPurpose(id)),
        // The path does not lead to this authority.
        _ => None,
    }
}

pub(super) fn time_from_seconds(seconds: i64) -> Result<UtcTimestamp, PeerCertificateError> {
    seconds
        .checked_mul(1_000_000)
        .and_then(|micros| UtcTimestamp::from_micros(micros).ok())
        .ok_or(PeerCertificateError::Unreadable)
}

fn to_unix_time(now: UtcTimestamp) -> UnixTime {
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_micros(micros))
}
