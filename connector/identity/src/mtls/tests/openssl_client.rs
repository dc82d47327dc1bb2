//! Tests with callers that use another TLS library, with offers that the own library never makes.

use super::{HandshakeFixture, two};
use crate::league_fixture::start_time;
use crate::pem;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use rustls::ServerConfig;
use std::io::{Read, Write};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

struct OpensslClient {
    version: SslVersion,
    groups: &'static str,
    certificate: bool,
}

/// Checks that the caller got its four bytes back; otherwise the error of the server.
async fn called(two: &HandshakeFixture, caller: OpensslClient) -> Result<(), String> {
    let server: Arc<ServerConfig> = two.server(start_time());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_verify(SslVerifyMode::NONE);
    builder.set_min_proto_version(Some(caller.version)).unwrap();
    builder.set_max_proto_version(Some(caller.version)).unwrap();
    builder.set_groups_list(caller.groups).unwrap();
    builder.set_alpn_protos(b"\x02h2").unwrap();
    if caller.certificate {
        let files = two.sample.files("ottawa.example");
        builder
            .set_private_key_file(&files.tls_key, openssl::ssl::SslFiletype::PEM)
            .unwrap();
        let chain = pem::encode_certificates(&two.ottawa.certified.cert);
        let leaf = openssl::x509::X509::from_pem(chain.as_bytes()).unwrap();
        builder.set_certificate(&leaf).unwrap();
    }
    let connector = builder.build();
    let calling = tokio::task::spawn_blocking(move || {
        let tcp = std::net::TcpStream::connect(address).unwrap();
        let mut stream = connector
            .connect("munster.example", tcp)
            .map_err(|error| error.to_string())?;
        stream
            .write_all(b"rows")
            .map_err(|error| error.to_string())?;
        let mut read = [0_u8; 4];
        stream
            .read_exact(&mut read)
            .map_err(|error| error.to_string())
    });
    let (tcp, _) = listener.accept().await.unwrap();
    let served = async {
        let mut stream = TlsAcceptor::from(server)
            .accept(tcp)
            .await
            .map_err(|error| error.to_string())?;
        let mut read = [0_u8; 4];
        stream
            .read_exact(&mut read)
            .await
            .map_err(|error| error.to_string())?;
        stream
            .write_all(&read)
            .await
            .map_err(|error| error.to_string())?;
        stream.shutdown().await.map_err(|error| error.to_string())
    }
    .await;
    let got = calling.await.unwrap();
    assert_eq!(served.is_ok(), got.is_ok(), "{served:?} {got:?}");
    served
}

#[tokio::test]
async fn only_tls_1_3_with_a_certificate_and_a_known_group_gets_in() {
    let two = two();
    let caller = |version, groups, certificate| OpensslClient {
        version,
        groups,
        certificate,
    };
    let tls13 = SslVersion::TLS1_3;
    assert_eq!(called(&two, caller(tls13, "X25519", true)).await, Ok(()));
    assert_eq!(called(&two, caller(tls13, "P-256", true)).await, Ok(()));
    let none = called(&two, caller(tls13, "X25519", false)).await;
    assert!(none.unwrap_err().contains("no certificates"));
    let group = called(&two, caller(tls13, "P-521", true)).await;
    assert!(group.unwrap_err().contains("NoKxGroupsInCommon"));
    let old = called(&two, caller(SslVersion::TLS1_2, "X25519", true)).await;
    assert_eq!(
        old,
        Err("peer is incompatible: SupportedVersionsExtensionRequired".to_owned())
    );
}
