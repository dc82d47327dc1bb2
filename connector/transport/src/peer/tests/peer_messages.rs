//! Tests of greetings, catalogue, messages and proofs.

use crate::peer::testing::{TestPeerHandler, TestProvider, expect_soon, munster_id};
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::ErrorCode;
use hansa_proto::base64url;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::envelope::parts::{EnvelopeParts, SignaturePart};
use hansa_proto::envelope::protected_header;
use hansa_proto::peer::catalog_page::CatalogPageRequest;
use hansa_proto::peer::greeting::PeerGreeting;
use hansa_proto::peer::message::{
    InboxItem, MessageContent, PeerMessage, PeerMessageId, SequencedMessage,
};
use hansa_proto::peer::proof::{LogProof, LogProofRequest};

fn greeting() -> PeerGreeting {
    PeerGreeting {
        versions: [1].into(),
        program: "hansa".to_owned(),
        bundle_sequence: 3,
        bundle: Some(vec![7; 2_000_000].into()),
        head: None,
        gossiped_heads: Vec::new(),
    }
}

fn sample_message(number: u8) -> PeerMessage {
    PeerMessage {
        id: PeerMessageId([number; 16]),
        content: MessageContent::Offer {
            negotiation: format!("n-{number}"),
            payload: vec![number; 100].into(),
        },
    }
}

fn numbered(number: u8) -> SequencedMessage {
    SequencedMessage {
        number: u64::from(number),
        message: sample_message(number),
    }
}

#[tokio::test]
async fn what_is_said_arrives_and_the_caller_is_known() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let client = city.connect().await;
    let reply = expect_soon(client.hello(&greeting())).await.unwrap();
    assert_eq!(reply.program, "hansa greets hansa://tallinn.example");
    assert_eq!(reply.bundle, greeting().bundle);

    let request = CatalogPageRequest {
        after: Some("trips".to_owned()),
        limit: None,
        known: None,
    };
    for _ in 0..2 {
        // The second time it is the cached page of the connection.
        let page = expect_soon(client.fetch_catalog_page(&request))
            .await
            .unwrap();
        assert_eq!(page.entries[0].dataset, "after trips");
    }
    let known: Vec<bool> = city
        .handler
        .pages
        .lock()
        .unwrap()
        .iter()
        .map(|page| page.known.is_some())
        .collect();
    assert_eq!(known, [false, true]);

    expect_soon(client.send_message(&sample_message(4)))
        .await
        .unwrap();
    assert_eq!(*city.handler.messages.lock().unwrap(), [sample_message(4)]);

    let proof_request = LogProofRequest::Consistency { from: 5, to: None };
    let proof = expect_soon(client.fetch_proof(proof_request))
        .await
        .unwrap();
    assert!(matches!(proof, LogProof::Consistency { hashes, .. } if hashes.len() == 1));
    assert_eq!(city.handler.refusal_count(), 0);
}

#[tokio::test]
async fn what_is_refused_is_in_the_log_first() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let client = city.connect().await;
    let request = LogProofRequest::Records {
        from: 0,
        limit: None,
    };
    let refusal = expect_soon(client.fetch_proof(request)).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::EvidenceIncomplete);
    assert_eq!(refusal.participant, Some(munster_id()));
    assert_eq!(city.handler.refusal_count(), 1);

    let mut malformed = sample_message(1);
    malformed.content = MessageContent::Withdrawal {
        statement: bytes::Bytes::new(),
    };
    let refusal = expect_soon(client.send_message(&malformed))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::MessageMalformed);
    assert_eq!(city.handler.refusal_count(), 2);

    city.handler.fill_the_disk();
    let refusal = expect_soon(client.send_message(&malformed))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::EvidenceUnavailable);
}

