//! Tests of the log on a real disk: confirmed records are there, broken logs are refused, incomplete records are cut off and
//! recorded.

use super::key::{Ed25519NoteVerifier, LogSigningKey};
use super::{AuditLog, LogConfig, ReplayReport, startup, unwritable_log_refusal};
use crate::tests::complete::complete;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, LedgerError};
use hansa_audit_log::note::NoteSigner;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::messages::FetchedMessagesRecord;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_audit_log::tree::{check_consistency, check_inclusion};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

mod archive;
mod clock_starts;
pub(super) mod complete;
mod crash;
mod early_proof;
mod epoch;
mod heads;
mod power_cut;
mod record_pair;
mod reopening;
mod retention;
mod segments;
mod stop;

/// Folder of a log, and the key that signs its heads.
pub(super) struct TestLogDir {
    pub(super) dir: TestDir,
    pub(super) key: Arc<LogSigningKey>,
    clock: Clock,
}

/// Own folder, or one that others use, too.
pub(super) enum TestDir {
    Own(TempDir),
    Shared(PathBuf),
}

impl TestDir {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Own(dir) => dir.path(),
            Self::Shared(path) => path,
        }
    }
}

impl TestLogDir {
    pub(super) fn new() -> Self {
        Self::with(TestDir::Own(tempfile::tempdir().unwrap()))
    }

    /// Test log in a folder that other processes use before and after.
    fn at(folder: &Path) -> Self {
        Self::with(TestDir::Shared(folder.to_path_buf()))
    }

