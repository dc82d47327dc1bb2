//! Tests of work on a record while the disk confirms it.

use super::crash::failing;
use super::{BlockingEvidence, SeqCst, TestLogDir, test_evidence};
use hansa_audit_log::ledger::LedgerError;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// Records one value between two that block the writer. Returns if the result came back, the number of durable records when it was
/// computed, and the number at the end.
async fn made(fails: u64) -> (Result<bool, LedgerError>, u64, u64) {
    let log_dir = TestLogDir::new();
    let (log, fail) = failing(log_dir.config());
    fail.at.store(fails, SeqCst);
    let (open_first, first) = channel();
    let (open_last, last) = channel();
    let (before, behind) = (log.clone(), log.clone());
    let before = tokio::spawn(async move {
        before
            .record(BlockingEvidence(Mutex::new(first)))
            .await
            .is_ok()
    });
    tokio::task::yield_now().await;
    let (reporter, durable) = channel();
    let (between, looked_at) = (log.clone(), log.clone());
    let middle = tokio::spawn(async move {
        let make = |at| async move {
            reporter.send(looked_at.size()).unwrap();
            // The writer syncs only after it is released.
            open_last.send(()).unwrap();
            at
        };
        let done = between.record_while(test_evidence(1), make).await;
        done.map(|(recorded, at)| recorded.receipt().time() == at)
    });
    tokio::task::yield_now().await;
    let behind = tokio::spawn(async move {
        behind
            .record(BlockingEvidence(Mutex::new(last)))
            .await
            .is_ok()
    });
    tokio::task::yield_now().await;
    open_first.send(()).unwrap();
    let middle = middle.await.unwrap();
    let (before, behind) = (before.await.unwrap(), behind.await.unwrap());
    assert_eq!((before, behind), (fails == 0, fails == 0));
    (middle, durable.recv().unwrap(), log.size())
}

#[tokio::test]
async fn what_is_made_meanwhile_comes_with_the_proof_or_not_at_all() {
    assert_eq!(made(0).await, (Ok(true), 0, 3));
    let (lost, durable, size) = made(1).await;
    assert!(matches!(lost, Err(LedgerError::Broken(_))), "{lost:?}");
    assert_eq!((durable, size), (0, 0));
}

#[tokio::test]
async fn nothing_is_made_of_what_could_not_be_written() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    log.close();
    let never = |_| async { unreachable!("nothing was written") };
    let outcome = log.record_while(test_evidence(0), never).await;
    assert_eq!(outcome.map(|_| ()), Err(LedgerError::Closed));
}
