//! Tests of valid and invalid answers.

use super::{
    LONG, TestTaskHandler, TestWorker, TransportSettings, briefing, closing_message, drain,
    flight_message, frames_of, ground, is_failure, messages, parts, with_grounds,
};
use crate::cluster::server::TaskFrame;
use crate::peer::testing::expect_soon;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

#[tokio::test]
async fn an_answer_arrives_whole() {
    let handler = TestTaskHandler::these(frames_of(&[3, 0, 10_000]));
    let worker = TestWorker::start(Arc::clone(&handler) as _).await;
    let client = worker.open().await.unwrap();
    for _ in 0..2 {
        let mut answer = expect_soon(client.send_ticket(&briefing(), LONG))
            .await
            .unwrap();
        assert_eq!(answer.schema().fields().len(), 2);
        assert_eq!(drain(&mut answer).await.unwrap(), 10_003);
        assert!(expect_soon(answer.next()).await.is_none(), "it stays ended");
    }
    assert_eq!(*handler.briefed.lock().unwrap(), [briefing(), briefing()]);
    drop(client);
    worker.end().await;
}

#[tokio::test]
async fn an_answer_without_rows_is_one() {
    let worker = TestWorker::start(TestTaskHandler::these(frames_of(&[]))).await;
    assert_eq!(worker.rows().await.unwrap(), 0);
}

#[tokio::test]
async fn a_refusal_of_the_worker_arrives_as_it_is() {
    let refusal =
        Refusal::new(ErrorCode::VersionUnsupported, "this worker is older").with_help("upgrade");
    let reported = refusal.clone();
    let worker = TestWorker::start(TestTaskHandler::new(move || Err(reported.clone()))).await;
    assert_eq!(worker.rows().await.unwrap_err(), refusal);
}

#[tokio::test]
async fn an_answer_that_fails_in_the_middle_says_why() {
    let refusal = Refusal::new(ErrorCode::ResourceLimit, "the answer needs more than 1 MiB");
    for rows in [vec![], vec![1, 2, 3]] {
        let mut failing = frames_of(&rows);
        failing.push(Err(refusal.clone()));
        // Frames after it are not sent.
        failing.extend(frames_of(&[1]));
        let worker = TestWorker::start(TestTaskHandler::these(failing)).await;
        assert_eq!(worker.rows().await.unwrap_err(), refusal);
    }
}

#[tokio::test]
async fn a_worker_that_gives_nothing_gives_no_answer() {
    let worker = TestWorker::start(TestTaskHandler::these(Vec::new())).await;
    let refusal = worker.rows().await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Internal);
    assert!(refusal.sentence.contains("columns"), "{refusal}");
}

#[tokio::test]
async fn a_worker_that_breaks_down_is_no_end() {
    let begun = frames_of(&[3, 4]);
    let handler = TestTaskHandler::new(move || {
        let breaking = stream::once(async { panic!("the bench of a test breaks down") });
        Ok(stream::iter(begun.clone()).chain(breaking).boxed())
    });
    let worker = TestWorker::start(handler).await;
    is_failure(&worker.rows().await.unwrap_err(), "");

    let dead = TestTaskHandler::new(|| panic!("the bench of a test breaks down at once"));
    let worker = TestWorker::start(dead).await;
    is_failure(&worker.rows().await.unwrap_err(), "");
}

#[tokio::test]
async fn what_is_not_closed_is_not_complete() {
    let fails = async |sent: Vec<_>, part: &str| {
        let worker = TestWorker::sending(sent).await;
        is_failure(&worker.rows().await.unwrap_err(), part);
    };
    let and = |batches: &[usize], more: Vec<_>| {
        let mut all = messages(batches);
        all.extend(more.into_iter().map(Ok));
        all
    };
    // Closed with the right count, it is a valid answer.
    let worker = TestWorker::sending(and(&[3, 4], vec![closing_message(2)])).await;
    assert_eq!(worker.rows().await.unwrap(), 7);

    fails(messages(&[3, 4]), "without the closing message").await;
    fails(messages(&[]), "without the closing message").await;
    fails(Vec::new(), "its answer is empty").await;
    for count in [0, 1, 3, u64::MAX] {
        fails(and(&[3, 4], vec![closing_message(count)]), "does not fit").await;
    }
    let report =
        |metadata: &'static [u8]| flight_message(Bytes::new(), Bytes::new(), metadata.into());
    fails(and(&[], vec![report(b"")]), "does not fit").await;
    fails(and(&[], vec![report(&[0; 7])]), "does not fit").await;
    fails(and(&[], vec![report(&[0; 9])]), "does not fit").await;
    fails(
        and(&[], vec![closing_message(0), closing_message(0)]),
        "after the closing",
    )
    .await;
    let (header, body) = parts(&[1]).remove(1);
    let late = flight_message(header, body, Bytes::new());
    fails(
        and(&[], vec![closing_message(0), late]),
        "after the closing",
    )
    .await;
    fails(vec![Ok(closing_message(0))], "").await;
    // A second schema in the middle.
    let mut twice = messages(&[1]);
    twice.extend(messages(&[]));
    fails(twice, "holds no rows").await;
}

