//! A provider that signs what it likes: its log is whole and its heads are good, and what it permitted is not.

mod heads;

use super::{export, findings, played, verify};
use crate::binary;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{JsonLimits, parse_json};
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::note::{Checkpoint, SignedHead};
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_audit_store::documents::{DocumentKind, DocumentStore};
use hansa_audit_store::filter::RecordFilter;
use hansa_audit_store::key::LogSigningKey;
use hansa_audit_store::{AuditLog, LogConfig, export as out};
use hansa_policy::refusal::Refusal;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A record as the forger writes it.
#[derive(Debug)]
struct ForgedRecord(RecordBody);

impl Evidence for ForgedRecord {
    fn to_record_body(&self) -> RecordBody {
        self.0.clone()
    }
}

/// The documents of a bundle that was exported before.
pub(super) struct CopiedDocuments(BTreeMap<(DocumentKind, String), String>);

impl CopiedDocuments {
    fn of(lines: &[Value]) -> Self {
        let documents = lines.iter().filter_map(|line| {
            let kind = DocumentKind::from_word(line["document"].as_str()?)?;
            let text = line["text"].as_str()?.to_owned();
            Some(((kind, text_of(line, "name")), text))
        });
        Self(documents.collect())
    }
}

impl CopiedDocuments {
    /// The documents of a kind, by their names.
    pub(super) fn of_kind(&self, kind: DocumentKind) -> BTreeMap<String, String> {
        let documents = self.0.iter().filter(|((of, _), _)| *of == kind);
        documents
            .map(|((_, name), text)| (name.clone(), text.clone()))
            .collect()
    }

    /// The same documents, but of one kind others.
    pub(super) fn with(&self, kind: DocumentKind, others: &[(String, String)]) -> Self {
        let mut documents = self.0.clone();
        documents.retain(|(of, _), _| *of != kind);
        let others = others.iter().cloned();
        documents.extend(others.map(|(name, text)| ((kind, name), text)));
        Self(documents)
    }
}

fn text_of(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap().to_owned()
}

impl DocumentStore for CopiedDocuments {
    fn trust_bundle(&self) -> (String, Vec<u8>) {
        let ((_, name), text) = self
            .0
            .iter()
            .find(|((kind, _), _)| *kind == DocumentKind::Trust)
            .unwrap();
        (name.clone(), text.clone().into_bytes())
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let found = self.0.get(&(kind, name.to_owned()));
        Ok(found.map(|text| text.clone().into_bytes()))
    }
}

/// Writes a log of these records with the owner's own key, at the times that they had, and exports it.
pub(super) fn forge(
    owner: &TestParticipant,
    records: &[Value],
    documents: &CopiedDocuments,
    to: &Path,
) {
    forge_with(key(owner), owner, records, documents, to);
}

/// The same with any key.
pub(super) fn forge_with(
    key: LogSigningKey,
    owner: &TestParticipant,
    records: &[Value],
    documents: &CopiedDocuments,
    to: &Path,
) {
    let log = forged_log(key, owner, records);
    written(&log, documents, to);
}

/// The same with one record more, which is made of a head over those before it, as documents may be.
pub(super) fn forge_further(
    owner: &TestParticipant,
    records: &[Value],
    to: &Path,
    further: impl FnOnce(SignedHead) -> (Value, CopiedDocuments),
) {
    let log = forged_log(key(owner), owner, records);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let head = runtime.block_on(log.log.head_over(log.log.size())).unwrap();
    let (record, documents) = further(head);
    log.write(&record);
    written(&log, &documents, to);
}

fn written(log: &ForgedLog, documents: &CopiedDocuments, to: &Path) {
    let ForgedLog { log, .. } = log;
    log.close();
    let mut file = std::fs::File::create(to).unwrap();
    out::write_bundle(
        log,
        &log.head(),
        &RecordFilter::default(),
        documents,
        &mut file,
    )
    .unwrap();
}

