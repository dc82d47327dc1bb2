//! TLS towards programs of analysts: the connector alone shows a certificate. They say who they are behind it, with each call.

use super::current_identity::OwnCertificate;
use super::{TlsClock, TrustStore, impossible, provider, whole_server};
use crate::participant_identity::read_certificates;
use crate::pem;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_policy::refusal::Refusal;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
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
    shown: Option<Arc<CertifiedKey>>,
) -> Result<Arc<ServerConfig>, Refusal> {
    let resolver: Arc<dyn ResolvesServerCert> = match shown {
        None => Arc::new(OwnCertificate(Arc::clone(store))),
        Some(shown) => Arc::new(ConfiguredCertificate(shown)),
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
    let anchors: Vec<_> = anchors
        .map(|(_, anchor)| anchor.certificate.clone())
        .collect();
    pem::certificates(&anchors)
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
