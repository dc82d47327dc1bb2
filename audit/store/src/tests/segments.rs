//! Tests of the sequence of segment files.

use super::{NUMBERED, TestLogDir, bytes, numbers, test_evidence};
use crate::{AuditLog, LogConfig, log_segment};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;

#[test]
fn segments_follow_each_other() {
    let log_dir = TestLogDir::new();
    let config = || LogConfig {
        segment: 2000,
        ..log_dir.config()
    };
    for run in 0..3 {
        let (log, replay) = AuditLog::open(config()).unwrap();
        assert_eq!(replay.cut, None);
        for n in 0..20 {
            let _ = log.record_blocking(test_evidence(run * 20 + n)).unwrap();
        }
    }
    let (log, _) = AuditLog::open(config()).unwrap();
    let said: Vec<i64> = numbers(&log, 0).into_iter().filter(|n| *n >= 0).collect();
    assert_eq!(said, (0..60).collect::<Vec<_>>());
    let segments = log_segment::list_segments(&log_dir.folder()).unwrap();
    assert!(segments.len() > 5);
    for pair in segments.windows(2) {
        let [sealed, next] = pair else { panic!() };
        let digest = Digest::of(&std::fs::read(&sealed.path).unwrap());
        let first = log.get(next.first).unwrap().unwrap();
        assert_eq!((first.seq, first.kind.as_str()), (next.first, "segment"));
        assert_eq!(first.body.get("sha256"), Some(&Json::from_display(digest)));
        assert_eq!(
            first.body.get("previous"),
            Some(&Json::from_display(sealed.name()))
        );
    }
}

#[test]
fn a_segment_that_holds_no_whole_record_is_begun_again() {
    for begun in ["", "{\"body\":{\"n\":0,"] {
        let log_dir = TestLogDir::new();
        let config = || LogConfig {
            segment: 1000,
            ..log_dir.config()
        };
        let (log, _) = AuditLog::open(config()).unwrap();
        while bytes(&log_dir.folder()).len() < 1000 {
            let _ = log.record_blocking(test_evidence(0)).unwrap();
        }
        let size = log.size();
        drop(log);
        let before = bytes(&log_dir.folder());
        std::fs::write(
            log_dir.folder().join(format!("records-{size:012}.jsonl")),
            begun,
        )
        .unwrap();
        let (log, replay) = AuditLog::open(config()).unwrap();
        assert_eq!(
            replay.cut,
            (!begun.is_empty()).then_some(begun.len() as u64)
        );
        let _ = log.record_blocking(test_evidence(0)).unwrap();
        let kinds: Vec<_> = log.read(size).map(|record| record.unwrap().kind).collect();
        let repaired = if begun.is_empty() {
            &[][..]
        } else {
            &["repair"]
        };
        assert_eq!(kinds, [repaired, &["segment", NUMBERED]].concat());
        assert!(bytes(&log_dir.folder()).starts_with(&before));
        drop(log);
        let records = size + kinds.len() as u64;
        assert_eq!(AuditLog::open(config()).unwrap().1.records, records);
    }
}
