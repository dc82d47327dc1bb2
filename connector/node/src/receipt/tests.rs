//! Tests: a receipt is acknowledged after any interruption.

use super::*;
use crate::answer::incoming_query::QueryCaller;
use crate::log::audit_event::AuditEvent;
use crate::negotiation::resumption::resume_negotiations;
use crate::participant::testing::{
    TestFederation, make_contract, outbox_messages, verified_caller,
};
use crate::peer::peer_handler::ParticipantHandler;
use crate::process::randomness::random_bytes;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_audit_log::record::answers::ReceivedRecord;
use hansa_proto::peer::message::{MessageContent, PeerMessage};
use hansa_proto::receipt::{AnswerOutcome, DatasetRead, LogLeaf};
use hansa_proto::statement;
use hansa_transport::peer_handler::PeerHandler as _;
use std::time::Duration;

fn asking() -> QueryRequestEnvelope {
    QueryRequestEnvelope {
        ask: hansa_policy::query_request::QueryRequest {
            request: RequestId(random_bytes()),
            contracts: Vec::new(),
            sql: "SELECT 1".to_owned(),
            purpose: None,
            rows: hansa_policy::query_request::RowScope::All,
        },
        deadline: Some(Duration::from_secs(1)),
        accept: std::collections::BTreeSet::new(),
        compact_answers: false,
        credentials: Vec::new(),
    }
}

/// Receipt of lindau over an empty answer to that question.
fn received(lindau: &Connector, acme: &Connector, asked: &SentQuery) -> TransferSummary {
    let digest = Digest::of(b"something");
    let receipt = Receipt {
        request: asked.request,
        provider: lindau.id(),
        consumer: acme.id(),
        reads: vec![DatasetRead {
            dataset: "hansa://lindau.example/d/counts".parse().unwrap(),
            contract: ContractId(digest),
            snapshot: "2026-11-20.3".to_owned(),
        }],
        request_digest: asked.digest,
        sql_commit: digest,
        plan_out_digest: digest,
        rows: 0,
        bytes: 0,
        result: ResultDigest([0; 32]),
        outcome: AnswerOutcome::Done,
        admitted_at: lindau.now(),
        last_at: lindau.now(),
        leaf: LogLeaf {
            index: 1,
            hash: digest,
        },
        checkpoint: digest,
        one_sided: false,
    };
    let payload = statement::to_bytes(&receipt);
    let signature = lindau.sign(StatementKind::Receipt, SignatoryRole::Provider, &payload);
    let bytes = envelope::assemble_statement(&payload, &[signature.unwrap()]);
    TransferSummary {
        rows: 0,
        bytes: 0,
        digest: [0; 32],
        receipt: Some(Bytes::from(bytes)),
    }
}

/// Provider and consumer with a contract.
async fn test_federation() -> (TestFederation, Arc<Connector>, Arc<Connector>) {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let _ = make_contract(&lindau, &acme).await;
    (federation, lindau, acme)
}

/// Receipt in the last message for lindau, and its answer.
fn last_word(acme: &Connector, lindau: &Connector) -> (RequestId, Bytes) {
    let Some((_, PeerMessage { content, .. })) = outbox_messages(acme, lindau).pop() else {
        panic!("no message waits");
    };
    match content {
        MessageContent::Acknowledgement {
            request, receipt, ..
        } => (request, receipt),
        other => panic!("{other:?}"),
    }
}

