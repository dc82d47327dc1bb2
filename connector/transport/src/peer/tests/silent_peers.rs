//! Tests of peers that have become silent, and of slow ones.

use crate::peer::client::{PeerClient, PeerEndpoint};
use crate::peer::settings::{SilenceBounds, TransportSettings};
use crate::peer::testing::{
    HANG, SilentRelay, TestPeerHandler, TestProvider, answer_frames, expect_soon, munster_id,
    recorded_query,
};
use crate::peer_handler::{AnswerStream, AnswerStreamFrame};
use futures::StreamExt as _;
use futures::stream;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::greeting::PeerGreeting;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;

/// Time longer than any test.
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(500);

/// Settings with long times, which a test shortens individually.
fn patient() -> TransportSettings {
    TransportSettings {
        keep_alive: LONG,
        silence: SilenceBounds {
            ping: Duration::from_millis(50),
            asked: LONG,
            probe: LONG,
            answering: LONG,
            reachable: LONG,
            idle: LONG,
            caller: LONG,
        },
        unacknowledged: LONG,
        connect: LONG,
        secure: LONG,
        handshake: LONG,
        first_message: LONG,
        call: LONG,
        stall: LONG,
        ..TransportSettings::default()
    }
}

fn with_silence(change: impl FnOnce(&mut SilenceBounds)) -> TransportSettings {
    let mut settings = patient();
    change(&mut settings.silence);
    settings
}

