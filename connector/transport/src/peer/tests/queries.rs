//! Tests of questions and their answers.

use crate::internal_error::testing::{KeptTrace, trace_number};
use crate::peer::client::answer_stream::AnswerBatchStream;
use crate::peer::client::{PeerClient, PeerEndpoint, QueryRecord};
use crate::peer::listen_patience::ListenPatience;
use crate::peer::settings::TransportSettings;
use crate::peer::testing::{
    HANG, MOVING, TestPeerHandler, TestProvider, answer_frames, expect_soon, munster_id,
    purpose_refusal, recorded_query, start_relay,
};
use crate::peer_handler::{AnswerStream, AnswerStreamFrame};
use futures::StreamExt as _;
use futures::stream;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::greeting::PeerGreeting;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

fn receipt() -> AnswerStreamFrame {
    AnswerStreamFrame::Receipt("receipt".into())
}

fn with_receipt(batches: &[usize]) -> Vec<Result<AnswerStreamFrame, Refusal>> {
    let mut all: Vec<_> = answer_frames(batches).into_iter().map(Ok).collect();
    all.push(Ok(receipt()));
    all
}

async fn drain(stream: &mut AnswerBatchStream) -> Result<usize, Refusal> {
    let mut rows = 0;
    while let Some(batch) = expect_soon(stream.next()).await {
        rows += batch?.num_rows();
    }
    Ok(rows)
}

#[tokio::test]
async fn rows_arrive_with_their_receipt() {
    let city =
        TestProvider::start(TestPeerHandler::with_frames(with_receipt(&[3, 0, 10_000]))).await;
    let client = city.connect().await;
    let remote_query = recorded_query("SELECT 1");
    let mut answer = expect_soon(client.ask_query(&remote_query)).await.unwrap();
    assert_eq!(answer.schema().fields().len(), 2);
    assert_eq!(answer.transfer_summary().receipt, None);
    assert_eq!(drain(&mut answer).await.unwrap(), 10_003);

    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    for frame in answer_frames(&[3, 0, 10_000]) {
        let AnswerStreamFrame::Data { header, body } = frame else {
            panic!("no receipt among the frames");
        };
        hasher.update(&header);
        hasher.update(&body);
        bytes += header.len() + body.len();
    }
    let received = answer.transfer_summary();
    assert_eq!(received.rows, 10_003);
    assert_eq!(received.bytes, u64::try_from(bytes).unwrap());
    assert_eq!(received.digest, *hasher.finalize().as_bytes());
    assert_eq!(received.receipt.as_deref(), Some(&b"receipt"[..]));
    let asked = city.handler.asked.lock().unwrap();
    assert_eq!(asked[0], remote_query.0);
}

#[tokio::test]
async fn who_is_about_to_stop_says_so_over_what_is_open_and_takes_no_more_connections() {
    let city = TestProvider::start(TestPeerHandler::with_frames(with_receipt(&[3]))).await;
    let client = city.connect().await;
    city.shut.cancel();
    let refusal = expect_soon(client.ask_query(&recorded_query(MOVING)))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Moved);
    assert_eq!(refusal.participant, Some(munster_id()));
    // A running answer continues on the open connection.
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(drain(&mut answer).await.unwrap(), 3);
    let settings = TransportSettings {
        listening: ListenPatience::new(Duration::ZERO),
        ..TransportSettings::default()
    };
    let endpoint = PeerEndpoint {
        settings,
        ..city.endpoint()
    };
    let refusal = expect_soon(PeerClient::connect(endpoint))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerUnreachable);
}

#[tokio::test]
async fn an_empty_answer_has_a_schema_and_a_receipt() {
    let city = TestProvider::start(TestPeerHandler::with_frames(with_receipt(&[]))).await;
    let client = city.connect().await;
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(drain(&mut answer).await.unwrap(), 0);
    assert!(answer.transfer_summary().receipt.is_some());
}

#[tokio::test]
async fn a_refusal_arrives_whole() {
    let city = TestProvider::start(TestPeerHandler::with_answer(|_| Err(purpose_refusal()))).await;
    let client = city.connect().await;
    let refusal = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap_err();
    assert_eq!(refusal, purpose_refusal().with_participant(munster_id()));
    assert_eq!(city.handler.refusal_count(), 1);
}

#[tokio::test]
async fn a_failure_inside_arrives_with_the_number_of_its_cause_alone() {
    let trace = KeptTrace::begin();
    let failure = || Refusal::new(ErrorCode::Internal, "it went wrong");
    let cause = || std::io::Error::other("row 7 of /srv/secret.parquet");
    let answer = move |_: &_| Err(failure().caused_by(cause()));
    let city = TestProvider::start(TestPeerHandler::with_answer(answer)).await;
    let client = city.connect().await;
    let remote_query = recorded_query("SELECT 1");
    let refusal = expect_soon(client.ask_query(&remote_query))
        .await
        .unwrap_err();
    let number = trace_number(&refusal.help);
    let reported = failure()
        .with_number(&number)
        .with_participant(munster_id());
    assert_eq!(refusal, reported);
    assert_eq!(refusal.cause_chain(), None);
    let lines = trace.lines(&number);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("secret.parquet"), "{lines:?}");
    assert!(lines[0].contains(&in_span(&*remote_query)), "{lines:?}");
}

