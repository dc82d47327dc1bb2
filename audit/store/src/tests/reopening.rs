//! Tests of checks and records at the opening of a log.

use super::clock_starts::list_outcomes;
use super::complete::complete;
use super::{NUMBERED, TestEvidence, TestLogDir, numbers, test_evidence};
use crate::key::LogSigningKey;
use crate::{AuditLog, ClockFault, LogConfig, log_dir, offline};
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
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
    let (clock, offset) = movable(&log_dir);
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
        .time();
    offset.store(-3_600_000_000, SeqCst);
    let after = log
        .record_blocking(test_evidence(1))
        .unwrap()
        .receipt()
        .time();
    assert_eq!(kinds(&log), [NUMBERED, "clock", NUMBERED]);
    assert_eq!(log.clock_fault(), Some(ClockFault::WentBack));
    assert_eq!((before, log.now()), (after, after));
    log.acknowledge_clock();
    let _ = log.record_blocking(test_evidence(2)).unwrap();
    assert_eq!(log.clock_fault(), None);
    drop(log);
    // Set back while the program was not running: the next record states it.
    let (log, _) = AuditLog::open(config()).unwrap();
    let _ = log.record_blocking(test_evidence(3)).unwrap();
    assert_eq!(kinds(&log)[4..], ["clock", NUMBERED]);
    assert_eq!(log.clock_fault(), Some(ClockFault::WentBack));
}

#[test]
fn a_clock_that_jumps_ahead_is_recorded_and_not_followed() {
    let log_dir = TestLogDir::new();
    let (clock, moved) = movable(&log_dir);
    let (log, _) = AuditLog::open(LogConfig {
        clock,
        ..log_dir.config()
    })
    .unwrap();
    let say = |n: i64| {
        log.record_blocking(test_evidence(n))
            .unwrap()
            .receipt()
            .time()
    };
    let before = say(0);
    const DAY: i64 = 86_400_000_000;
    moved.store(30 * DAY, SeqCst);
    assert!(log.now() < before.plus_micros(DAY));
    assert!(say(1) < before.plus_micros(DAY));
    assert_eq!(list_outcomes(&log), ["held"]);
    assert!(matches!(
        log.clock_fault(),
        Some(ClockFault::JumpedAhead { micros }) if (30 * DAY - 1_000_000..=30 * DAY).contains(&micros)
    ));
    moved.store(0, SeqCst);
    assert!(say(2) < before.plus_micros(DAY));
    assert_eq!(
        (list_outcomes(&log), log.clock_fault()),
        (vec!["held".to_owned(), "undone".to_owned()], None)
    );
    moved.store(30 * DAY, SeqCst);
    let _ = say(3);
    log.acknowledge_clock();
    assert!(say(4) >= before.plus_micros(30 * DAY));
    assert_eq!(log.clock_fault(), None);
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
}

/// Clock of a log, and its offset in microseconds.
fn movable(log_dir: &TestLogDir) -> (Clock, Arc<AtomicI64>) {
    let offset = Arc::new(AtomicI64::new(0));
    let (clock, moved) = (Arc::clone(&log_dir.clock), Arc::clone(&offset));
    let clock: Clock = Arc::new(move || {
        let tick = clock();
        let wall = tick.wall.plus_micros(moved.load(SeqCst));
        ClockReading { wall, ..tick }
    });
    (clock, offset)
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
    // A new key of the log: heads by the old one are still valid.
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
        log_dir::read_keys(&test_log_dir.folder())
            .unwrap()
            .known
            .len(),
        2
    );
    assert_eq!(numbers(&test_log_dir.open().0, 0), [0, 1]);
}

/// Closes the entry at this place, without naming a request.
#[derive(Debug)]
struct CloseEvidence(u64);

impl Evidence for CloseEvidence {
    fn to_record_body(&self) -> RecordBody {
        complete("close", &format!(r#"{{"opened":{}}}"#, self.0))
    }
}
