//! What a log says and checks when it is opened again.

use super::{TestEvidence, TestLogDir, numbers, test_evidence};
use crate::key::LogSigningKey;
use crate::{AuditLog, LogConfig, log_dir};
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, RecordContent};
use hansa_audit_log::time::{Clock, ClockReading};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn open_entries_are_reported_at_start() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    for (kind, n) in [
        ("permit", 1),
        ("permit", 2),
        ("close", 1),
        ("refuse", 3),
        ("permit", 4),
    ] {
        let _ = log.record_blocking(TestEvidence { kind, n }).unwrap();
    }
    let _ = log.record_blocking(CloseEvidence(4)).unwrap();
    let _ = log
        .record_blocking(TestEvidence {
            kind: "permit",
            n: 4,
        })
        .unwrap();
    drop(log);
    let (_, replay) = log_dir.open();
    let open: Vec<u64> = replay.open.iter().map(|record| record.seq).collect();
    assert_eq!(open, [1, 6]);
}

#[test]
fn a_clock_that_goes_back_is_recorded_and_not_trusted() {
    let log_dir = TestLogDir::new();
    let offset = Arc::new(AtomicI64::new(0));
    let (clock, moved) = (Arc::clone(&log_dir.clock), Arc::clone(&offset));
    let clock: Clock = Arc::new(move || {
        let tick = clock();
        let wall = tick.wall.plus_micros(moved.load(SeqCst));
        ClockReading { wall, ..tick }
    });
    let config = || LogConfig {
        clock: Arc::clone(&clock),
        ..log_dir.config()
    };
    let kinds = |log: &AuditLog| {
        log.read(0)
            .map(|record| record.unwrap().kind)
            .collect::<Vec<_>>()
    };
    let (log, _) = AuditLog::open(config()).unwrap();
    let before = log
        .record_blocking(test_evidence(0))
        .unwrap()
        .receipt()
        .at();
    offset.store(-3_600_000_000, SeqCst);
    let after = log
        .record_blocking(test_evidence(1))
        .unwrap()
        .receipt()
        .at();
    assert_eq!(kinds(&log), ["said", "clock", "said"]);
    assert!(!log.is_clock_trusted());
    assert_eq!((before, log.now()), (after, after));
    log.acknowledge_clock();
    let _ = log.record_blocking(test_evidence(2)).unwrap();
    assert!(log.is_clock_trusted());
    drop(log);
    // Set back while nobody ran: the next record says so.
    let (log, _) = AuditLog::open(config()).unwrap();
    let _ = log.record_blocking(test_evidence(3)).unwrap();
    assert_eq!(kinds(&log)[4..], ["clock", "said"]);
    assert!(!log.is_clock_trusted());
}

#[test]
fn one_writer_at_a_time() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    assert_eq!(log_dir.refused().code, ErrorCode::StateLocked);
    let other = log.clone();
    drop(log);
    assert_eq!(log_dir.refused().code, ErrorCode::StateLocked);
    drop(other);
    let _ = log_dir.open();
}

#[test]
fn another_key_or_domain_is_refused_or_kept_beside() {
    let test_log_dir = TestLogDir::new();
    drop(test_log_dir.open());
    let config = LogConfig {
        domain: "luebeck.example".to_owned(),
        ..test_log_dir.config()
    };
    assert_eq!(
        AuditLog::open(config).map(|_| ()).unwrap_err().code,
        ErrorCode::KeyInvalid
    );
    // A new key of the same log: heads of the old one still hold.
    let (log, _) = test_log_dir.open();
    let _ = log.record_blocking(test_evidence(0)).unwrap();
    drop(log);
    let key =
        LogSigningKey::create(&test_log_dir.dir.path().join("new.key"), "tallinn.example").unwrap();
    let test_log_dir = TestLogDir {
        key: Arc::new(key),
        ..test_log_dir
    };
    let (log, _) = test_log_dir.open();
    let _ = log.record_blocking(test_evidence(1)).unwrap();
    drop(log);
    assert_eq!(
        log_dir::keys(&test_log_dir.folder()).unwrap().known.len(),
        2
    );
    assert_eq!(numbers(&test_log_dir.open().0, 0), [0, 1]);
}

/// Closes the entry at this place, without naming a request.
#[derive(Debug)]
struct CloseEvidence(u64);

impl Evidence for CloseEvidence {
    fn entry(&self) -> RecordContent {
        RecordContent {
            kind: "close",
            body: Json::object([("opened", Json::count(self.0)), ("request_id", Json::Null)]),
        }
    }
}
