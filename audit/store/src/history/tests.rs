//! Tests of the history of a log's records.

use super::AuditHistory;
use crate::tests::complete::complete;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::{Record, RecordSalt};
use hansa_audit_log::time::UtcTimestamp;

fn history_of(records: &[(&str, &str)]) -> AuditHistory {
    let mut history = AuditHistory::new();
    for (seq, (kind, body)) in (0..).zip(records) {
        let body = complete(kind, body);
        let record = Record {
            log: "lindau.example/hansa/evidence".to_owned(),
            seq,
            at: UtcTimestamp::from_micros(1_800_000_000_000_000 + i64::try_from(seq).unwrap())
                .unwrap(),
            boot: "boot".to_owned(),
            mono: seq,
            salt: RecordSalt([0; 16]),
            kind: (*kind).to_owned(),
            prev: Digest::of(&[]),
            body: body.to_json(),
        };
        history.add_record(&record, body);
    }
    history
}

const PERMIT: &str = r#"{"request_id":"r1","peer":"hansa://acme.example","purpose":"dpv:Research",
    "contracts":["c"],"grants":[{"dataset":"d","contract":"c","grant_hash":"grant/1:aa","clauses_applied":[1,3]}],
    "datasets":[{"id":"d","snapshot":"2026-05"}]}"#;

#[test]
fn an_answer_from_permit_to_acknowledgement() {
    let history = history_of(&[
        ("permit", PERMIT),
        (
            "refuse",
            r#"{"request_id":"r2","peer":"hansa://acme.example","code":"EXPIRED","contract":"c","clause":4}"#,
        ),
        (
            "close",
            r#"{"opened":0,"request_id":"r1","outcome":"done","rows":7,"bytes":90,"result_digest":"blake3:x"}"#,
        ),
        (
            "receipt_ack",
            r#"{"request_id":"r1","peer":"hansa://acme.example","receipt":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","match":true}"#,
        ),
    ]);
    let [permitted, refused] = history.questions.as_slice() else {
        panic!("{history:?}")
    };
    assert_eq!(permitted.reads[0].clauses, [1, 3]);
    assert_eq!(permitted.reads[0].snapshot.as_deref(), Some("2026-05"));
    assert!(permitted.is_under("c") && permitted.may_have_left());
    let end = permitted.end.as_ref().unwrap();
    assert_eq!((end.index, end.rows, end.bytes), (2, Some(7), Some(90)));
    assert_eq!(permitted.acknowledged, Some(("f".repeat(64), true)));
    let why = refused.refused.as_ref().unwrap();
    assert_eq!((why.code.as_str(), why.clause), ("EXPIRED", Some(4)));
    assert!(!refused.may_have_left() && refused.reads.is_empty());
    assert_eq!(history.find_question("r2").unwrap().index, 1);
    assert_eq!(history.find_question(""), None);
}

#[test]
fn a_question_that_was_refused_after_its_permit_left_nothing() {
    let history = history_of(&[
        ("permit", PERMIT),
        (
            "close",
            r#"{"opened":0,"code":"TENANT_UNBOUND","stage":"terms","outcome":"failed","rows":0,"bytes":0}"#,
        ),
    ]);
    let question = &history.questions[0];
    assert_eq!(question.refused.as_ref().unwrap().code, "TENANT_UNBOUND");
    assert!(!question.may_have_left());
    // For an open answer, or one that a crash has ended, the sent amount is unknown.
    assert!(history_of(&[("permit", PERMIT)]).questions[0].may_have_left());
    let crashed = r#"{"opened":0,"request_id":"r1","outcome":"cut","code":"INTERRUPTED"}"#;
    let history = history_of(&[("permit", PERMIT), ("close", crashed)]);
    assert!(history.questions[0].may_have_left());
    assert_eq!(history.questions[0].end.as_ref().unwrap().rows, None);
}