    fn with(dir: TestDir) -> Self {
        let file = dir.path().join("log.key");
        let key = if file.exists() {
            LogSigningKey::open(&file, "tallinn.example").unwrap()
        } else {
            LogSigningKey::create(&file, "tallinn.example").unwrap()
        };
        let ticks = AtomicU64::new(0);
        // A clock that advances by a millisecond at each reading.
        let clock: Clock = Arc::new(move || {
            let n = ticks.fetch_add(1, SeqCst);
            ClockReading {
                wall: UtcTimestamp::from_micros(1_800_000_000_000_000 + n as i64 * 1000).unwrap(),
                mono_ns: n * 1_000_000,
            }
        });
        Self {
            dir,
            key: Arc::new(key),
            clock,
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub(super) fn config(&self) -> LogConfig {
        let signer: Arc<dyn NoteSigner> = Arc::clone(&self.key) as Arc<dyn NoteSigner>;
        let clock = Arc::clone(&self.clock);
        LogConfig {
            reserve: 0,
            spare: 64 * 1024,
            ..LogConfig::new(self.folder(), "tallinn.example", signer, clock, "boot-1")
        }
    }

    pub(super) fn open(&self) -> (AuditLog, ReplayReport) {
        AuditLog::open(self.config()).unwrap()
    }

    fn refused(&self) -> Refusal {
        AuditLog::open(self.config()).map(|_| ()).unwrap_err()
    }
}

#[derive(Debug)]
pub(super) struct TestEvidence {
    pub(super) kind: &'static str,
    pub(super) n: i64,
}

impl Evidence for TestEvidence {
    fn to_record_body(&self) -> RecordBody {
        if self.kind == NUMBERED {
            return number(self.n.unsigned_abs()).into();
        }
        let members = match self.kind {
            "permit" | "refuse" | "close" => format!(r#"{{"request_id":"r-{}"}}"#, self.n),
            _ => "{}".to_owned(),
        };
        complete(self.kind, &members)
    }
}

pub(super) fn test_evidence(n: i64) -> TestEvidence {
    TestEvidence { kind: NUMBERED, n }
}

/// Kind of a record that contains a number and closes nothing.
const NUMBERED: &str = "messages_fetched";

/// Record with this number.
fn number(number: u64) -> FetchedMessagesRecord {
    FetchedMessagesRecord {
        peer: "hansa://acme.example".to_owned(),
        number,
        carried: false,
        refused: None,
    }
}

fn numbers(log: &AuditLog, from: u64) -> Vec<i64> {
    log.read(from)
        .map(|record| {
            record
                .unwrap()
                .body
                .get("number")
                .and_then(Json::as_int)
                .unwrap_or(-1)
        })
        .collect()
}

/// Bytes of all records.
fn bytes(folder: &Path) -> Vec<u8> {
    super::log_segment::list_segments(folder)
        .unwrap()
        .iter()
        .flat_map(|segment| std::fs::read(&segment.path).unwrap())
        .collect()
}

#[test]
fn recorded_read_and_proved() {
    let log_dir = TestLogDir::new();
    let (log, replay) = log_dir.open();
    assert_eq!(
        replay,
        ReplayReport {
            records: 0,
            last: None,
            cut: None,
            open: vec![]
        }
    );
    for n in 0..20 {
        let recorded = log.record_blocking(test_evidence(n)).unwrap();
        assert_eq!((recorded.n, recorded.receipt().index()), (n, n as u64));
        // The record is completely in the file before the caller gets the result.
        assert_eq!(
            bytes(&log_dir.folder())
                .iter()
                .filter(|b| **b == b'\n')
                .count(),
            n as usize + 1
        );
        assert_eq!(log.leaf(n as u64), Some(recorded.receipt().leaf()));
    }
    assert_eq!(numbers(&log, 0), (0..20).collect::<Vec<_>>());
    assert_eq!(numbers(&log, 17), [17, 18, 19]);
    assert!(numbers(&log, 20).is_empty());
    assert_eq!(log.get(7).unwrap().unwrap().seq, 7);
    assert_eq!(log.get(20).unwrap(), None);
    let places = |from, to| -> Vec<u64> {
        let records = log.read_between(from, to);
        records.map(|record| record.unwrap().seq).collect()
    };
    assert_eq!(places(3, 6), [3, 4, 5]);
    assert_eq!(places(18, 99), [18, 19]);
    assert!(places(6, 3).is_empty());
    for index in [0, 7, 19] {
        let at = log.get(index).unwrap().unwrap().at;
        let first = log.first_since(at).unwrap();
        assert!(first <= index && log.get(first).unwrap().unwrap().at == at);
        let earlier = first
            .checked_sub(1)
            .map(|one| log.get(one).unwrap().unwrap().at);
        assert!(earlier.is_none_or(|earlier| earlier < at));
    }
    let later = log.now().plus_micros(1);
    assert_eq!(log.first_since(later).unwrap(), 20);
    let root = log.checkpoint().root;
    for index in 0..20 {
        let proof = log.inclusion_proof(index, 20).unwrap();
        assert!(check_inclusion(
            index,
            20,
            log.leaf(index).unwrap(),
            &proof,
            root
        ));
    }
    log.close();
    let head = log.head();
    assert_eq!(head.checkpoint, log.checkpoint());
    assert!(head.is_signed_by(&log_dir.key.key(), &Ed25519NoteVerifier));
    assert_eq!(
        log.record_blocking(test_evidence(0)).map(|_| ()),
        Err(LedgerError::Closed)
    );
    drop(log);

    let (log, replay) = log_dir.open();
    assert_eq!((replay.records, replay.cut), (20, None));
    assert_eq!(log.head(), head);
    let _ = log.record_blocking(test_evidence(20)).unwrap();
    let newer = log.checkpoint();
    let proof = log.consistency_proof(20, 21).unwrap();
    assert!(check_consistency(20, 21, root, newer.root, &proof));
    assert_eq!(numbers(&log, 19), [19, 20]);
}

/// Keeps the writer busy until the test releases it.
#[derive(Debug)]
struct BlockingEvidence(Mutex<std::sync::mpsc::Receiver<()>>);

impl Evidence for BlockingEvidence {
    fn to_record_body(&self) -> RecordBody {
        self.0.lock().unwrap().recv().ok();
        test_evidence(1_000).to_record_body()
    }
}

#[tokio::test]
async fn one_sync_for_all_who_wait() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    let (go, gate) = std::sync::mpsc::channel();
    let mut waiting = tokio::task::JoinSet::new();
    let first = log.clone();
    waiting.spawn(async move {
        first
            .record(BlockingEvidence(Mutex::new(gate)))
            .await
            .map(|_| ())
    });
    for n in 0..200 {
        let log = log.clone();
        waiting.spawn(async move { log.record(test_evidence(n)).await.map(|_| ()) });
    }
    // The test runs on one thread: after this every task has queued its value and waits.
    tokio::task::yield_now().await;
    go.send(()).unwrap();
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap().unwrap();
    }
    let (syncs, records) = log.sync_counts();
    assert_eq!(records, 201);
    assert!(syncs <= 2, "{syncs} syncs");
}

#[test]
fn below_the_reserve_nothing_is_opened() {
    let log_dir = TestLogDir::new();
    let (log, _) = AuditLog::open(LogConfig {
        reserve: u64::MAX,
        ..log_dir.config()
    })
    .unwrap();
    let refused = log
        .record_blocking(TestEvidence {
            kind: "permit",
            n: 1,
        })
        .unwrap_err();
    assert!(matches!(
        refused,
        LedgerError::LowSpace {
            reserve: u64::MAX,
            ..
        }
    ));
    assert_eq!(unwritable_log_refusal(&refused).code, ErrorCode::DiskFull);
    let _ = log
        .record_blocking(TestEvidence {
            kind: "close",
            n: 1,
        })
        .unwrap();
    // The pause is recorded once.
    assert_eq!(log.size(), 2);
    assert_eq!(log.get(0).unwrap().unwrap().kind, "pause");
    assert_eq!(log.ledger_error(), None);
}

#[test]
fn a_record_changed_under_the_reader_is_not_shown() {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    for n in 0..3 {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    let path = log_dir.folder().join("records-000000000000.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"number\":1", "\"number\":7")).unwrap();
    assert!(log.get(0).is_ok());
    let refused = log.get(1).unwrap_err();
    assert_eq!(refused.code, ErrorCode::EvidenceBroken);
    assert_eq!(refused.sentence, "record 1 of the log was edited");
    assert_eq!(log.read(0).filter(Result::is_ok).count(), 1);
}
