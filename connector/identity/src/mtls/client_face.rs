//! TLS towards programs of analysts. The connector shows a certificate, and a program may show one of the league; the others say who
//! they are behind it, with each call.

use super::current_identity::OwnCertificate;
use super::verifier::CallerCertVerifier;
use super::{TlsClock, TrustStore, impossible, provider, whole_client, whole_server};
use crate::participant_identity::read_certificates;
use crate::pem;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;

/// The configuration of the end that programs of analysts connect to: the connector shows a certificate, its own or `shown`. A program is
/// asked for one and may show none, so that it is told in words what it lacks and not by an alert.
///
/// # Errors
/// `INTERNAL` when the TLS library can't do what is asked of it.
pub fn config(
    store: &Arc<TrustStore>,
    clock: &Clock,
    shown: Option<Arc<CertifiedKey>>,
) -> Result<Arc<ServerConfig>, Refusal> {
    let resolver: Arc<dyn ResolvesServerCert> = match shown {
        None => Arc::new(OwnCertificate(Arc::clone(store))),
        Some(shown) => Arc::new(ConfiguredCertificate(shown)),
    };
    let provider = Arc::new(provider());
    let verifier = CallerCertVerifier::new(Arc::clone(store), &provider);
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(impossible)?
            .with_client_cert_verifier(Arc::new(verifier.optional()))
            .with_cert_resolver(resolver);
    whole_server(&mut config);
    Ok(Arc::new(config))
}

/// The same for programs that speak HTTP, of which not all know its second version.
///
/// # Errors
/// Those of [`config`].
pub fn web_config(
    store: &Arc<TrustStore>,
    clock: &Clock,
    shown: Option<Arc<CertifiedKey>>,
) -> Result<Arc<ServerConfig>, Refusal> {
    let mut config = ServerConfig::clone(&*config(store, clock, shown)?);
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(Arc::new(config))
}

/// The certificates of the authorities that vouch for the participant's own certificate in its league, in PEM: what a program has to trust.
#[must_use]
pub fn roots(store: &TrustStore, now: UtcTimestamp) -> String {
    let bundle = store.bundle();
    let anchors = bundle.anchors_for(store.id(), now);
    let anchors: Vec<_> = anchors
        .map(|(_, anchor)| anchor.certificate.clone())
        .collect();
    pem::certificates(&anchors)
}

/// The configuration of a program that trusts the certificates in this file, in PEM.
///
/// # Errors
/// `FILE_MISSING`, or `KEY_INVALID` where a certificate can't be read.
pub fn program(trusted: &Path) -> Result<Arc<ClientConfig>, Refusal> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(trusted)? {
        roots.add(certificate).map_err(|cause| {
            let sentence = format!("a certificate in {} can't be read", trusted.display());
            Refusal::new(ErrorCode::KeyInvalid, sentence).caused_by(cause)
        })?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(impossible)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    whole_client(&mut config);
    Ok(Arc::new(config))
}

/// A certificate with its chain and key, out of files in PEM.
///
/// # Errors
/// `FILE_MISSING`, `KEY_FILE_PERMISSIONS` or `KEY_INVALID`.
pub fn certificate(file: &Path, key: &Path) -> Result<Arc<CertifiedKey>, Refusal> {
    pem::certified(read_certificates(file)?, key)
}

/// Shows one certificate to everybody.
#[derive(Debug)]
struct ConfiguredCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for ConfiguredCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
