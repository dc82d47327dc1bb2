//! Tests with real handshakes over real sockets: accepted and refused ones, and changes while connections are open.

use super::{
    TrustStore, attest_certificate, check_listener, client_config, refusal_within, server_config,
};
use crate::bundle::TrustBundle;
use crate::league_fixture::{DAY, LeagueFixture, start_time};
use crate::participant_identity::{self, ParticipantIdentity};
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion, ServerConfig};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

mod authority_constraints;
mod forged_certificates;
mod openssl_client;

type MutualHandshake = (
    std::io::Result<server::TlsStream<TcpStream>>,
    std::io::Result<client::TlsStream<TcpStream>>,
);

pub(super) fn clock_at(now: UtcTimestamp) -> Clock {
    Arc::new(move || ClockReading {
        wall: now,
        mono_ns: 0,
    })
}

pub(super) async fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
    dialled: &str,
) -> MutualHandshake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (there, here) = tokio::join!(
        TcpStream::connect(listener.local_addr().unwrap()),
        listener.accept()
    );
    let name = ServerName::try_from(dialled.to_owned()).unwrap();
    tokio::join!(
        TlsAcceptor::from(Arc::clone(server)).accept(here.unwrap().0),
        TlsConnector::from(Arc::clone(client)).connect(name, there.unwrap())
    )
}

/// Refusal of one of the own checks.
#[track_caller]
pub(super) fn refused<T>(end: std::io::Result<T>) -> Refusal {
    let Err(error) = end else {
        panic!("the handshake went through")
    };
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .unwrap_or_else(|| panic!("no error of TLS: {error}"));
    refusal_within(inner)
        .cloned()
        .unwrap_or_else(|| panic!("another error of TLS: {inner}"))
}

pub(super) struct HandshakeFixture {
    pub(super) sample: LeagueFixture,
    pub(super) munster: ParticipantIdentity,
    pub(super) ottawa: ParticipantIdentity,
    /// Bundle in force, where it is not the league's newest.
    pub(super) bundle: Option<TrustBundle>,
}

pub(super) fn two() -> HandshakeFixture {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let ottawa = sample.admit("ottawa.example", start_time());
    HandshakeFixture {
        sample,
        munster,
        ottawa,
        bundle: None,
    }
}

impl HandshakeFixture {
    /// Store of a participant, with the bundle in force.
    pub(super) fn store(&self, identity: &ParticipantIdentity) -> Arc<TrustStore> {
        let store = TrustStore::new(identity);
        let newest = || self.sample.league.bundle().clone();
        store
            .swap_bundle(self.bundle.clone().unwrap_or_else(newest))
            .unwrap();
        store
    }

    /// Server configuration of Münster.
    pub(super) fn server(&self, now: UtcTimestamp) -> Arc<ServerConfig> {
        server_config(&self.store(&self.munster), &clock_at(now)).unwrap()
    }

    /// Client configuration of Ottawa for `expected`.
    pub(super) fn client(&self, expected: &str, now: UtcTimestamp) -> Arc<ClientConfig> {
        let expected: ParticipantId = expected.parse().unwrap();
        client_config(&self.store(&self.ottawa), &expected, &clock_at(now)).unwrap()
    }
}

#[tokio::test]
async fn participants_meet_with_post_quantum_keys_and_know_each_other() {
    let two = two();
    let (here, there) = handshake(
        &two.server(start_time()),
        &two.client("munster.example", start_time()),
        "hansa.munster.example",
    )
    .await;
    let (here, there) = (here.unwrap(), there.unwrap());
    for group in [
        here.get_ref().1.negotiated_key_exchange_group(),
        there.get_ref().1.negotiated_key_exchange_group(),
    ] {
        assert_eq!(group.unwrap().name(), NamedGroup::X25519MLKEM768);
    }
    let connection = here.get_ref().1;
    assert_eq!(
        connection.protocol_version(),
        Some(ProtocolVersion::TLSv1_3)
    );
    assert_eq!(connection.alpn_protocol(), Some(&b"h2"[..]));

    let store = two.store(&two.munster);
    let presented = attest_certificate(&store, connection, start_time()).unwrap();
    let peer = store.recognise_caller(&presented, start_time()).unwrap();
    assert_eq!(peer.id(), &two.ottawa.id);
    assert_eq!(peer.certificate(), Some(two.ottawa.chain.leaf().digest));
    let asking = two.store(&two.ottawa);
    check_listener(&asking, &two.munster.id, there.get_ref().1, start_time()).unwrap();
    let other = check_listener(&asking, &two.ottawa.id, there.get_ref().1, start_time());
    assert_eq!(other.unwrap_err().code, ErrorCode::PeerNotTrusted);
    assert!(
        rustls::crypto::CryptoProvider::get_default().is_none(),
        "nothing is set for the whole process"
    );
}

