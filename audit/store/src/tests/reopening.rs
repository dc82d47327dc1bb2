//! What a log says and checks when it is opened again.

use super::{TestEvidence, TestLogDir, numbers, said};
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
fn open_entries_are_told_at_start() {
    let place = TestLogDir::new();
    let (log, _) = place.open();
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
    let (_, replay) = place.open();
    let open: Vec<u64> = replay.open.iter().map(|record| record.seq).collect();
    assert_eq!(open, [1, 6]);
}

#[test]
fn a_clock_that_goes_back_is_recorded_and_not_trusted() {
    let place = TestLogDir::new();
    let offset = Arc::new(AtomicI64::new(0));
    let (clock, moved) = (Arc::clone(&place.clock), Arc::clone(&offset));
    let clock: Clock = Arc::new(move || {
        let tick = clock();
        let wall = tick.wall.plus_micros(moved.load(SeqCst));
        ClockReading { wall, ..tick }
    });
    let config = || LogConfig {
        clock: Arc::clone(&clock),
        ..place.config()
    };
    let kinds = |log: &AuditLog| {
        log.read(0)
            .map(|record| record.unwrap().kind)
            .collect::<Vec<_>>()
    };
    let (log, _) = AuditLog::open(config()).unwrap();
    let before = log.record_blocking(said(0)).unwrap().receipt().at();
    offset.store(-3_600_000_000, SeqCst);
    let after = log.record_blocking(said(1)).unwrap().receipt().at();
    assert_eq!(kinds(&log), ["said", "clock", "said"]);
    assert!(!log.is_clock_trusted());
    assert_eq!((before, log.now()), (after, after));
    log.acknowledge_clock();
    let _ = log.record_blocking(said(2)).unwrap();
    assert!(log.is_clock_trusted());
    drop(log);
    // Set back while nobody ran: the next record says so.
    let (log, _) = AuditLog::open(config()).unwrap();
    let _ = log.record_blocking(said(3)).unwrap();
    assert_eq!(kinds(&log)[4..], ["clock", "said"]);
    assert!(!log.is_clock_trusted());
}

#[test]
fn one_writer_at_a_time() {
    let place = TestLogDir::new();
    let (log, _) = place.open();
    assert_eq!(place.refused().code, ErrorCode::StateLocked);
    let other = log.clone();
    drop(log);
    assert_eq!(place.refused().code, ErrorCode::StateLocked);
    drop(other);
    let _ = place.open();
}

#[test]
fn another_key_or_domain_is_refused_or_kept_beside() {
    let place = TestLogDir::new();
    drop(place.open());
    let config = LogConfig {
        domain: "luebeck.example".to_owned(),
        ..place.config()
    };
    assert_eq!(
        AuditLog::open(config).map(|_| ()).unwrap_err().code,
        ErrorCode::KeyInvalid
    );
    // A new key of the same log: heads of the old one still hold.
    let (log, _) = place.open();
    let _ = log.record_blocking(said(0)).unwrap();
    drop(log);
    let key = LogSigningKey::create(&place.dir.path().join("new.key"), "tallinn.example").unwrap();
    let place = TestLogDir {
        key: Arc::new(key),
        ..place
    };
    let (log, _) = place.open();
    let _ = log.record_blocking(said(1)).unwrap();
    drop(log);
    assert_eq!(log_dir::keys(&place.folder()).unwrap().known.len(), 2);
    assert_eq!(numbers(&place.open().0, 0), [0, 1]);
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
