//! Tests: messages survive the round trip, and malformed ones are refused.

use super::{MessageContent, PeerMessage, PeerMessageId, SequencedMessage};
use crate::peer::pb;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::ErrorCode;

fn samples() -> Vec<MessageContent> {
    let negotiation = "n-7f3a".to_owned();
    let contract = bytes::Bytes::from_static(b"{\"payload\":\"\"}");
    vec![
        MessageContent::Request {
            negotiation: negotiation.clone(),
            dataset: "hansa://munster.example/d/bike_counts".parse().unwrap(),
            offer: Some("research".to_owned()),
            payload: contract.clone(),
        },
        MessageContent::Request {
            negotiation: negotiation.clone(),
            dataset: "hansa://munster.example/d/bike_counts".parse().unwrap(),
            offer: None,
            payload: contract.clone(),
        },
        MessageContent::Offer {
            negotiation: negotiation.clone(),
            payload: contract.clone(),
        },
        MessageContent::Acceptance {
            negotiation: negotiation.clone(),
            contract: ContractId(Digest::of(b"payload")),
        },
        MessageContent::Agreement {
            negotiation: negotiation.clone(),
            contract: contract.clone(),
        },
        MessageContent::Verification {
            negotiation: negotiation.clone(),
            contract: contract.clone(),
        },
        MessageContent::Finalization {
            negotiation: negotiation.clone(),
            contract: contract.clone(),
        },
        MessageContent::Termination {
            negotiation: negotiation.clone(),
            code: None,
            reason: "not this year".to_owned(),
        },
        MessageContent::Termination {
            negotiation,
            code: Some(ErrorCode::TermUnknown),
            reason: String::new(),
        },
        MessageContent::Withdrawal {
            statement: contract.clone(),
        },
        MessageContent::Acknowledgement {
            request: RequestId([9; 16]),
            receipt: contract.clone(),
            disputed: true,
            witnessed: None,
        },
        MessageContent::Acknowledgement {
            request: RequestId([9; 16]),
            receipt: contract,
            disputed: false,
            witnessed: Some(b"a head".as_slice().into()),
        },
    ]
}

#[test]
fn every_message_survives_the_round_trip() {
    for (number, content) in (1..).zip(samples()) {
        let numbered = SequencedMessage {
            number,
            message: PeerMessage {
                id: PeerMessageId([3; 16]),
                content,
            },
        };
        let wire = super::numbered_to_wire(&numbered);
        let bytes = prost::Message::encode_to_vec(&wire);
        let wire: pb::InboxMessage = prost::Message::decode(bytes.as_slice()).unwrap();
        assert_eq!(
            super::inbox_from_wire(wire).unwrap(),
            super::InboxItem::Message(numbered)
        );
    }
}

#[track_caller]
fn refused(content: pb::peer_message::Content, code: &str, part: &str) {
    let message = pb::PeerMessage {
        id: vec![1; 16].into(),
        content: Some(content),
    };
    let refusal = super::from_wire(Some(message)).unwrap_err();
    assert_eq!(refusal.code.as_str(), code, "{refusal}");
    assert!(refusal.sentence.contains(part), "{refusal}");
}

#[test]
fn messages_that_lack_or_overdo_something_are_refused() {
    use pb::peer_message::Content as Wire;
    let offer = |negotiation: &str, payload: Vec<u8>| {
        Wire::Offer(pb::Offer {
            negotiation: negotiation.to_owned(),
            payload: payload.into(),
        })
    };
    refused(offer("7f3a", vec![1]), "MESSAGE_MALFORMED", "`n-`");
    refused(offer("n-A", vec![1]), "MESSAGE_MALFORMED", "`n-`");
    refused(offer("n-1", vec![]), "MESSAGE_MALFORMED", "`payload`");
    refused(
        offer("n-1", vec![1; 600 * 1024]),
        "MESSAGE_TOO_LARGE",
        "`payload`",
    );
    refused(
        Wire::Acceptance(pb::Acceptance {
            negotiation: "n-1".to_owned(),
            contract: vec![1; 31].into(),
        }),
        "MESSAGE_MALFORMED",
        "31 bytes instead of 32",
    );
    refused(
        Wire::Termination(pb::Termination {
            negotiation: "n-1".to_owned(),
            code: "NO_SUCH_CODE".to_owned(),
            reason: String::new(),
        }),
        "MESSAGE_MALFORMED",
        "registry",
    );
    refused(
        Wire::Request(pb::Request {
            negotiation: "n-1".to_owned(),
            dataset: "bike_counts".to_owned(),
            offer: String::new(),
            payload: vec![1].into(),
        }),
        "MESSAGE_MALFORMED",
        "a dataset is written",
    );
    assert!(super::from_wire(None).is_err());
    let unnumbered = pb::InboxMessage {
        number: 0,
        message: None,
    };
    assert!(super::inbox_from_wire(unnumbered).is_err());
    // An unreadable message is reported separately, with its number.
    let unreadable = pb::InboxMessage {
        number: 7,
        message: None,
    };
    let item = super::inbox_from_wire(unreadable).unwrap();
    assert_eq!(item.number(), 7);
    assert!(matches!(item, super::InboxItem::Unreadable(_)));
}