#[tokio::test]
async fn every_handshake_is_a_full_one() {
    let two = two();
    let server = two.server(start_time());
    let client = two.client("munster.example", start_time());
    for _ in 0..3 {
        let (here, there) = handshake(&server, &client, "munster.example").await;
        let (mut here, mut there) = (here.unwrap(), there.unwrap());
        // Session tickets would arrive with the first bytes.
        here.write_all(b"rows").await.unwrap();
        here.flush().await.unwrap();
        let mut read = [0_u8; 4];
        there.read_exact(&mut read).await.unwrap();
        assert_eq!(
            there.get_ref().1.handshake_kind(),
            Some(HandshakeKind::Full)
        );
        assert_eq!(there.get_ref().1.tls13_tickets_received(), 0);
    }
}

#[tokio::test]
async fn the_one_who_answers_is_the_one_who_was_meant() {
    let two = two();
    let server = two.server(start_time());
    let lines = [
        ("munster.example", "munster.example", true),
        ("munster.example", "hansa.munster.example", true),
        ("munster.example", "127.0.0.1", true),
        ("munster.example", "elsewhere.example", false),
        ("munster.example", "x.hansa.munster.example", false),
        ("ottawa.example", "127.0.0.1", false),
        ("ottawa.example", "munster.example", false),
    ];
    for (expected, dialled, good) in lines {
        let client = two.client(expected, start_time());
        let (_, there) = handshake(&server, &client, dialled).await;
        if good {
            assert!(there.is_ok(), "{expected} {dialled}");
        } else {
            assert_eq!(
                refused(there).code,
                ErrorCode::PeerNotTrusted,
                "{expected} {dialled}"
            );
        }
    }
}

#[tokio::test]
async fn the_time_is_that_of_the_clock_that_was_passed() {
    let two = two();
    let later = start_time().plus_micros(7 * DAY);
    let early = start_time().plus_micros(-DAY);
    let expired = handshake(
        &two.server(later),
        &two.client("munster.example", start_time()),
        "127.0.0.1",
    )
    .await;
    // A specific alert tells the caller the reason; in TLS 1.3 it arrives after the caller's handshake.
    let here = format!("{:?}", expired.0.unwrap_err());
    assert!(here.contains("InvalidCertificate(Expired)"), "{here}");
    let text = expired.1.unwrap().read_u8().await.unwrap_err().to_string();
    assert!(text.contains("CertificateExpired"), "{text}");
    let expired = handshake(
        &two.server(start_time()),
        &two.client("munster.example", later),
        "127.0.0.1",
    )
    .await;
    assert_eq!(refused(expired.1).code, ErrorCode::CertificateExpired);
    let ahead = handshake(
        &two.server(early),
        &two.client("munster.example", start_time()),
        "127.0.0.1",
    )
    .await;
    assert_eq!(refused(ahead.0).code, ErrorCode::PeerNotTrusted);
    let over = start_time().plus_micros(30 * DAY);
    let bundle_over = handshake(
        &two.server(over),
        &two.client("munster.example", start_time()),
        "127.0.0.1",
    )
    .await;
    assert_eq!(refused(bundle_over.0).code, ErrorCode::BundleInvalid);
}

#[tokio::test]
async fn another_league_does_not_get_in() {
    let two = two();
    let mut foreign = LeagueFixture::new();
    let impostor = foreign.admit("ottawa.example", start_time());
    let theirs = TrustStore::new(&impostor);
    let client = client_config(&theirs, &two.munster.id, &clock_at(start_time())).unwrap();
    let (_, there) = handshake(&two.server(start_time()), &client, "127.0.0.1").await;
    assert_eq!(refused(there).code, ErrorCode::PeerNotTrusted);

    let server = server_config(&theirs, &clock_at(start_time())).unwrap();
    let client = two.client("ottawa.example", start_time());
    let (_, there) = handshake(&server, &client, "127.0.0.1").await;
    assert_eq!(refused(there).code, ErrorCode::PeerNotTrusted);
}

#[tokio::test]
async fn an_expelled_participant_is_out_on_its_open_connection() {
    let mut two = two();
    let store = two.store(&two.munster);
    let server = server_config(&store, &clock_at(start_time())).unwrap();
    let client = two.client("munster.example", start_time());
    let (here, _there) = handshake(&server, &client, "127.0.0.1").await;
    let here = here.unwrap();
    let presented = attest_certificate(&store, here.get_ref().1, start_time()).unwrap();
    assert!(store.recognise_caller(&presented, start_time()).is_ok());

    let ottawa = two.ottawa.id.clone();
    two.sample.league.expel(&ottawa, start_time()).unwrap();
    store
        .swap_bundle(two.sample.league.bundle().clone())
        .unwrap();
    let out = store
        .recognise_caller(&presented, start_time())
        .unwrap_err();
    assert_eq!(out.code, ErrorCode::PeerNotTrusted);
    let out = attest_certificate(&store, here.get_ref().1, start_time()).unwrap_err();
    assert_eq!(out.code, ErrorCode::PeerNotTrusted);
    let (again, _) = handshake(&server, &client, "127.0.0.1").await;
    assert_eq!(refused(again).code, ErrorCode::PeerNotTrusted);
}

