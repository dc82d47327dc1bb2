//! Tests of admitted callers, and of refusals when no worker is reached.

use super::{
    LONG, TestTaskHandler, TestWorker, TransportSettings, briefing, drain, frames_of, is_failure,
    open,
};
use crate::peer::settings::UnprovenBounds;
use crate::peer::testing::{expect_soon, start_relay};
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightDescriptor, Ticket};
use futures::{StreamExt as _, stream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn who_has_no_certificate_is_refused() {
    let handler = TestTaskHandler::these(frames_of(&[1]));
    let worker = TestWorker::start(Arc::clone(&handler) as _).await;
    let refusal = worker
        .open_as(worker.league.client_without_certificate())
        .await
        .unwrap_err();
    is_failure(&refusal, "does not accept the certificate");
    let refusal = worker
        .open_as(worker.league.stranger()())
        .await
        .unwrap_err();
    is_failure(&refusal, "does not accept the certificate");
    assert!(handler.briefed.lock().unwrap().is_empty());
    assert_eq!(worker.rows().await.unwrap(), 1, "others are served");
}

#[tokio::test]
async fn silent_connections_make_way_for_the_connector() {
    let settings = TransportSettings {
        unproven: UnprovenBounds {
            each: 8,
            strangers: 8,
            members: 8,
        },
        ..TransportSettings::default()
    };
    let worker = TestWorker::start_with(TestTaskHandler::these(frames_of(&[1])), settings).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        for _ in 0..40 {
            silent.push(TcpStream::connect(worker.address).await.unwrap());
        }
        assert_eq!(worker.rows().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_worker_of_another_authority_is_not_called() {
    let handler = TestTaskHandler::these(frames_of(&[1]));
    let worker = TestWorker::start(Arc::clone(&handler) as _).await;
    let other = TestWorker::start(TestTaskHandler::these(frames_of(&[1]))).await;
    let refusal = worker.open_as(other.league.client()()).await.unwrap_err();
    is_failure(&refusal, "its certificate is not accepted");
    assert!(handler.briefed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_is_called_by_its_name() {
    let worker = TestWorker::start(TestTaskHandler::these(frames_of(&[1]))).await;
    let name = "south.example".try_into().unwrap();
    let address = worker.address.to_string();
    let tls = worker.league.client()();
    let north = "north".parse().unwrap();
    let call = super::WorkerClient::open(north, &address, tls, name, TransportSettings::default());
    let refusal = expect_soon(call).await.unwrap_err();
    is_failure(&refusal, "its certificate is not accepted");
}

#[tokio::test]
async fn nobody_listens() {
    let worker = TestWorker::start(TestTaskHandler::these(frames_of(&[1]))).await;
    let vacant = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = vacant.local_addr().unwrap();
    drop(vacant);
    let tls = worker.league.client()();
    let refusal = open(address, tls, TransportSettings::default())
        .await
        .unwrap_err();
    is_failure(&refusal, "no server listens");
}

#[tokio::test]
async fn an_address_that_is_none_is_reported() {
    let worker = TestWorker::start(TestTaskHandler::these(frames_of(&[1]))).await;
    for address in ["", "no address", "[::1"] {
        let tls = worker.league.client()();
        let name = "127.0.0.1".try_into().unwrap();
        let north = "north".parse().unwrap();
        let call =
            super::WorkerClient::open(north, address, tls, name, TransportSettings::default());
        is_failure(&expect_soon(call).await.unwrap_err(), "address");
    }
}

#[tokio::test]
async fn a_worker_that_went_away_is_reported() {
    let worker = TestWorker::start(TestTaskHandler::these(frames_of(&[1]))).await;
    let client = worker.open().await.unwrap();
    let mut one = expect_soon(client.send_ticket(&briefing(), LONG))
        .await
        .unwrap();
    assert_eq!(drain(&mut one).await.unwrap(), 1);
    drop(one);
    worker.end().await;
    is_failure(
        &expect_soon(client.send_ticket(&briefing(), LONG))
            .await
            .unwrap_err(),
        "",
    );
}

#[tokio::test]
async fn a_connection_that_breaks_under_an_answer_is_no_end_and_the_next_answer_has_a_new_one() {
    let begun = frames_of(&[3]);
    let handler = TestTaskHandler::new(move || {
        Ok(stream::iter(begun.clone()).chain(stream::pending()).boxed())
    });
    let worker = TestWorker::start(Arc::clone(&handler) as _).await;
    let (address, cut) = start_relay(worker.address).await;
    let tls = worker.league.client()();
    let client = open(address, tls, TransportSettings::default())
        .await
        .unwrap();
    let mut answer = expect_soon(client.send_ticket(&briefing(), LONG))
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
    cut.send(()).await.unwrap();
    is_failure(&expect_soon(answer.next()).await.unwrap().unwrap_err(), "");
    assert!(expect_soon(answer.next()).await.is_none());
    assert_eq!(
        handler.briefed.lock().unwrap().len(),
        1,
        "nobody asked twice"
    );
    let mut next = expect_soon(client.send_ticket(&briefing(), LONG))
        .await
        .unwrap();
    assert_eq!(
        expect_soon(next.next()).await.unwrap().unwrap().num_rows(),
        3
    );
}

#[tokio::test]
async fn nobody_waits_for_a_slow_handshake() {
    let settings = TransportSettings {
        handshake: Duration::from_secs(1),
        connections: 1,
        ..TransportSettings::default()
    };
    let handler = TestTaskHandler::these(frames_of(&[1]));
    let worker = TestWorker::start_with(handler, settings).await;
    // It occupies the only place until its deadline.
    let silent = TcpStream::connect(worker.address).await.unwrap();
    let tls = worker.league.client()();
    let client = open(worker.address, tls, TransportSettings::default())
        .await
        .unwrap();
    let mut answer = expect_soon(client.send_ticket(&briefing(), LONG))
        .await
        .unwrap();
    assert_eq!(drain(&mut answer).await.unwrap(), 1);
    drop(silent);
}

#[tokio::test]
async fn a_ticket_that_is_no_briefing_is_refused() {
    let handler = TestTaskHandler::these(frames_of(&[1]));
    let worker = TestWorker::start(Arc::clone(&handler) as _).await;
    let client = worker.open().await.unwrap();
    let mut raw = FlightServiceClient::new(client.channel());
    let report = async |status: tonic::Status| -> Refusal {
        hansa_proto::peer::refusal::carried_refusal(&status, "north").unwrap()
    };
    let ticket = Ticket {
        ticket: "SELECT 1".into(),
    };
    let status = expect_soon(raw.do_get(ticket)).await.unwrap_err();
    assert_eq!(report(status).await.code, ErrorCode::MessageMalformed);
    let most = TransportSettings::default().request;
    let ticket = Ticket {
        ticket: vec![0; most].into(),
    };
    let status = expect_soon(raw.do_get(ticket)).await.unwrap_err();
    assert_eq!(
        hansa_proto::peer::refusal::carried_refusal(&status, "north"),
        None
    );
    assert_eq!(status.code(), tonic::Code::OutOfRange, "{status}");
    let info = expect_soon(raw.get_flight_info(FlightDescriptor::default())).await;
    assert_eq!(info.unwrap_err().code(), tonic::Code::Unimplemented);
    assert!(handler.briefed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reload_asks_nobody_to_restart() {
    let worker = TestWorker::start(TestTaskHandler::these(frames_of(&[1]))).await;
    let before = worker.open().await.unwrap();
    worker.league.change_authority();
    assert!(worker.open().await.is_err());
    assert!(worker.open_as(worker.league.stranger()()).await.is_ok());
    let mut answer = expect_soon(before.send_ticket(&briefing(), LONG))
        .await
        .unwrap();
    assert_eq!(drain(&mut answer).await.unwrap(), 1);
}