#[test]
fn contracts_heads_and_snapshots() {
    let history = history_of(&[
        (
            "contract",
            r#"{"contract":"c","event":"activate","provider":"p","consumer":"q","dataset":"d"}"#,
        ),
        (
            "withdraw",
            r#"{"contract":"c","party":"q","effective":"2027-01-20T00:00:00Z","statement":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}"#,
        ),
        ("checkpoint_seen", r#"{"peer":"p","note":"n","size":4}"#),
        ("witnessed", r#"{"peer":"q","note":"w","size":3}"#),
        ("log_fork", r#"{"peer":"p","known":"k","shown":"s"}"#),
        (
            "publish",
            r#"{"dataset":"d","version":"1","personal":true}"#,
        ),
        (
            "unpublish",
            r#"{"dataset":"d","version":"1","reason":"rows were doubled"}"#,
        ),
        (
            "received",
            r#"{"request_id":"r","peer":"p","rows":3,"bytes":4,"result_digest":"x","outcome":"done","receipt":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}"#,
        ),
    ]);
    let life = &history.contracts["c"];
    assert_eq!(life.activated.unwrap().0, 0);
    let end = &life.withdrawn[0];
    assert_eq!(
        (end.index, end.party.as_str(), end.statement.clone()),
        (1, "q", "f".repeat(64))
    );
    assert_eq!(end.effective.unwrap().to_string(), "2027-01-20T00:00:00Z");
    assert_eq!(history.observed_heads[0].note, "n");
    assert_eq!(history.witnessed[0].peer, "q");
    assert_eq!(
        (
            history.forks[0].known.as_str(),
            history.forks[0].shown.as_str()
        ),
        ("k", "s")
    );
    let snapshot = &history.published[0];
    assert!(snapshot.personal);
    assert_eq!(snapshot.withdrawn.as_ref().unwrap().1, "rows were doubled");
    assert_eq!(history.received[0].receipt, Some("f".repeat(64)));
}

const REMOTE_QUERY: &str = r#"{"request_id":"r1","peer":"hansa://bregenz.example","contracts":["b"],
    "keys":[{"values":2,"of":[{"dataset":"hansa://lindau.example/d/sites","contract":"c","clause":7,"column":"site"}]}]}"#;

/// A provider that refuses a question has seen its content, whatever the code.
#[test]
fn values_went_unless_the_question_did_not_go() {
    let refused = r#"{"request_id":"r1","peer":"hansa://bregenz.example","code":"KEY_MUST_STAY"}"#;
    let history = history_of(&[("remote_query", REMOTE_QUERY), ("not_received", refused)]);
    let [keys_sent] = history.remote_queries.keys_sent.as_slice() else {
        panic!("{history:?}")
    };
    assert_eq!(keys_sent.peer, "hansa://bregenz.example");
    assert_eq!(keys_sent.of[0].column.as_deref(), Some("site"));
    assert_eq!(history.remote_queries.asked.get("b"), Some(&0));
    let stayed =
        r#"{"request_id":"r1","peer":"hansa://bregenz.example","code":"WITHDRAWN","sent":false}"#;
    let history = history_of(&[("remote_query", REMOTE_QUERY), ("not_received", stayed)]);
    assert!(history.remote_queries.keys_sent.is_empty());
}

/// Two peers may choose equal request identities. Records about one peer's question don't affect the other's.
#[test]
fn the_same_identity_of_two_peers_is_two_questions() {
    let visby = PERMIT.replace("acme", "visby");
    let ack = r#"{"request_id":"r1","peer":"hansa://acme.example","receipt":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","match":true}"#;
    let history = history_of(&[("permit", PERMIT), ("permit", &visby), ("receipt_ack", ack)]);
    let acknowledged = history
        .questions
        .iter()
        .map(|question| question.acknowledged.is_some());
    assert_eq!(acknowledged.collect::<Vec<_>>(), [true, false]);
    let delegated = r#"{"request_id":"r1","peer":"hansa://acme.example","contracts":["c"],"keys":[{"of":[{"dataset":"d"}],"values":1}]}"#;
    let other = delegated.replace("acme", "visby");
    let unsent = r#"{"request_id":"r1","peer":"hansa://visby.example","code":"PEER_UNREACHABLE","sent":false}"#;
    let history = history_of(&[
        ("remote_query", delegated),
        ("remote_query", &other),
        ("not_received", unsent),
    ]);
    let peers = history
        .remote_queries
        .keys_sent
        .iter()
        .map(|one| one.peer.as_str());
    assert_eq!(peers.collect::<Vec<_>>(), ["hansa://acme.example"]);
}
