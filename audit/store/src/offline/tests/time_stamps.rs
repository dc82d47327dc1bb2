//! Tests: time stamps are stored beside the heads, exported with them, and read back unchanged. Tokens are not judged here.

use super::{PartialDocuments, RequestEvidence, chosen, contract};
use crate::export::write_bundle;
use crate::offline::{BundleVisitor, verify_copy, visit_copy};
use crate::tests::{TestLogDir, test_evidence};
use crate::time_stamps::TIME_STAMPS;
use crate::{AuditLog, StampedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use std::io::Write as _;
use std::path::Path;

/// Sizes and tokens of the time-stamped heads that a verification finds.
#[derive(Default)]
struct StampCollector(Vec<(u64, Vec<u8>)>);

impl BundleVisitor for StampCollector {
    fn record(&mut self, _: &Record, _: RecordBody) {}

    fn time_stamp(&mut self, stamped: &StampedHead) {
        self.0
            .push((stamped.head.checkpoint.size, stamped.token.clone()));
    }
}

fn found(path: &Path) -> Vec<(u64, Vec<u8>)> {
    let mut found = StampCollector::default();
    let report = visit_copy(path, None, &mut found).unwrap();
    assert_eq!(report.refusal(), None, "{report:?}");
    found.0.sort();
    found.0
}

/// Stores this token for the newest head.
async fn stamp(log: &AuditLog, token: &[u8]) -> u64 {
    let head = log.head_over(log.size()).await.unwrap();
    let size = head.checkpoint.size;
    let token = token.to_vec();
    log.keep_time_stamp(&StampedHead { head, token }).unwrap();
    size
}

fn exported(log: &AuditLog, path: &Path, of: Option<&str>) -> String {
    let mut file = std::fs::File::create(path).unwrap();
    write_bundle(log, &log.head(), &chosen(of), &PartialDocuments, &mut file).unwrap();
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_part_has_for_each_record_the_first_stamp_behind_it() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let out = log_dir.dir.path().join("out.hansa");
    let of = |name: &str, request| RequestEvidence("permit", contract(name), request);
    let _ = log.record(of("a", 0)).await.unwrap();
    // Without time stamps the members exist with null.
    let _ = log.head_over(1).await.unwrap();
    let text = exported(&log, &out, None);
    let heads = || text.lines().filter(|line| line.starts_with("{\"head\":"));
    assert!(heads().count() > 0 && heads().all(|line| line.ends_with(",\"time_stamp\":null}")));
    let first = stamp(&log, b"first").await;
    let _ = log.record(of("b", 1)).await.unwrap();
    let second = stamp(&log, b"second").await;
    let _ = log.record(test_evidence(2)).await.unwrap();
    let third = stamp(&log, b"third").await;
    // A record after the last time stamp.
    let _ = log.record(of("b", 3)).await.unwrap();
    let _ = log.head_over(log.size()).await.unwrap();

    let all = [
        (first, b"first".to_vec()),
        (second, b"second".to_vec()),
        (third, b"third".to_vec()),
    ];
    let text = exported(&log, &out, None);
    assert_eq!(text.matches("\"time_stamp\":\"").count(), all.len());
    assert_eq!(found(&out), all);
    assert_eq!(found(&log_dir.folder()), all);
    for (name, stamps) in [("a", &all[..1]), ("b", &all[1..2]), ("none", &all[..0])] {
        let text = exported(&log, &out, Some(name));
        assert_eq!(found(&out), stamps, "{name}");
        let written = text.matches("\"time_stamp\":\"").count();
        assert_eq!(written, stamps.len(), "{name}");
        assert!(text.contains("\"bundle/1\""), "{name}");
    }
    // Another format is reported as unknown.
    let other = exported(&log, &out, None).replacen("bundle/1", "bundle/2", 1);
    std::fs::write(&out, other).unwrap();
    let refusal = verify_copy(&out, None).unwrap_err();
    assert_eq!(refusal.code.as_str(), "EVIDENCE_UNKNOWN");
}

#[tokio::test]
async fn a_line_that_a_crash_cut_is_left_out_and_another_one_is_named() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let _ = log.record(test_evidence(0)).await.unwrap();
    let size = stamp(&log, b"kept").await;
    let path = log_dir.folder().join(TIME_STAMPS);
    let append = |bytes: &[u8]| {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(bytes).unwrap();
    };
    append(b"{\"head\":\"tallinn");
    assert_eq!(found(&log_dir.folder()), [(size, b"kept".to_vec())]);
    let again = stamp(&log, b"again").await;
    let both = [(size, b"again".to_vec()), (again, b"kept".to_vec())];
    assert_eq!(found(&log_dir.folder()), both);
    assert_eq!(log.time_stamps().unwrap().len(), 2);

    append(b"no time stamp\n");
    let report = verify_copy(&log_dir.folder(), None).unwrap();
    assert_eq!(report.damaged, ["1 time stamps can't be read"]);
    assert_eq!(log.time_stamps().unwrap().len(), 2);
}

#[tokio::test]
async fn the_head_of_a_stamp_must_be_one_of_this_log() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let _ = log.record(test_evidence(0)).await.unwrap();
    let mut head = log.head_over(1).await.unwrap();
    head.checkpoint.size = 2;
    log.keep_time_stamp(&StampedHead {
        head,
        token: b"token".to_vec(),
    })
    .unwrap();
    let mut found = StampCollector::default();
    let report = visit_copy(&log_dir.folder(), None, &mut found).unwrap();
    assert_eq!(
        report.damaged,
        ["the signature of the head over 2 records does not hold"]
    );
    assert_eq!(found.0, []);
}
