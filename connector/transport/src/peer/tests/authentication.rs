//! Tests of accepted and refused callers.

use crate::peer::client::{PeerClient, PeerEndpoint};
use crate::peer::listen_patience::ListenPatience;
use crate::peer::settings::TransportSettings;
use crate::peer::testing::{TestPeerHandler, TestProvider, answer_frames, expect_soon, munster_id};
use crate::peer_handler::AnswerStreamFrame;
use crate::peer_handler::RejectedConnection;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{Action, FlightDescriptor, Ticket};
use futures::StreamExt as _;
use hansa_policy::peer::Roster;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::greeting::PeerGreeting;
use hansa_proto::peer::message::{
    InboxItem, MessageContent, PeerMessage, PeerMessageId, SequencedMessage,
};
use hansa_proto::peer::pb;
use hansa_proto::peer::pb::peer_client;
use hansa_test_support::free_ports::find_free_ports;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tonic::Request;
use tonic::codec::CompressionEncoding;

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

fn hello() -> pb::HelloRequest {
    pb::HelloRequest {
        greeting: Some(hansa_proto::peer::greeting::to_wire(&greeting())),
    }
}

async fn hello_from(endpoint: PeerEndpoint) -> Result<PeerGreeting, Refusal> {
    expect_soon(PeerClient::connect(endpoint))
        .await?
        .hello(&greeting())
        .await
}

#[tokio::test]
async fn a_member_is_asked_anew_at_every_request() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let client = city.connect().await;
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    *city.handler.roster.lock().unwrap() = Roster::default();
    let refusal = expect_soon(client.hello(&greeting())).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerNotTrusted);
    assert_eq!(city.handler.refusal_count(), 1);
    assert!(city.handler.rejections.1.lock().await.try_recv().is_err());
}

async fn next(
    inbox: &mut (impl futures::Stream<Item = Result<InboxItem, Refusal>> + Unpin),
) -> SequencedMessage {
    match expect_soon(inbox.next()).await.unwrap().unwrap() {
        InboxItem::Message(numbered) => numbered,
        InboxItem::Unreadable(unreadable) => panic!("{}", unreadable.cause),
    }
}

#[tokio::test]
async fn an_expelled_member_gets_no_more_messages() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let numbered = |number| SequencedMessage {
        number,
        message: PeerMessage {
            id: PeerMessageId([1; 16]),
            content: MessageContent::Withdrawal {
                statement: "statement".into(),
            },
        },
    };
    city.handler.outbox.lock().unwrap().push(numbered(1));
    let client = city.connect().await;
    let mut inbox = expect_soon(client.open_inbox(0, false)).await.unwrap();
    assert_eq!(next(&mut inbox).await, numbered(1));
    city.handler.late.send(numbered(2)).unwrap();
    assert_eq!(next(&mut inbox).await, numbered(2));
    *city.handler.roster.lock().unwrap() = Roster::default();
    city.handler.late.send(numbered(3)).unwrap();
    let refusal = expect_soon(inbox.next()).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerNotTrusted);
    assert!(expect_soon(inbox.next()).await.is_none());
}

/// Resets this many connections before any byte is sent on them, and forwards later ones to `to`. The counter counts all
/// connections.
async fn resetting_relay(to: SocketAddr, resets: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            if count.fetch_add(1, Ordering::SeqCst) < resets {
                // A connection that is closed with unread bytes is reset.
                near.readable().await.unwrap();
                continue;
            }
            let mut far = TcpStream::connect(to).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (address, came)
}

#[tokio::test]
async fn a_connection_that_is_reset_before_anything_is_said_is_begun_again() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    for (resets, taken, connections) in [(2, true, 3), (9, false, 4)] {
        let (relay, came) = resetting_relay(city.address, resets).await;
        let endpoint = PeerEndpoint {
            port: relay.port(),
            ..city.endpoint()
        };
        let greeted = hello_from(endpoint).await;
        assert_eq!(greeted.is_ok(), taken, "{greeted:?}");
        if let Err(refusal) = greeted {
            assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
        }
        assert_eq!(came.load(Ordering::SeqCst), connections);
    }
}

#[tokio::test]
async fn another_authority_is_not_let_in() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let refusal = hello_from(city.way_of_a_stranger()).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerNotTrusted);
    assert!(refusal.sentence.contains("this connector"), "{refusal}");
    assert_eq!(refusal.participant, Some(munster_id()));
    let rejected = expect_soon(async { city.handler.rejections.1.lock().await.recv().await }).await;
    assert_eq!(rejected, Some(RejectedConnection::Handshake));
    assert!(
        hello_from(city.endpoint()).await.is_ok(),
        "others are served"
    );
}

