//! The notes of the askers, held against each other and against all logs.

use super::asker::AskedQuestion;
use crate::auditor::{export, verify};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The codes by which a fault may be told, with their exit codes.
const TOLD: [(&str, i32); 12] = [
    ("PEER_UNREACHABLE", 5),
    ("STREAM_CUT", 5),
    ("MOVED", 5),
    ("TIMED_OUT", 5),
    ("CONNECTOR_LOST", 5),
    ("ANSWER_INCOMPLETE", 5),
    ("WITHDRAWN", 3),
    ("CONTRACT_UNKNOWN", 3),
    ("CLOCK_UNTRUSTED", 3),
    // By a clock that stands back, no certificate has begun.
    ("PEER_NOT_TRUSTED", 4),
    ("EVIDENCE_UNAVAILABLE", 1),
    ("DISK_FULL", 1),
];

/// Every answer is right, or says by a code of the fault that it is none.
pub(super) fn check_answers(asked: &[AskedQuestion]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for one in asked {
        let outcome = &one.outcome;
        let told = TOLD.iter().find(|(code, status)| {
            outcome.status == Some(*status) && outcome.err.contains(&format!("error[{code}]"))
        });
        let name = match (outcome.status, told) {
            (Some(0), _) => "answered",
            (_, Some((code, _))) => code,
            (_, None) => "not told",
        };
        *counts.entry(format!("{:?} {name}", one.kind)).or_default() += 1;
        let is_told = outcome.status == Some(0) || told.is_some();
        if !one.is_right() || !is_told || outcome.err.contains("panicked") {
            wrong.push(format!(
                "{:?} {:?} {}",
                one.kind, outcome.status, outcome.err
            ));
        }
    }
    eprintln!("{counts:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        counts.keys().any(|name| name.ends_with("answered")),
        "{counts:?}"
    );
}

/// All logs hold together, and say the same of each answer.
pub(super) fn check_logs(league: &TestLeague, participants: &[&TestParticipant]) {
    let folder = league.folder().join("exported");
    std::fs::create_dir(&folder).unwrap();
    let mut files = Vec::new();
    for participant in participants {
        participant.verifies();
        let printed = std::fs::read_to_string(participant.folder().join("serve.err"));
        assert!(!printed.unwrap_or_default().contains("panicked"));
        check_closes(participant);
        let file = export(participant, &folder, &[]);
        files.push(file.file_name().unwrap().to_string_lossy().into_owned());
    }
    let all: Vec<&str> = files.iter().map(String::as_str).collect();
    let (report, status) = verify(&folder, &[&["check"], &all[..]].concat());
    assert_eq!(status, 0, "{:#}", report["findings"]);
    // Each provider beside the consumer, which comes last.
    let [providers @ .., consumer] = &all[..] else {
        return;
    };
    for provider in providers {
        let (report, status) = verify(&folder, &["reconcile", provider, consumer]);
        eprintln!("{:#}", report["answers"]);
        assert_eq!(status, 0, "{:#}", report["findings"]);
    }
}

/// Each answer that was opened has ended, and no more left than was recorded before.
fn check_closes(participant: &TestParticipant) {
    let bound = |record: &Value| {
        let most = &record["body"]["at_most"];
        (most.is_object()).then(|| (number(most, "rows"), number(most, "bytes")))
    };
    let mut bounds: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let mut open = BTreeSet::new();
    for record in participant.log() {
        let body = &record["body"];
        match text(&record, "type").as_str() {
            "permit" => {
                let index = number(&record, "seq");
                open.insert(index);
                bounds.extend(bound(&record).map(|bound| (index, bound)));
            }
            "progress" => {
                bounds.extend(bound(&record).map(|bound| (number(body, "opened"), bound)));
            }
            "close" => {
                let opened = number(body, "opened");
                assert!(open.remove(&opened), "{record}");
                let (rows, bytes) = bounds[&opened];
                match body.get("rows") {
                    Some(_) => {
                        let left = (number(body, "rows"), number(body, "bytes"));
                        assert!(left.0 <= rows && left.1 <= bytes, "{record}");
                    }
                    None => assert_eq!(bound(&record), Some((rows, bytes)), "{record}"),
                }
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