/// Fields that each log line within a question's span has.
fn in_span(remote_query: &impl QueryRecord) -> String {
    format!("request={}", remote_query.request_envelope().ask.request)
}

#[tokio::test]
async fn a_failure_in_the_middle_of_an_answer_has_a_number_too() {
    let trace = KeptTrace::begin();
    let mut sent = with_receipt(&[1]);
    let failure = Refusal::new(ErrorCode::Internal, "it broke");
    sent.push(Err(failure.caused_by(std::io::Error::other("sector 9"))));
    let city = TestProvider::start(TestPeerHandler::with_frames(sent)).await;
    let remote_query = recorded_query("SELECT 1");
    let client = city.connect().await;
    let mut answer = expect_soon(client.ask_query(&remote_query)).await.unwrap();
    let refusal = drain(&mut answer).await.unwrap_err();
    let lines = trace.lines(&trace_number(&refusal.help));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("sector 9"), "{lines:?}");
    assert!(lines[0].contains(&in_span(&*remote_query)), "{lines:?}");
}

#[tokio::test]
async fn a_refusal_of_many_words_arrives() {
    let mut wordy =
        Refusal::new(ErrorCode::SqlInvalid, "ü".repeat(4000)).with_help("é".repeat(4000));
    wordy.help = vec!["é".repeat(4000); 9];
    wordy.allowed = Some("ß".repeat(4000));
    let city = TestProvider::start(TestPeerHandler::with_answer(move |_| Err(wordy.clone()))).await;
    let client = city.connect().await;
    let refusal = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SqlInvalid);
    assert_eq!(refusal.help.len(), 4);
}

#[tokio::test]
async fn a_cut_answer_gives_its_receipt_first() {
    let mut cut = with_receipt(&[5]);
    cut.push(Err(Refusal::new(ErrorCode::Withdrawn, "withdrawn")));
    let city = TestProvider::start(TestPeerHandler::with_frames(cut)).await;
    let client = city.connect().await;
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(
        expect_soon(answer.next())
            .await
            .unwrap()
            .unwrap()
            .num_rows(),
        5
    );
    let refusal = expect_soon(answer.next()).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Withdrawn);
    assert!(answer.transfer_summary().receipt.is_some());
    assert!(expect_soon(answer.next()).await.is_none());
}

#[tokio::test]
async fn an_answer_that_is_cut_before_its_first_message_says_why() {
    let why = Refusal::new(ErrorCode::Expired, "the contract is over");
    fails(vec![Ok(receipt()), Err(why)], ErrorCode::Expired).await;
}

