//! Crash tests: a storage that fails on command, a full disk, a log that was changed while the program was not running.

use super::{
    AuditLog, ErrorCode, LedgerError, LogConfig, SeqCst, TestLogDir, bytes, numbers, startup,
    test_evidence, unwritable_log_refusal,
};
use crate::segment_storage::FrameAppender;
use std::fs::File;
use std::io::{self, Write as _};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// The append with the number `at` fails after `torn` bytes.
#[derive(Debug, Default)]
pub(super) struct AppendFailPoint {
    pub(super) at: AtomicU64,
    pub(super) torn: AtomicUsize,
}

/// Frames that are written and synced up to a fail point.
#[derive(Debug)]
struct FailingAppender(Arc<AppendFailPoint>);

impl FrameAppender for FailingAppender {
    fn append(&mut self, file: &mut File, frames: &[u8]) -> io::Result<()> {
        let left = self.0.at.load(SeqCst);
        self.0.at.store(left.saturating_sub(1), SeqCst);
        if left == 1 {
            let torn = self.0.torn.load(SeqCst).min(frames.len());
            file.write_all(&frames[..torn])?;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        file.write_all(frames)?;
        file.sync_data()
    }
}

/// Log whose storage fails on command.
pub(super) fn failing(config: LogConfig) -> (AuditLog, Arc<AppendFailPoint>) {
    let signer = Arc::clone(&config.signer);
    let (mut writer, index, _) = startup::open_log(config).unwrap();
    let epochs = Arc::clone(&writer.epochs);
    let fail = Arc::<AppendFailPoint>::default();
    writer.ledger.storage_mut().appender = Box::new(FailingAppender(Arc::clone(&fail)));
    let (sender, thread) = writer.start().unwrap();
    let inner = super::super::LogInner {
        index,
        epochs,
        signer,
        sender: Some(sender).into(),
        writer: Some(thread).into(),
    };
    (
        AuditLog {
            inner: Arc::new(inner),
        },
        fail,
    )
}

#[test]
fn every_crash_point_loses_nothing_that_was_confirmed() {
    for at in 1..=3_u64 {
        // The length of a record depends on the digits of its time.
        let length = {
            let log_dir = TestLogDir::new();
            let (log, _) = log_dir.open();
            let mut before = 0;
            for n in 0..at {
                before = bytes(&log_dir.folder()).len();
                let _ = log.record_blocking(test_evidence(n as i64)).unwrap();
            }
            bytes(&log_dir.folder()).len() - before
        };
        for torn in (0..=length).step_by(23).chain([length - 1, length]) {
            let log_dir = TestLogDir::new();
            let (log, fail) = failing(log_dir.config());
            fail.torn.store(torn, SeqCst);
            fail.at.store(at, SeqCst);
            let mut confirmed = Vec::new();
            for n in 0..5 {
                match log.record_blocking(test_evidence(n)) {
                    Ok(recorded) => confirmed.push(recorded.n),
                    Err(unwritable) => {
                        assert!(matches!(&unwritable, LedgerError::Broken(broken) if broken.full));
                        assert_eq!(
                            unwritable_log_refusal(&unwritable).code,
                            ErrorCode::DiskFull
                        );
                        assert_eq!(log.ledger_error(), Some(unwritable));
                    }
                }
            }
            // The storage works again after one failure, but nothing is written.
            assert_eq!(confirmed, (0..at as i64 - 1).collect::<Vec<_>>());
            assert_eq!(numbers(&log, 0), confirmed);
            drop(log);
            // The log of a machine that failed with it: no record states the reason.
            if at == 2 {
                std::fs::remove_file(log_dir.folder().join("reserve")).unwrap();
            }

            let (log, replay) = log_dir.open();
            let found = numbers(&log, 0);
            assert!(found.starts_with(&confirmed), "{found:?}");
            let whole = torn >= length;
            assert_eq!(replay.records, at - 1 + u64::from(whole));
            assert_eq!(replay.cut, (torn > 0 && !whole).then_some(torn as u64));
            let since = log.read(replay.records).map(|one| one.unwrap().kind);
            assert_eq!(
                since.filter(|kind| kind == "repair").count(),
                usize::from(replay.cut.is_some())
            );
            let _ = log.record_blocking(test_evidence(9)).unwrap();
            drop(log);
            assert_eq!(log_dir.open().1.cut, None);
        }
    }
}

#[test]
fn a_broken_log_is_refused_and_the_record_named() {
    let fresh = || {
        let log_dir = TestLogDir::new();
        let (log, _) = log_dir.open();
        for n in 0..8 {
            let _ = log.record_blocking(test_evidence(n)).unwrap();
        }
        drop(log);
        log_dir
    };
    let check = |change: &dyn Fn(Vec<String>) -> Vec<String>, sentence: &str| {
        let log_dir = fresh();
        let path = log_dir.folder().join("records-000000000000.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = change(text.lines().map(str::to_owned).collect());
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let before = bytes(&log_dir.folder());
        let refused = log_dir.refused();
        assert_eq!(
            (refused.code, refused.sentence.as_str()),
            (ErrorCode::EvidenceBroken, sentence)
        );
        // Nothing is repaired without the operator.
        assert_eq!(bytes(&log_dir.folder()), before);
    };
    check(
        &|mut lines| {
            lines[3] = lines[3].replace("\"number\":3", "\"number\":4");
            lines
        },
        "record 3 was edited",
    );
    check(
        &|mut lines| {
            lines[7] = lines[7].replace("boot-1", "boot-2");
            lines
        },
        "record 7 was edited",
    );
    check(
        &|mut lines| {
            lines.remove(2);
            lines
        },
        "record 2 is not at its position: record 3 is there",
    );
    check(
        &|mut lines| {
            lines.swap(0, 1);
            lines
        },
        "record 0 is not at its position: record 1 is there",
    );
    check(
        &|lines| lines[..6].to_vec(),
        "record 6 is missing: the log had 8 records",
    );

    let log_dir = fresh();
    let path = log_dir.folder().join("heads");
    let text = std::fs::read_to_string(&path).unwrap();
    let at = text.rfind('=').unwrap() - 5;
    let mut damaged = text.into_bytes();
    damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&path, damaged).unwrap();
    let refused = log_dir.refused();
    assert_eq!(refused.code, ErrorCode::EvidenceBroken);
    assert_eq!(
        refused.sentence,
        "the signature of the head over 8 records does not hold"
    );
}

#[test]
fn derived_files_are_made_anew() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    for n in 0..8 {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    drop(log);
    let path = log_dir.folder().join("leaves");
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(whole.len(), 8 * 32);
    for damaged in [whole[..100].to_vec(), vec![0; 256], vec![7; 256], vec![]] {
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(numbers(&log_dir.open().0, 0).len(), 8);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
    // Half a head, as a loss of power leaves it.
    let path = log_dir.folder().join("heads");
    let heads = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&heads[..], &heads[..40]].concat()).unwrap();
    let (log, _) = log_dir.open();
    let _ = log.record_blocking(test_evidence(8)).unwrap();
    drop(log);
    assert_eq!(log_dir.open().1.records, 9);
}

/// Run by the next test, in a process with a small file-size limit.
#[test]
#[ignore = "run by another test in a process of its own"]
fn in_a_small_world() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let mut confirmed = 0;
    let failure = loop {
        match log.record_blocking(test_evidence(confirmed)) {
            Ok(_) => confirmed += 1,
            Err(failure) => break failure,
        }
    };
    assert!(confirmed > 10);
    assert_eq!(unwritable_log_refusal(&failure).code, ErrorCode::DiskFull);
    assert_eq!(
        log.record_blocking(test_evidence(0)).map(|_| ()),
        Err(failure)
    );
    assert_eq!(numbers(&log, 0).len(), confirmed as usize);
    println!("shut after {confirmed} records");
}

#[test]
fn a_full_disk_shuts_the_log_and_kills_nobody() {
    let own = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 16; exec \"$0\" --ignored --exact --nocapture tests::crash::in_a_small_world")
        .arg(own)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("shut after "), "{text}");
}
