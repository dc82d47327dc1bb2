//! Tests of two records that are visible together.

use super::{TestLogDir, number, test_evidence};
use crate::AuditLog;
use hansa_audit_log::ledger::{Evidence, LedgerError};
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::messages::FetchedMessagesRecord;
use std::sync::atomic::{AtomicBool, Ordering};

/// Value that exceeds the size of a record.
#[derive(Debug)]
struct OversizedEvidence;

impl Evidence for OversizedEvidence {
    fn to_record_body(&self) -> RecordBody {
        FetchedMessagesRecord {
            peer: "x".repeat(70_000),
            ..number(1)
        }
        .into()
    }
}

#[test]
fn whoever_looks_sees_both_or_neither() {
    let log_dir = TestLogDir::new();
    let (log, _) = AuditLog::open(log_dir.config()).unwrap();
    let before = log.size();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = 0_u64;
            while !over.load(Ordering::Acquire) {
                assert_eq!((log.size() - before) % 2, 0, "half of a pair is seen");
                seen += 1;
            }
            seen
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        runtime.block_on(async {
            for round in 0..200_i64 {
                // Several pairs at once, so that the end of a group can't hide an error.
                let pairs = (0..4).map(|n| {
                    let log = log.clone();
                    tokio::spawn(async move {
                        log.record_both(test_evidence(8 * round + 2 * n), test_evidence(1))
                            .await
                    })
                });
                for pair in pairs.collect::<Vec<_>>() {
                    let (first, second) = pair.await.unwrap().unwrap();
                    assert_eq!(first.receipt().index() + 1, second.receipt().index());
                }
            }
        });
        over.store(true, Ordering::Release);
        assert!(looking.join().unwrap() > 0);
    });
    assert_eq!(log.size() - before, 1600);
}

#[tokio::test]
async fn the_second_is_not_recorded_without_the_first() {
    let log_dir = TestLogDir::new();
    let (log, _) = AuditLog::open(log_dir.config()).unwrap();
    let before = log.size();
    let refused = log
        .record_both(OversizedEvidence, test_evidence(1))
        .await
        .unwrap_err();
    assert!(matches!(refused, LedgerError::TooLarge { .. }), "{refused}");
    assert_eq!(log.size(), before);
    let refused = log
        .record_both(test_evidence(2), OversizedEvidence)
        .await
        .unwrap_err();
    assert!(matches!(refused, LedgerError::TooLarge { .. }), "{refused}");
    assert_eq!(log.size(), before + 1);
}