/// A log that is written, the clock that it has, and its folder.
struct ForgedLog {
    log: AuditLog,
    now: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl ForgedLog {
    fn write(&self, record: &Value) {
        let at: UtcTimestamp = text(record, "t").parse().unwrap();
        self.now.store(at.micros(), Ordering::SeqCst);
        let body =
            parse_json(record["body"].to_string().as_bytes(), JsonLimits::default()).unwrap();
        let body = RecordBody::read(&text(record, "type"), &body).unwrap();
        let _ = self.log.record_blocking(ForgedRecord(body)).unwrap();
    }
}

fn forged_log(key: LogSigningKey, owner: &TestParticipant, records: &[Value]) -> ForgedLog {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let config = LogConfig::new(
        folder.path().join("log"),
        owner.domain(),
        Arc::new(key),
        // All that lies between two records has passed: a jump of the clock would not be followed.
        Arc::new(move || {
            let micros = clock.load(Ordering::SeqCst);
            ClockReading {
                wall: UtcTimestamp::from_micros(micros).unwrap(),
                mono_ns: u64::try_from(micros).unwrap() * 1000,
            }
        }),
        "boot",
    );
    let first: UtcTimestamp = text(&records[0], "t").parse().unwrap();
    now.store(first.micros(), Ordering::SeqCst);
    let (log, _) = AuditLog::open(config).unwrap();
    let forged = ForgedLog {
        log,
        now,
        _folder: folder,
    };
    records.iter().for_each(|record| forged.write(record));
    forged
}

/// The key that signs the heads of a log.
pub(super) fn key(owner: &TestParticipant) -> LogSigningKey {
    LogSigningKey::open(&owner.folder().join("keys/note.key"), owner.domain()).unwrap()
}

/// The documents and the records of an exported file.
pub(super) fn read(bundle: &Path) -> (CopiedDocuments, Vec<Value>) {
    let lines: Vec<Value> = std::fs::read_to_string(bundle)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let records = lines.iter().filter_map(|line| line.get("record").cloned());
    (CopiedDocuments::of(&lines), records.collect())
}

/// Where the first record of a kind stands.
fn first_of(records: &[Value], kind: &str) -> usize {
    let found = records.iter().position(|record| record["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

type RecordForgery = (&'static str, fn(&mut Vec<Value>), &'static str);

/// What the forger does, and what is said of it.
const FORGERIES: [RecordForgery; 17] = [
    (
        "a witness that did not sign",
        |records| {
            let at = first_of(records, "witnessed");
            let note = text(&records[at], "note");
            let (head, _) = note.trim_end().rsplit_once('\n').unwrap();
            records[at]["body"]["note"] = json!(format!("{head}\n"));
        },
        "is not cosigned",
    ),
    (
        "other clauses than those that were signed",
        |records| {
            let at = first_of(records, "permit");
            let hash = "0".repeat(64);
            records[at]["body"]["grants"][0]["grant_hash"] = json!(format!("grant/1:{hash}"));
        },
        "was not applied as it was signed",
    ),
    (
        "a clause left out",
        |records| {
            let at = first_of(records, "permit");
            records[at]["body"]["grants"][0]["clauses_applied"] = json!([]);
        },
        "was not applied as it was signed",
    ),
    (
        "another purpose",
        |records| {
            let at = first_of(records, "permit");
            records[at]["body"]["purpose"] = json!("dpv:Marketing");
        },
        "PURPOSE_NOT_COVERED",
    ),
    (
        "somebody else",
        |records| {
            let at = first_of(records, "permit");
            records[at]["body"]["peer"] = json!("hansa://other.example");
        },
        "CONTRACT_UNKNOWN",
    ),
    (
        "no contract",
        |records| {
            let at = first_of(records, "permit");
            let grant = records[at]["body"]["grants"][0].as_object_mut();
            grant.unwrap().remove("contract").unwrap();
        },
        "was let in without a contract",
    ),
    (
        "after its end",
        |records| {
            let at = first_of(records, "withdraw");
            let withdrawn = records.remove(at);
            let at = first_of(records, "permit");
            records.insert(at, withdrawn);
        },
        "WITHDRAWN",
    ),
    (
        "before its beginning",
        |records| {
            let at = first_of(records, "permit");
            let permit = records.remove(at);
            let at = first_of(records, "contract");
            records.insert(at, permit);
        },
        "was not active yet",
    ),
    (
        "fewer rows in the books than in the receipt",
        |records| {
            let at = first_of(records, "close");
            records[at]["body"]["rows"] = json!(0);
        },
        "its receipt has another number of rows",
    ),
    (
        "more rows than could leave by what was recorded before",
        |records| {
            let at = first_of(records, "permit");
            records[at]["body"]["at_most"] = json!({"rows": 0, "bytes": 0});
        },
        "went beyond the 0 rows and 0 bytes",
    ),
    (
        "rows of a question that was refused",
        |records| {
            let at = first_of(records, "permit");
            records[at]["type"] = json!("refuse");
            records[at]["body"] = json!({"code": "EXPIRED", "stage": "decide"});
        },
        "admitted no answer that could end",
    ),
    (
        "an interrupted end that repeats another bound",
        |records| {
            let at = first_of(records, "close");
            let body = records[at]["body"].as_object_mut().unwrap();
            for known in ["rows", "bytes"] {
                body.remove(known).unwrap();
            }
            body.insert("at_most".to_owned(), json!({"rows": 1, "bytes": 1}));
        },
        "went beyond the 8192 rows",
    ),
    (
        "nothing came, to somebody who had nothing",
        |records| quiet(records, "hansa://other.example"),
        "it goes on from an answer that somebody else got",
    ),
    (
        "nothing came, after the end",
        |records| quiet(records, "hansa://acme.example"),
        "WITHDRAWN",
    ),
    (
        "nothing came, long after something had",
        |records| {
            let at = first_of(records, "withdraw");
            records.truncate(at);
            let mut last = records[at - 1].clone();
            last["type"] = json!("publish");
            last["body"] = records[first_of(records, "publish")]["body"].clone();
            last["body"]["version"] = json!("2099-01-01.1");
            records.push(last);
            quiet(records, "hansa://acme.example");
            let later = text(records.last().unwrap(), "t").replacen("2026-", "2027-", 1);
            records.last_mut().unwrap()["t"] = json!(later);
        },
        "nothing came, it says, after 2099-01-01.1 had",
    ),
    (
        "what came since no answer",
        |records| {
            let at = first_of(records, "permit");
            records[at]["body"]["follows"] = json!(0);
        },
        "is not in the log",
    ),
    (
        "what came since another snapshot than that of the answer before",
        |records| {
            let first = first_of(records, "permit");
            let after = records[first]["body"]["datasets"][0]["snapshot"].clone();
            let second = first_of(&records[first + 1..], "permit") + first + 1;
            let body = &mut records[second]["body"];
            body["follows"] = json!(first);
            body["datasets"][0]["after"] = json!(format!("{}0", after.as_str().unwrap()));
        },
        "does not go on from the answer that it names",
    ),
];

/// Adds that somebody was told that nothing came since the first answer.
fn quiet(records: &mut Vec<Value>, peer: &str) {
    let mut last = records[records.len() - 1].clone();
    last["type"] = json!("no_new_data");
    let follows = first_of(records, "permit");
    last["body"] = json!({"request_id": "00", "peer": peer, "follows": follows});
    records.push(last);
}

#[test]
fn a_permit_that_its_contract_does_not_cover_is_broken() {
    let league = TestLeague::new(binary());
    let (mut lindau, _acme, _contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    lindau.stop();
    let (copied, records) = read(&bundle);
    let judged = |records: &[Value]| {
        let file = export_folder.path().join("forged");
        forge(&lindau, records, &copied, &file);
        let (report, status) = verify(export_folder.path(), &["check", "forged"]);
        (findings(&report, "broken"), status)
    };
    // As it was, but written anew: receipts name other places, and the partner has cosigned heads of what was there before.
    let (texts, _) = judged(&records);
    let known = [
        "its receipt has another place in the log",
        "acme.example has cosigned another history",
    ];
    for expected in known {
        assert!(texts.iter().any(|one| one.contains(expected)), "{texts:#?}");
    }
    for sentence in &texts {
        assert!(known.iter().any(|one| sentence.contains(one)), "{sentence}");
    }
    for (name, change, expected) in FORGERIES {
        let mut forged = records.clone();
        change(&mut forged);
        let (texts, status) = judged(&forged);
        assert_eq!(status, 7, "{name}");
        let reported = texts.iter().any(|sentence| sentence.contains(expected));
        assert!(reported, "{name}: {texts:#?}");
    }
}

#[test]
fn documents_that_were_not_signed_so_are_broken() {
    let league = TestLeague::new(binary());
    let (mut lindau, _acme, _contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    lindau.stop();
    let (copied, records) = read(&bundle);
    for (kind, expected) in [
        (DocumentKind::Contract, "SIGNATURE_INVALID"),
        (DocumentKind::Withdrawal, "SIGNATURE_INVALID"),
        (DocumentKind::Receipt, "is another one"),
        (DocumentKind::Trust, "not signed by its league"),
    ] {
        let mut changed = copied.0.clone();
        for ((of, _), text) in &mut changed {
            if *of == kind {
                *text = other_signature(text);
            }
        }
        let file = export_folder.path().join("forged");
        forge(&lindau, &records, &CopiedDocuments(changed), &file);
        let (report, status) = verify(export_folder.path(), &["check", "forged"]);
        assert_eq!(status, 7, "{kind:?}");
        let texts = findings(&report, "broken");
        let reported = texts.iter().any(|sentence| sentence.contains(expected));
        assert!(reported, "{kind:?}: {texts:#?}");
    }
}

/// The same statement with a signature of which one character is another.
fn other_signature(text: &str) -> String {
    let start = text.rfind("\"signature\":\"").unwrap() + 20;
    let other = if text.as_bytes()[start] == b'A' {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &text[..start], &text[start + 1..])
}
