//! Certificates that no league would issue, made with the key of a league's authority, and who shows them.

use crate::league::TestLeague;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};
use serde_json::Value;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// The day on which every certificate of this module was over.
pub const OVER: &str = "2020-01-02";

/// Who signs a forged certificate.
#[derive(Debug, Clone, Copy)]
pub enum CertificateIssuer {
    /// Its own key.
    ByItself,
    /// The league's authority.
    ByTheLeague,
    /// An authority of the same name, with another key.
    ByAStranger,
}

/// A certificate and its key.
#[derive(Debug)]
pub struct PresentedCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for PresentedCertificate {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// A connection over which anything can be said.
#[derive(Debug)]
pub struct RawTlsConnection(rustls::StreamOwned<ClientConnection, TcpStream>);

impl RawTlsConnection {
    /// The connection below.
    #[must_use]
    pub const fn tcp(&self) -> &TcpStream {
        &self.0.sock
    }
}

impl std::io::Read for RawTlsConnection {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl std::io::Write for RawTlsConnection {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut self.0, bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::Write::flush(&mut self.0)
    }
}

/// What a handshake gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct HandshakeResult {
    /// Tickets to resume it with.
    pub tickets: u32,
    /// The second one resumed the first.
    pub resumed: bool,
    /// The second one could have sent something before it was finished.
    pub early: bool,
}

