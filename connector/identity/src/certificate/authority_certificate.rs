//! Limits in an authority's certificate. The path validation library uses only its name, its key and its name constraints (RFC
//! 5280, section 6.2, leaves the rest open); all other limits are checked here.

use super::{PeerCertificateError, parse_certificate, time_from_seconds};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::VerifiedPath;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// Content of an authority's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// SHA-256 of its SPKI.
    pub spki: Digest,
    /// First instant of validity.
    pub not_before: UtcTimestamp,
    /// First instant at which the certificate is no longer valid.
    pub not_after: UtcTimestamp,
    /// Largest number of intermediate authorities (`pathLenConstraint`); absent for any number.
    path_length: Option<usize>,
    /// True if the key may sign certificates (`keyCertSign`), or no key usage is given.
    issues: bool,
    /// True if every critical extension is checked here or by the library.
    understood: bool,
}

/// Authority's certificate, prepared as a trust anchor of paths.
#[derive(Debug, Clone)]
pub struct TrustedAuthority {
    pub(crate) anchor: TrustAnchor<'static>,
    pub(crate) facts: AuthorityCertificate,
}

/// Reason why an authority does not permit a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificatePathError {
    /// The path exceeds `pathLenConstraint`.
    #[error("more authorities stand below it than its certificate permits")]
    TooLong,
    /// The authority itself lacks `keyCertSign`.
    #[error("its key may not sign certificates")]
    IssuesNothing,
    /// An intermediate authority lacks `keyCertSign`.
    #[error("a certificate below it may not sign others")]
    BetweenIssuesNothing,
    /// The authority's certificate is not valid yet.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// The authority's certificate has expired.
    #[error("its certificate has expired")]
    Over,
    /// The authority's certificate has an unknown critical extension.
    #[error("its certificate has a critical extension that is not known here")]
    NotUnderstood,
}

impl AuthorityCertificate {
    /// Parses an authority's certificate.
    ///
    /// # Errors
    /// When it can't be parsed or is not an authority's.
    pub fn read(certificate: &CertificateDer<'_>) -> Result<Self, PeerCertificateError> {
        let parsed = parse_certificate(certificate)?;
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
            not_before: time_from_seconds(parsed.validity().not_before.timestamp())?,
            not_after: time_from_seconds(parsed.validity().not_after.timestamp())?,
            path_length,
            issues: can_issue(&parsed)?,
            understood: has_known_extensions(&parsed),
        })
    }

    /// Checks a path to this authority against the limits in its certificate, at this time.
    ///
    /// # Errors
    /// The first error.
    pub(crate) fn check_path(
        &self,
        path: &VerifiedPath<'_>,
        at: UtcTimestamp,
    ) -> Result<(), CertificatePathError> {
        self.check_issuing_right(at)?;
        let mut between = 0_usize;
        for one in path.intermediate_certificates() {
            between = between.saturating_add(1);
            let der = one.der();
            if !parse_certificate(&der)
                .and_then(|one| can_issue(&one))
                .unwrap_or(false)
            {
                return Err(CertificatePathError::BetweenIssuesNothing);
            }
        }
        if self.path_length.is_some_and(|most| between > most) {
            return Err(CertificatePathError::TooLong);
        }
        Ok(())
    }

    /// Checks that the authority may issue certificates at this time.
    ///
    /// # Errors
    /// The first error.
    pub(crate) fn check_issuing_right(&self, at: UtcTimestamp) -> Result<(), CertificatePathError> {
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

    /// Checks that every critical extension is known.
    ///
    /// # Errors
    /// [`CertificatePathError::NotUnderstood`].
    pub(crate) const fn check_extensions(&self) -> Result<(), CertificatePathError> {
        if self.understood {
            return Ok(());
        }
        Err(CertificatePathError::NotUnderstood)
    }
}

/// True if the authority may sign certificates. RFC 5280, section 6.1.4 (n): a given key usage must include it.
fn can_issue(certificate: &X509Certificate<'_>) -> Result<bool, PeerCertificateError> {
    let usage = certificate
        .key_usage()
        .map_err(|_| PeerCertificateError::Unreadable)?;
    Ok(usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

/// True if all critical extensions are known: those checked here, and name constraints, which the library checks.
fn has_known_extensions(certificate: &X509Certificate<'_>) -> bool {
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
