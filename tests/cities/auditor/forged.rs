//! A provider that signs what it likes: its log is whole and its heads are good, and what it permitted is not.

use super::{export, findings, played, verify};
use crate::binary;
use evidence::json::{Json, Limits, parse};
use evidence::ledger::{Entry, Evidence};
use evidence::time::{Tick, Time};
use harness::league::League;
use harness::play::text;
use keep::audit::choice::Choice;
use keep::audit::key::LogKey;
use keep::audit::papers::{PaperKind, Papers};
use keep::audit::{Log, LogConfig, export as out};
use policy::refusal::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A record as the forger writes it.
#[derive(Debug)]
struct Written {
    kind: &'static str,
    body: Json,
}

impl Evidence for Written {
    fn entry(&self) -> Entry {
        Entry {
            kind: self.kind,
            body: self.body.clone(),
        }
    }
}

/// The papers of a bundle that was exported before.
struct Copied(BTreeMap<(PaperKind, String), String>);

impl Copied {
    fn of(lines: &[Value]) -> Self {
        let papers = lines.iter().filter_map(|line| {
            let kind = PaperKind::named(line["paper"].as_str()?)?;
            let text = line["text"].as_str()?.to_owned();
            Some(((kind, text_of(line, "name")), text))
        });
        Self(papers.collect())
    }
}

fn text_of(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap().to_owned()
}

impl Papers for Copied {
    fn trust(&self) -> (String, Vec<u8>) {
        let ((_, name), text) = self
            .0
            .iter()
            .find(|((kind, _), _)| *kind == PaperKind::Trust)
            .unwrap();
        (name.clone(), text.clone().into_bytes())
    }

    fn paper(&self, kind: PaperKind, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let found = self.0.get(&(kind, name.to_owned()));
        Ok(found.map(|text| text.clone().into_bytes()))
    }
}

/// Writes a log of these records with the city's own key, at the times that they had, and exports it.
fn forge(key: &Path, records: &[Value], papers: &Copied, to: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let key = LogKey::open(key, "lindau.example").unwrap();
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let config = LogConfig::new(
        folder.path().join("log"),
        "lindau.example",
        Arc::new(key),
        Arc::new(move || Tick {
            wall: Time::from_micros(clock.load(Ordering::SeqCst)).unwrap(),
            mono_ns: 0,
        }),
        "boot",
    );
    let first: Time = text(&records[0], "t").parse().unwrap();
    now.store(first.micros(), Ordering::SeqCst);
    let (log, _) = Log::open(config).unwrap();
    for record in records {
        let at: Time = text(record, "t").parse().unwrap();
        now.store(at.micros(), Ordering::SeqCst);
        let written = Written {
            kind: Box::leak(text(record, "type").into_boxed_str()),
            body: parse(record["body"].to_string().as_bytes(), Limits::default()).unwrap(),
        };
        let _ = log.record_blocking(written).unwrap();
    }
    log.close();
    let mut file = std::fs::File::create(to).unwrap();
    out::bundle(&log, &log.head(), &Choice::default(), papers, &mut file).unwrap();
}

/// Where the first record of a kind stands.
fn first(records: &[Value], kind: &str) -> usize {
    let found = records.iter().position(|record| record["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

type Forgery = (&'static str, fn(&mut Vec<Value>), &'static str);

/// What the forger does, and what is said of it.
const FORGERIES: [Forgery; 8] = [
    (
        "other clauses than those that were signed",
        |records| {
            let at = first(records, "permit");
            let hash = "0".repeat(64);
            records[at]["body"]["grants"][0]["grant_hash"] = json!(format!("grant/1:{hash}"));
        },
        "was not applied as it was signed",
    ),
    (
        "a clause left out",
        |records| {
            let at = first(records, "permit");
            records[at]["body"]["grants"][0]["clauses_applied"] = json!([]);
        },
        "was not applied as it was signed",
    ),
    (
        "another purpose",
        |records| {
            let at = first(records, "permit");
            records[at]["body"]["purpose"] = json!("dpv:Marketing");
        },
        "PURPOSE_NOT_COVERED",
    ),
    (
        "somebody else",
        |records| {
            let at = first(records, "permit");
            records[at]["body"]["peer"] = json!("hansa://other.example");
        },
        "CONTRACT_UNKNOWN",
    ),
    (
        "no contract",
        |records| {
            let at = first(records, "permit");
            records[at]["body"]["grants"][0]["contract"] = Value::Null;
        },
        "was let in without a contract",
    ),
    (
        "after its end",
        |records| {
            let at = first(records, "withdraw");
            let withdrawn = records.remove(at);
            let at = first(records, "permit");
            records.insert(at, withdrawn);
        },
        "WITHDRAWN",
    ),
    (
        "before its beginning",
        |records| {
            let at = first(records, "permit");
            let permit = records.remove(at);
            let at = first(records, "contract");
            records.insert(at, permit);
        },
        "was not active yet",
    ),
    (
        "fewer rows in the books than in the receipt",
        |records| {
            let at = first(records, "close");
            records[at]["body"]["rows"] = json!(0);
        },
        "its receipt has another number of rows",
    ),
];

#[test]
fn a_permit_that_its_contract_does_not_cover_is_broken() {
    let league = League::new(binary());
    let (mut lindau, _acme, _contract) = played(&league);
    let papers = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, papers.path(), &[]);
    lindau.stop();
    let key = lindau.folder().join("keys/note.key");
    let lines: Vec<Value> = std::fs::read_to_string(bundle)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let copied = Copied::of(&lines);
    let records: Vec<Value> = lines
        .iter()
        .filter_map(|line| line.get("record").cloned())
        .collect();
    let judged = |records: &[Value]| {
        let file = papers.path().join("forged");
        forge(&key, records, &copied, &file);
        let (told, status) = verify(papers.path(), &["check", "forged"]);
        (findings(&told, "broken"), status)
    };
    // As it was, but for the places that receipts name: nothing else is said of it.
    let (said, _) = judged(&records);
    assert!(!said.is_empty());
    for sentence in &said {
        assert!(
            sentence.contains("its receipt has another place in the log"),
            "{sentence}"
        );
    }
    for (name, change, expected) in FORGERIES {
        let mut forged = records.clone();
        change(&mut forged);
        let (said, status) = judged(&forged);
        assert_eq!(status, 7, "{name}");
        let told = said.iter().any(|sentence| sentence.contains(expected));
        assert!(told, "{name}: {said:#?}");
    }
}
