//! Certificates and TLS configurations of a league of two, made for one test.

use crate::peer::{client, server};
use hansa_policy::peer::PeerCertificate;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::tls;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::client::WantsClientCert;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::tallinn_id;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;

/// Two members and a stranger.
pub(crate) struct TlsLeague {
    authority: CertificateDer<'static>,
    server: TlsMember,
    client: TlsMember,
    stranger: TlsMember,
    foreign: CertificateDer<'static>,
    current: Arc<Mutex<Arc<ServerConfig>>>,
    handshakes: Arc<AtomicUsize>,
}

struct TlsMember {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl TlsLeague {
    pub(crate) fn new() -> Self {
        let (own, issuer) = make_authority();
        let (foreign, foreign_issuer) = make_authority();
        let server = make_member(&issuer, "hansa://munster.example");
        let current = Arc::new(Mutex::new(server_config(&server, &own)));
        Self {
            authority: own,
            server,
            client: make_member(&issuer, "hansa://tallinn.example"),
            stranger: make_member(&foreign_issuer, "hansa://tallinn.example"),
            foreign,
            current,
            handshakes: Arc::default(),
        }
    }

    /// Present configuration of the provider.
    pub(crate) fn server(&self) -> server::ServerTlsProvider {
        let current = Arc::clone(&self.current);
        Arc::new(move || Arc::clone(&current.lock().unwrap()))
    }

    /// Configuration of a server without client certificates.
    fn server_without_client_certificates(&self) -> server::ServerTlsProvider {
        let mut config = tls::server()
            .with_no_client_auth()
            .with_single_cert(vec![self.server.certificate.clone()], self.server.key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        Arc::new(move || Arc::clone(&config))
    }

    /// TLS of a socket for clients.
    pub(crate) fn client_tls(&self) -> server::ClientTls {
        server::ClientTls {
            tls: self.server_without_client_certificates(),
            attest: self.certificate_reader(),
        }
    }

    /// From now on only the stranger's authority is trusted.
    pub(crate) fn change_authority(&self) {
        *self.current.lock().unwrap() = server_config(&self.server, &self.foreign);
    }

    pub(crate) fn client(&self) -> client::ClientTlsProvider {
        self.client_as(&self.client)
    }

    pub(crate) fn stranger(&self) -> client::ClientTlsProvider {
        self.client_as(&self.stranger)
    }

    /// Client without a certificate.
    pub(crate) fn client_without_certificate(&self) -> Arc<ClientConfig> {
        let mut config = self.trusting_config().with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    /// Reader that takes every holder of the asking participant's certificate, by any authority, for that participant.
    pub(crate) fn certificate_reader(&self) -> server::PeerCertificateReader {
        let known = [&self.client, &self.stranger].map(|member| member.certificate.clone());
        let handshakes = Arc::clone(&self.handshakes);
        Arc::new(move |connection| {
            let leaf = connection.peer_certificates().and_then(<[_]>::first);
            let Some(leaf) = leaf.filter(|leaf| known.contains(leaf)) else {
                return Err(Refusal::new(
                    ErrorCode::PeerNotTrusted,
                    "another certificate",
                ));
            };
            handshakes.fetch_add(1, Ordering::SeqCst);
            let certificate = Digest::of(leaf);
            let issuer = Digest::of(b"issuer");
            Ok(PeerCertificate::attest(
                tallinn_id(),
                certificate,
                issuer,
                UtcTimestamp::LATEST,
            ))
        })
    }

    /// Number of successful handshakes.
    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }

    fn trusting_config(&self) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        tls::client().with_root_certificates(root_store(&self.authority))
    }

    fn client_as(&self, member: &TlsMember) -> client::ClientTlsProvider {
        let mut config = self
            .trusting_config()
            .with_client_auth_cert(vec![member.certificate.clone()], member.key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        Arc::new(move || Arc::clone(&config))
    }
}

fn root_store(authority: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    roots
}

fn server_config(server: &TlsMember, trusted: &CertificateDer<'static>) -> Arc<ServerConfig> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(root_store(trusted)), tls::provider())
            .build()
            .unwrap();
    let mut config = tls::server()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.certificate.clone()], server.key())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

impl TlsMember {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

fn make_authority() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    (certificate, Issuer::new(params, key))
}

fn make_member(issuer: &Issuer<'static, KeyPair>, identity: &str) -> TlsMember {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params
        .subject_alt_names
        .push(SanType::URI(identity.try_into().unwrap()));
    let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
    TlsMember {
        certificate,
        key: key.serialize_der(),
    }
}
