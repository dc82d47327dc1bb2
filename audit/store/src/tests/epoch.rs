//! Tests of decisions and stops in one log: their order in the log agrees with their validity.

use super::{AuditLog, BlockingEvidence, TestLogDir, test_evidence};
use crate::epoch::{DecisionValidity, LogEpoch};
use hansa_audit_log::ledger::LedgerError;
use hansa_audit_log::time::UtcTimestamp;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

async fn decided(log: &AuditLog, epoch: LogEpoch, until: UtcTimestamp) -> Result<u64, LedgerError> {
    let validity = DecisionValidity { epoch, until };
    let recorded = log
        .record_while_valid(test_evidence(1), validity, false)
        .await;
    recorded.map(|recorded| recorded.receipt().index())
}

#[tokio::test]
async fn what_was_decided_before_a_stop_does_not_come_behind_it() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let before = log.epoch().await;
    assert_eq!(decided(&log, before, UtcTimestamp::LATEST).await, Ok(0));
    let stop = log.begin_stop();
    let _ = log.record(test_evidence(0)).await.unwrap();
    assert_eq!(
        decided(&log, before, UtcTimestamp::LATEST).await,
        Err(LedgerError::Overtaken)
    );
    // During a pending stop no caller gets the new epoch, since the stop's effects may not be visible yet.
    let waits = tokio::time::timeout(Duration::from_millis(50), log.epoch()).await;
    assert!(waits.is_err());
    let second = log.begin_stop();
    drop(stop);
    let waits = tokio::time::timeout(Duration::from_millis(50), log.epoch()).await;
    assert!(waits.is_err());
    let (waiting, one) = (log.clone(), tokio::task::yield_now());
    let waiting = tokio::spawn(async move { waiting.epoch().await });
    one.await;
    drop(second);
    let after = waiting.await.unwrap();
    assert_ne!(after, before);
    assert_eq!(decided(&log, after, UtcTimestamp::LATEST).await, Ok(2));
    assert_eq!(log.size(), 3);
}

/// The writer is blocked, so that decisions and a stop are queued in a known order.
#[tokio::test]
async fn what_waits_for_its_place_is_looked_at_when_it_gets_one() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let epoch = log.epoch().await;
    let (open, gate) = channel();
    let holding = log.clone();
    let held = tokio::spawn(async move {
        holding
            .record(BlockingEvidence(Mutex::new(gate)))
            .await
            .is_ok()
    });
    tokio::task::yield_now().await;
    let first = log.clone();
    let first = tokio::spawn(async move { decided(&first, epoch, UtcTimestamp::LATEST).await });
    tokio::task::yield_now().await;
    let stop = log.begin_stop();
    let stopping = log.clone();
    let stopping = tokio::spawn(async move { stopping.record(test_evidence(0)).await.is_ok() });
    tokio::task::yield_now().await;
    open.send(()).unwrap();
    assert!(held.await.unwrap() && stopping.await.unwrap());
    // The decision was queued before the stop and got its place after it. A wrong refusal is harmless: it is decided again.
    assert_eq!(first.await.unwrap(), Err(LedgerError::Overtaken));
    drop(stop);
    assert_eq!(log.size(), 2);
}

#[tokio::test]
async fn what_is_over_by_the_time_of_its_record_is_not_recorded() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let recorded = log.record(test_evidence(0)).await.unwrap();
    let epoch = log.epoch().await;
    let over = recorded.receipt().time();
    assert_eq!(
        decided(&log, epoch, over).await,
        Err(LedgerError::Overtaken)
    );
    assert_eq!(decided(&log, epoch, UtcTimestamp::LATEST).await, Ok(1));
}
