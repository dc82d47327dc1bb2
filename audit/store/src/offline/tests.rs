//! Tests: every change of a copy is found, and the first bad record is named, without configuration.

use super::{CopyReport, verify_copy, visit_copy};
use crate::documents::{DocumentKind, DocumentStore};
use crate::export::{write_bundle, write_csv};
use crate::filter::RecordFilter;
use crate::tests::complete::complete;
use crate::tests::{TestEvidence, TestLogDir, test_evidence};
use crate::{AuditLog, LogConfig};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::note::{NoteSigner, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::verifier::FaultKind;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

mod time_stamps;

/// Closed log of `count` records in several segments.
fn some_log(count: i64, segment: u64) -> TestLogDir {
    let log_dir = TestLogDir::new();
    let (log, _) = AuditLog::open(LogConfig {
        segment,
        head_records: 3,
        ..log_dir.config()
    })
    .unwrap();
    for n in 0..count {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    drop(log);
    log_dir
}

fn checked(path: &Path) -> CopyReport {
    verify_copy(path, None).unwrap()
}

/// True for a good result without unseen parts.
fn content(found: &Result<CopyReport, Refusal>) -> bool {
    found
        .as_ref()
        .is_ok_and(|report| report.is_good() && report.unseen.is_empty())
}

#[test]
fn the_digest_is_that_of_the_bytes_that_were_checked() {
    let (log_dir, log) = two_contracts();
    assert_eq!(checked(&log_dir.folder()).digest, None);
    for contract in [None, Some("a")] {
        let mut bytes = Vec::new();
        write_bundle(
            &log,
            &log.head(),
            &chosen(contract),
            &PartialDocuments,
            &mut bytes,
        )
        .unwrap();
        let path = log_dir.dir.path().join("out.hansa");
        std::fs::write(&path, &bytes).unwrap();
        // Other bytes come in the place of the file while it is checked.
        let mut replace = |_: &Record, _: RecordBody| {
            let other = path.with_extension("other");
            std::fs::write(&other, "other bytes").unwrap();
            std::fs::rename(&other, &path).unwrap();
        };
        let report = visit_copy(&path, None, &mut replace).unwrap();
        assert_eq!((report.fault, report.damaged), (None, vec![]));
        assert_eq!(report.digest, Some(Digest::of(&bytes)));
        assert_eq!(std::fs::read(&path).unwrap(), b"other bytes");
        // Also where the check ends at a bad record.
        let middle = bytes.len() / 3;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(report) = verify_copy(&path, None) {
            assert!(!report.is_good());
            assert_eq!(report.digest, Some(Digest::of(&bytes)));
        }
    }
}

#[test]
fn a_good_folder() {
    let log_dir = some_log(20, 2000);
    let report = checked(&log_dir.folder());
    assert!(report.is_good() && report.refusal().is_none());
    assert_eq!(report.log, "tallinn.example/hansa/evidence");
    assert_eq!(report.covered, report.records);
    assert!(report.records > 20);
    assert!(report.unseen.is_empty());
    assert_eq!(report.keys, [log_dir.key.key()]);
    // A running log can be verified too; the records of the last second are under no head yet.
    let (log, _) = log_dir.open();
    let _ = log.record_blocking(test_evidence(1)).unwrap();
    let running = checked(&log_dir.folder());
    assert_eq!((running.fault, running.records), (None, report.records + 1));
    // An incomplete record is normal while the log is open, and damage afterwards.
    let segments = crate::log_segment::list_segments(&log_dir.folder()).unwrap();
    let last = &segments.last().unwrap().path;
    let half = [&std::fs::read(last).unwrap()[..], b"{\"body\""].concat();
    std::fs::write(last, half).unwrap();
    assert_eq!(checked(&log_dir.folder()).fault, None);
    drop(log);
    let fault = checked(&log_dir.folder()).fault.unwrap();
    assert_eq!(
        (fault.index, fault.what),
        (report.records + 1, FaultKind::Incomplete)
    );
}

#[test]
fn any_flipped_bit_in_any_file() {
    let log_dir = some_log(8, 1500);
    let mut first = 0;
    let newlines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut files: Vec<_> = std::fs::read_dir(log_dir.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // The reserve of a log that was not stopped is empty.
        .filter(|path| !path.ends_with("lock") && !path.ends_with("reserve"))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    for path in files {
        let whole = std::fs::read(&path).unwrap();
        let records = path
            .extension()
            .is_some_and(|extension| extension == "jsonl");
        // The exhaustive version is a test of `hansa_audit_log::verifier`; this one goes through the files.
        for place_of_bit in (0..whole.len()).step_by(5) {
            let mut bytes = whole.clone();
            bytes[place_of_bit] ^= 1 << (place_of_bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            let found = verify_copy(&log_dir.folder(), None);
            assert!(!content(&found), "{} byte {place_of_bit}", path.display());
            if records {
                let fault = found.unwrap().fault.expect("a bad record");
                let index = first + newlines(&whole[..place_of_bit]);
                assert_eq!(
                    fault.index,
                    index,
                    "{} byte {place_of_bit}: {fault}",
                    path.display()
                );
            }
        }
        std::fs::write(&path, &whole).unwrap();
        first += if records { newlines(&whole) } else { 0 };
    }
    assert!(content(&verify_copy(&log_dir.folder(), None)));
    assert_eq!(first, checked(&log_dir.folder()).records);
}

#[test]
fn a_lost_segment() {
    let log_dir = some_log(20, 2000);
    let segments = crate::log_segment::list_segments(&log_dir.folder()).unwrap();
    let total = checked(&log_dir.folder()).records;
    for (number, segment) in segments.iter().enumerate() {
        let kept = std::fs::read(&segment.path).unwrap();
        std::fs::remove_file(&segment.path).unwrap();
        let report = checked(&log_dir.folder());
        assert_eq!(
            report.fault.map(|fault| fault.index),
            Some(segment.first),
            "{number}"
        );
        assert_eq!(report.records, segment.first);
        std::fs::write(&segment.path, kept).unwrap();
    }
    assert_eq!(checked(&log_dir.folder()).records, total);
}

#[test]
fn a_cut_tail_against_a_head_that_was_given() {
    let log_dir = some_log(6, 1 << 20);
    let copy = log_dir.dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in ["records-000000000000.jsonl", "heads", "leaves", "key"] {
        std::fs::copy(log_dir.folder().join(file), copy.join(file)).unwrap();
    }
    let (log, _) = log_dir.open();
    let _ = log.record_blocking(test_evidence(6)).unwrap();
    log.close();
    // The copy is an older state, consistent in itself.
    assert!(content(&verify_copy(&copy, None)));
    let report = verify_copy(&copy, Some(&log.head())).unwrap();
    assert_eq!(report.fault.as_ref().map(|fault| fault.index), Some(6));
    let refusal = report.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::EvidenceBroken);
    assert_eq!(
        refusal.sentence,
        "record 6 is missing: the log had 7 records (log `tallinn.example/hansa/evidence`)"
    );
    // A forged head is no evidence.
    let mut forged: SignedHead = log.head();
    forged.checkpoint.size = 9;
    assert_eq!(
        verify_copy(&copy, Some(&forged)).unwrap_err().code,
        ErrorCode::EvidenceIncomplete
    );
}

#[test]
fn what_is_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let code = |path: &Path| verify_copy(path, None).unwrap_err().code;
    assert_eq!(code(dir.path()), ErrorCode::EvidenceIncomplete);
    assert_eq!(code(&dir.path().join("absent")), ErrorCode::FileMissing);
    std::fs::write(dir.path().join("x"), "x\n").unwrap();
    assert_eq!(code(&dir.path().join("x")), ErrorCode::EvidenceIncomplete);
}

#[test]
fn a_copy_without_key_heads_or_leaf_hashes_says_what_was_not_seen() {
    let log_dir = some_log(6, 1 << 20);
    std::fs::remove_file(log_dir.folder().join("leaves")).unwrap();
    assert!(content(&verify_copy(&log_dir.folder(), None)));
    std::fs::remove_file(log_dir.folder().join("key")).unwrap();
    let report = checked(&log_dir.folder());
    assert!(report.is_good());
    assert_eq!((report.records, report.covered), (6, 0));
    assert_eq!(report.unseen.len(), 3, "{:?}", report.unseen);
    std::fs::remove_file(log_dir.folder().join("heads")).unwrap();
    assert_eq!(checked(&log_dir.folder()).records, 6);
}

/// Identity of a contract.
fn contract(name: &str) -> String {
    Digest::of(name.as_bytes()).to_string()
}

/// Filter for everything, or for one contract.
fn chosen(name: Option<&str>) -> RecordFilter {
    RecordFilter {
        contract: name.map(|name| contract(name).parse().unwrap()),
        ..RecordFilter::default()
    }
}

/// Record of a request under a contract.
#[derive(Debug)]
struct RequestEvidence(&'static str, String, i64);

impl Evidence for RequestEvidence {
    fn to_record_body(&self) -> RecordBody {
        let Self(kind, contract, request) = self;
        let members = match *kind {
            "permit" => format!(
                r#"{{"contracts":["{contract}"],"purpose":"a, \"b\"","request_id":"{request}"}}"#
            ),
            _ => format!(r#"{{"opened":{},"request_id":"{request}"}}"#, 2 * request),
        };
        complete(kind, &members)
    }
}

/// Store with two documents, one of them lost.
struct PartialDocuments;

impl DocumentStore for PartialDocuments {
    fn trust_bundle(&self) -> (String, Vec<u8>) {
        (contract("trust"), b"{\"bundle\":1}".to_vec())
    }

    fn document(&self, _: DocumentKind, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        Ok((name == contract("a")).then(|| b"text of a".to_vec()))
    }
}

/// Log with requests under two contracts.
fn two_contracts() -> (TestLogDir, AuditLog) {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    for request in 0..6 {
        let contract = contract(if request % 2 == 0 { "a" } else { "b" });
        let _ = log
            .record_blocking(RequestEvidence("permit", contract.clone(), request))
            .unwrap();
        let _ = log
            .record_blocking(RequestEvidence("close", contract, request))
            .unwrap();
    }
    let _ = log
        .record_blocking(TestEvidence {
            kind: "config",
            n: 1,
        })
        .unwrap();
    log.close();
    (log_dir, log)
}

#[test]
fn a_bundle_of_everything_and_of_one_contract() {
    let (log_dir, log) = two_contracts();
    for (name, count) in [(None, 13), (Some("a"), 6), (Some("none"), 0)] {
        let path = log_dir.dir.path().join("out.hansa");
        let mut file = std::fs::File::create(&path).unwrap();
        assert_eq!(
            write_bundle(
                &log,
                &log.head(),
                &chosen(name),
                &PartialDocuments,
                &mut file
            )
            .unwrap(),
            count
        );
        let report = checked(&path);
        assert_eq!((report.fault, report.damaged), (None, vec![]));
        assert_eq!((report.records, report.covered), (count, count));
        assert_eq!(report.contract, name.map(contract));
        assert_eq!(report.head, Some(log.head()));
    }
}

#[test]
fn any_change_of_a_bundle() {
    let (log_dir, log) = two_contracts();
    for contract in [None, Some("a")] {
        let path = log_dir.dir.path().join("out.hansa");
        let mut whole = Vec::new();
        write_bundle(
            &log,
            &log.head(),
            &chosen(contract),
            &PartialDocuments,
            &mut whole,
        )
        .unwrap();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        let number = |line: usize| {
            if contract.is_some() {
                (line / 2) * 4 + line % 2
            } else {
                line
            }
        };
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            verify_copy(&path, None).map_or_else(Some, |report| report.refusal())
        };
        assert_eq!(refused(&whole), None);
        for place_of_bit in (0..whole.len()).step_by(5) {
            let mut bytes = whole.clone();
            bytes[place_of_bit] ^= 1 << (place_of_bit % 8);
            assert!(refused(&bytes).is_some(), "byte {place_of_bit}");
        }
        for line in 1..lines.len() {
            let mut deleted = lines.clone();
            deleted.remove(line);
            assert!(refused(&deleted.concat()).is_some());
            if !lines[line].starts_with(b"{\"index\"") {
                continue;
            }
            // An edit that keeps the form is found, and the record is named.
            let edited = String::from_utf8(lines[line].to_vec())
                .unwrap()
                .replace("boot-1", "boot-7");
            let mut changed = lines.clone();
            changed[line] = edited.as_bytes();
            let sentence = refused(&changed.concat()).unwrap().sentence;
            let named = format!("record {} ", number(line - 1));
            assert!(sentence.starts_with(&named), "{sentence}");
        }
        assert!(refused(&lines[..lines.len() - 1].concat()).is_some());
    }
}

#[test]
fn a_table_of_records() {
    let (_place, log) = two_contracts();
    let mut out = Vec::new();
    assert_eq!(write_csv(log.read(0), &mut out).unwrap(), 13);
    let text = String::from_utf8(out).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("seq,t,type,request_id,peer,contract,code,outcome,rows,bytes,body")
    );
    let first = lines.next().unwrap();
    assert!(first.starts_with("0,2027-01-15T08:00:00"), "{first}");
    assert!(
        first.contains(&format!(
            "Z,permit,0,,{a},,,,,\"{{\"\"at_most\"\":",
            a = contract("a")
        )),
        "{first}"
    );
    assert!(first.contains(r#"""a, \""b\""""#), "{first}");
    assert_eq!(lines.count(), 12);
}

/// Loop in this package's README: plain tools follow the chain.
#[test]
fn plain_tools_follow_the_chain() {
    let log_dir = some_log(6, 1 << 20);
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../log/README.md"))
            .unwrap();
    let start = readme.find("    prev=;").unwrap();
    let end = readme[start..].find("\n\n").unwrap();
    let script = &readme[start..start + end];
    let run = || {
        let output = std::process::Command::new("sh")
            .args(["-c", script])
            .current_dir(log_dir.folder())
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(), "");
    let path = log_dir.folder().join("records-000000000000.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"number\":2", "\"number\":9")).unwrap();
    let broken = run();
    assert_eq!(broken.lines().count(), 1);
    assert!(broken.contains("\"seq\":3"), "{broken}");
}

#[test]
fn good_records_are_handed_over() {
    let (log_dir, log) = two_contracts();
    let path = log_dir.dir.path().join("out.hansa");
    let mut file = std::fs::File::create(&path).unwrap();
    write_bundle(
        &log,
        &log.head(),
        &chosen(Some("b")),
        &PartialDocuments,
        &mut file,
    )
    .unwrap();
    for (copy, expect) in [
        (path, vec![2, 3, 6, 7, 10, 11]),
        (log_dir.folder(), (0..13).collect()),
    ] {
        let mut seen = Vec::new();
        let mut see = |record: &Record, _: RecordBody| seen.push(record.seq);
        visit_copy(&copy, None, &mut see).unwrap();
        assert_eq!(seen, expect);
    }
}