#[tokio::test]
async fn a_failure_after_the_closing_message_counts() {
    let refusal = Refusal::new(ErrorCode::Internal, "it broke at the end");
    let mut sent = messages(&[2]);
    sent.push(Ok(closing_message(1)));
    sent.push(Err(hansa_proto::peer::refusal::cut_answer_status(&refusal)));
    let worker = TestWorker::sending(sent).await;
    assert_eq!(worker.rows().await.unwrap_err(), refusal);
}

/// Notifies when an answer is dropped.
struct TaskDropNotifier(mpsc::Sender<()>);

impl Drop for TaskDropNotifier {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

#[tokio::test]
async fn a_connector_that_goes_away_ends_the_answer() {
    let (dropped, mut notified) = mpsc::channel(64);
    let (schema, batch) = (frames_of(&[9]).remove(0), frames_of(&[9]).remove(1));
    let handler = TestTaskHandler::new(move || {
        let guard = TaskDropNotifier(dropped.clone());
        let batch = batch.clone();
        let endless = stream::repeat_with(move || {
            let _ = &guard;
            batch.clone()
        });
        Ok(stream::iter([schema.clone()]).chain(endless).boxed())
    });
    let worker = TestWorker::start(handler).await;
    let client = worker.open().await.unwrap();
    let mut answer = expect_soon(client.send_ticket(&briefing(), LONG))
        .await
        .unwrap();
    assert!(expect_soon(answer.next()).await.unwrap().is_ok());
    assert!(notified.try_recv().is_err());
    drop(answer);
    expect_soon(notified.recv()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_waits_for_its_rows_ends_with_the_connector_too() {
    let (dropped, mut notified) = mpsc::channel(64);
    let schema = frames_of(&[]).remove(0);
    let handler = TestTaskHandler::new(move || {
        let guard = TaskDropNotifier(dropped.clone());
        let computing = stream::once(async move {
            let _guard = guard;
            std::future::pending::<Result<TaskFrame, Refusal>>().await
        });
        Ok(stream::iter([schema.clone()]).chain(computing).boxed())
    });
    let worker = TestWorker::start(handler).await;
    let client = worker.open().await.unwrap();
    let mut answer = expect_soon(client.send_ticket(&briefing(), LONG))
        .await
        .unwrap();
    assert!(futures::poll!(answer.next()).is_pending());
    drop(answer);
    expect_soon(notified.recv()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_time_is_given_up() {
    let settings = TransportSettings {
        handshake: Duration::from_secs(2),
        ..TransportSettings::default()
    };
    let given_up = async |begun: Vec<Result<TaskFrame, Refusal>>| {
        let handler = TestTaskHandler::new(move || {
            Ok(stream::iter(begun.clone()).chain(stream::pending()).boxed())
        });
        let worker = TestWorker::start_with(handler, settings.clone()).await;
        let client = worker.open().await.unwrap();
        let outcome =
            match expect_soon(client.send_ticket(&briefing(), Duration::from_millis(1))).await {
                Ok(mut answer) => drain(&mut answer).await,
                Err(refusal) => Err(refusal),
            };
        is_failure(&outcome.unwrap_err(), "in time");
    };
    futures::future::join(given_up(Vec::new()), given_up(frames_of(&[]))).await;
}

#[tokio::test]
async fn a_briefing_that_is_too_large_is_not_sent() {
    let handler = TestTaskHandler::these(frames_of(&[1]));
    let worker = TestWorker::start(Arc::clone(&handler) as _).await;
    let client = worker.open().await.unwrap();
    let with = |datasets: usize| {
        let grounds = (0..datasets).map(|number| {
            let mut ground = ground(&format!("d{number}"));
            let contract = ground.contract.as_mut().unwrap();
            contract.envelope = vec![b' '; 1 << 20].into();
            ground
        });
        with_grounds(grounds.collect())
    };
    let refusal = expect_soon(client.send_ticket(&with(4), LONG))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::MessageTooLarge, "{refusal}");
    assert!(handler.briefed.lock().unwrap().is_empty());
    let mut answer = expect_soon(client.send_ticket(&with(3), LONG))
        .await
        .unwrap();
    assert_eq!(drain(&mut answer).await.unwrap(), 1);
}
