//! Tests: both sides' records of an answer give equal summaries.

use super::AnswerCollector;
use crate::tests::TestLogDir;
use crate::tests::complete::complete;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::reconcile::{ReconciliationFinding, reconcile_answers};
use hansa_audit_log::record::body::RecordBody;

#[derive(Debug)]
struct RawEvidence(&'static str, String);

impl Evidence for RawEvidence {
    fn to_record_body(&self) -> RecordBody {
        complete(self.0, &self.1)
    }
}

/// Answers of a log with these records.
fn answers(records: Vec<RawEvidence>) -> AnswerCollector {
    let log_dir = TestLogDir::new();
    let (log, _) = log_dir.open();
    for record in records {
        let _ = log.record_blocking(record).unwrap();
    }
    let mut answers = AnswerCollector::new();
    for record in log.read(0) {
        let record = record.unwrap();
        answers.add_record(&record, &record.read_body().unwrap());
    }
    answers
}

fn permit(request: &str) -> RawEvidence {
    RawEvidence(
        "permit",
        format!(
            r#"{{"contracts":["b","a"],"peer":"hansa://tallinn.example","request_id":"{request}"}}"#
        ),
    )
}

/// End of the answer whose permit stands at this place.
fn close(request: &str, opened: u64, rest: &str) -> RawEvidence {
    RawEvidence(
        "close",
        format!(
            r#"{{"opened":{opened},"request_id":"{request}","result_digest":"blake3:aa",{rest}}}"#
        ),
    )
}

fn received(request: &str, outcome: &str, rows: u64) -> RawEvidence {
    RawEvidence(
        "received",
        format!(
            r#"{{"bytes":100,"contracts":["a","b"],"outcome":"{outcome}","peer":"hansa://luebeck.example","request_id":"{request}","result_digest":"blake3:aa","rows":{rows},"state":"acknowledged"}}"#
        ),
    )
}

#[test]
fn two_logs_side_by_side() {
    let done = r#""bytes":100,"outcome":"done","rows":7"#;
    let cut = r#""bytes":100,"code":"WITHDRAWN","outcome":"cut","rows":3"#;
    let failed = r#""bytes":0,"code":"EVALUATION_FAILED","opened":5,"outcome":"failed","rows":0"#;
    let ack = |request: &str| {
        let body = format!(
            r#"{{"match":true,"peer":"hansa://tallinn.example","request_id":"{request}"}}"#
        );
        RawEvidence("receipt_ack", body)
    };
    let luebeck = answers(vec![
        permit("r1"),
        close("r1", 0, done),
        ack("r1"),
        permit("r2"),
        close("r2", 3, cut),
        permit("r3"),
        RawEvidence("close", format!(r#"{{{failed}}}"#)),
        permit("r4"),
        close("r4", 7, done),
        permit("r5"),
        permit("r7"),
        close("r7", 10, done),
    ]);
    let remote_query = |request: &str| {
        let body = format!(r#"{{"peer":"hansa://luebeck.example","request_id":"{request}"}}"#);
        RawEvidence("remote_query", body)
    };
    let tallinn = answers(vec![
        remote_query("r1"),
        received("r1", "done", 7),
        received("r2", "cut:WITHDRAWN", 3),
        received("r4", "done", 8),
        received("r6", "done", 1),
        // A question followed by a power cut, and one that was not sent.
        remote_query("r7"),
        remote_query("r8"),
    ]);
    let given = luebeck.answers_to_peer("hansa://tallinn.example", None);
    assert_eq!(given.len(), 6);
    assert!(
        luebeck
            .answers_to_peer("hansa://other.example", None)
            .is_empty()
    );
    let found = reconcile_answers(
        &given,
        &tallinn.received_from("hansa://luebeck.example", None),
    );
    let findings: Vec<_> = found
        .requests
        .iter()
        .map(|compared| (compared.request_id.as_str(), compared.finding.as_str()))
        .collect();
    assert_eq!(
        findings,
        [
            ("r1", "matched"),
            ("r2", "unacknowledged"),
            ("r3", "provider only"),
            ("r4", "mismatch"),
            ("r5", "provider only"),
            ("r6", "consumer only"),
            ("r7", "not taken"),
        ]
    );
    assert_eq!(
        found.requests[2].finding,
        ReconciliationFinding::ProviderOnly { sent: false }
    );
    let outcome = |at: usize| given[at].outcome.as_str();
    assert_eq!(outcome(1), "cut:WITHDRAWN");
    assert_eq!(outcome(2), "failed:EVALUATION_FAILED");
    assert_eq!(outcome(4), "open");
    assert_eq!(found.totals["a b"].0.rows, 24);
}

/// Each peer chooses its own request identities. Records about one peer's question don't affect another peer's with an equal
/// identity.
#[test]
fn two_peers_may_draw_the_same_identity() {
    let of = |kind: &'static str, peer: &str, rest: &str| {
        let body = format!(
            r#"{{"contracts":["a"],"peer":"hansa://{peer}.example","request_id":"r1"{rest}}}"#
        );
        RawEvidence(kind, body)
    };
    let given = answers(vec![
        of("permit", "tallinn", ""),
        of("permit", "visby", ""),
        RawEvidence("close", r#"{"bytes":10,"opened":0,"outcome":"done","request_id":"r1","result_digest":"blake3:aa","rows":1}"#.to_owned()),
        RawEvidence("receipt_ack", r#"{"match":true,"peer":"hansa://tallinn.example","request_id":"r1"}"#.to_owned()),
        of("remote_query", "tallinn", ""),
        of("remote_query", "visby", ""),
        of("received", "tallinn", r#","bytes":1,"outcome":"done","result_digest":"blake3:bb","rows":1,"state":"acknowledged""#),
    ]);
    let line = |peer: &str| {
        given
            .answers_to_peer(&format!("hansa://{peer}.example"), None)
            .remove(0)
    };
    assert_eq!(
        (line("tallinn").rows, line("tallinn").acknowledged),
        (1, true)
    );
    assert_eq!((line("visby").rows, line("visby").acknowledged), (0, false));
    let of_visby = given.received_from("hansa://visby.example", None);
    assert_eq!(of_visby.len(), 1, "{of_visby:?}");
}