#[tokio::test]
async fn an_inbox_goes_on_where_it_was() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    *city.handler.outbox.lock().unwrap() = (1..=5).map(numbered).collect();
    let client = city.connect().await;
    let mut first = expect_soon(client.open_inbox(0, false)).await.unwrap();
    for number in 1..=3 {
        let got = expect_soon(first.next()).await.unwrap().unwrap();
        assert_eq!(got, InboxItem::Message(numbered(number)));
    }
    drop(first);
    let mut second = expect_soon(client.open_inbox(3, false)).await.unwrap();
    for number in 4..=5 {
        let got = expect_soon(second.next()).await.unwrap().unwrap();
        assert_eq!(got, InboxItem::Message(numbered(number)));
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_up_no_other() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let mut bad = numbered(2);
    bad.message.content = MessageContent::Termination {
        negotiation: "n-1".to_owned(),
        code: None,
        reason: "two\nlines".to_owned(),
    };
    *city.handler.outbox.lock().unwrap() = vec![numbered(1), bad, numbered(3)];
    let client = city.connect().await;
    let mut inbox = expect_soon(client.open_inbox(0, false)).await.unwrap();
    let mut next = async || expect_soon(inbox.next()).await.unwrap().unwrap();
    assert_eq!(next().await, InboxItem::Message(numbered(1)));
    match next().await {
        InboxItem::Unreadable(unreadable) => {
            assert_eq!(unreadable.number, 2);
            assert_eq!(unreadable.cause.code, ErrorCode::MessageMalformed);
            assert!(!unreadable.bytes.is_empty());
        }
        InboxItem::Message(message) => panic!("{message:?}"),
    }
    assert_eq!(next().await, InboxItem::Message(numbered(3)));
}

#[tokio::test]
async fn messages_whose_numbers_do_not_rise_are_refused() {
    let city = TestProvider::start(TestPeerHandler::without_answers()).await;
    *city.handler.outbox.lock().unwrap() = vec![numbered(2), numbered(2)];
    let client = city.connect().await;
    let mut inbox = expect_soon(client.open_inbox(0, false)).await.unwrap();
    assert!(expect_soon(inbox.next()).await.unwrap().is_ok());
    let refusal = expect_soon(inbox.next()).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerDataInvalid);
    assert!(expect_soon(inbox.next()).await.is_none());
}

#[tokio::test]
async fn a_connector_that_stops_ends_its_inboxes() {
    let mut city = TestProvider::start(TestPeerHandler::without_answers()).await;
    let client = city.connect().await;
    let mut inbox = expect_soon(client.open_inbox(0, false)).await.unwrap();
    city.stop.take().unwrap().send(()).unwrap();
    assert!(expect_soon(inbox.next()).await.is_none());
    expect_soon(city.served).await.unwrap().unwrap();
}

/// The acknowledgement omits a receipt that the provider has, and contains it otherwise.
#[tokio::test]
async fn a_receipt_that_is_held_there_does_not_travel_back() {
    let mark = |n: u8| {
        let role = if n == 1 {
            SignatoryRole::Provider
        } else {
            SignatoryRole::Consumer
        };
        let header = protected_header(
            StatementKind::Receipt,
            role,
            "EdDSA",
            "a key",
            1_800_000_000,
        );
        SignaturePart {
            header: base64url::decode(&header).unwrap(),
            signature: vec![n; 64],
        }
    };
    let receipt = |marks: &[u8]| {
        let parts = EnvelopeParts {
            payload: vec![b'r'; 2000],
            signatures: marks.iter().copied().map(mark).collect(),
        };
        Bytes::from(parts.assemble())
    };
    let word = PeerMessage {
        id: PeerMessageId([1; 16]),
        content: MessageContent::Acknowledgement {
            request: RequestId([2; 16]),
            receipt: receipt(&[1, 2]),
            disputed: false,
            witnessed: None,
        },
    };
    for (held, handed_in) in [
        (Some(receipt(&[1])), 1),
        (None, 2),
        // The stored receipt has two signatures.
        (Some(receipt(&[1, 2])), 2),
    ] {
        let city = TestProvider::start(TestPeerHandler::without_answers()).await;
        *city.handler.issued.lock().unwrap() = held;
        let client = city.connect().await;
        expect_soon(client.send_message(&word)).await.unwrap();
        let came = city.handler.messages.lock().unwrap().clone();
        assert_eq!(came, std::slice::from_ref(&word));
        assert_eq!(*city.handler.handed_in.lock().unwrap(), handed_in);
    }
}
