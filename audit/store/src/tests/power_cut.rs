//! Tests: a loss of power removes unsynced bytes, but no head that was shown to anybody.

use super::{AuditLog, TestDir, TestEvidence, TestLogDir, test_evidence};
use crate::epoch::DecisionValidity;
use crate::{LogConfig, log_dir, offline};
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::time::UtcTimestamp;
use std::path::Path;
use std::time::Duration;

/// Log whose heads are signed on request.
fn open_log(log_dir: &TestLogDir) -> AuditLog {
    let config = LogConfig {
        head_records: 10,
        head_interval: Duration::from_secs(3600),
        ..log_dir.config()
    };
    AuditLog::open(config).unwrap().0
}

/// Record about a head of another log.
fn seen_head(n: i64) -> TestEvidence {
    let kind = "checkpoint_seen";
    TestEvidence { kind, n }
}

fn read_heads(log_dir: &TestLogDir) -> Vec<u8> {
    std::fs::read(log_dir.folder().join("heads")).unwrap()
}

/// Folder of an open log as after a loss of power: complete records, no leaf hashes, and these bytes of the heads.
fn cut_power(log_dir: &TestLogDir, heads: &[u8]) -> TestLogDir {
    let dir = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| std::fs::copy(from, to).map(drop).unwrap();
    copy(
        &log_dir.dir.path().join("log.key"),
        &dir.path().join("log.key"),
    );
    let folder = dir.path().join("log");
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(log_dir.folder()).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &folder.join(entry.file_name()));
    }
    std::fs::write(folder.join("leaves"), b"").unwrap();
    std::fs::write(folder.join("heads"), heads).unwrap();
    TestLogDir::with(TestDir::Own(dir))
}

/// Asserts that each shown head is in the file of heads, byte for byte, and that the log is consistent.
fn assert_kept(log_dir: &TestLogDir, shown: &[SignedHead], case: &str) {
    let text = String::from_utf8(read_heads(log_dir)).unwrap();
    let kept = log_dir::read_head_history(&log_dir.folder())
        .unwrap()
        .unwrap();
    assert!(!kept.rest, "{case}");
    for head in shown {
        assert!(
            kept.heads.contains(head) && text.contains(&format!("{head}\n")),
            "{case}: the head over {} records is gone",
            head.checkpoint.size
        );
    }
    let report = offline::verify_copy(&log_dir.folder(), None).unwrap();
    assert!(report.is_good(), "{case}: {report:?}");
}

/// Makes records like a connector and shows heads in every way in which they are shown. Returns the shown heads.
async fn show_heads(log: &AuditLog) -> Vec<SignedHead> {
    let mut shown = Vec::new();
    for n in 0..8 {
        let validity = DecisionValidity {
            epoch: log.epoch().await,
            until: UtcTimestamp::LATEST,
        };
        let permit = log.record_while_valid(test_evidence(n), validity, true);
        let leaf = permit.await.unwrap().receipt().index();
        // A receipt names a head over the permit.
        shown.push(log.head_over(leaf + 1).await.unwrap());
        let _ = log.record(test_evidence(n)).await.unwrap();
        // A greeting shows the newest one, without a record.
        shown.push(log.head());
        let _ = log.record(seen_head(n)).await.unwrap();
        if n % 2 == 0 {
            let _ = log.record(seen_head(n)).await.unwrap();
            // A peer requests one over everything.
            shown.push(log.head_over(log.size()).await.unwrap());
        }
    }
    for n in 0..11 {
        let _ = log.record(seen_head(n)).await.unwrap();
        shown.push(log.head());
    }
    shown.dedup();
    assert!(shown.len() > 10, "{}", shown.len());
    shown
}

#[tokio::test]
async fn no_head_that_was_shown_is_lost_with_the_power() {
    let log_dir = TestLogDir::new();
    let log = open_log(&log_dir);
    let shown = show_heads(&log).await;
    let written = read_heads(&log_dir);
    for cut in (0..written.len()).step_by(97) {
        let mut zeros = written.clone();
        zeros[cut..].fill(0);
        let mut hole = written.clone();
        let end = (cut + 300).min(hole.len());
        hole[cut..end].fill(0);
        let cases = [("cut", &written[..cut]), ("zeros", &zeros), ("hole", &hole)];
        for (name, heads) in cases {
            let after = cut_power(&log_dir, heads);
            drop(open_log(&after));
            assert_kept(&after, &shown, &format!("{name} at {cut}"));
        }
    }
}

#[tokio::test]
async fn a_second_loss_of_power_at_the_start_loses_none_either() {
    let log_dir = TestLogDir::new();
    let log = open_log(&log_dir);
    let shown = show_heads(&log).await;
    let first = cut_power(&log_dir, b"");
    let again = open_log(&first);
    let written = read_heads(&first);
    assert_eq!(again.head().checkpoint.size, log.size());
    for cut in (0..written.len()).step_by(97) {
        let second = cut_power(&first, &written[..cut]);
        drop(open_log(&second));
        assert_kept(&second, &shown, &format!("cut at {cut}"));
    }
    drop(again);
}

#[tokio::test]
async fn an_end_that_was_orderly_says_nothing_of_the_run_behind_it() {
    let log_dir = TestLogDir::new();
    let log = open_log(&log_dir);
    let _ = log.record(test_evidence(0)).await.unwrap();
    for n in 0..5 {
        let _ = log.record(seen_head(n)).await.unwrap();
    }
    let first = log.head_over(1).await.unwrap();
    let _ = log.record(seen_head(5)).await.unwrap();
    drop(log);
    let ended = read_heads(&log_dir);
    // After an orderly end nothing is signed again.
    let log = open_log(&log_dir);
    assert_eq!(log.head(), first);
    assert_eq!(read_heads(&log_dir), ended);
    let asked = log.head_over(log.size()).await.unwrap();
    assert!(asked.checkpoint.size > first.checkpoint.size);
    let after = cut_power(&log_dir, &ended);
    drop(open_log(&after));
    assert_kept(&after, &[first, asked], "asked after an orderly end");
}

#[tokio::test]
async fn a_head_that_a_witness_cosigned_is_the_one_that_is_kept() {
    let (log_dir, other) = (TestLogDir::new(), TestLogDir::new());
    let (log, witness) = (open_log(&log_dir), open_log(&other));
    let _ = log.record(test_evidence(0)).await.unwrap();
    let shown = log.head_over(1).await.unwrap();
    let mut cosigned = shown.clone();
    witness.cosign(&mut cosigned, 1_800_000_000).unwrap();
    let _ = log.record(test_evidence(1)).await.unwrap();
    let after = cut_power(&log_dir, b"");
    drop(open_log(&after));
    assert_kept(&after, std::slice::from_ref(&shown), "cosigned");
    // The witness's line is added below unchanged text and an unchanged signature of the log.
    assert_eq!(cosigned.digest(), shown.digest());
    assert_eq!(cosigned.signatures[..1], shown.signatures);
}