#[tokio::test]
async fn a_reload_asks_nobody_to_reconnect() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let before = city.connect().await;
    assert!(expect_soon(before.hello(&greeting())).await.is_ok());
    assert!(hello_from(city.way_of_a_stranger()).await.is_err());
    city.change_authority();
    assert!(hello_from(city.way_of_a_stranger()).await.is_ok());
    assert!(hello_from(city.endpoint()).await.is_err());
    assert!(expect_soon(before.hello(&greeting())).await.is_ok());
}

#[tokio::test]
async fn an_old_connection_is_replaced_under_way() {
    let settings = TransportSettings {
        connection_age: Duration::from_millis(200),
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let client = city.connect().await;
    // Every request is answered, on any connection.
    while city.handshakes() < 3 {
        assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    }
}

#[tokio::test]
async fn nobody_waits_for_a_slow_handshake() {
    let settings = TransportSettings {
        handshake: Duration::from_millis(300),
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let silent = TcpStream::connect(city.address).await.unwrap();
    assert!(hello_from(city.endpoint()).await.is_ok());
    let rejected = expect_soon(async { city.handler.rejections.1.lock().await.recv().await }).await;
    assert_eq!(rejected, Some(RejectedConnection::Slow));
    drop(silent);
}

#[tokio::test]
async fn a_full_house_lets_in_who_comes_next() {
    let settings = TransportSettings {
        connections: 1,
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let first = city.connect().await;
    assert!(expect_soon(first.hello(&greeting())).await.is_ok());
    let mut second = tokio::spawn(hello_from(city.endpoint()));
    // The second waits while the first is there; the first is served all the time.
    for _ in 0..100 {
        assert!(expect_soon(first.hello(&greeting())).await.is_ok());
    }
    assert!(futures::poll!(&mut second).is_pending());
    drop(first);
    assert!(expect_soon(second).await.unwrap().is_ok());
}

#[tokio::test]
async fn another_authority_is_not_called() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let other = TestProvider::start(TestPeerHandler::without_answers()).await;
    let endpoint = PeerEndpoint {
        port: other.address.port(),
        ..city.endpoint()
    };
    let refusal = hello_from(endpoint).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerNotTrusted);
    assert!(refusal.sentence.contains("its certificate"), "{refusal}");
}

#[tokio::test]
async fn the_reason_of_the_own_verifier_is_not_lost() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let reason = Refusal::new(ErrorCode::WrongLeague, "not of this league");
    let endpoint = city.way_that_refuses(reason.clone());
    let refusal = hello_from(endpoint).await.unwrap_err();
    assert_eq!(refusal, reason.with_participant(munster_id()));
}

#[tokio::test]
async fn one_that_hangs_up_is_told_from_one_that_distrusts() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let rude = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = rude.local_addr().unwrap().port();
    let hang_up = async { drop(rude.accept().await.unwrap()) };
    let call = hello_from(PeerEndpoint {
        port,
        ..city.endpoint()
    });
    let (outcome, ()) = expect_soon(futures::future::join(call, hang_up)).await;
    assert_eq!(outcome.unwrap_err().code, ErrorCode::PeerUnreachable);
}

#[tokio::test]
async fn what_the_own_check_says_comes_first() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let endpoint = PeerEndpoint {
        check: Arc::new(|_| Err(Refusal::new(ErrorCode::WrongLeague, "not Münster"))),
        ..city.endpoint()
    };
    let refusal = hello_from(endpoint).await.unwrap_err();
    assert_eq!(refusal, Refusal::new(ErrorCode::WrongLeague, "not Münster"));
}

#[tokio::test]
async fn a_peer_that_went_away_is_out_of_reach() {
    let mut city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let client = city.connect().await;
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    city.stop.take().unwrap().send(()).unwrap();
    expect_soon(&mut city.served).await.unwrap().unwrap();
    let refusal = expect_soon(client.hello(&greeting())).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
    assert_eq!(refusal.participant, Some(munster_id()));
}

#[tokio::test]
async fn nobody_at_home_is_reported() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let vacant = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = vacant.local_addr().unwrap().port();
    drop(vacant);
    let refusal = hello_from(PeerEndpoint {
        port,
        ..city.endpoint()
    })
    .await
    .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
    assert!(refusal.sentence.contains("no server listens"), "{refusal}");
    assert_eq!(refusal.participant, Some(munster_id()));
}

