//! TLS towards programs of analysts: the connector alone shows a certificate. They say who they are behind it, with each call.

use super::current_identity::OwnCertificate;
use super::{TlsClock, TrustStore, impossible, provider, whole_server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls::ServerConfig;
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// The configuration of the end that programs of analysts connect to: the connector alone shows a certificate, its own or `shown`. They
/// say who they are behind it.
///
/// # Errors
/// `INTERNAL` when the TLS library can't do what is asked of it.
pub fn config(
    store: &Arc<TrustStore>,
    clock: &Clock,
    shown: Option<CertifiedKey>,
) -> Result<Arc<ServerConfig>, Refusal> {
    let resolver: Arc<dyn ResolvesServerCert> = match shown {
        None => Arc::new(OwnCertificate(Arc::clone(store))),
        Some(shown) => Arc::new(SingleCertAndKey::from(shown)),
    };
    let provider = Arc::new(provider());
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(impossible)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
    whole_server(&mut config);
    Ok(Arc::new(config))
}

/// The certificates of the authorities that vouch for the participant's own certificate in its league, in PEM: what a program has to trust.
#[must_use]
pub fn roots(store: &TrustStore, now: UtcTimestamp) -> String {
    let bundle = store.bundle();
    let anchors = bundle.anchors_for(store.id(), now);
    anchors
        .map(|(_, anchor)| {
            let text = STANDARD.encode(&anchor.certificate);
            let lines: Vec<&str> = text
                .as_bytes()
                .chunks(PEM_LINE)
                .filter_map(|line| std::str::from_utf8(line).ok())
                .collect();
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            )
        })
        .collect()
}

/// Letters of a line of PEM (RFC 7468, section 2).
const PEM_LINE: usize = 64;

/// A certificate with its chain and key, out of files in PEM.
///
/// # Errors
/// `FILE_MISSING`, `KEY_FILE_PERMISSIONS` or `KEY_INVALID`.
pub fn certificate(file: &Path, key: &Path) -> Result<CertifiedKey, Refusal> {
    let invalid = |file: &Path, what: &str| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            format!("`{}` holds no {what} in PEM", file.display()),
        )
    };
    let chain = hansa_files::read(file, LARGEST_CHAIN)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, _>>()
        .map_err(|cause| invalid(file, "certificate").caused_by(cause.to_string()))?;
    let secret = hansa_files::read_private(key, LARGEST_CHAIN)?;
    let secret = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|cause| invalid(key, "key").caused_by(cause.to_string()))?;
    if chain.is_empty() {
        return Err(invalid(file, "certificate"));
    }
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|cause| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            format!(
                "the key `{}` does not fit the certificate `{}`",
                key.display(),
                file.display()
            ),
        )
        .caused_by(cause)
    })
}

/// The most bytes of a file with certificates.
const LARGEST_CHAIN: u64 = 256 * 1024;
