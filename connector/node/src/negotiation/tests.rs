//! Tests: the follow-up steps of a message are done after any interruption.

use super::*;
use crate::negotiation::outgoing_message::send_message;
use crate::negotiation::resumption::resume_negotiations;
use crate::participant::testing::{
    TestFederation, exchange_messages, outbox_messages, record_text, records_of_kind,
    request_contract,
};
use crate::process::randomness::random_bytes;
use hansa_proto::peer::message::{PeerMessageId, UnreadableMessage};

fn phases(connector: &Connector) -> Vec<String> {
    let rows = connector
        .records
        .index(|state| state.negotiations())
        .unwrap();
    rows.into_iter().map(|row| row.state).collect()
}

/// Takes in a message up to its record, as a kill leaves it.
async fn only_recorded(connector: &Arc<Connector>, from: &Connector, message: &PeerMessage) {
    let bytes = hansa_proto::stored_message::to_bytes(message);
    let led_to = record_message(connector, &from.id(), message, bytes, None)
        .await
        .unwrap();
    assert_eq!(led_to.unwrap().1.len(), 1, "something follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_undone_by_a_crash_is_done_at_the_next_start() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = request_contract(&lindau, &acme).await;
    let (_, asked) = outbox_messages(&acme, &lindau).remove(0);
    only_recorded(&lindau, &acme, &asked).await;
    drop(lindau);
    let lindau = federation.open("lindau");
    assert_eq!(phases(&lindau), ["REQUESTED"]);
    resume_negotiations(&lindau, None).await.unwrap();
    assert_eq!(phases(&lindau), ["AGREED"]);
    // A second resumption has no effect.
    resume_negotiations(&lindau, None).await.unwrap();
    let sent = records_of_kind(&lindau, "message");
    assert_eq!(
        sent.iter()
            .filter(|one| record_text(one, "direction") == "out")
            .count(),
        1
    );

    // The consumer has acknowledged beforehand and is killed before it stores the receipt.
    let (_, agreed) = outbox_messages(&lindau, &acme).remove(0);
    only_recorded(&acme, &lindau, &agreed).await;
    drop(acme);
    let acme = federation.open("acme");
    assert_eq!(phases(&acme), ["AGREED"]);
    resume_negotiations(&acme, Some(&lindau.id()))
        .await
        .unwrap();
    assert_eq!(phases(&acme), ["VERIFIED"]);
    exchange_messages(&lindau, &acme).await;
    for connector in [&lindau, &acme] {
        assert_eq!(phases(connector), ["FINALIZED"]);
        assert!(
            connector
                .contracts
                .with_registry(|book| book.agreement(contract).is_some())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_message_has_done_what_was_left_undone() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let _ = request_contract(&lindau, &acme).await;
    let (_, asked) = outbox_messages(&acme, &lindau).remove(0);
    only_recorded(&lindau, &acme, &asked).await;
    assert_eq!(phases(&lindau), ["REQUESTED"]);
    take_in(&lindau, &acme.id(), &asked, None).await.unwrap();
    assert_eq!(phases(&lindau), ["AGREED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_does_not_stop_what_follows() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let _ = request_contract(&lindau, &acme).await;
    let (_, asked) = outbox_messages(&acme, &lindau).remove(0);
    let turn = lindau.contracts.negotiation_lock.lock().await;
    let from = acme.id();
    let mut call = Box::pin(take_in(&lindau, &from, &asked, None));
    assert!(futures::poll!(call.as_mut()).is_pending());
    drop(call);
    drop(turn);
    let agreed = async {
        while phases(&lindau) != ["AGREED"] {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, agreed).await.unwrap();
}

/// Acme ends its request with a message from a version that did not check the readability.
async fn declines_unread(acme: &Arc<Connector>, lindau: &Connector, reason: &str) -> Digest {
    let name = acme.records.index(|state| state.negotiations()).unwrap()[0]
        .id
        .clone();
    let message = PeerMessage {
        id: PeerMessageId(random_bytes()),
        content: MessageContent::Termination {
            negotiation: name,
            code: None,
            reason: reason.to_owned(),
        },
    };
    let bytes = hansa_proto::stored_message::to_bytes(&message);
    let out = MessageDirection::Out {
        sign_beforehand: false,
    };
    let (open, _) = make_message_step(acme, &lindau.id(), &message, out).unwrap();
    let digest = acme
        .records
        .documents
        .keep_document(Document::Message, &bytes)
        .unwrap();
    let noted = MessageRecord {
        peer: lindau.id(),
        incoming: false,
        message,
        digest,
        number: None,
        refused: None,
    };
    noted.record(acme, Some((&open, None))).await.unwrap();
    digest
}

/// Delivers every message until no further one is answered. An unusable message stops no other.
async fn carry(one: &Arc<Connector>, other: &Arc<Connector>) {
    for _ in 0..3 {
        for (from, to) in [(one, other), (other, one)] {
            for (_, message) in outbox_messages(from, to) {
                let _ = take_in(to, &from.id(), &message, None).await;
            }
        }
    }
}

fn numbers(connector: &Connector, to: &Connector) -> Vec<u64> {
    let rows = connector
        .records
        .index(|state| state.outbox(&to.id(), 0))
        .unwrap();
    rows.into_iter().map(|row| row.number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_its_reader_refuses_is_replaced_under_its_number() {
    let long = "ä".repeat(1_001);
    for (reason, became) in [
        ("not\nthis year", "not this year"),
        ("no\u{7}", "no\\u{7}"),
        (long.as_str(), &long[..2_000]),
    ] {
        let federation = TestFederation::of_two();
        let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
        let _ = request_contract(&lindau, &acme).await;
        declines_unread(&acme, &lindau, reason).await;
        let second = request_contract(&lindau, &acme).await;
        let before = numbers(&acme, &lindau);
        assert_eq!(before.len(), 3);
        assert_eq!(unreadable_message::describe_faults(&acme).unwrap().len(), 2);
        drop(acme);
        let (acme, found) = federation.try_open("acme", &[]).unwrap();
        assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
        assert!(
            unreadable_message::describe_faults(&acme)
                .unwrap()
                .is_empty()
        );
        assert_eq!(numbers(&acme, &lindau), before);
        let sent: Vec<MessageContent> = outbox_messages(&acme, &lindau)
            .into_iter()
            .map(|(_, message)| message.content)
            .collect();
        let ended = |content: &MessageContent| match content {
            MessageContent::Termination { reason, .. } => reason == became,
            _ => false,
        };
        assert!(ended(&sent[1]), "{sent:?}");
        // After the loss of the index, the state is equal and the pair continues.
        drop(acme);
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = std::fs::remove_file(federation.home("acme").join("state").join(file));
        }
        let acme = federation.open("acme");
        assert_eq!(numbers(&acme, &lindau), before);
        carry(&lindau, &acme).await;
        for connector in [&lindau, &acme] {
            let mut phases = phases(connector);
            phases.sort();
            assert_eq!(phases, ["FINALIZED", "TERMINATED"]);
            assert!(
                connector
                    .contracts
                    .with_registry(|book| book.agreement(second).is_some())
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_damaged_or_lost_holds_up_no_other() {
    for lost in [false, true] {
        let federation = TestFederation::of_two();
        let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
        let _ = request_contract(&lindau, &acme).await;
        let digest = declines_unread(&acme, &lindau, "declined").await;
        let second = request_contract(&lindau, &acme).await;
        let before = numbers(&acme, &lindau);
        let file = federation
            .home("acme")
            .join(format!("state/messages/{digest}"));
        match lost {
            true => std::fs::remove_file(file).unwrap(),
            false => std::fs::write(file, b"?").unwrap(),
        }
        // Without a restart, as the delivery finds it.
        let row = acme
            .records
            .index(|state| state.outbox(&lindau.id(), 0))
            .unwrap()[1];
        let found = unreadable_message::load_waiting_message(&acme, &lindau.id(), &row).unwrap();
        assert!(found.is_none());
        assert_eq!(numbers(&acme, &lindau), [before[0], before[2]]);
        let refusals = unreadable_message::describe_faults(&acme).unwrap();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        carry(&lindau, &acme).await;
        assert!(
            acme.contracts
                .with_registry(|book| book.agreement(second).is_some())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_unreadable_is_set_apart() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    for number in [3, 4] {
        let message = UnreadableMessage {
            number,
            bytes: vec![255; 3],
            cause: Refusal::new(ErrorCode::MessageMalformed, "no message"),
        };
        unreadable_message::set_apart(&acme, &lindau.id(), &message)
            .await
            .unwrap();
        assert_eq!(
            acme.records
                .index(|state| state.last_processed_message(&lindau.id()))
                .unwrap(),
            number
        );
    }
    let noted = records_of_kind(&acme, "message");
    assert_eq!(noted.len(), 2);
    assert_eq!(record_text(&noted[1], "refused"), "MESSAGE_MALFORMED");
    let _ = request_contract(&lindau, &acme).await;
    exchange_messages(&lindau, &acme).await;
    assert_eq!(phases(&acme), ["FINALIZED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_reader_would_refuse_is_not_recorded() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let _ = request_contract(&lindau, &acme).await;
    let name = acme.records.index(|state| state.negotiations()).unwrap()[0]
        .id
        .clone();
    let before = acme.records.log.size();
    let content = MessageContent::Termination {
        negotiation: name,
        code: None,
        reason: "two\nlines".to_owned(),
    };
    let refusal = send_message(&acme, &lindau.id(), content, false)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::MessageMalformed);
    let content = MessageContent::Withdrawal {
        statement: "no statement".into(),
    };
    assert!(
        send_message(&acme, &lindau.id(), content, false)
            .await
            .is_err()
    );
    assert_eq!(acme.records.log.size(), before);
}
