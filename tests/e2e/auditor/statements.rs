//! Statements of deletion and of use are in the file, and are judged like the other documents: by whom they are signed, whether
//! they are those that records name, and whether they say what the records say.

mod dates;

use super::forged_permits::{CopiedDocuments, forge, read};
use super::{export, findings, played, verify};
use crate::binary;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::documents::DocumentKind;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_proto::deletion::DeletionStatement;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::statement;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text};
use serde_json::{Value, json};

const DAY: i64 = 86_400_000_000;

/// Where the last record of a kind stands.
fn last_of(records: &[Value], kind: &str) -> usize {
    let found = records.iter().rposition(|record| record["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

/// The same document with a signature of which one character is another, under its new name; the record names that.
fn resigned(
    records: &mut [Value],
    documents: &CopiedDocuments,
    kind: DocumentKind,
    by: &str,
) -> CopiedDocuments {
    let at = last_of(records, by);
    let name = text(&records[at]["body"], "statement");
    let good = &documents.of_kind(kind)[&name];
    let start = good.rfind("\"signature\":\"").unwrap() + 20;
    let other = if good.as_bytes()[start] == b'A' {
        "B"
    } else {
        "A"
    };
    let bad = format!("{}{other}{}", &good[..start], &good[start + 1..]);
    let name = Digest::of(bad.as_bytes()).to_string();
    records[at]["body"]["statement"] = json!(name);
    documents.with(kind, &[(name, bad)])
}

/// The same, but under the name that the record has.
fn renamed(
    records: &mut [Value],
    documents: &CopiedDocuments,
    kind: DocumentKind,
    by: &str,
) -> CopiedDocuments {
    let name = text(&records[last_of(records, by)]["body"], "statement");
    let changed = resigned(&mut records.to_vec(), documents, kind, by).of_kind(kind);
    let text = changed.into_values().next().unwrap();
    documents.with(kind, &[(name, text)])
}

type StatementForgery = (
    &'static str,
    fn(&mut Vec<Value>, &CopiedDocuments) -> Option<CopiedDocuments>,
    &'static str,
);

const FORGERIES: [StatementForgery; 14] = [
    (
        "a statement of deletion that somebody else signed",
        |records, documents| {
            Some(resigned(
                records,
                documents,
                DocumentKind::Deletion,
                "deletion",
            ))
        },
        "its statement of deletion: SIGNATURE_INVALID",
    ),
    (
        "a statement of use that somebody else signed",
        |records, documents| Some(resigned(records, documents, DocumentKind::Usage, "usage")),
        "its statement of use: SIGNATURE_INVALID",
    ),
    (
        "no statement of deletion",
        |_, documents| Some(documents.with(DocumentKind::Deletion, &[])),
        "the statement of deletion",
    ),
    (
        "a record of more answers than were stated",
        |records, _| {
            let at = last_of(records, "deletion");
            let more = json!("0".repeat(32));
            let requests = records[at]["body"]["requests"].as_array_mut().unwrap();
            requests.push(more);
            None
        },
        "says something else than its record",
    ),
    (
        "a statement by somebody else",
        |records, _| {
            let at = last_of(records, "deletion");
            records[at]["body"]["peer"] = json!("hansa://other.example");
            None
        },
        "says something else than its record",
    ),
    (
        "a statement that the provider would have made itself",
        |records, _| {
            let at = last_of(records, "deletion");
            records[at]["body"]["direction"] = json!("out");
            None
        },
        "says something else than its record",
    ),
    (
        "a statement under another contract",
        |records, _| {
            let at = last_of(records, "deletion");
            records[at]["body"]["contract"] = json!("0".repeat(64));
            None
        },
        "its statement of deletion: STATEMENT_MALFORMED: it says something else than its record",
    ),
    (
        "another statement under the same name",
        |records, documents| {
            Some(renamed(
                records,
                documents,
                DocumentKind::Deletion,
                "deletion",
            ))
        },
        "its statement of deletion: STATEMENT_MALFORMED: it is another one than the record names",
    ),
    (
        "another statement of use under the same name",
        |records, documents| Some(renamed(records, documents, DocumentKind::Usage, "usage")),
        "its statement of use: STATEMENT_MALFORMED: it is another one than the record names",
    ),
    (
        "no statement of use",
        |_, documents| Some(documents.with(DocumentKind::Usage, &[])),
        "the statement of use",
    ),
    (
        "a statement that is counted for another contract",
        |records, _| {
            let at = last_of(records, "deletion");
            records[at]["body"]["first"] = json!("0".repeat(64));
            None
        },
        "was counted for another contract",
    ),
    (
        "a question that is let in while a statement is overdue",
        |records, _| {
            records.remove(last_of(records, "deletion"));
            let from = last_of(records, "permit");
            for record in &mut records[from..] {
                let at: UtcTimestamp = text(record, "t").parse().unwrap();
                record["t"] = json!(at.plus_micros(2 * DAY).to_string());
            }
            None
        },
        "ATTESTATION_OVERDUE",
    ),
    (
        "a statement of use that counts what was not",
        |records, _| {
            let at = last_of(records, "close");
            records[at]["body"]["rows"] = json!(1);
            None
        },
        "the log has 3,",
    ),
    (
        "a statement of use under another contract",
        |records, _| {
            let at = last_of(records, "usage");
            records[at]["body"]["contract"] = json!("0".repeat(64));
            None
        },
        "its statement of use: STATEMENT_MALFORMED: it says something else",
    ),
];

#[test]
fn statements_under_contracts_are_judged() {
    let league = TestLeague::new(binary());
    let duties = "duties = [\"delete-after 1 day\", \"attest-within 1 day\"]";
    let price = "price = { amount = 0.05, currency = \"EUR\", per = \"query\" }";
    let terms = format!("{ALL}\n{duties}\n{price}");
    let (mut lindau, acme) = league.bikes("kept", &terms, "auto");
    let contract = acme.contract("lindau.bikes");
    let ask = || acme.ask("SELECT site, bikes FROM lindau.bikes").must();
    ask();
    ask();
    acme.hansa(&["--yes", "contract", "attest", &contract])
        .must();
    ask();
    lindau.hansa(&["contract", "usage", &contract]).must();

    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    let theirs = export(&acme, export_folder.path(), &[]);
    let both = ["check", "lindau.example.bundle", "acme.example.bundle"];
    let (report, status) = verify(export_folder.path(), &both);
    assert_eq!(status, 0, "{report:#}");
    lindau.stop();
    let (copied, records) = read(&bundle);
    assert_eq!(copied.of_kind(DocumentKind::Deletion).len(), 1);
    assert_eq!(copied.of_kind(DocumentKind::Usage).len(), 1);
    for (name, change, expected) in FORGERIES {
        let mut changed = records.clone();
        let others = change(&mut changed, &copied);
        let file = export_folder.path().join("forged");
        forge(&lindau, &changed, others.as_ref().unwrap_or(&copied), &file);
        let (report, status) = verify(export_folder.path(), &["check", "forged"]);
        let said = ["broken", "incomplete"].map(|verdict| findings(&report, verdict));
        let reported = said.concat().iter().any(|one| one.contains(expected));
        assert!(reported, "{name}: {said:#?}");
        assert_eq!(status, 7, "{name}");
    }

    // Of a month whose answers are past their retention nothing can be counted again: that is told, and nothing found.
    let counts = FORGERIES
        .iter()
        .find(|one| one.2.starts_with("the log has"));
    let mut aged = records.clone();
    counts.unwrap().1(&mut aged, &copied);
    let last: UtcTimestamp = text(records.last().unwrap(), "t").parse().unwrap();
    let (before, at) = (last.plus_micros(35 * DAY), last.plus_micros(70 * DAY));
    aged.push(json!({"type": "expire", "t": at.to_string(), "body": {
        "class": "decisions", "ground": "retention", "first": 0, "end": 0, "records": 0, "before": before.to_string(),
        "first_use_of": [], "receipts_of": [],
    }}));
    forge(
        &lindau,
        &aged,
        &copied,
        &export_folder.path().join("forged"),
    );
    let (report, _) = verify(export_folder.path(), &["check", "forged"]);
    let texts = findings(&report, "broken");
    assert!(
        !texts.iter().any(|one| one.contains("the log has")),
        "{texts:#?}"
    );
    let month = &text(&records[last_of(&records, "usage")], "t")[..7];
    let unseen = format!("what statements of use count for {month} to {month}: answers up to");
    assert!(report.to_string().contains(&unseen), "{report:#}");

    // A firm that says of its statement that it went to somebody else.
    let (documents_of_firm, mut own) = read(&theirs);
    let at = last_of(&own, "deletion");
    own[at]["body"]["peer"] = json!("hansa://other.example");
    let file = export_folder.path().join("forged");
    forge(&acme, &own, &documents_of_firm, &file);
    let (report, status) = verify(export_folder.path(), &["check", "forged"]);
    let texts = findings(&report, "broken");
    let expected = "says something else than its record";
    assert!(texts.iter().any(|one| one.contains(expected)), "{texts:#?}");
    assert_eq!(status, 7);

    // The key of the firm is revoked now. What was recorded before stays good; the same statement, if it is first recorded
    // afterwards, was dated back.
    let attest = last_of(&records, "deletion");
    let name = text(&records[attest]["body"], "statement");
    let stated = statement::from_envelope::<DeletionStatement>(
        copied.of_kind(DocumentKind::Deletion)[&name].as_bytes(),
    );
    let kid = stated.unwrap().signature.kid;
    let revoke = ["--yes", "league", "key", "--end", &kid, "--revoked"];
    let revoke = [&revoke[..], &["--of", "acme.example", "--dir", "league"]].concat();
    league.hansa(&revoke).must();
    let late = ["league", "export", "--dir", "league", "--output", "late"];
    league.hansa(&late).must();
    let late = league.folder().join("late").display().to_string();
    for (days, reported) in [(0, false), (2, true)] {
        let mut changed = records.clone();
        for record in &mut changed[attest..] {
            let at: UtcTimestamp = text(record, "t").parse().unwrap();
            record["t"] = json!(at.plus_micros(days * DAY).to_string());
        }
        forge(
            &lindau,
            &changed,
            &copied,
            &export_folder.path().join("forged"),
        );
        let (judged, _) = verify(export_folder.path(), &["check", "--trust", &late, "forged"]);
        let texts = findings(&judged, "broken");
        let of_key = |one: &&String| one.contains("its statement of deletion: KEY_REVOKED");
        let found = texts.iter().find(of_key);
        assert_eq!(found.is_some(), reported, "{texts:#?}");
        assert!(
            found.is_none_or(|one| one.contains("first seen")),
            "{found:?}"
        );
    }
    // The firm's own log says that it was stated in time: who signs writes any time into a log of its own.
    let judge = ["check", "--trust", &late, "forged", "acme.example.bundle"];
    let (judged, _) = verify(export_folder.path(), &judge);
    let texts = findings(&judged, "broken");
    let of_key = texts
        .iter()
        .filter(|one| one.contains("its statement of deletion: KEY_REVOKED"));
    assert_eq!(of_key.count(), 2, "{texts:#?}");
}

/// A firm that has signed a statement about a contract of somebody else, and a city that counts it.
#[test]
fn a_statement_is_about_a_contract_of_its_own() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let (acme, beta) = (league.firm("acme"), league.firm("beta"));
    league.hand_bundle_to("lindau");
    let duties = "duties = [\"delete-after 1 day\", \"attest-within 1 day\"]";
    lindau.offers_bikes("kept", &format!("{ALL}\n{duties}"), "auto");
    lindau.serve();
    for firm in [&acme, &beta] {
        firm.knows(&lindau);
    }
    let contract = acme.contract("lindau.bikes");
    let others: ContractId = beta.contract("lindau.bikes").parse().unwrap();
    acme.ask("SELECT site, bikes FROM lindau.bikes").must();
    acme.hansa(&["--yes", "contract", "attest", &contract])
        .must();
    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    lindau.stop();
    let (copied, mut records) = read(&bundle);
    let at = last_of(&records, "deletion");
    let good = copied.of_kind(DocumentKind::Deletion);
    let (_, good) = good.into_iter().next().unwrap();
    let mut statement = statement::from_envelope::<DeletionStatement>(good.as_bytes())
        .unwrap()
        .content;
    statement.contract = others;
    let payload = statement::to_bytes(&statement);
    let key = FileSigner::open(&acme.folder().join("keys/signing.key")).unwrap();
    let now: UtcTimestamp = text(&records[at], "t").parse().unwrap();
    let (alg, seconds) = (key.algorithm().as_str(), now.micros() / 1_000_000);
    let protected = envelope::protected_header(
        StatementKind::Deletion,
        SignatoryRole::Consumer,
        alg,
        key.kid(),
        seconds,
    );
    let signature = key
        .sign(&envelope::signing_input(&protected, &payload))
        .unwrap();
    let forged = envelope::assemble_statement(&payload, &[(protected, signature)]);
    let name = Digest::of(&forged).to_string();
    records[at]["body"]["statement"] = json!(name);
    records[at]["body"]["contract"] = json!(others.to_string());
    records[at]["body"]["first"] = json!(others.to_string());
    let forged = [(name, String::from_utf8(forged).unwrap())];
    let file = export_folder.path().join("forged");
    forge(
        &lindau,
        &records,
        &copied.with(DocumentKind::Deletion, &forged),
        &file,
    );
    let (report, status) = verify(export_folder.path(), &["check", "forged"]);
    let texts = findings(&report, "broken");
    let expected = "it is under a contract of somebody else";
    assert!(texts.iter().any(|one| one.contains(expected)), "{texts:#?}");
    assert_eq!(status, 7);
}
