//! Certificates and TLS configurations of a league of two, made for one test.

use policy::peer::Presented;
use policy::refusal::{Code, Refusal};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

use super::tallinn;
use evidence::digest::Digest;
use evidence::time::Time;

/// Two members and a stranger.
pub(super) struct League {
    authority: CertificateDer<'static>,
    server: Member,
    client: Member,
    stranger: Member,
}

struct Member {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

type Attest = Arc<dyn Fn(&rustls::ServerConnection) -> Result<Presented, Refusal> + Send + Sync>;

impl League {
    pub(super) fn new() -> Self {
        let (authority, issuer) = self::authority();
        let (_, foreign) = self::authority();
        Self {
            authority,
            server: member(&issuer, "hansa://munster.example"),
            client: member(&issuer, "hansa://tallinn.example"),
            stranger: member(&foreign, "hansa://tallinn.example"),
        }
    }

    pub(super) fn server(&self) -> Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync> {
        let verifier = WebPkiClientVerifier::builder(Arc::new(self.roots()))
            .build()
            .unwrap();
        let mut config = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![self.server.certificate.clone()], self.server.key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        Arc::new(move || Arc::clone(&config))
    }

    pub(super) fn client(&self) -> Arc<dyn Fn() -> Arc<ClientConfig> + Send + Sync> {
        self.client_as(&self.client)
    }

    pub(super) fn stranger(&self) -> Arc<dyn Fn() -> Arc<ClientConfig> + Send + Sync> {
        self.client_as(&self.stranger)
    }

    /// Whoever holds the one certificate of the asker is the asker.
    pub(super) fn attest(&self) -> Attest {
        let known = self.client.certificate.clone();
        Arc::new(move |connection| {
            let leaf = connection.peer_certificates().and_then(<[_]>::first);
            if leaf != Some(&known) {
                return Err(Refusal::new(Code::PeerNotTrusted, "another certificate"));
            }
            let certificate = Digest::of(&known);
            let issuer = Digest::of(b"issuer");
            Ok(Presented::attest(
                tallinn(),
                certificate,
                issuer,
                Time::LATEST,
            ))
        })
    }

    fn client_as(&self, member: &Member) -> Arc<dyn Fn() -> Arc<ClientConfig> + Send + Sync> {
        let mut config = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
            .with_root_certificates(self.roots())
            .with_client_auth_cert(vec![member.certificate.clone()], member.key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        Arc::new(move || Arc::clone(&config))
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        roots
    }
}

impl Member {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

fn authority() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    (certificate, Issuer::new(params, key))
}

fn member(issuer: &Issuer<'static, KeyPair>, identity: &str) -> Member {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params
        .subject_alt_names
        .push(SanType::URI(identity.try_into().unwrap()));
    let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
    Member {
        certificate,
        key: key.serialize_der(),
    }
}