#[tokio::test]
async fn who_does_not_listen_yet_is_waited_for() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let [port] = find_free_ports();
    let settings = TransportSettings {
        listening: ListenPatience::new(Duration::from_secs(60)),
        connect: Duration::from_secs(60),
        ..TransportSettings::default()
    };
    let called = tokio::spawn(PeerClient::connect(PeerEndpoint {
        port,
        settings,
        ..city.endpoint()
    }));
    // Some attempts come too early.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let late = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let _heard = expect_soon(late.accept()).await.unwrap();
    called.abort();
}

#[tokio::test]
async fn identity_headers_are_refused() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let channel = city.connect().await.channel();
    for (count, header) in (1..).zip(["authorization", "x-forwarded-client-cert", "x-hansa-peer"]) {
        let mut request = Request::new(hello());
        request.metadata_mut().insert(header, "me".parse().unwrap());
        let mut client = peer_client::PeerClient::new(channel.clone());
        let status = expect_soon(client.hello(request)).await.unwrap_err();
        let refusal = hansa_proto::peer::refusal::from_wire(&status, &munster_id());
        assert_eq!(refusal.code, ErrorCode::IdentityHeaderPresent);
        assert!(refusal.sentence.contains(header));
        assert_eq!(city.handler.refusal_count(), count);
    }
}

#[tokio::test]
async fn messages_of_another_compression_are_refused() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    for encoding in ["zstd", "deflate", "br"] {
        let mut request = Request::new(hello());
        let encoding = encoding.parse().unwrap();
        request.metadata_mut().insert("grpc-encoding", encoding);
        let mut client = peer_client::PeerClient::new(city.connect().await.channel());
        let status = expect_soon(client.hello(request)).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unimplemented);
    }
}

/// A few kilobytes of gzip that exceed the limit of a request when unpacked.
#[tokio::test]
async fn a_request_that_unpacks_to_more_than_the_limit_is_refused() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let greeting = |bytes: usize| {
        let mut message = hello();
        message.greeting.as_mut().unwrap().bundle = vec![0; bytes].into();
        message
    };
    let client = city.connect().await;
    let mut raw =
        peer_client::PeerClient::new(client.channel()).send_compressed(CompressionEncoding::Gzip);
    let most = TransportSettings::default().request;
    let status = expect_soon(raw.hello(greeting(most))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
    // A smaller one is unpacked, and parsed.
    let reported = expect_soon(raw.hello(greeting(most / 2))).await;
    assert!(
        reported.is_ok_and(|reply| reply.into_inner().greeting.is_some()),
        "half of it is taken"
    );
}

#[tokio::test]
async fn a_request_larger_than_the_limit_is_refused() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let mut message = hello();
    message.greeting.as_mut().unwrap().bundle = vec![0; 5 * 1024 * 1024].into();
    let client = city.connect().await;
    let mut raw = peer_client::PeerClient::new(client.channel());
    let status = expect_soon(raw.hello(message)).await.unwrap_err();
    assert_eq!(
        client.failed_call_refusal(&status).code,
        ErrorCode::MessageTooLarge
    );
}

#[tokio::test]
async fn a_ticket_that_is_no_question_is_recorded() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let mut client = FlightServiceClient::new(city.connect().await.channel());
    let ticket = Ticket {
        ticket: "SELECT 1".into(),
    };
    let status = expect_soon(client.do_get(ticket)).await.unwrap_err();
    let refusal = hansa_proto::peer::refusal::from_wire(&status, &munster_id());
    assert_eq!(refusal.code, ErrorCode::MessageMalformed);
    assert_eq!(city.handler.refusal_count(), 1);
    assert!(city.handler.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn flight_knows_do_get_alone() {
    let city = TestProvider::start(TestPeerHandler::with_frames(
        answer_frames(&[1])
            .into_iter()
            .map(Ok::<AnswerStreamFrame, Refusal>)
            .collect(),
    ))
    .await;
    let mut client = FlightServiceClient::new(city.connect().await.channel());
    let info = expect_soon(client.get_flight_info(FlightDescriptor::default()));
    assert_eq!(info.await.unwrap_err().code(), tonic::Code::Unimplemented);
    let schema = expect_soon(client.get_schema(FlightDescriptor::default()));
    assert_eq!(schema.await.unwrap_err().code(), tonic::Code::Unimplemented);
    let action = expect_soon(client.do_action(Action::default())).await;
    assert_eq!(action.unwrap_err().code(), tonic::Code::Unimplemented);
    let put = expect_soon(client.do_put(futures::stream::empty())).await;
    assert_eq!(put.unwrap_err().code(), tonic::Code::Unimplemented);
}