impl TestLeague {
    /// Puts a certificate in the place of a participant's that is like it in all but its time.
    ///
    /// # Panics
    /// When a file of the league or of the participant is not what it must be.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn expire(&self, alias: &str) {
        let key = KeyPair::from_pem(&self.text(&format!("{alias}/keys/tls.key")));
        let key = key.expect("the participant's key");
        let mut params = good(&format!("{alias}.example"));
        params.not_after = rcgen::date_time_ymd(2020, 1, 2);
        let certificate = params.signed_by(&key, &self.issuer());
        let certificate = certificate.expect("the certificate");
        let file = self.folder().join(alias).join("keys/tls.crt");
        std::fs::write(file, certificate.pem()).expect("the certificate can be written");
    }

    /// Listens with a participant's certificate, whatever that is, and does nothing else. Gives the address.
    ///
    /// # Panics
    /// When there is no port, or no certificate.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn impersonate(&self, alias: &str) -> String {
        let (chain, key) = self.shown_by(alias);
        let config = crate::tls::server()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("certificate and key fit");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("the port is known");
        // It ends with the process of the test.
        crate::detached_thread::leave(std::thread::spawn(move || {
            for tcp in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config));
                if let (Ok(mut tcp), Ok(mut connection)) = (tcp, connection) {
                    let _ = connection.complete_io(&mut tcp);
                }
            }
        }));
        address.to_string()
    }

    /// A certificate for a participant's identity that is good but for what `spoil` does to it.
    ///
    /// # Panics
    /// When a file of the league is not what it must be.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn forged(
        &self,
        domain: &str,
        by: CertificateIssuer,
        spoil: impl FnOnce(&mut CertificateParams),
    ) -> PresentedCertificate {
        let mut params = good(domain);
        spoil(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = match by {
            CertificateIssuer::ByItself => params.self_signed(&key),
            CertificateIssuer::ByTheLeague => params.signed_by(&key, &self.issuer()),
            CertificateIssuer::ByAStranger => {
                // Of the same name as the league's, with a key of its own.
                let authority = KeyPair::generate().expect("a key");
                let issuer = Issuer::from_ca_cert_der(&self.anchor(), authority);
                params.signed_by(&key, &issuer.expect("the authority"))
            }
        };
        let certificate = certificate.expect("the certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("the key");
        PresentedCertificate {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// Calls a listener, with this certificate or with none.
    ///
    /// # Errors
    /// What TLS says of it.
    ///
    /// # Panics
    /// When nobody listens.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn call(
        &self,
        shown: Option<&PresentedCertificate>,
        listener: &str,
        domain: &str,
    ) -> Result<HandshakeResult, String> {
        let mut config = self.client(shown.cloned());
        config.enable_early_data = true;
        let config = Arc::new(config);
        let mut called = HandshakeResult::default();
        // The second one would resume the first, if there were anything to resume.
        for _ in 0..2 {
            let name = ServerName::try_from(domain.to_owned()).expect("a name");
            let mut connection =
                ClientConnection::new(Arc::clone(&config), name).expect("a connection");
            called.early |= connection.early_data().is_some();
            let mut tcp = TcpStream::connect(listener).expect("somebody listens");
            let mut word = [0_u8; 1];
            let said = rustls::Stream::new(&mut connection, &mut tcp).read(&mut word);
            match said {
                Ok(0) => return Err("hung up".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
            called.tickets = called
                .tickets
                .saturating_add(connection.tls13_tickets_received());
            called.resumed |= connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        }
        Ok(called)
    }

    /// Calls a listener and leaves what is said to the caller.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn speak(
        &self,
        shown: &PresentedCertificate,
        listener: &str,
        domain: &str,
    ) -> RawTlsConnection {
        let config = self.client(Some(shown.clone()));
        let name = ServerName::try_from(domain.to_owned()).expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let tcp = TcpStream::connect(listener).expect("somebody listens");
        RawTlsConnection(rustls::StreamOwned::new(connection, tcp))
    }

    /// What a participant shows.
    #[must_use]
    pub fn certificate(&self, alias: &str) -> PresentedCertificate {
        let (chain, key) = self.shown_by(alias);
        PresentedCertificate { chain, key }
    }

    /// Calls a listener with a participant's certificate.
    ///
    /// # Errors
    /// What TLS says of it.
    ///
    /// # Panics
    /// When there is no certificate, or nobody listens.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn try_handshake(&self, alias: &str, listener: &str, domain: &str) -> Result<(), String> {
        let config = self.client(Some(self.certificate(alias)));
        let name = ServerName::try_from(domain.to_owned()).expect("a name");
        let mut connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut tcp = TcpStream::connect(listener).expect("somebody listens");
        // In TLS 1.3 the other end judges this one's certificate after the handshake; its first word tells.
        let mut word = [0_u8; 1];
        let said = rustls::Stream::new(&mut connection, &mut tcp).read(&mut word);
        said.map(|_| ()).map_err(|error| error.to_string())
    }

    /// The TLS of a caller that trusts the league's authority and shows this certificate, or none.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub(crate) fn client(&self, shown: Option<PresentedCertificate>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.anchor()).expect("the authority");
        let config = crate::tls::client().with_root_certificates(roots);
        let mut config = match shown {
            Some(PresentedCertificate { chain, key }) => config
                .with_client_auth_cert(chain, key)
                .expect("certificate and key fit"),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub(crate) fn shown_by(
        &self,
        alias: &str,
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let keys = self.folder().join(alias).join("keys");
        let certificate = CertificateDer::from_pem_file(keys.join("tls.crt"));
        let key = PrivateKeyDer::from_pem_file(keys.join("tls.key"));
        (
            vec![certificate.expect("a certificate")],
            key.expect("its key"),
        )
    }

    /// The league's authority, as it signs.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    fn issuer(&self) -> Issuer<'static, KeyPair> {
        let authority = KeyPair::from_pem(&self.text("league/authority.pem"));
        let authority = authority.expect("the authority's key");
        Issuer::from_ca_cert_der(&self.anchor(), authority).expect("the authority")
    }

    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub(crate) fn anchor(&self) -> CertificateDer<'static> {
        let bundle: Value =
            serde_json::from_str(&self.text("league/trust-bundle.json")).expect("the bundle");
        let text = bundle
            .pointer("/bundle/anchors/0/certificate")
            .and_then(Value::as_str)
            .expect("an anchor in the bundle");
        URL_SAFE_NO_PAD.decode(text).expect("base64").into()
    }

    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(name)).expect("the file is there")
    }
}

/// What a good certificate of a participant says.
#[expect(
    clippy::expect_used,
    reason = "a test can't go on without certificates"
)]
fn good(domain: &str) -> CertificateParams {
    let mut params = CertificateParams::new([domain.to_owned()]).expect("the parameters");
    params.distinguished_name.push(DnType::CommonName, domain);
    let uri = format!("hansa://{domain}").try_into().expect("a URI");
    params.subject_alt_names.push(SanType::URI(uri));
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2090, 1, 1);
    params
}
