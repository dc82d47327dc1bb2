//! Tests: connections that prove nothing, or are not used, lock out no others.

use crate::peer::client::{PeerClient, PeerEndpoint};
use crate::peer::settings::{TransportSettings, UnprovenBounds};
use crate::peer::testing::{TestPeerHandler, TestProvider, expect_soon, munster_id};
use crate::peer_handler::RejectedConnection;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::greeting::PeerGreeting;
use rustls_pki_types::ServerName;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn few() -> TransportSettings {
    TransportSettings {
        unproven: UnprovenBounds {
            each: 8,
            strangers: 8,
            members: 8,
        },
        ..TransportSettings::default()
    }
}

fn greeting() -> PeerGreeting {
    PeerGreeting {
        versions: [1].into(),
        program: "hansa".to_owned(),
        bundle_sequence: 0,
        bundle: None,
        head: None,
        gossiped_heads: Vec::new(),
    }
}

async fn hello_from(endpoint: PeerEndpoint) -> Result<PeerGreeting, Refusal> {
    expect_soon(PeerClient::connect(endpoint))
        .await?
        .hello(&greeting())
        .await
}

/// Connection of a member without a request.
async fn idle(city: &TestProvider) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(city.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let config = (city.endpoint().tls)();
    TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

/// Waits until the other end closes.
async fn over(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut read = [0_u8; 4096];
    expect_soon(async { while matches!(stream.read(&mut read).await, Ok(1..)) {} }).await;
}

#[tokio::test]
async fn silent_connections_make_way_for_members() {
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), few()).await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        for _ in 0..40 {
            silent.push(TcpStream::connect(city.address).await.unwrap());
        }
        assert!(hello_from(city.endpoint()).await.is_ok());
    }
    let rejected = expect_soon(async { city.handler.rejections.1.lock().await.recv().await }).await;
    assert_eq!(rejected, Some(RejectedConnection::Crowded));
    for mut one in silent.drain(..100) {
        over(&mut one).await;
    }
}

#[tokio::test]
async fn who_says_nothing_over_a_connection_loses_it() {
    let settings = TransportSettings {
        first_message: Duration::from_secs(2),
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let mut stranger = TcpStream::connect(city.address).await.unwrap();
    let mut member = idle(&city).await;
    over(&mut stranger).await;
    over(&mut member).await;
    assert!(hello_from(city.endpoint()).await.is_ok());
}

#[tokio::test]
async fn one_participant_holds_so_many_connections_and_is_told_so() {
    let settings = TransportSettings {
        party_connections: 2,
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let (first, second) = (city.connect().await, city.connect().await);
    let refusal = hello_from(city.endpoint()).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TooManyConnections);
    assert_eq!(refusal.participant, Some(munster_id()));
    assert_eq!(
        refusal.sentence,
        "tallinn.example has 2 connections here, the most that it may have"
    );
    assert!(!refusal.help.is_empty());
    let rejected = expect_soon(async { city.handler.rejections.1.lock().await.recv().await }).await;
    assert_eq!(rejected, Some(RejectedConnection::TooMany));
    // Open connections are served, the message stream has its own connection, and strangers learn nothing.
    assert!(expect_soon(second.hello(&greeting())).await.is_ok());
    let inbox = expect_soon(second.open_inbox(0, false))
        .await
        .err()
        .unwrap();
    assert_eq!(inbox.code, ErrorCode::TooManyConnections);
    let stranger = hello_from(city.way_of_a_stranger()).await.unwrap_err();
    assert_eq!(stranger.code, ErrorCode::PeerNotTrusted);
    drop(first);
    // A dropped connection is noticed soon, not at once.
    let again = async {
        while hello_from(city.endpoint()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    expect_soon(again).await;
}

/// A refused connection is not waited for, and takes no place, even if the refusal is not read.
#[tokio::test]
async fn refused_connections_keep_nobody_out() {
    let settings = TransportSettings {
        party_connections: 1,
        connections: 1,
        ..few()
    };
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let member = city.connect().await;
    let mut unread = Vec::new();
    for _ in 0..40 {
        unread.push(idle(&city).await);
    }
    // The provider has closed each of them, and the refusal is readable.
    for mut one in unread {
        let mut read = Vec::new();
        expect_soon(one.read_to_end(&mut read)).await.unwrap();
        assert!(
            read.windows(20)
                .any(|words| words == b"TOO_MANY_CONNECTIONS")
        );
    }
    assert!(expect_soon(member.hello(&greeting())).await.is_ok());
}
