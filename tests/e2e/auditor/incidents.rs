//! Statements that close incidents, by a provider that has put another history in the place of its log.

use super::forged_permits::{CopiedDocuments, forge_further, key, read};
use super::{export, findings, played, verify};
use crate::binary;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{Checkpoint, SignedHead};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::documents::DocumentKind;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::incident::{ForkedRange, IncidentCause, IncidentStatement};
use hansa_proto::statement;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use serde_json::{Value, json};
use std::path::Path;

fn now() -> UtcTimestamp {
    jiff::Timestamp::now().to_string().parse().unwrap()
}

/// That all records of the log are of an incident, with the key that the owner has now.
fn statement(owner: &TestParticipant, head: &SignedHead) -> (String, String) {
    let at = now();
    let payload = statement::to_bytes(&IncidentStatement {
        log: "lindau.example".parse().unwrap(),
        head: head.clone(),
        fork: Some(ForkedRange {
            from: 0,
            since: None,
            upto: 1 << 40,
        }),
        late: Vec::new(),
        cause: IncidentCause::RestoredBackup,
        stated_at: at,
    });
    let key = FileSigner::open(&owner.folder().join("keys/signing.key")).unwrap();
    let (alg, seconds) = (key.algorithm().as_str(), at.micros() / 1_000_000);
    let protected = envelope::protected_header(
        StatementKind::Incident,
        SignatoryRole::Provider,
        alg,
        key.kid(),
        seconds,
    );
    let signature = key
        .sign(&envelope::signing_input(&protected, &payload))
        .unwrap();
    let bytes = envelope::assemble_statement(&payload, &[(protected, signature)]);
    let name = Digest::of(&bytes).to_string();
    (name, String::from_utf8(bytes).unwrap())
}

/// The log without a question, as if nobody had ever asked one, with a statement of its own that closes all that differs. The
/// statement names the newest head, or one with another root.
fn rewritten(
    owner: &TestParticipant,
    (records, documents): (&[Value], &CopiedDocuments),
    root: Option<Digest>,
    to: &Path,
) {
    let mut records = records.to_vec();
    for record in &mut records {
        let kind = text(record, "type");
        if ["permit", "close", "receipt_ack", "refuse", "witnessed"].contains(&kind.as_str()) {
            record["type"] = json!("clock");
            record["body"] = json!({"source": "operator", "acknowledged": true});
        }
    }
    let last = records[records.len() - 1].clone();
    forge_further(owner, &records, to, |newest| {
        let head = root.map(|root| Checkpoint {
            root,
            ..newest.checkpoint.clone()
        });
        let head = head.map(|head| SignedHead::sign(head, &key(owner)).unwrap());
        let head = head.unwrap_or(newest);
        let (name, document) = statement(owner, &head);
        let mut last = last;
        last["t"] = json!(now().to_string());
        last["type"] = json!("incident");
        last["body"] = json!({
            "peer": "hansa://lindau.example",
            "direction": "out",
            "statement": name,
            "cause": "restored-backup",
            "from": 0,
            "upto": 1_u64 << 40,
            "late": 0,
            "size": head.checkpoint.size,
            "head": head.to_string(),
            "stated_at": now().to_string(),
        });
        let documents = documents.with(DocumentKind::Incident, &[(name, document)]);
        (last, documents)
    });
}

#[test]
fn a_statement_that_its_author_alone_has_closes_nothing() {
    let league = TestLeague::new(binary());
    let (lindau, acme, _contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    let judged = || {
        let bundle = export(&lindau, folder, &[]);
        export(&acme, folder, &[]);
        let (copied, records) = read(&bundle);
        let to = folder.join("rewritten");
        rewritten(&lindau, (&records, &copied), None, &to);
        let (report, status) = verify(folder, &["check", "rewritten", "acme.example.bundle"]);
        assert_eq!(status, 7, "{report:#}");
        let broken = findings(&report, "broken");
        for expected in ["signed two histories", "has a signed receipt for"] {
            assert!(
                broken.iter().any(|one| one.contains(expected)),
                "{report:#}"
            );
        }
        report
    };

    // With the key that every copy has, nobody states anything.
    let report = judged();
    let old_key = "the key that was in force when the fork was found";
    let broken = findings(&report, "broken");
    assert!(broken.iter().any(|one| one.contains(old_key)), "{report:#}");

    // Nor for those who were not told, with any other.
    lindau.hansa(&["rekey", "--output", "again.request"]).must();
    let (request, join) = ("lindau/again.request", "lindau/again.join");
    league
        .hansa(&[
            "league", "admit", request, "--dir", "league", "--output", join,
        ])
        .must();
    lindau.hansa(&["join", "again.join"]).must();
    lindau.hansa(&["reload"]).must();
    let report = judged();
    let broken = findings(&report, "broken");
    assert!(
        !broken.iter().any(|one| one.contains(old_key)),
        "{report:#}"
    );
    let incomplete = findings(&report, "incomplete");
    let untold = "acme.example was never told of the statement";
    assert!(
        incomplete.iter().any(|one| one.contains(untold)),
        "{report:#}"
    );
}

#[test]
fn the_head_in_a_statement_is_of_the_log() {
    let league = TestLeague::new(binary());
    let (lindau, _acme, _contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    let (copied, records) = read(&bundle);
    let to = export_folder.path().join("rewritten");
    for root in [None, Some(Digest::of(b"another history"))] {
        let is_other = root.is_some();
        rewritten(&lindau, (&records, &copied), root, &to);
        let (report, _) = verify(export_folder.path(), &["check", "rewritten"]);
        let broken = findings(&report, "broken");
        let expected = "signed two histories: the log in this file is not the one";
        let found = broken.iter().any(|one| one.contains(expected));
        assert_eq!(found, is_other, "{report:#}");
    }
}
