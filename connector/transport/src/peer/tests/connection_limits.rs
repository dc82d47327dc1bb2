//! Connections that prove nothing, or are not used, keep nobody else out.

use crate::peer::client::{PeerClient, PeerEndpoint};
use crate::peer::settings::{TransportSettings, UnprovenBounds};
use crate::peer::testing::{TestPeerHandler, TestProvider, munster, soon};
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

async fn hello_from(endpoint: PeerEndpoint) -> Result<PeerGreeting, Refusal> {
    let greeting = PeerGreeting {
        versions: [1].into(),
        program: "hansa".to_owned(),
        bundle_sequence: 0,
        bundle: None,
        head: None,
        gossiped_heads: Vec::new(),
    };
    soon(PeerClient::connect(endpoint))
        .await?
        .hello(&greeting)
        .await
}

/// A member's connection over which nothing is asked.
async fn idle(city: &TestProvider) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(city.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let config = (city.endpoint().tls)();
    TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

/// Until the other end hangs up.
async fn over(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut read = [0_u8; 4096];
    soon(async { while matches!(stream.read(&mut read).await, Ok(1..)) {} }).await;
}

#[tokio::test]
async fn silent_connections_make_way_for_members() {
    let city = TestProvider::start_with(TestPeerHandler::mute(), few()).await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        for _ in 0..40 {
            silent.push(TcpStream::connect(city.address).await.unwrap());
        }
        assert!(hello_from(city.endpoint()).await.is_ok());
    }
    let rejected = soon(async { city.handler.knocks.1.lock().await.recv().await }).await;
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
    let city = TestProvider::start_with(TestPeerHandler::mute(), settings).await;
    let mut stranger = TcpStream::connect(city.address).await.unwrap();
    let mut member = idle(&city).await;
    over(&mut stranger).await;
    over(&mut member).await;
    assert!(hello_from(city.endpoint()).await.is_ok());
}

#[tokio::test]
async fn one_participant_holds_so_many_connections_and_no_more() {
    let settings = TransportSettings {
        party_connections: 2,
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(TestPeerHandler::mute(), settings).await;
    let (first, _second) = (city.connect().await, city.connect().await);
    let refusal = hello_from(city.endpoint()).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
    assert_eq!(refusal.participant, Some(munster()));
    drop(first);
    // What is dropped is seen soon, not at once.
    let again = async {
        while hello_from(city.endpoint()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(again).await;
}
