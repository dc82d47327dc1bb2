//! Certificate path from a seal to an authority that the bundle names.

use super::{SealAnchor, parse_certificate, untrusted_seal_refusal};
use crate::certificate::authority_certificate::{AuthorityCertificate, CertificatePathError};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter};

/// Checks that the certificates lead to this authority, in their order and with none left over, at both times. `None` if another
/// authority may fit.
pub(super) fn verify_certificate_path(
    seal: &SealCertificates,
    own: &CertificateDer<'_>,
    anchor: &SealAnchor,
    organization: &str,
    times: [UtcTimestamp; 2],
) -> Result<(), Option<Refusal>> {
    let unreadable = || untrusted_seal_refusal("the authority's certificate can't be read");
    let trusted = webpki::anchor_from_trusted_cert(&anchor.certificate)
        .map_err(|cause| Some(unreadable().caused_by(cause)))?;
    let authority = AuthorityCertificate::read(&anchor.certificate)
        .map_err(|cause| Some(unreadable().caused_by(cause)))?;
    // Some seals include the certificate of their authority. It must be the one in the bundle.
    let mut above: Vec<CertificateDer<'_>> = seal
        .issuer_certificates()
        .iter()
        .map(|one| CertificateDer::from(one.as_slice()))
        .collect();
    if above.last() == Some(&anchor.certificate) {
        above.pop();
    }
    let end = EndEntityCert::try_from(own).map_err(|cause| {
        Some(
            untrusted_seal_refusal("the seal's certificate is not one for signing")
                .caused_by(cause),
        )
    })?;
    let algorithms = rustls::crypto::aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .all;
    for at in times {
        let path = end
            .verify_for_usage(
                algorithms,
                std::slice::from_ref(&trusted),
                &above,
                to_unix_time(at),
                DocumentKeyUsage,
                None,
                None,
            )
            .map_err(|error| path_refusal(&error))?;
        let led = path.intermediate_certificates().map(|one| one.der());
        if !led.eq(above.iter().cloned()) {
            return Err(Some(untrusted_seal_refusal(
                "the seal's certificates are not each issued by the next, or one of them is left over",
            )));
        }
        authority
            .check_path(&path, at)
            .map_err(|fault| Some(forbidden_path_refusal(fault)))?;
    }
    for one in &above {
        let issues = parse_certificate(one)
            .map_err(Some)?
            .key_usage()
            .ok()
            .flatten()
            .is_some_and(|usage| usage.value.key_cert_sign());
        if !issues {
            return Err(Some(untrusted_seal_refusal(
                "a certificate between the seal and its authority may not issue others",
            )));
        }
    }
    if anchor.organization != organization {
        return Err(Some(untrusted_seal_refusal(&format!(
            "the seal is issued to `{organization}`, and the authority may seal for `{}`",
            anchor.organization
        ))));
    }
    // In X.509 the end is the last instant of validity, in the bundle the first instant after it.
    let counts = |at: &UtcTimestamp| anchor.not_before <= *at && *at < anchor.not_after;
    if times.iter().all(counts) {
        return Ok(());
    }
    Err(Some(Refusal::new(
        ErrorCode::KeyNotValidAtSigning,
        "the authority could not seal for the participant when it signed",
    )))
}

/// Refusal of an invalid path; none for a path that does not lead to this authority.
fn path_refusal(error: &webpki::Error) -> Option<Refusal> {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => Some(Refusal::new(
            ErrorCode::KeyNotValidAtSigning,
            "a certificate of the seal was not valid when it signed",
        )),
        Error::RequiredEkuNotFoundContext(_) => Some(untrusted_seal_refusal(
            "the seal's certificate is not for documents",
        )),
        _ => None,
    }
}

/// Refusal of a path that its authority's certificate does not permit.
fn forbidden_path_refusal(fault: CertificatePathError) -> Refusal {
    let sentence = format!("the authority above the seal does not permit it: {fault}");
    match fault {
        CertificatePathError::NotYetValid | CertificatePathError::Over => {
            Refusal::new(ErrorCode::KeyNotValidAtSigning, sentence)
        }
        _ => untrusted_seal_refusal(&sentence),
    }
}

/// Extended key usages for documents. A certificate for TLS alone is not accepted for a seal, even from an authority that issues
/// both. One without extended key usage is limited by its key usage.
struct DocumentKeyUsage;

impl ExtendedKeyUsageValidator for DocumentKeyUsage {
    fn validate(&self, uses: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let (mut any, mut fits) = (false, false);
        for id in uses {
            let id = id?;
            any = true;
            fits |= DOCUMENTS.iter().any(|fit| id == KeyPurposeId::new(fit));
        }
        if fits || !any {
            return Ok(());
        }
        Err(webpki::Error::RequiredEkuNotFoundContext(
            webpki::RequiredEkuNotFoundContext {
                required: webpki::KeyUsage::required(DOCUMENT_SIGNING),
                present: Vec::new(),
            },
        ))
    }
}

/// Object identifier `id-kp-documentSigning` (RFC 9336).
const DOCUMENT_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 36];

/// Usages for documents: `id-kp-documentSigning`, `emailProtection`, which many seals have, and any usage.
const DOCUMENTS: [&[u8]; 3] = [
    DOCUMENT_SIGNING,
    &[0x2b, 6, 1, 5, 5, 7, 3, 4],
    &[0x55, 0x1d, 0x25, 0],
];

fn to_unix_time(at: UtcTimestamp) -> UnixTime {
    let micros = u64::try_from(at.micros()).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_micros(micros))
}