/// Number of messages in files.
fn message_count(federation: &TestFederation, who: &str) -> usize {
    let folder = federation.home(who).join("state/messages");
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_on_a_receipt_is_in_the_log_with_what_came() {
    let (federation, lindau, acme) = test_federation().await;
    let (before, files) = (
        outbox_messages(&acme, &lindau).len(),
        message_count(&federation, "acme"),
    );
    let asked = SentQuery::of(&asking());
    let came = received(&lindau, &acme, &asked);
    let verdict = take_in(&acme, &lindau.id(), &asked, &came, None)
        .await
        .unwrap();
    assert!(verdict.is_countersigned, "{:?}", verdict.dispute);
    assert_eq!(verdict.read.len(), 1);
    // The two records follow each other. The message is made from the receipt, also after a restart.
    let kinds: Vec<String> = acme
        .records
        .log
        .read(acme.records.log.size() - 2)
        .map(|record| record.unwrap().kind)
        .collect();
    assert_eq!(kinds, ["received", "message"]);
    assert_eq!(message_count(&federation, "acme"), files);
    let (request, receipt) = last_word(&acme, &lindau);
    assert_eq!(request, asked.request);
    let file = acme
        .records
        .index(|state| state.received_receipt_file(request, &lindau.id()));
    let file = file.unwrap().unwrap();
    assert_eq!(
        acme.records
            .documents
            .read_document(Document::Receipt, file)
            .unwrap(),
        receipt
    );
    drop(acme);
    let acme = federation.open("acme");
    resume_negotiations(&acme, Some(&lindau.id()))
        .await
        .unwrap();
    assert_eq!(outbox_messages(&acme, &lindau).len(), before + 1, "once");
    assert_eq!(last_word(&acme, &lindau), (request, receipt));
    // An acknowledgement with a changed or missing receipt can't be delivered, and blocks no other message.
    let path = federation.home("acme").join("state/receipts");
    std::fs::write(path.join(file.to_string()), "something else").unwrap();
    assert_eq!(outbox_messages(&acme, &lindau).len(), before);
    acme.records
        .documents
        .remove_document(Document::Receipt, file)
        .unwrap();
    assert_eq!(outbox_messages(&acme, &lindau).len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_took_a_head_along_goes_when_it_was_fetched() {
    let (federation, lindau, acme) = test_federation().await;
    let files = message_count(&federation, "acme");
    acme.peers
        .heads
        .to_be_cosigned(&lindau.id(), lindau.records.log.head());
    let asked = SentQuery::of(&asking());
    let came = received(&lindau, &acme, &asked);
    let verdict = take_in(&acme, &lindau.id(), &asked, &came, None).await;
    assert!(verdict.unwrap().is_countersigned);
    assert_eq!(message_count(&federation, "acme"), files + 1);
    let waiting = outbox_messages(&acme, &lindau);
    let (number, PeerMessage { content, .. }) = waiting.last().unwrap();
    let with_head = |witnessed: &Option<Bytes>| witnessed.is_some();
    assert!(
        matches!(content, MessageContent::Acknowledgement { witnessed, .. } if with_head(witnessed))
    );
    // A caller that asks for later messages has the earlier ones.
    let QueryCaller::Peer(peer) = verified_caller(&acme, "lindau") else {
        panic!("a peer");
    };
    let reception = ParticipantHandler::new(Arc::clone(&acme));
    for (after, left) in [(*number - 1, 1), (*number, 0)] {
        let rest = reception.inbox(&peer, after, true).await;
        assert_eq!(rest.map_err(|_| "refused").unwrap().count().await, left);
        assert_eq!(message_count(&federation, "acme"), files + left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_on_a_receipt_is_given_after_a_crash() {
    let (federation, lindau, acme) = test_federation().await;
    let before = outbox_messages(&acme, &lindau).len();
    let asked = SentQuery::of(&asking());
    let came = received(&lindau, &acme, &asked);
    // A power failure comes between the record of the answer and the record of the message.
    let countersigned = only_received(&lindau, &acme, &asked, &came).await;
    drop(acme);
    let acme = federation.open("acme");
    assert_eq!(outbox_messages(&acme, &lindau).len(), before);
    for _ in 0..2 {
        resume_negotiations(&acme, Some(&lindau.id()))
            .await
            .unwrap();
        assert_eq!(outbox_messages(&acme, &lindau).len(), before + 1, "once");
        let (request, receipt) = last_word(&acme, &lindau);
        assert_eq!(request, asked.request);
        assert_eq!(receipt, countersigned);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_to_look_for_what_is_owed_looks_again() {
    let (_federation, lindau, acme) = test_federation().await;
    let before = outbox_messages(&acme, &lindau).len();
    for _ in 0..3 {
        let asked = SentQuery::of(&asking());
        let came = received(&lindau, &acme, &asked);
        let _ = only_received(&lindau, &acme, &asked, &came).await;
    }
    let peer = lindau.id();
    acme.peers.delivery_queues.owes_a_word(&peer);
    // Dropped at the first acknowledgement that is waited for.
    let looked = tokio::time::timeout(Duration::ZERO, resume_negotiations(&acme, Some(&peer)));
    assert!(looked.await.is_err());
    resume_negotiations(&acme, Some(&peer)).await.unwrap();
    assert_eq!(outbox_messages(&acme, &lindau).len(), before + 3);
}

/// Records a received answer without the message after it. Returns the countersigned receipt.
async fn only_received(
    lindau: &Connector,
    acme: &Connector,
    asked: &SentQuery,
    came: &TransferSummary,
) -> Vec<u8> {
    let receipt = came.receipt.as_ref().unwrap();
    let signed = check_receipt(acme, &lindau.id(), asked, came, receipt).unwrap();
    let countersigned = countersign_receipt(acme, &signed).unwrap();
    let file = acme
        .records
        .documents
        .keep_document(Document::Receipt, &countersigned);
    let alone = AuditEvent::from(ReceivedRecord {
        request_id: asked.request.to_string(),
        peer: lindau.id().to_string(),
        contracts: Vec::new(),
        rows: 0,
        bytes: 0,
        result_digest: ResultDigest([0; 32]).to_string(),
        outcome: "done".to_owned(),
        state: "acknowledged".to_owned(),
        receipt: Some(file.unwrap()),
        dispute: None,
    });
    let _durable = acme.record(alone).await.unwrap();
    countersigned
}
