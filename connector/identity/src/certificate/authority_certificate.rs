//! What an authority's certificate permits below itself. The library that follows paths takes of an anchor its name, its key
//! and its name constraints (RFC 5280, section 6.2, leaves the rest open); the rest is held here.

use super::{PeerCertificateError, parse, time};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::VerifiedPath;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// What an authority's certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// SHA-256 of its SPKI.
    pub spki: Digest,
    /// Its first instant.
    pub not_before: UtcTimestamp,
    /// First instant at which it is over.
    pub not_after: UtcTimestamp,
    /// How many authorities may stand between it and an end (`pathLenConstraint`); absent for any number.
    path_length: Option<usize>,
    /// Whether its key may sign certificates (`keyCertSign`); so it may where no usage is named.
    issues: bool,
    /// Whether nothing in it is critical that is not looked at.
    understood: bool,
}

/// An authority's certificate, ready to be an end of paths.
#[derive(Debug, Clone)]
pub struct TrustedAuthority {
    pub(crate) anchor: TrustAnchor<'static>,
    pub(crate) facts: AuthorityCertificate,
}

/// Why a path is none that its authority permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificatePathError {
    /// `pathLenConstraint`.
    #[error("more authorities stand below it than its certificate permits")]
    TooLong,
    /// `keyCertSign` of the authority itself.
    #[error("its key may not sign certificates")]
    IssuesNothing,
    /// `keyCertSign` of one between.
    #[error("a certificate below it may not sign others")]
    BetweenIssuesNothing,
    /// Before its first instant.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// From its end on.
    #[error("its certificate has expired")]
    Over,
    /// A critical extension that nobody looks at.
    #[error("its certificate has a critical extension that is not known here")]
    NotUnderstood,
}

impl AuthorityCertificate {
    /// Reads an authority's certificate.
    ///
    /// # Errors
    /// When it can't be read or is not an authority's.
    pub fn read(certificate: &CertificateDer<'_>) -> Result<Self, PeerCertificateError> {
        let parsed = parse(certificate)?;
        if !parsed.is_ca() {
            return Err(PeerCertificateError::NotAnAuthority);
        }
        let basic = parsed
            .basic_constraints()
            .map_err(|_| PeerCertificateError::Unreadable)?;
        let path_length = basic
            .and_then(|basic| basic.value.path_len_constraint)
            .map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        Ok(Self {
            spki: Digest::of(parsed.public_key().raw),
            not_before: time(parsed.validity().not_before.timestamp())?,
            not_after: time(parsed.validity().not_after.timestamp())?,
            path_length,
            issues: issues(&parsed)?,
            understood: understood(&parsed),
        })
    }

    /// Whether a path that was followed to this authority keeps to what its certificate says, at that time.
    ///
    /// # Errors
    /// The first fault.
    pub(crate) fn permits(
        &self,
        path: &VerifiedPath<'_>,
        at: UtcTimestamp,
    ) -> Result<(), CertificatePathError> {
        self.counts(at)?;
        let mut between = 0_usize;
        for one in path.intermediate_certificates() {
            between = between.saturating_add(1);
            let der = one.der();
            if !parse(&der).and_then(|one| issues(&one)).unwrap_or(false) {
                return Err(CertificatePathError::BetweenIssuesNothing);
            }
        }
        if self.path_length.is_some_and(|most| between > most) {
            return Err(CertificatePathError::TooLong);
        }
        Ok(())
    }

    /// Whether it may issue certificates at all at that time.
    ///
    /// # Errors
    /// The first fault.
    pub(crate) fn counts(&self, at: UtcTimestamp) -> Result<(), CertificatePathError> {
        if !self.issues {
            return Err(CertificatePathError::IssuesNothing);
        }
        if at < self.not_before {
            return Err(CertificatePathError::NotYetValid);
        }
        if at >= self.not_after {
            return Err(CertificatePathError::Over);
        }
        Ok(())
    }

    /// Whether nothing in its certificate is critical that is not looked at.
    ///
    /// # Errors
    /// [`CertificatePathError::NotUnderstood`].
    pub(crate) const fn understood(&self) -> Result<(), CertificatePathError> {
        if self.understood {
            return Ok(());
        }
        Err(CertificatePathError::NotUnderstood)
    }
}

/// RFC 5280, section 6.1.4 (n): where a usage is named, signing certificates must be in it.
fn issues(certificate: &X509Certificate<'_>) -> Result<bool, PeerCertificateError> {
    let usage = certificate
        .key_usage()
        .map_err(|_| PeerCertificateError::Unreadable)?;
    Ok(usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

/// What may be critical: what is looked at here, and the name constraints, which the library holds.
fn understood(certificate: &X509Certificate<'_>) -> bool {
    let known = |parsed: &ParsedExtension<'_>| {
        matches!(
            parsed,
            ParsedExtension::BasicConstraints(_)
                | ParsedExtension::KeyUsage(_)
                | ParsedExtension::NameConstraints(_)
        )
    };
    certificate
        .extensions()
        .iter()
        .all(|extension| !extension.critical || known(extension.parsed_extension()))
}
