//! Trust anchors of time-stamp authorities: the certificates that the operator or auditor has chosen to trust.

use crate::certificate::authority_certificate::{AuthorityCertificate, TrustedAuthority};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;

/// Largest size of a file with anchors, bytes.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Anchors, at least one.
#[derive(Debug, Clone)]
pub struct TimeStampAnchors(Vec<TrustedAuthority>);

impl TimeStampAnchors {
    /// Reads PEM files with one or several certificates.
    ///
    /// # Errors
    /// `FILE_MISSING`, or `KEY_INVALID` for a file without a certificate of an authority.
    pub fn open<P: AsRef<Path>>(files: &[P]) -> Result<Self, Refusal> {
        let mut anchors = Vec::new();
        for file in files {
            let file = file.as_ref();
            let bytes = hansa_files::read_file(file, LONGEST_FILE)?;
            let mut read = Self::read(&bytes)
                .map_err(|refusal| refusal.with_place(file.display().to_string(), None, None))?;
            anchors.append(&mut read.0);
        }
        if anchors.is_empty() {
            return Err(unusable_anchor_refusal("no file of anchors is named"));
        }
        Ok(Self(anchors))
    }

    /// Parses certificates in PEM.
    ///
    /// # Errors
    /// `KEY_INVALID`
    pub fn read(pem: &[u8]) -> Result<Self, Refusal> {
        let mut anchors = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|cause| unusable_anchor_refusal("it is no PEM").caused_by(cause))?;
            anchors.push(parse_authority(&certificate)?);
        }
        if anchors.is_empty() {
            return Err(unusable_anchor_refusal("it holds no certificate in PEM"));
        }
        Ok(Self(anchors))
    }

    /// All anchors.
    pub(super) fn iter(&self) -> impl Iterator<Item = &TrustedAuthority> {
        self.0.iter()
    }
}

fn parse_authority(certificate: &CertificateDer<'_>) -> Result<TrustedAuthority, Refusal> {
    let facts = AuthorityCertificate::read(certificate)
        .map_err(|cause| unusable_anchor_refusal("it is none of an authority").caused_by(cause))?;
    facts
        .check_extensions()
        .map_err(|cause| unusable_anchor_refusal("it can't be relied on").caused_by(cause))?;
    let anchor = webpki::anchor_from_trusted_cert(certificate)
        .map_err(|cause| unusable_anchor_refusal("it can't be read").caused_by(cause))?
        .to_owned();
    Ok(TrustedAuthority { anchor, facts })
}

fn unusable_anchor_refusal(why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::KeyInvalid,
        format!("the certificate of a time-stamp authority can't be used: {why}"),
    )
    .with_help("name the certificate of the authority above the one that signs, in PEM")
}
