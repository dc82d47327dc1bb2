//! References to a certificate in a token: by issuer and serial number, and by digest.

use super::der_reader::{
    DerReader, INTEGER, MalformedDer, OCTET_STRING, SEQUENCE, constructed_tag,
};
use super::digest_algorithm::DigestAlgorithm;
use hansa_policy::refusal::Refusal;
use x509_parser::certificate::X509Certificate;

/// Issuer and serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CertificateIdentifier<'a> {
    /// `Name` of the issuer, in DER.
    pub(super) issuer: &'a [u8],
    /// Content octets of the serial number.
    pub(super) serial: &'a [u8],
}

impl CertificateIdentifier<'_> {
    /// True if the reference means this certificate.
    pub(super) fn matches_certificate(&self, certificate: &X509Certificate<'_>) -> bool {
        certificate.issuer().as_raw() == self.issuer && certificate.raw_serial() == self.serial
    }
}

/// `ESSCertID` and `ESSCertIDv2` (RFC 5035, sections 4 and 5.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CertificateDigest<'a> {
    algorithm: DigestAlgorithm,
    digest: &'a [u8],
    identifier: Option<CertificateIdentifier<'a>>,
}

impl<'a> CertificateDigest<'a> {
    /// Reads the first reference in an attribute, which is the signer's. `v1` references use SHA-1 alone.
    pub(super) fn read_signer_reference(attribute: &'a [u8], v1: bool) -> Result<Self, Refusal> {
        const STRUCTURE: &str = "a signing certificate attribute";
        let mut fields = DerReader::for_single_element(attribute, SEQUENCE, STRUCTURE)?;
        let mut certificates = fields.enter(SEQUENCE)?;
        let mut first = certificates.enter(SEQUENCE)?;
        let mut again = first;
        let algorithm = match v1 {
            true => DigestAlgorithm::Sha1,
            false if again.optional_element(SEQUENCE)?.is_some() => {
                DigestAlgorithm::read(&mut first)?
            }
            false => DigestAlgorithm::Sha256,
        };
        let digest = first.element(OCTET_STRING)?.content;
        let identifier = match first.optional_element(SEQUENCE)? {
            Some(element) => Some(issuer_serial(element.content)?),
            None => None,
        };
        first.finish()?;
        Ok(Self {
            algorithm,
            digest,
            identifier,
        })
    }

    /// True if the reference means this certificate.
    pub(super) fn matches_certificate(
        &self,
        der: &[u8],
        certificate: &X509Certificate<'_>,
    ) -> bool {
        self.algorithm.digest(der).as_ref() == self.digest
            && self
                .identifier
                .is_none_or(|identifier| identifier.matches_certificate(certificate))
    }
}

/// `IssuerSerial` with one directory name.
fn issuer_serial(content: &[u8]) -> Result<CertificateIdentifier<'_>, MalformedDer> {
    let mut fields = DerReader::new(content, "an IssuerSerial");
    let mut names = fields.enter(SEQUENCE)?;
    let mut name = names.enter(constructed_tag(4))?;
    names.finish()?;
    let issuer = name.element(SEQUENCE)?.whole;
    name.finish()?;
    let serial = fields.element(INTEGER)?.content;
    fields.finish()?;
    Ok(CertificateIdentifier { issuer, serial })
}
