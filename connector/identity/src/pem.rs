//! Conversion of certificates and TLS keys between PEM files and libraries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::KeyPair;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

/// Certificates in PEM, in order.
#[must_use]
pub(crate) fn encode_certificates(chain: &[CertificateDer<'_>]) -> String {
    let mut text = String::new();
    for certificate in chain {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut column = 0;
        for letter in STANDARD.encode(certificate).chars() {
            if column == 64 {
                text.push('\n');
                column = 0;
            }
            text.push(letter);
            column += 1;
        }
        text.push_str("\n-----END CERTIFICATE-----\n");
    }
    text
}

/// TLS key with its certificate, after a check that they match.
pub(crate) fn build_certified_key(
    chain: Vec<CertificateDer<'static>>,
    key: &Path,
) -> Result<Arc<CertifiedKey>, Refusal> {
    let bytes = hansa_files::read_private(key, LARGEST_KEY_FILE)?;
    let unreadable = || unreadable_key_refusal(key);
    let private =
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|cause| unreadable().caused_by(cause))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    match CertifiedKey::from_der(chain, private, &provider) {
        Ok(certified) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => Err(Refusal::new(
            ErrorCode::KeyInvalid,
            format!(
                "the certificate is for another key than `{}`",
                key.display()
            ),
        )
        .with_place(key.display().to_string(), None, None)),
        Err(cause) => Err(unreadable().caused_by(cause)),
    }
}

/// TLS key that signs a certificate request or a certificate.
pub(crate) fn key_pair(path: &Path) -> Result<KeyPair, Refusal> {
    let bytes = hansa_files::read_private(path, LARGEST_KEY_FILE)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|cause| unreadable_key_refusal(path).caused_by(cause))?;
    KeyPair::from_pem(text).map_err(|cause| unreadable_key_refusal(path).caused_by(cause))
}

/// Refusal for an error of the certificate library.
pub(crate) fn certificate_library_refusal(error: &impl Display) -> Refusal {
    Refusal::new(
        ErrorCode::KeyInvalid,
        format!("the certificate can't be made: {error}"),
    )
}

const LARGEST_KEY_FILE: u64 = 64 * 1024;

fn unreadable_key_refusal(path: &Path) -> Refusal {
    Refusal::new(
        ErrorCode::KeyInvalid,
        format!("`{}` holds no private key in PEM", path.display()),
    )
    .with_place(path.display().to_string(), None, None)
}