#[track_caller]
fn fails(
    frames: Vec<Result<AnswerStreamFrame, Refusal>>,
    code: ErrorCode,
) -> impl Future<Output = ()> {
    let location = std::panic::Location::caller();
    async move {
        let city = TestProvider::start(TestPeerHandler::with_frames(frames)).await;
        let client = city.connect().await;
        let outcome = match expect_soon(client.ask_query(&recorded_query("SELECT 1"))).await {
            Ok(mut answer) => drain(&mut answer).await,
            Err(refusal) => Err(refusal),
        };
        let refusal = outcome.unwrap_err();
        assert_eq!(refusal.code, code, "{location}: {refusal}");
        assert_eq!(refusal.participant, Some(munster_id()), "{location}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_from_one() {
    let plain = |batches: &[usize]| {
        answer_frames(batches)
            .into_iter()
            .map(Ok)
            .collect::<Vec<_>>()
    };
    fails(plain(&[3]), ErrorCode::Internal).await; // no receipt: the provider's own face says so
    fails(Vec::new(), ErrorCode::Internal).await;
    fails(vec![Ok(receipt())], ErrorCode::PeerDataInvalid).await; // no schema
    let mut after = with_receipt(&[]);
    after.extend(plain(&[1]));
    fails(after, ErrorCode::Internal).await; // rows after the receipt
    let headless = vec![plain(&[3]).remove(1)];
    fails(headless, ErrorCode::PeerDataInvalid).await;
    let mut twice = plain(&[]);
    twice.extend(with_receipt(&[1]));
    fails(twice, ErrorCode::PeerDataInvalid).await; // two schemas
    let mut short = with_receipt(&[300]);
    let Ok(AnswerStreamFrame::Data { body, .. }) = &mut short[1] else {
        panic!("a batch");
    };
    body.truncate(100);
    fails(short, ErrorCode::PeerDataInvalid).await;
    let garbage = AnswerStreamFrame::Data {
        header: vec![0xff; 64].into(),
        body: bytes::Bytes::new(),
    };
    fails(vec![Ok(garbage)], ErrorCode::PeerDataInvalid).await;
}

#[tokio::test]
async fn a_message_larger_than_the_limit_is_refused() {
    let mut huge = with_receipt(&[1]);
    let Ok(AnswerStreamFrame::Data { body, .. }) = &mut huge[1] else {
        panic!("a batch");
    };
    *body = vec![0; 17 * 1024 * 1024].into();
    fails(huge, ErrorCode::MessageTooLarge).await;
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

/// Notifies when an answer is dropped.
struct AnswerDropNotifier(mpsc::Sender<()>);

impl Drop for AnswerDropNotifier {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

/// Endless answer in batches of some 200 KiB; counts the pulled ones and notifies when it is dropped.
fn endless(pulled: Arc<AtomicUsize>, dropped: mpsc::Sender<()>) -> TestPeerHandler {
    let all = answer_frames(&[10_000]);
    let (schema, batch) = (all[0].clone(), all[1].clone());
    TestPeerHandler::with_answer(move |_| {
        let guard = AnswerDropNotifier(dropped.clone());
        let pulled = Arc::clone(&pulled);
        let batch = batch.clone();
        let batches = stream::repeat_with(move || {
            let _ = &guard;
            pulled.fetch_add(1, Ordering::SeqCst);
            Ok(batch.clone())
        });
        Ok(AnswerStream {
            frames: stream::iter([Ok(schema.clone())]).chain(batches).boxed(),
        })
    })
}

#[tokio::test]
async fn a_slow_reader_holds_nobody_else_and_little_memory() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let (dropped, _keep) = mpsc::channel(64);
    let city = TestProvider::start(endless(Arc::clone(&pulled), dropped)).await;
    let client = city.connect().await;
    let mut slow = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert!(expect_soon(slow.next()).await.unwrap().is_ok());
    // Others on this connection are served, and meanwhile the answer does not pile up: the reader's window of 4 MiB, the server's
    // buffer, and a message on either side. An unbounded queue would hold thousands.
    for _ in 0..200 {
        expect_soon(client.hello(&greeting())).await.unwrap();
    }
    let mut quick = expect_soon(client.ask_query(&recorded_query("SELECT 2")))
        .await
        .unwrap();
    for _ in 0..100 {
        assert!(expect_soon(quick.next()).await.unwrap().is_ok());
    }
    drop(quick);
    let per_message = 190_000;
    let bound = 100 + 2 * (8 * 1024 * 1024) / per_message;
    let taken = pulled.load(Ordering::SeqCst);
    assert!(
        taken < bound,
        "{taken} messages were pulled, at most {bound} may be"
    );
    assert!(
        expect_soon(slow.next()).await.unwrap().is_ok(),
        "it goes on"
    );
}

#[tokio::test]
async fn an_asker_that_goes_away_ends_the_answer() {
    let (dropped, mut notified) = mpsc::channel(64);
    let city = TestProvider::start(endless(Arc::default(), dropped)).await;
    let client = city.connect().await;
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert!(expect_soon(answer.next()).await.unwrap().is_ok());
    assert!(notified.try_recv().is_err());
    drop(answer);
    expect_soon(notified.recv()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_stands_still_is_given_up() {
    let all = answer_frames(&[1]);
    let front = TestPeerHandler::with_answer(move |_| {
        Ok(AnswerStream {
            frames: stream::iter(all.clone().into_iter().map(Ok))
                .chain(stream::pending())
                .boxed(),
        })
    });
    let settings = TransportSettings {
        stall: Duration::from_millis(200),
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(front, settings).await;
    let client = city.connect().await;
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    assert!(expect_soon(answer.next()).await.unwrap().is_ok());
    let refusal = expect_soon(answer.next()).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TimedOut);
}

#[tokio::test]
async fn an_answer_outlives_the_age_of_its_connection() {
    let (dropped, mut notified) = mpsc::channel(64);
    let settings = TransportSettings {
        connection_age: Duration::from_millis(200),
        ..TransportSettings::default()
    };
    let city = TestProvider::start_with(endless(Arc::default(), dropped), settings).await;
    let client = city.connect().await;
    let mut answer = expect_soon(client.ask_query(&recorded_query("SELECT 1")))
        .await
        .unwrap();
    while city.handshakes() < 3 {
        assert!(expect_soon(client.hello(&greeting())).await.is_ok());
        assert!(expect_soon(answer.next()).await.unwrap().is_ok());
    }
    assert!(notified.try_recv().is_err());
}

#[tokio::test]
async fn a_question_that_may_have_arrived_is_asked_once() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let (address, cut) = start_relay(city.address).await;
    let endpoint = PeerEndpoint {
        port: address.port(),
        ..city.endpoint()
    };
    let client = expect_soon(PeerClient::connect(endpoint)).await.unwrap();
    let remote_query = recorded_query(HANG);
    let asking = client.ask_query(&remote_query);
    let breaking = async {
        city.handler.heard.notified().await;
        cut.send(()).await.unwrap();
    };
    let (outcome, ()) = expect_soon(futures::future::join(asking, breaking)).await;
    assert_eq!(outcome.unwrap_err().code, ErrorCode::PeerUnreachable);
    // The connection is open again, and still nothing was asked twice.
    assert!(expect_soon(client.hello(&greeting())).await.is_ok());
    assert_eq!(city.handler.asked.lock().unwrap().len(), 1);
}
