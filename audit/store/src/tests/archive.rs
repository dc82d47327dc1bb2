//! Tests: archived records stay provable, and unreadable ones are reported.

use super::{TestLogDir, numbers, test_evidence};
use crate::archive::archive_segments;
use crate::log_segment;
use crate::{AuditLog, LogConfig, log_dir, offline};
use hansa_audit_log::tree::check_inclusion;
use hansa_policy::refusal::ErrorCode;

fn config(log_dir: &TestLogDir) -> LogConfig {
    LogConfig {
        segment: 3000,
        ..log_dir.config()
    }
}

/// Log of this many numbered records in several segments, all but the newest two archived.
fn archived(log_dir: &TestLogDir) -> (AuditLog, u64) {
    let (log, _) = AuditLog::open(config(log_dir)).unwrap();
    for n in 0..60 {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    drop(log);
    let (log, _) = AuditLog::open(config(log_dir)).unwrap();
    let before = log_segment::list_segments(&log_dir.folder()).unwrap();
    let moved = archive_segments(&log, 1).unwrap();
    assert_eq!(moved.len(), before.len() - 2);
    let end = moved.last().unwrap().end;
    assert_eq!(
        log_segment::list_segments(&log_dir.folder()).unwrap()[0].first,
        end
    );
    (log, end)
}

#[test]
fn archived_records_are_read_proved_and_verified_where_the_archive_is_here() {
    let log_dir = TestLogDir::new();
    let (log, end) = archived(&log_dir);
    let whole = |log: &AuditLog| numbers(log, 0).into_iter().filter(|n| *n >= 0).count();
    assert_eq!(whole(&log), 60);
    drop(log);
    let report = offline::verify_copy(&log_dir.folder(), None).unwrap();
    assert!(report.is_good(), "{report:?}");
    // Opening reads only the present segment.
    let hidden = log_dir.dir.path().join("elsewhere");
    let path = log_dir.folder().join(log_segment::ARCHIVE);
    std::fs::rename(&path, &hidden).unwrap();
    let (log, replay) = AuditLog::open(config(&log_dir)).unwrap();
    assert_eq!(replay.records, log.size());
    let root = log.checkpoint().root;
    for index in 0..log.size() {
        let proof = log.inclusion_proof(index, log.size()).unwrap();
        let leaf = log.leaf(index).unwrap();
        assert!(check_inclusion(index, log.size(), leaf, &proof, root));
    }
    assert!(log.get(end).unwrap().is_some());
    let refused = log.get(end - 1).unwrap_err();
    assert_eq!(refused.code, ErrorCode::EvidenceIncomplete);
    drop(log);
    let report = offline::verify_copy(&log_dir.folder(), None).unwrap();
    assert!(!report.is_good());
    assert_eq!((report.fault.clone(), report.missing.len()), (None, 1));
    assert_eq!(
        report.refusal().map(|r| r.code),
        Some(ErrorCode::EvidenceIncomplete)
    );
    std::os::unix::fs::symlink(&hidden, &path).unwrap();
    assert_eq!(whole(&AuditLog::open(config(&log_dir)).unwrap().0), 60);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
}

#[test]
fn what_was_changed_in_the_archive_is_found_when_it_is_read() {
    let test_log_dir = TestLogDir::new();
    let (log, end) = archived(&test_log_dir);
    drop(log);
    let first = log_segment::all_segments(&test_log_dir.folder()).unwrap()[0]
        .path
        .clone();
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replacen("\"number\":3", "\"number\":4", 1)).unwrap();
    let (log, _) = AuditLog::open(config(&test_log_dir)).unwrap();
    assert_eq!(log.get(3).unwrap_err().code, ErrorCode::EvidenceBroken);
    assert!(log.get(4).unwrap().is_some());
    drop(log);
    let report = offline::verify_copy(&test_log_dir.folder(), None).unwrap();
    assert_eq!(report.fault.unwrap().to_string(), "record 3 was edited");

    // The hashes of archived records are compared with the signed heads.
    let path = test_log_dir.folder().join(log_dir::LEAVES);
    let mut leaves = std::fs::read(&path).unwrap();
    leaves[40] ^= 1;
    std::fs::write(&path, &leaves).unwrap();
    std::fs::remove_dir_all(test_log_dir.folder().join(log_segment::ARCHIVE)).unwrap();
    assert_eq!(test_log_dir.refused().code, ErrorCode::EvidenceBroken);
    assert!(
        offline::verify_copy(&test_log_dir.folder(), None)
            .unwrap()
            .fault
            .is_some()
    );
    leaves.truncate(usize::try_from(end).unwrap() * 16);
    std::fs::write(&path, &leaves).unwrap();
    assert_eq!(test_log_dir.refused().code, ErrorCode::EvidenceBroken);
    assert!(
        offline::verify_copy(&test_log_dir.folder(), None)
            .unwrap()
            .fault
            .is_some()
    );
}

#[test]
fn what_was_changed_before_is_not_archived() {
    let log_dir = TestLogDir::new();
    let (log, _) = AuditLog::open(config(&log_dir)).unwrap();
    for n in 0..60 {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    let first = log_dir.folder().join("records-000000000000.jsonl");
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replacen("\"number\":3", "\"number\":4", 1)).unwrap();
    let before = log_segment::list_segments(&log_dir.folder()).unwrap();
    assert_eq!(
        archive_segments(&log, 0).unwrap_err().code,
        ErrorCode::EvidenceBroken
    );
    assert_eq!(
        log_segment::list_segments(&log_dir.folder()).unwrap(),
        before
    );
}
