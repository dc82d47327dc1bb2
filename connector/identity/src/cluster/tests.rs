//! Tests with real handshakes between a connector and its workers: accepted and refused ones.

use super::{
    admit_worker, caller_name, client_config, connector_config, create_cluster, server_name,
    worker_config,
};
use crate::league::certificate_issuance;
use crate::league_fixture::{DAY, start_time};
use crate::participant_identity::read_certificates;
use crate::pem;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::ErrorCode;
use rcgen::{
    BasicConstraints, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::{CertificateError, ClientConfig, Error, HandshakeKind, ProtocolVersion, ServerConfig};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

type MemoryStream = tokio::io::DuplexStream;
type ClusterHandshake = (
    std::io::Result<server::TlsStream<MemoryStream>>,
    std::io::Result<client::TlsStream<MemoryStream>>,
);

fn name(text: &str) -> SqlIdentifier {
    text.parse().unwrap()
}

fn clock_at(now: UtcTimestamp) -> Clock {
    Arc::new(move || ClockReading {
        wall: now,
        mono_ns: 0,
    })
}

/// Cluster with the workers `one` and `two`.
fn cluster() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    create_cluster(folder.path(), start_time()).unwrap();
    for worker in ["one", "two"] {
        admit_worker(folder.path(), &name(worker), start_time()).unwrap();
    }
    folder
}

/// Folder with the authority of one cluster, and a certificate and a key of `from` under another name.
fn posing(authority: &Path, from: &Path, as_made: &str, as_shown: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(authority.join("ca.crt"), folder.path().join("ca.crt")).unwrap();
    for kind in ["crt", "key"] {
        std::fs::copy(
            from.join(format!("{as_made}.{kind}")),
            folder.path().join(format!("{as_shown}.{kind}")),
        )
        .unwrap();
    }
    folder
}

fn connector(folder: &Path) -> Arc<ClientConfig> {
    connector_config(folder, &clock_at(start_time())).unwrap()
}

fn worker(folder: &Path, worker: &str) -> Arc<ServerConfig> {
    worker_config(folder, &name(worker), &clock_at(start_time())).unwrap()
}

async fn handshake(
    worker: &Arc<ServerConfig>,
    connector: &Arc<ClientConfig>,
    expected: &str,
) -> ClusterHandshake {
    let (here, there) = tokio::io::duplex(1 << 16);
    tokio::join!(
        TlsAcceptor::from(Arc::clone(worker)).accept(here),
        TlsConnector::from(Arc::clone(connector))
            .connect(server_name(&name(expected)).unwrap(), there)
    )
}

/// Reason why an end refused the presented certificate.
#[track_caller]
fn refused<T>(end: std::io::Result<T>) -> CertificateError {
    let Err(error) = end else {
        panic!("the handshake went through")
    };
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(fault)) => fault.clone(),
        _ => panic!("another error: {error}"),
    }
}

