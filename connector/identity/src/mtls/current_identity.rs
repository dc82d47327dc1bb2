//! Current state of a store, and the certificate that it presents.

use super::TrustStore;
use crate::bundle::TrustBundle;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct CurrentIdentity {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) bundle: Arc<TrustBundle>,
}

/// Resolver that presents the current certificate, for both ends.
#[derive(Debug)]
pub(super) struct OwnCertificate(pub(super) Arc<TrustStore>);

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current_identity().certified))
    }
}

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current_identity().certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
