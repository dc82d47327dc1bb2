//! Tests of retention: expired decisions are erased. Old proofs stay valid, and readers report the erased records.

mod premature_expiry;

use super::complete::complete;
use super::{TestLogDir, bytes};
use crate::archive::archive_segments;
use crate::documents::{DocumentKind, DocumentStore};
use crate::export::write_bundle;
use crate::filter::RecordFilter;
use crate::retention::{
    DECISIONS, ExpiryRun, RetainedContracts, RetentionHandler, expire_decisions,
};
use crate::{AuditLog, LogConfig, log_segment, offline, tiles};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_audit_log::tree::check_inclusion;
use hansa_audit_log::verifier::FaultKind;
use hansa_policy::refusal::{ErrorCode, Refusal};
use premature_expiry::erase;
use std::path::Path;
use std::sync::{Arc, Mutex};

const DAY: i64 = 86_400_000_000;

/// Configuration with a clock this many days later.
fn config(log_dir: &TestLogDir, days: i64) -> LogConfig {
    let usual = log_dir.config();
    let clock = Arc::clone(&usual.clock);
    LogConfig {
        segment: 6000,
        clock: Arc::new(move || {
            let tick = clock();
            ClockReading {
                wall: tick.wall.plus_micros(days * DAY),
                ..tick
            }
        }),
        ..usual
    }
}

/// Every third record is about an agreement, the others are about single questions.
struct MixedEvidence(i64);