#[tokio::test]
async fn the_connector_reaches_its_worker_and_nothing_is_taken_up_again() {
    let folder = cluster();
    // The machine of a worker has three files.
    let machine = posing(folder.path(), folder.path(), "one", "one");
    let (worker, connector) = (worker(machine.path(), "one"), connector(folder.path()));
    for _ in 0..2 {
        let (here, there) = handshake(&worker, &connector, "one").await;
        let (here, there) = (here.unwrap(), there.unwrap());
        let (here, there) = (here.get_ref().1, there.get_ref().1);
        assert_eq!(here.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(here.alpn_protocol(), Some(&b"h2"[..]));
        assert_ne!(there.handshake_kind(), Some(HandshakeKind::Resumed));
        assert_eq!(here.peer_certificates().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_refused() {
    let folder = cluster();
    let (authority, _) = super::read_roots(folder.path()).unwrap();
    let mut stranger = ClientConfig::builder_with_provider(Arc::new(super::crypto_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(authority)
        .with_no_client_auth();
    stranger.alpn_protocols = vec![b"h2".to_vec()];
    stranger.time_provider = Arc::new(super::TlsClock(clock_at(start_time())));
    let (here, _there) = handshake(&worker(folder.path(), "one"), &Arc::new(stranger), "one").await;
    let error = here.unwrap_err();
    let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(*inner, Error::NoCertificatesPresented);
}

#[tokio::test]
async fn who_connects_is_known_by_the_certificate() {
    let folder = cluster();
    let from =
        |machine: &Path, file: &str| client_config(machine, file, &clock_at(start_time())).unwrap();
    // A worker that poses as the connector is recognised as a worker.
    let posing = posing(folder.path(), folder.path(), "two", "connector");
    for (client, known) in [
        (from(folder.path(), "connector"), None),
        (from(folder.path(), "two"), Some("two.worker.invalid")),
        (connector(posing.path()), Some("two.worker.invalid")),
    ] {
        let (here, _there) = handshake(&worker(folder.path(), "one"), &client, "one").await;
        let here = here.unwrap();
        let certificate = &here.get_ref().1.peer_certificates().unwrap()[0];
        assert_eq!(caller_name(certificate).unwrap().as_deref(), known);
    }
}

/// Reason why the connector does not accept this certificate for the worker `one`.
async fn posing_as_one(folder: &Path, who: &str) -> CertificateError {
    let posing = posing(folder, folder, who, "one");
    let listener = worker(posing.path(), "one");
    let (_here, there) = handshake(&listener, &connector(folder), "one").await;
    refused(there)
}

#[tokio::test]
async fn the_connector_is_no_worker() {
    let folder = cluster();
    assert!(matches!(
        posing_as_one(folder.path(), "connector").await,
        CertificateError::InvalidPurpose
            | CertificateError::InvalidPurposeContext { .. }
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
    ));
}

#[tokio::test]
async fn one_worker_does_not_answer_for_another() {
    let folder = cluster();
    assert!(matches!(
        posing_as_one(folder.path(), "two").await,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    ));
}

/// Folder of the cluster in which a file contains another certificate of its authority, made for this test.
fn spoilt(
    folder: &Path,
    file: &str,
    usage: ExtendedKeyUsagePurpose,
    names: &[&str],
    between: bool,
) -> TempDir {
    let machine = posing(folder, folder, file, file);
    let signer = pem::key_pair(&folder.join("ca.key")).unwrap();
    let authority = read_certificates(&folder.join("ca.crt")).unwrap();
    let root = Issuer::from_ca_cert_der(&authority[0], &signer).unwrap();
    let until = start_time().plus_micros(DAY);
    let mut chain = Vec::new();
    let key = pem::key_pair(&machine.path().join(format!("{file}.key"))).unwrap();
    let mut params = certificate_issuance::certificate_params(start_time(), until);
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![usage.clone()];
    for name in names {
        let name = (*name).to_owned().try_into().unwrap();
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    if between {
        let middle = KeyPair::generate().unwrap();
        let mut above = certificate_issuance::certificate_params(start_time(), until);
        above.distinguished_name.push(DnType::CommonName, "between");
        above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        above.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        above.extended_key_usages = vec![usage];
        chain.push(above.signed_by(&middle, &root).unwrap().der().clone());
        let made = params.signed_by(&key, &Issuer::from_params(&above, &middle));
        chain.insert(0, made.unwrap().der().clone());
    } else {
        chain.push(params.signed_by(&key, &root).unwrap().der().clone());
    }
    let path = machine.path().join(format!("{file}.crt"));
    std::fs::write(path, pem::encode_certificates(&chain)).unwrap();
    machine
}

#[tokio::test]
async fn a_certificate_of_the_cluster_holds_its_own_name_alone_and_comes_from_its_authority() {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let folder = cluster();
    let (one, two) = ("one.worker.invalid", "two.worker.invalid");
    let workers: [(&[&str], bool, bool); 3] = [
        (&[one], false, true),
        (&[one, two], false, false),
        (&[one], true, false),
    ];
    for (names, between, good) in workers {
        let machine = spoilt(folder.path(), "one", ServerAuth, names, between);
        let (worker, connector) = (worker(machine.path(), "one"), connector(folder.path()));
        let (_here, there) = handshake(&worker, &connector, "one").await;
        assert_eq!(there.is_ok(), good, "{names:?} {between}");
    }
    let connectors: [(&[&str], bool, bool); 5] = [
        (&[], false, true),
        // A worker's certificate, whatever the name of its file.
        (&[one], false, true),
        (&[one, two], false, false),
        (&["one.example"], false, false),
        (&[], true, false),
    ];
    for (names, between, good) in connectors {
        let machine = spoilt(folder.path(), "connector", ClientAuth, names, between);
        let (worker, connector) = (worker(folder.path(), "one"), connector(machine.path()));
        let (here, _there) = handshake(&worker, &connector, "one").await;
        assert_eq!(here.is_ok(), good, "{names:?} {between}");
    }
}

#[tokio::test]
async fn another_cluster_is_refused_at_either_end() {
    let (ours, theirs) = (cluster(), cluster());
    let (_here, there) = handshake(
        &worker(
            posing(ours.path(), theirs.path(), "one", "one").path(),
            "one",
        ),
        &connector(ours.path()),
        "one",
    )
    .await;
    assert_eq!(refused(there), CertificateError::UnknownIssuer);
    let caller = posing(ours.path(), theirs.path(), "connector", "connector");
    let (here, _there) = handshake(
        &worker(ours.path(), "one"),
        &connector(caller.path()),
        "one",
    )
    .await;
    assert_eq!(refused(here), CertificateError::UnknownIssuer);
}

#[tokio::test]
async fn a_certificate_ends_after_two_years_at_either_end() {
    let folder = cluster();
    let moved = Arc::new(AtomicI64::new(0));
    let still = clock_at(start_time());
    let moving: Clock = {
        let moved = Arc::clone(&moved);
        Arc::new(move || ClockReading {
            wall: start_time().plus_micros(moved.load(Ordering::Relaxed)),
            mono_ns: 0,
        })
    };
    let one = name("one");
    let worker = |clock: &Clock| worker_config(folder.path(), &one, clock).unwrap();
    let connector = |clock: &Clock| connector_config(folder.path(), clock).unwrap();
    let (worker, late_worker) = (worker(&still), worker(&moving));
    let (connector, late_connector) = (connector(&still), connector(&moving));

    moved.store(729 * DAY, Ordering::Relaxed);
    assert!(handshake(&late_worker, &connector, "one").await.0.is_ok());
    assert!(handshake(&worker, &late_connector, "one").await.1.is_ok());
    moved.store(731 * DAY, Ordering::Relaxed);
    let (here, _there) = handshake(&late_worker, &connector, "one").await;
    let (_here, there) = handshake(&worker, &late_connector, "one").await;
    for fault in [refused(here), refused(there)] {
        assert!(matches!(
            fault,
            CertificateError::Expired | CertificateError::ExpiredContext { .. }
        ));
    }

    let over = connector_config(folder.path(), &moving).unwrap_err();
    assert_eq!(over.code, ErrorCode::CertificateExpired);
    let over = worker_config(folder.path(), &one, &moving).unwrap_err();
    assert_eq!(over.code, ErrorCode::CertificateExpired);
    // The authority is valid longer: a worker is admitted again.
    let now = moving().wall;
    assert!(admit_worker(folder.path(), &name("three"), now).is_ok());
    let late = start_time().plus_micros(3651 * DAY);
    let over = admit_worker(folder.path(), &name("four"), late).unwrap_err();
    assert_eq!(over.code, ErrorCode::CertificateExpired);
    assert!(!folder.path().join("four.key").exists());
}

#[test]
fn nothing_is_written_over() {
    let folder = cluster();
    let before = std::fs::read(folder.path().join("ca.key")).unwrap();
    let again = create_cluster(folder.path(), start_time()).unwrap_err();
    assert_eq!(again.code, ErrorCode::FileExists);
    for (worker, code) in [
        ("one", ErrorCode::FileExists),
        ("ca", ErrorCode::UsageWrong),
        ("connector", ErrorCode::UsageWrong),
        ("three_", ErrorCode::UsageWrong),
    ] {
        let refusal = admit_worker(folder.path(), &name(worker), start_time()).unwrap_err();
        assert_eq!(refusal.code, code, "{worker}");
    }
    // Only the key is missing: the certificate stays, and no other key is created for it.
    std::fs::remove_file(folder.path().join("one.key")).unwrap();
    let half = admit_worker(folder.path(), &name("one"), start_time()).unwrap_err();
    assert_eq!(half.code, ErrorCode::FileExists);
    assert!(!folder.path().join("one.key").exists());
    assert_eq!(std::fs::read(folder.path().join("ca.key")).unwrap(), before);
    let empty = tempfile::tempdir().unwrap();
    let none = admit_worker(empty.path(), &name("one"), start_time()).unwrap_err();
    assert_eq!(none.code, ErrorCode::FileMissing);
}

#[test]
fn keys_are_the_owners_alone() {
    let folder = cluster();
    for key in ["ca", "connector", "one"] {
        let mode = std::fs::metadata(folder.path().join(format!("{key}.key")))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let open = folder.path().join("one.key");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refusal = worker_config(folder.path(), &name("one"), &clock_at(start_time())).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KeyFilePermissions);
}

#[test]
fn names_stay_apart() {
    let named = |text: &str| server_name(&name(text)).map(|name| name.to_str().into_owned());
    assert_eq!(named("a_b").unwrap(), "a-b.worker.invalid");
    assert_eq!(named("a__b").unwrap(), "a--b.worker.invalid");
    assert_eq!(named(&"a".repeat(63)).unwrap().len(), 63 + 15);
    assert_eq!(named("a_").unwrap_err().code, ErrorCode::UsageWrong);
}