#[tokio::test]
async fn recognition_ends_with_the_certificate_and_with_the_bundle() {
    let two = two();
    let store = two.store(&two.munster);
    let server = two.server(start_time());
    let client = two.client("munster.example", start_time());
    let (here, _there) = handshake(&server, &client, "127.0.0.1").await;
    let here = here.unwrap();
    let presented = attest_certificate(&store, here.get_ref().1, start_time()).unwrap();
    let at = |days: i64| {
        store
            .recognise_caller(&presented, start_time().plus_micros(days * DAY))
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(at(6), Ok(()));
    assert_eq!(at(7), Err(ErrorCode::CertificateExpired));
    assert_eq!(at(30), Err(ErrorCode::BundleInvalid));
}

#[tokio::test]
async fn certificates_are_swapped_without_dropping_a_connection() {
    let mut two = two();
    let store = two.store(&two.munster);
    let server = server_config(&store, &clock_at(start_time())).unwrap();
    let client = two.client("munster.example", start_time());
    let (here, there) = handshake(&server, &client, "127.0.0.1").await;
    let (mut here, mut there) = (here.unwrap(), there.unwrap());

    let files = two.sample.files("munster.example");
    let applicant = LeagueFixture::applicant("munster.example");
    let request = participant_identity::write_request(&files, &applicant).unwrap();
    let renewed = two.sample.league.admit(&request, 7, start_time()).unwrap();
    participant_identity::install_join_file(
        &files,
        &two.munster.id,
        &renewed.join.to_bytes(),
        start_time(),
    )
    .unwrap();
    let renewed =
        participant_identity::load_identity(&files, &two.munster.id, 0, start_time()).unwrap();
    store.replace_identity(&renewed).unwrap();
    // A fourth participant, unknown when the configuration was made, is accepted by it.
    let lisbon = two.sample.admit("lisbon.example", start_time());
    store
        .swap_bundle(two.sample.league.bundle().clone())
        .unwrap();

    here.write_all(b"still here").await.unwrap();
    here.flush().await.unwrap();
    let mut read = [0_u8; 10];
    there.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"still here");

    let theirs = TrustStore::new(&lisbon);
    let client = client_config(&theirs, &two.munster.id, &clock_at(start_time())).unwrap();
    let (here, there) = handshake(&server, &client, "127.0.0.1").await;
    let presented = attest_certificate(&store, here.unwrap().get_ref().1, start_time()).unwrap();
    let peer = store.recognise_caller(&presented, start_time()).unwrap();
    assert_eq!(peer.id(), &lisbon.id);
    let there = there.unwrap();
    let shown = there.get_ref().1.peer_certificates().unwrap();
    assert_eq!(shown, renewed.certified.cert.as_slice());
    assert_ne!(shown, two.munster.certified.cert.as_slice());
}

#[test]
fn the_own_certificate_says_when_it_is_over() {
    let two = two();
    let store = two.store(&two.munster);
    let leaf = store.own_certificate(start_time()).unwrap();
    assert_eq!(leaf.not_after, start_time().plus_micros(7 * DAY));
    let over = store.own_certificate(leaf.not_after).unwrap_err();
    assert_eq!(over.code, ErrorCode::CertificateExpired);
}

#[test]
fn the_newest_of_many_bundles_stays_in_use_and_in_the_file() {
    let mut two = two();
    let store = two.store(&two.munster);
    let files = two.sample.files("munster.example");
    let mut shown = Vec::new();
    for _ in 0..8 {
        shown.push(two.sample.league.export_bundle(start_time()).unwrap());
    }
    let newest = two.sample.league.bundle().content().sequence;
    std::thread::scope(|scope| {
        for bytes in shown.iter().rev().chain(&shown) {
            scope.spawn(|| store.take_newer(&files, bytes, start_time()).unwrap());
        }
    });
    assert_eq!(store.bundle().content().sequence, newest);
    let again =
        participant_identity::load_identity(&files, &two.munster.id, newest, start_time()).unwrap();
    assert_eq!(again.bundle.content().sequence, newest);
    let old = store.take_newer(&files, &shown[0], start_time()).unwrap();
    assert!(old.is_none());
    let foreign = LeagueFixture::new().league.bundle().to_bytes();
    let other = store
        .take_newer(&files, &foreign, start_time())
        .unwrap_err();
    assert_eq!(other.code, ErrorCode::WrongLeague);
}

#[test]
fn a_store_goes_neither_back_nor_elsewhere() {
    let two = two();
    let store = two.store(&two.munster);
    let older = store.replace_identity(&two.munster).unwrap_err();
    assert_eq!(
        older.code,
        ErrorCode::BundleInvalid,
        "made before ottawa came"
    );
    let other = store.replace_identity(&two.ottawa).unwrap_err();
    assert_eq!(other.code, ErrorCode::KeyInvalid);
    let foreign = LeagueFixture::new();
    let other = store
        .swap_bundle(foreign.league.bundle().clone())
        .unwrap_err();
    assert_eq!(other.code, ErrorCode::WrongLeague);
}
