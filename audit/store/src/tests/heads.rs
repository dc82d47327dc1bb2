//! Tests of signed heads: when they are signed, and that the newest is found.

use super::complete::complete;
use super::{Ed25519NoteVerifier, NoteSigner, TestLogDir, test_evidence};
use crate::epoch::DecisionValidity;
use crate::{AuditLog, LogConfig, log_dir};
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::note::{COSIGNATURE, NoteKey};
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use std::time::Duration;

/// Log whose records wait at most this long for a head.
fn heads_after(log_dir: &TestLogDir, head_interval: Duration) -> AuditLog {
    let config = LogConfig {
        head_interval,
        ..log_dir.config()
    };
    AuditLog::open(config).unwrap().0
}

#[tokio::test]
async fn heads_are_signed_when_asked_after_enough_records_and_at_the_end() {
    let test_log_dir = TestLogDir::new();
    let never = Duration::from_secs(3600);
    let config = LogConfig {
        head_records: 10,
        head_interval: never,
        ..test_log_dir.config()
    };
    let (log, _) = AuditLog::open(config).unwrap();
    for n in 0..9 {
        let _ = log.record(test_evidence(n)).await.unwrap();
    }
    assert_eq!(log.head().checkpoint.size, 0);
    assert_eq!(log.head_over(3).await.unwrap().checkpoint.size, 9);
    assert!(log.head_over(10).await.is_err());
    for n in 9..19 {
        let _ = log.record(test_evidence(n)).await.unwrap();
    }
    // A head is written after the callers are woken; a request for one waits for it.
    assert_eq!(log.head_over(19).await.unwrap().checkpoint.size, 19);
    let _ = log.record(test_evidence(19)).await.unwrap();
    drop(log);
    let kept = log_dir::read_head_history(&test_log_dir.folder())
        .unwrap()
        .unwrap()
        .heads;
    let sizes: Vec<u64> = kept.iter().map(|head| head.checkpoint.size).collect();
    assert_eq!(sizes, [9, 19, 20]);
}

#[tokio::test]
async fn a_head_is_signed_over_the_record_that_asks_for_one() {
    let log_dir = TestLogDir::new();
    let log = heads_after(&log_dir, Duration::from_secs(3600));
    let _ = log.record(test_evidence(0)).await.unwrap();
    let validity = DecisionValidity {
        epoch: log.epoch().await,
        until: UtcTimestamp::LATEST,
    };
    let _ = log
        .record_while_valid(test_evidence(1), validity, true)
        .await
        .unwrap();
    // It is written after the callers are woken, and before the next record.
    let _ = log.record(test_evidence(2)).await.unwrap();
    assert_eq!(log.head().checkpoint.size, 2);
}

#[tokio::test]
async fn a_head_comes_by_itself_after_a_while() {
    let log_dir = TestLogDir::new();
    let log = heads_after(&log_dir, Duration::from_millis(1));
    let _ = log.record(test_evidence(0)).await.unwrap();
    while log.head().checkpoint.size == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.head().checkpoint, log.checkpoint());
}

#[tokio::test]
async fn what_tells_of_heads_needs_none_of_its_own() {
    let log_dir = TestLogDir::new();
    let config = || LogConfig {
        head_interval: Duration::from_millis(1),
        ..log_dir.config()
    };
    let (log, _) = AuditLog::open(config()).unwrap();
    let _ = log.record(test_evidence(0)).await.unwrap();
    while log.head().checkpoint.size == 0 {
        tokio::task::yield_now().await;
    }
    for n in 0..40 {
        let _ = log.record(ObservedHead(n)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(log.head().checkpoint.size, 1);
    drop(log);
    // Neither at the end nor at the next start; the head of the next record that needs one covers them, too.
    let (log, _) = AuditLog::open(config()).unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(log.head().checkpoint.size, 1);
    let _ = log.record(test_evidence(1)).await.unwrap();
    while log.head().checkpoint.size == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.head().checkpoint.size, 42);
}

#[test]
fn only_the_end_of_many_heads_is_read_at_start() {
    let test_log_dir = TestLogDir::new();
    let config = || LogConfig {
        head_records: 1,
        ..test_log_dir.config()
    };
    let (log, _) = AuditLog::open(config()).unwrap();
    for n in 0..400 {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    drop(log);
    let path = test_log_dir.folder().join("heads");
    let heads = std::fs::read(&path).unwrap();
    assert!(heads.len() > 65 * 1024, "{}", heads.len());
    let (log, _) = AuditLog::open(config()).unwrap();
    assert_eq!(log.head().checkpoint.size, 400);
    drop(log);
    let last = "— tallinn".len();
    let dash = heads
        .windows(last)
        .rposition(|window| window == "— tallinn".as_bytes())
        .unwrap();
    let in_dash = heads.len() - dash - 1;
    for cut in [1, 2, 50, in_dash, in_dash - 1, 200] {
        std::fs::write(&path, &heads[..heads.len() - cut]).unwrap();
        let (log, _) = AuditLog::open(config()).unwrap();
        assert_eq!(log.head().checkpoint.size, 399);
        drop(log);
        let found = log_dir::read_head_history(&test_log_dir.folder())
            .unwrap()
            .unwrap();
        assert!(!found.rest);
        assert_eq!(found.heads.last().unwrap().checkpoint.size, 400);
    }
    std::fs::write(&path, vec![b'x'; 70_000]).unwrap();
    assert_eq!(
        test_log_dir.refused().sentence,
        "the newest head of the log can't be read"
    );
}

/// Head of another log.
struct ObservedHead(u64);

impl Evidence for ObservedHead {
    fn to_record_body(&self) -> RecordBody {
        complete("checkpoint_seen", &format!(r#"{{"size":{}}}"#, self.0))
    }
}

#[test]
fn a_log_is_a_witness_of_another() {
    let (one, other) = (TestLogDir::new(), TestLogDir::new());
    let (log, _) = one.open();
    let (witness, _) = other.open();
    let _ = log.record_blocking(test_evidence(1)).unwrap();
    log.close();
    let mut head = log.head();
    witness.cosign(&mut head, 1_800_000_000).unwrap();
    let key = NoteKey {
        algorithm: COSIGNATURE,
        ..other.key.key()
    };
    assert_eq!(
        head.cosigned_by(&key, &Ed25519NoteVerifier),
        Some(1_800_000_000)
    );
    // It is neither the log's own signature nor another's.
    assert!(!head.is_signed_by(&key, &Ed25519NoteVerifier));
    assert!(head.is_signed_by(&one.key.key(), &Ed25519NoteVerifier));
    assert_eq!(head.cosigned_by(&one.key.key(), &Ed25519NoteVerifier), None);
    // The signature covers the time, too.
    let mut later = head.clone();
    later.signatures[1].signature[7] ^= 1;
    assert_eq!(later.cosigned_by(&key, &Ed25519NoteVerifier), None);
    assert_eq!(log.checkpoint_at(1), Some(head.checkpoint));
    assert_eq!(log.checkpoint_at(9), None);
}