/// Endpoint of a provider through a relay, with the caller's own settings.
fn endpoint_through(
    relay: &SilentRelay,
    city: &TestProvider,
    settings: TransportSettings,
) -> PeerEndpoint {
    PeerEndpoint {
        port: relay.address.port(),
        settings,
        ..city.endpoint()
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

/// Answer whose frames come from a channel.
fn given(frames: mpsc::Receiver<Result<AnswerStreamFrame, Refusal>>) -> TestPeerHandler {
    let frames = Mutex::new(Some(frames));
    TestPeerHandler::with_answer(move |_| {
        let frames = frames.lock().unwrap().take().unwrap();
        let frames = stream::unfold(frames, |mut frames| async move {
            Some((frames.recv().await?, frames))
        });
        Ok(AnswerStream {
            frames: frames.boxed(),
        })
    })
}

#[track_caller]
fn says_nothing(refusal: &Refusal, code: ErrorCode) {
    assert_eq!(refusal.code, code, "{refusal}");
    assert_eq!(refusal.participant, Some(munster_id()));
    assert_eq!(
        refusal.sentence,
        "munster.example can't be reached: it sent nothing in time"
    );
}

#[tokio::test]
async fn a_peer_that_falls_silent_in_an_answer_is_noticed() {
    let (sender, receiver) = mpsc::channel(8);
    for frame in answer_frames(&[3]) {
        sender.send(Ok(frame)).await.unwrap();
    }
    let city = TestProvider::start_with(given(receiver), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| {
        silence.probe = Duration::from_millis(50);
        silence.answering = SHORT;
    });
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(
        expect_soon(answer.next())
            .await
            .unwrap()
            .unwrap()
            .num_rows(),
        3
    );
    relay.silence_all();
    let refusal = expect_soon(answer.next()).await.unwrap().unwrap_err();
    says_nothing(&refusal, ErrorCode::StreamCut);
    assert!(expect_soon(answer.next()).await.is_none());
    expect_soon(relay.await_end()).await;
}

#[tokio::test]
async fn a_short_break_in_an_answer_costs_no_row() {
    let (sender, receiver) = mpsc::channel(8);
    let city = TestProvider::start_with(given(receiver), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| silence.answering = Duration::from_secs(60));
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    let mut all = answer_frames(&[3, 5, 7]).into_iter();
    sender.send(Ok(all.next().unwrap())).await.unwrap();
    sender.send(Ok(all.next().unwrap())).await.unwrap();
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(
        expect_soon(answer.next())
            .await
            .unwrap()
            .unwrap()
            .num_rows(),
        3
    );
    relay.silence_connections();
    for frame in all {
        sender.send(Ok(frame)).await.unwrap();
    }
    let receipt = AnswerStreamFrame::Receipt("receipt".into());
    sender.send(Ok(receipt)).await.unwrap();
    drop(sender);
    // No byte passes, not even the answer to a ping that was just sent.
    expect_soon(relay.await_held_answer()).await;
    relay.resume();
    let mut rows = Vec::new();
    while let Some(batch) = expect_soon(answer.next()).await {
        rows.push(batch.unwrap().num_rows());
    }
    assert_eq!(rows, [5, 7]);
}

#[tokio::test]
async fn rows_of_a_peer_that_can_be_reached_are_waited_for() {
    let (sender, receiver) = mpsc::channel(8);
    let city = TestProvider::start_with(given(receiver), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| {
        silence.probe = Duration::from_millis(50);
        silence.answering = Duration::from_secs(2);
    });
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    let mut all = answer_frames(&[3, 5]).into_iter();
    sender.send(Ok(all.next().unwrap())).await.unwrap();
    sender.send(Ok(all.next().unwrap())).await.unwrap();
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(
        expect_soon(answer.next())
            .await
            .unwrap()
            .unwrap()
            .num_rows(),
        3
    );
    relay.silence_connections();
    sender.send(Ok(all.next().unwrap())).await.unwrap();
    // Another connection has reached the peer, and the time for which it mattered is over.
    expect_soon(relay.await_end()).await;
    assert_eq!(city.handshakes(), 2);
    tokio::time::sleep(Duration::from_secs(3)).await;
    relay.resume();
    assert_eq!(
        expect_soon(answer.next())
            .await
            .unwrap()
            .unwrap()
            .num_rows(),
        5
    );
}

#[tokio::test]
async fn a_peer_that_is_long_in_answering_is_not_dead() {
    let (sender, receiver) = mpsc::channel(8);
    let city = TestProvider::start_with(given(receiver), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| {
        silence.asked = Duration::from_secs(1);
        silence.answering = Duration::from_secs(1);
    });
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    let mut all = answer_frames(&[3]).into_iter();
    let late = async {
        // Longer than a dead peer's time, once before the answer and once within it.
        for frame in all.by_ref() {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            sender.send(Ok(frame)).await.unwrap();
        }
    };
    let reading = async {
        let mut answer = client.ask_query(&recorded_query("SELECT 1")).await.unwrap();
        answer.next().await.unwrap().unwrap().num_rows()
    };
    let (rows, ()) = expect_soon(futures::future::join(reading, late)).await;
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn a_new_question_on_a_kept_connection_notices_a_silent_peer() {
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| silence.asked = SHORT);
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    relay.silence_connections();
    let asking = recorded_query(HANG);
    let refusal = expect_soon(client.ask_query(&asking)).await.unwrap_err();
    says_nothing(&refusal, ErrorCode::PeerUnreachable);
    assert_eq!(city.handler.asked.lock().unwrap().len(), 0);
    // The next question has a new connection.
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    assert_eq!(city.handshakes(), 2);
}

#[tokio::test]
async fn a_greeting_on_a_kept_connection_notices_a_silent_peer() {
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| silence.asked = SHORT);
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    relay.silence_connections();
    let refusal = expect_soon(client.hello(&greeting())).await.unwrap_err();
    says_nothing(&refusal, ErrorCode::PeerUnreachable);
}

#[tokio::test]
async fn a_connection_that_died_unused_is_not_asked_on() {
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| silence.idle = SHORT);
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    relay.silence_connections();
    expect_soon(relay.await_end()).await;
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    assert_eq!(city.handshakes(), 2);
}

