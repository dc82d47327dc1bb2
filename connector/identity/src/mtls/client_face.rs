//! TLS for programs of analysts. The connector presents a certificate. A program may present one of the league; otherwise it
//! presents a token with each call.

use super::current_identity::OwnCertificate;
use super::verifier::CallerCertVerifier;
use super::{
    TlsClock, TrustStore, crypto_provider, unsupported_tls_refusal, whole_client, whole_server,
};
use crate::participant_identity::read_certificates;
use crate::pem;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;

/// TLS configuration of the server for programs. The connector presents its own certificate or `shown`. The client certificate is
/// optional, so that a program without one gets a refusal in words and not an alert.
///
/// # Errors
/// `INTERNAL` when the TLS library does not support the configuration.
pub fn client_face_config(
    store: &Arc<TrustStore>,
    clock: &Clock,
    shown: Option<Arc<CertifiedKey>>,
) -> Result<Arc<ServerConfig>, Refusal> {
    let resolver: Arc<dyn ResolvesServerCert> = match shown {
        None => Arc::new(OwnCertificate(Arc::clone(store))),
        Some(shown) => Arc::new(ConfiguredCertificate(shown)),
    };
    let provider = Arc::new(crypto_provider());
    let verifier = CallerCertVerifier::new(Arc::clone(store), &provider);
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unsupported_tls_refusal)?
            .with_client_cert_verifier(Arc::new(verifier.allow_anonymous_callers()))
            .with_cert_resolver(resolver);
    whole_server(&mut config);
    Ok(Arc::new(config))
}

/// TLS configuration of the server for HTTP programs, some of which do not support HTTP/2.
///
/// # Errors
/// As [`client_face_config`].
pub fn web_config(
    store: &Arc<TrustStore>,
    clock: &Clock,
    shown: Option<Arc<CertifiedKey>>,
) -> Result<Arc<ServerConfig>, Refusal> {
    let mut config = ServerConfig::clone(&*client_face_config(store, clock, shown)?);
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(Arc::new(config))
}

/// Certificates of the league's authorities for the own certificate, in PEM: the roots that a program must trust.
#[must_use]
pub fn root_certificates(store: &TrustStore, now: UtcTimestamp) -> String {
    let bundle = store.bundle();
    let anchors = bundle.anchors_for(store.id(), now);
    let anchors: Vec<_> = anchors
        .map(|(_, anchor)| anchor.certificate.clone())
        .collect();
    pem::encode_certificates(&anchors)
}

/// TLS configuration of a program that trusts the certificates in this PEM file.
///
/// # Errors
/// `FILE_MISSING`, or `KEY_INVALID` when a certificate can't be parsed.
pub fn program_config(trusted: &Path) -> Result<Arc<ClientConfig>, Refusal> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(trusted)? {
        roots.add(certificate).map_err(|cause| {
            let sentence = format!("a certificate in {} can't be read", trusted.display());
            Refusal::new(ErrorCode::KeyInvalid, sentence).caused_by(cause)
        })?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(crypto_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unsupported_tls_refusal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    whole_client(&mut config);
    Ok(Arc::new(config))
}

/// Certificate with its chain and key, from PEM files.
///
/// # Errors
/// `FILE_MISSING`, `KEY_FILE_PERMISSIONS` or `KEY_INVALID`.
pub fn read_certificate(file: &Path, key: &Path) -> Result<Arc<CertifiedKey>, Refusal> {
    pem::build_certified_key(read_certificates(file)?, key)
}

/// Resolver that presents one certificate to all clients.
#[derive(Debug)]
struct ConfiguredCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for ConfiguredCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