impl Evidence for MixedEvidence {
    fn to_record_body(&self) -> RecordBody {
        let kinds = ["contract", "permit", "received"];
        let kind = kinds[usize::try_from(self.0 % 3).unwrap()];
        let members = match kind {
            "contract" => format!(r#"{{"contract":"r-{}-"}}"#, self.0),
            "permit" => format!(r#"{{"request_id":"r-{}-"}}"#, self.0),
            _ => format!(
                r#"{{"receipt":"{}","request_id":"r-{}-"}}"#,
                receipt(self.0),
                self.0
            ),
        };
        complete(kind, &members)
    }
}

/// Number of such a record.
fn number_in(record: &Record) -> Option<i64> {
    let named = ["contract", "request_id"].map(|name| record.body.get(name)?.as_text());
    let name = named.into_iter().flatten().next()?;
    name.strip_prefix("r-")?.strip_suffix('-')?.parse().ok()
}

/// Numbers of the existing records.
fn numbers(log: &AuditLog) -> Vec<i64> {
    let there = log.read(0).filter_map(Result::ok);
    there.filter_map(|record| number_in(&record)).collect()
}

fn receipt(n: i64) -> Digest {
    Digest::of(&n.to_be_bytes())
}

/// Question on which something still depends.
const NEEDED: i64 = 8;

#[derive(Default)]
struct TestRetention {
    receipts: Mutex<Vec<Digest>>,
}

impl RetentionHandler for TestRetention {
    fn lasting_contracts(&self) -> RetainedContracts {
        RetainedContracts::default()
    }

    fn is_needed(&self, record: &Record) -> bool {
        number_in(record) == Some(NEEDED)
    }

    fn drop_receipt(&self, digest: Digest) -> Result<(), Refusal> {
        self.receipts.lock().unwrap().push(digest);
        Ok(())
    }
}

fn month_ago(log: &AuditLog) -> UtcTimestamp {
    log.now().plus_micros(-31 * DAY)
}

/// Log of these records in several files, opened two months later, after one more record a week before.
fn old(log_dir: &TestLogDir) -> AuditLog {
    let log = jumped(log_dir, 52);
    let _ = log.record_blocking(MixedEvidence(-3)).unwrap();
    drop(log);
    AuditLog::open(config(log_dir, 60)).unwrap().0
}

/// Log opened this many days later.
fn jumped(log_dir: &TestLogDir, days: i64) -> AuditLog {
    let (log, _) = AuditLog::open(config(log_dir, 0)).unwrap();
    for n in 0..60 {
        let _ = log.record_blocking(MixedEvidence(n)).unwrap();
    }
    drop(log);
    AuditLog::open(config(log_dir, days)).unwrap().0
}

/// Log after the erasure of its decisions.
fn expired(log_dir: &TestLogDir) -> (AuditLog, ExpiryRun) {
    let log = old(log_dir);
    let before = month_ago(&log);
    let run = expire_decisions(&log, before, &TestRetention::default())
        .unwrap()
        .unwrap();
    (log, run)
}

/// True for a number that stays: not a decision, or needed, or at the end of the log.
fn stays(n: i64, run: &ExpiryRun, log: &AuditLog) -> bool {
    let at = log.read(run.end).filter_map(Result::ok);
    let mut later = at.filter_map(|record| number_in(&record));
    n % 3 == 0 || n == NEEDED || later.any(|later| later == n)
}

struct EmptyDocuments;

impl DocumentStore for EmptyDocuments {
    fn trust_bundle(&self) -> (String, Vec<u8>) {
        ("trust".to_owned(), b"{}".to_vec())
    }

    fn document(&self, _: DocumentKind, _: &str) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(None)
    }
}

fn export(log: &AuditLog, to: &Path) -> u64 {
    let mut file = std::fs::File::create(to).unwrap();
    write_bundle(
        log,
        &log.head(),
        &RecordFilter::default(),
        &EmptyDocuments,
        &mut file,
    )
    .unwrap()
}

#[test]
fn decisions_go_and_every_proof_stays() {
    let log_dir = TestLogDir::new();
    let before = {
        let log = old(&log_dir);
        let proof = log.inclusion_proof(4, log.size()).unwrap();
        (log.checkpoint(), proof, log.leaf(4).unwrap())
    };
    let log = AuditLog::open(config(&log_dir, 60)).unwrap().0;
    let rest = TestRetention::default();
    let run = expire_decisions(&log, month_ago(&log), &rest)
        .unwrap()
        .unwrap();
    assert!(
        run.end > 40 && run.records > 20 && run.retained == 1,
        "{run:?}"
    );
    let kept = numbers(&log);
    for n in 0..60 {
        assert_eq!(kept.contains(&n), stays(n, &run, &log), "{n}");
    }
    // The erased records are in no file, and their receipts are removed, too.
    let text = String::from_utf8(bytes(&log_dir.folder())).unwrap();
    assert!(!text.contains("\"r-4-\"") && text.contains("\"r-8-\""));
    let receipts = rest.receipts.lock().unwrap().clone();
    assert!(receipts.contains(&receipt(5)) && !receipts.contains(&receipt(NEEDED)));
    // The erasure is recorded.
    let said = log.read(run.end).map(Result::unwrap);
    let said: Vec<Record> = said.filter(|record| record.kind == "expire").collect();
    assert_eq!(said.len(), 1);
    let count = |name: &str| said[0].body.get(name).and_then(Json::as_count);
    assert_eq!(
        (count("first"), count("end")),
        (Some(run.first), Some(run.end))
    );
    assert_eq!(count("records"), Some(run.records));

    let (checkpoint, proof, leaf) = before;
    assert!(check_inclusion(
        4,
        checkpoint.size,
        leaf,
        &proof,
        checkpoint.root
    ));
    assert_eq!(log.checkpoint_at(checkpoint.size), Some(checkpoint));
    let size = log.size();
    let root = log.checkpoint().root;
    for index in 0..size {
        let proof = log.inclusion_proof(index, size).unwrap();
        assert!(check_inclusion(
            index,
            size,
            log.leaf(index).unwrap(),
            &proof,
            root
        ));
    }
    let gone = log.read(0).next().unwrap().unwrap().seq..run.end;
    let missing = gone.clone().find(|index| log.get(*index).is_err()).unwrap();
    assert_eq!(
        log.get(missing).unwrap_err().code,
        ErrorCode::EvidenceExpired
    );
    // Nothing is due any more.
    assert_eq!(
        expire_decisions(&log, month_ago(&log), &rest).unwrap(),
        None
    );
    // This also holds over many more files, and at a start that reads only the last one.
    for n in 60..120 {
        let _ = log.record_blocking(MixedEvidence(n)).unwrap();
    }
    drop(log);
    let log = AuditLog::open(config(&log_dir, 61)).unwrap().0;
    assert_eq!(log.expired_before(), run.end);
    assert_eq!(
        log.get(missing).unwrap_err().code,
        ErrorCode::EvidenceExpired
    );
    assert!(numbers(&log).contains(&119));
    drop(log);
    let report = offline::verify_copy(&log_dir.folder(), None).unwrap();
    assert!(report.is_good(), "{report:?}");
    let reported = format!("{} records between", run.records);
    assert!(
        report.unseen[0].starts_with(&reported),
        "{:?}",
        report.unseen
    );
}

fn bytes_of_all(path: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let all = log_segment::all_segments(path).unwrap().into_iter();
    all.map(|segment| {
        let bytes = std::fs::read(&segment.path).unwrap();
        (segment.path, bytes)
    })
    .collect()
}

/// Places of the existing records.
fn offline_numbers(path: &Path) -> Vec<u64> {
    let mut all = Vec::new();
    offline::visit_copy(path, None, &mut |record: &Record, _| all.push(record.seq)).unwrap();
    all
}

#[test]
fn what_was_recorded_before_a_crash_is_done_at_the_next_run() {
    let log_dir = TestLogDir::new();
    let log = old(&log_dir);
    let before = month_ago(&log);
    let run = ExpiryRun {
        first: 1,
        end: 40,
        records: 20,
        retained: 1,
        before,
        of: RetainedContracts::default(),
    };
    let _durable = log.record_blocking(run).unwrap();
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
    let log = AuditLog::open(config(&log_dir, 60)).unwrap().0;
    assert_eq!(numbers(&log).iter().filter(|n| **n >= 0).count(), 60);
    let run = expire_decisions(&log, before, &TestRetention::default())
        .unwrap()
        .unwrap();
    assert!(!numbers(&log).contains(&4) && run.records > 20);
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
    // The log states more erasures than were done. A missing record outside the stated range is reported all the same.
    erase(&log_dir, run.end);
    let fault = offline::verify_copy(&log_dir.folder(), None).unwrap().fault;
    assert_eq!(
        fault.map(|fault| (fault.index, fault.what)),
        Some((run.end, FaultKind::Gone))
    );
}

#[test]
fn an_archive_and_an_export_hold_what_stays() {
    for first in ["archive", "expire"] {
        let log_dir = TestLogDir::new();
        let log = old(&log_dir);
        if first == "archive" {
            assert!(archive_segments(&log, 0).unwrap().len() > 3);
        }
        let before = month_ago(&log);
        let run = expire_decisions(&log, before, &TestRetention::default())
            .unwrap()
            .unwrap();
        if first == "expire" {
            assert!(archive_segments(&log, 0).unwrap().len() > 3);
        }
        let kept = numbers(&log);
        assert!(!kept.contains(&4) && kept.contains(&6) && kept.contains(&NEEDED));
        drop(log);
        let log = AuditLog::open(config(&log_dir, 60)).unwrap().0;
        assert_eq!(numbers(&log), kept);
        log.close();

        let file = log_dir.dir.path().join("all.bundle");
        let there = export(&log, &file);
        assert_eq!(there, log.size() - run.records);
        let report = offline::verify_copy(&file, None).unwrap();
        assert!(report.is_good(), "{report:?}");
        assert_eq!(report.records, log.size());
        assert!(report.unseen.iter().any(|one| one.contains("retention")));
        // A line with only a leaf hash can't replace another record.
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let at = lines
            .iter()
            .position(|line| line.contains("\"contract\""))
            .unwrap();
        let start = lines[at].find("\"record\":").unwrap();
        let stub = format!("{}\"record\":null}}", &lines[at][..start]);
        let forged = text.replacen(lines[at], &stub, 1);
        std::fs::write(&file, forged).unwrap();
        let fault = offline::verify_copy(&file, None).unwrap().fault.unwrap();
        assert_eq!(fault.what, FaultKind::Gone);
        // Another version is not read at all.
        std::fs::write(&file, text.replacen("bundle/1", "bundle/2", 1)).unwrap();
        let refusal = offline::verify_copy(&file, None).unwrap_err();
        assert_eq!(refusal.code.as_str(), "EVIDENCE_UNKNOWN");

        let out = log_dir.dir.path().join("tiles");
        tiles::write_tiles(&log, &log.head(), &out).unwrap();
        assert!(out.join("tile/0").exists() && !out.join("tile/entries").exists());
    }
}

#[test]
fn what_the_state_is_made_from_is_no_decision() {
    for kind in [
        "contract",
        "withdraw",
        "peer",
        "message",
        "messages_fetched",
        "deletion",
        "trust",
        "erase",
        "publish",
        "group",
        "approval",
        "top_up",
        "notice",
        "notice_received",
        "checkpoint_seen",
        "checkpoint_gossiped",
        "witnessed",
        "log_fork",
        "usage",
        "expire",
        "archive",
        "segment",
    ] {
        assert!(!DECISIONS.contains(&kind), "{kind}");
    }
}
