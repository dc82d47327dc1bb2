//! Certificate of a time-stamp authority (RFC 3161, section 2.3), and the path from it to an anchor.

use super::anchors::TimeStampAnchors;
use super::object_identifier::{ANY_KEY_USAGE, TIME_STAMPING};
use super::token_refusal::{invalid_token_refusal, untrusted_token_refusal};
use super::token_signed_data::{SignerIdentifier, TokenSignedData};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

/// Certificate to which the signed attributes of a token refer, and that is for time stamps alone.
#[derive(Debug)]
pub(super) struct SignerCertificate<'a> {
    der: CertificateDer<'a>,
    subject: String,
}

impl<'a> SignerCertificate<'a> {
    /// Finds the certificate among those in the token.
    pub(super) fn find(signed: &TokenSignedData<'a>) -> Result<Self, Refusal> {
        for der in &signed.certificates {
            let Ok(([], parsed)) = X509Certificate::from_der(der) else {
                continue;
            };
            if !is_signer(&signed.signer, &parsed) {
                continue;
            }
            // Of two references both must match; otherwise the signature could be moved to another certificate of the key.
            let mut names = signed.attributes.certificates.iter();
            if !names.all(|name| name.matches_certificate(der, &parsed)) {
                return Err(invalid_token_refusal(
                    "its signed attributes name another certificate than its signer",
                ));
            }
            for_time_stamps(&parsed)?;
            return Ok(Self {
                der: CertificateDer::from(*der),
                subject: parsed.subject().to_string(),
            });
        }
        Err(invalid_token_refusal(
            "it does not bring the certificate of its signer",
        ))
    }

    /// Certificate in the form of the path validation library.
    pub(super) fn end_entity(&self) -> Result<EndEntityCert<'_>, Refusal> {
        EndEntityCert::try_from(&self.der).map_err(|cause| {
            invalid_token_refusal("the certificate of its signer is not one for signing")
                .caused_by(cause)
        })
    }

    /// Checks that a path leads to one of the anchors at this instant, and returns the subject.
    pub(super) fn verify_signer_path(
        &self,
        brought: &[&[u8]],
        anchors: &TimeStampAnchors,
        at: UtcTimestamp,
    ) -> Result<String, Refusal> {
        let end = self.end_entity()?;
        let above: Vec<CertificateDer<'_>> = brought
            .iter()
            .filter(|der| **der != self.der.as_ref())
            .map(|der| CertificateDer::from(*der))
            .collect();
        let algorithms = rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .all;
        let micros = u64::try_from(at.micros()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(Duration::from_micros(micros));
        let mut worst = untrusted_token_refusal("none of the anchors is above its certificate");
        for trusted in anchors.iter() {
            let path = end.verify_for_usage(
                algorithms,
                std::slice::from_ref(&trusted.anchor),
                &above,
                time,
                TimeStampKeyUsage,
                None,
                None,
            );
            match path {
                Ok(path) => match trusted.facts.check_path(&path, at) {
                    Ok(()) => return Ok(self.subject.clone()),
                    Err(fault) => {
                        worst = untrusted_token_refusal("its anchor does not permit it")
                            .caused_by(fault);
                    }
                },
                Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
                    worst = untrusted_token_refusal(
                        "a certificate above it, or its own, did not count then",
                    );
                }
                Err(webpki::Error::UnknownIssuer) => {}
                Err(cause) => {
                    worst = untrusted_token_refusal("the path from its certificate does not hold")
                        .caused_by(cause);
                }
            }
        }
        Err(worst)
    }
}

/// True if the signer identifier means this certificate.
fn is_signer(signer: &SignerIdentifier<'_>, certificate: &X509Certificate<'_>) -> bool {
    match signer {
        SignerIdentifier::Issued(identifier) => identifier.matches_certificate(certificate),
        SignerIdentifier::Key(key) => certificate.extensions().iter().any(|extension| {
            matches!(
                extension.parsed_extension(),
                ParsedExtension::SubjectKeyIdentifier(found) if found.0 == *key
            )
        }),
    }
}

/// Checks the usages: a single, critical extended key usage for time stamps, and a key usage, if given, for signatures.
fn for_time_stamps(certificate: &X509Certificate<'_>) -> Result<(), Refusal> {
    let extended = certificate.extended_key_usage().ok().flatten();
    let alone = extended.is_some_and(|usage| {
        let value = usage.value;
        usage.critical
            && value.time_stamping
            && !(value.any
                || value.server_auth
                || value.client_auth
                || value.code_signing
                || value.email_protection
                || value.ocsp_signing)
            && value.other.is_empty()
    });
    let signs = certificate.key_usage().is_ok_and(|usage| {
        usage.is_none_or(|usage| usage.value.digital_signature() || usage.value.non_repudiation())
    });
    if alone && signs && !certificate.is_ca() {
        return Ok(());
    }
    Err(invalid_token_refusal(
        "its certificate is not for time stamps alone",
    ))
}

/// Extended key usages along the path: given ones must permit time stamps. The signer's own are checked above.
struct TimeStampKeyUsage;

impl ExtendedKeyUsageValidator for TimeStampKeyUsage {
    fn validate(&self, uses: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let (mut any, mut fits) = (false, false);
        for id in uses {
            let id = id?;
            any = true;
            fits |= [TIME_STAMPING, ANY_KEY_USAGE]
                .iter()
                .any(|fit| id == KeyPurposeId::new(fit));
        }
        if fits || !any {
            return Ok(());
        }
        Err(webpki::Error::RequiredEkuNotFoundContext(
            webpki::RequiredEkuNotFoundContext {
                required: webpki::KeyUsage::required(TIME_STAMPING),
                present: Vec::new(),
            },
        ))
    }
}