#[tokio::test]
async fn messages_that_come_all_the_time_have_a_connection_of_their_own() {
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), patient()).await;
    let relay = SilentRelay::start(city.address).await;
    let settings = with_silence(|silence| {
        silence.asked = SHORT;
        silence.answering = SHORT;
    });
    let endpoint = endpoint_through(&relay, &city, settings);
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    assert_eq!(city.handshakes(), 1, "it is opened when it is asked for");
    let mut messages = expect_soon(client.open_inbox(0, false)).await.unwrap();
    assert_eq!(city.handshakes(), 2);
    // A silent line ends the requests on it; messages may come much later.
    relay.silence_connections();
    let refusal = expect_soon(client.hello(&greeting())).await.unwrap_err();
    says_nothing(&refusal, ErrorCode::PeerUnreachable);
    assert!(futures::poll!(messages.next()).is_pending());
}

#[tokio::test]
async fn a_process_that_takes_connections_and_says_nothing_is_given_up() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    // The system completes connections that the process does not accept, as for a suspended process.
    let stopped = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = PeerEndpoint {
        port: stopped.local_addr().unwrap().port(),
        settings: TransportSettings {
            secure: SHORT,
            ..patient()
        },
        ..city.endpoint()
    };
    let refusal = expect_soon(PeerClient::connect(endpoint))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
    assert_eq!(refusal.participant, Some(munster_id()));
    assert_eq!(
        refusal.sentence,
        "munster.example can't be reached: it takes connections and says nothing"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_machine_that_does_not_answer_is_given_up() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    // A full queue of connections: further ones are dropped, as if the machine did not exist.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _only = expect_soon(tokio::net::TcpStream::connect(address))
        .await
        .unwrap();
    let endpoint = PeerEndpoint {
        port: address.port(),
        settings: TransportSettings {
            connect: SHORT,
            ..patient()
        },
        ..city.endpoint()
    };
    let refusal = expect_soon(PeerClient::connect(endpoint))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
    assert_eq!(
        refusal.sentence,
        "munster.example can't be reached: its machine does not answer"
    );
}

#[tokio::test]
async fn tries_that_break_do_not_add_up() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    // Each connection is ended at once.
    let rude = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = rude.local_addr().unwrap().port();
    let hang_up = tokio::spawn(async move {
        loop {
            drop(rude.accept().await.unwrap());
        }
    });
    let endpoint = PeerEndpoint {
        port,
        settings: TransportSettings {
            connect: Duration::from_millis(300),
            secure: Duration::from_millis(300),
            ..patient()
        },
        ..city.endpoint()
    };
    // The pauses between the attempts alone take longer.
    let refusal = expect_soon(PeerClient::connect(endpoint))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
    assert_eq!(
        refusal.sentence,
        "munster.example can't be reached: no connection within its time"
    );
    hang_up.abort();
}

/// Notifies when it is dropped.
struct DropNotifier(mpsc::Sender<()>);

impl Drop for DropNotifier {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

#[tokio::test]
async fn an_asker_that_falls_silent_ends_the_answer() {
    let (dropped, mut notified) = mpsc::channel(8);
    let handler = TestPeerHandler::with_answer(move |_| {
        let guard = Arc::new(DropNotifier(dropped.clone()));
        let begun = answer_frames(&[1]).into_iter().map(Ok);
        let open = stream::once(async move {
            let _guard = guard;
            std::future::pending().await
        });
        Ok(AnswerStream {
            frames: stream::iter(begun).chain(open).boxed(),
        })
    });
    let settings = TransportSettings {
        keep_alive: SHORT,
        ..with_silence(|silence| silence.caller = Duration::from_millis(50))
    };
    let city = TestProvider::start_with(handler, settings).await;
    let relay = SilentRelay::start(city.address).await;
    let endpoint = endpoint_through(&relay, &city, patient());
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert!(expect_soon(answer.next()).await.unwrap().is_ok());
    relay.silence_connections();
    expect_soon(notified.recv()).await.unwrap();
}

#[tokio::test]
async fn a_provider_tries_a_caller_of_which_it_hears_nothing() {
    let settings = with_silence(|silence| silence.caller = Duration::from_millis(50));
    let city = TestProvider::start_with(TestPeerHandler::without_answers(), settings).await;
    let relay = SilentRelay::start(city.address).await;
    let endpoint = endpoint_through(&relay, &city, patient());
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    relay.silence_connections();
    expect_soon(relay.await_held_answer()).await;
}
