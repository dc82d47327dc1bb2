//! Tests: a withdrawal that can't be verified yet is neither lost nor misread.

use crate::negotiation;
use crate::negotiation::outgoing_message;
use crate::participant::testing::{
    MINUTE, TestFederation, close_participant, make_contract, outbox_messages, participant_id,
    record_text, records_of_kind,
};
use crate::withdrawal;
use hansa_policy::contract::ContractStatus;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::peer::message::MessageContent;
use hansa_store::document_folder::StoredDocumentKind as Document;

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_under_a_new_key_counts_once_the_bundle_is_here() {
    let mut federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    let first = outbox_messages(&lindau, &acme).len();
    drop(lindau);
    federation.another_key("lindau");
    let lindau = federation.open("lindau");
    let statement =
        withdrawal::own_now(&lindau, contract, &SingleLineText::from_any_text("over")).unwrap();
    let content = MessageContent::Withdrawal {
        statement: statement.into(),
    };
    outgoing_message::send_message(&lindau, &acme.id(), content, false)
        .await
        .unwrap();
    let (number, message) = outbox_messages(&lindau, &acme).remove(first);

    let before = acme.records.log.size();
    let taken =
        negotiation::take_in(&acme, &participant_id("lindau"), &message, Some(number)).await;
    assert_eq!(taken.unwrap_err().code, ErrorCode::SignerNotParty);
    // Nothing confirms its arrival, so the sender keeps it.
    assert_eq!(acme.records.log.size(), before);
    assert!(
        acme.records
            .index(|state| state.last_processed_message(&participant_id("lindau")))
            .unwrap()
            < number
    );

    assert!(acme.take_bundle(&federation.bundle()).unwrap());
    negotiation::take_in(&acme, &participant_id("lindau"), &message, Some(number))
        .await
        .unwrap();
    let status = acme
        .contracts
        .with_registry(|registry| registry.all_contracts(acme.now()).map(|(_, _, s)| s).next());
    assert_eq!(status, Some(ContractStatus::Withdrawn));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_can_not_be_used_is_in_the_log_with_the_reason() {
    let mut federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    drop(lindau);
    federation.another_key("lindau");
    let lindau = federation.open("lindau");
    let statement =
        withdrawal::own_now(&lindau, contract, &SingleLineText::from_any_text("over")).unwrap();
    let content = MessageContent::Withdrawal {
        statement: statement.into(),
    };
    outgoing_message::send_message(&lindau, &acme.id(), content, false)
        .await
        .unwrap();
    let (number, message) = outbox_messages(&lindau, &acme).pop().unwrap();
    let why = negotiation::take_in(&acme, &participant_id("lindau"), &message, Some(number)).await;
    negotiation::refuse_message(
        &acme,
        &participant_id("lindau"),
        &message,
        number,
        &why.unwrap_err(),
    )
    .await
    .unwrap();
    let noted = records_of_kind(&acme, "message").pop().unwrap();
    assert_eq!(record_text(&noted, "refused"), "SIGNER_NOT_PARTY");
    assert_eq!(record_text(&noted, "kind"), "withdrawal");
    let taken = acme
        .records
        .index(|state| state.last_processed_message(&participant_id("lindau")))
        .unwrap();
    assert_eq!(taken, number);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_lay_in_the_outbox_longer_than_its_key_lasts_counts() {
    let mut federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    federation.advance_time(MINUTE);
    let statement =
        withdrawal::own_now(&lindau, contract, &SingleLineText::from_any_text("over")).unwrap();
    drop(lindau);
    federation.advance_time(MINUTE);
    federation.another_key("lindau");
    assert!(acme.take_bundle(&federation.bundle()).unwrap());
    let bundle = acme.identity.trust.bundle();
    let keys = &bundle.member(&participant_id("lindau")).unwrap().keys;
    assert!(!keys[0].counts_at(acme.now()), "the old key is over");
    withdrawal::take_in(&acme, &statement).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_by_a_revoked_key_is_not_dated_back() {
    let mut federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    federation.advance_time(MINUTE);
    // A thief of the key would sign it later, with a time at which the key was valid.
    let statement =
        withdrawal::own_now(&lindau, contract, &SingleLineText::from_any_text("over")).unwrap();
    federation.advance_time(MINUTE);
    federation.revokes_key("lindau");
    assert!(acme.take_bundle(&federation.bundle()).unwrap());
    federation.advance_time(MINUTE);
    let refused = withdrawal::take_in(&acme, &statement).unwrap_err();
    assert_eq!(refused.code, ErrorCode::KeyRevoked);
    assert!(refused.sentence.contains("first seen"), "{refused}");
    assert_eq!(records_of_kind(&acme, "withdraw").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_of_a_withdrawal_is_written_after_a_crash() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    let before = outbox_messages(&lindau, &acme).len();
    assert!(withdrawal::unsent_withdrawals(&lindau).unwrap().is_empty());
    // Crash between the record and the message.
    let statement =
        withdrawal::own_now(&lindau, contract, &SingleLineText::from_any_text("over")).unwrap();
    close_participant(lindau).await;
    let lindau = federation.open("lindau");
    let unreported = withdrawal::unsent_withdrawals(&lindau).unwrap();
    assert_eq!(unreported, [(participant_id("acme"), statement.clone())]);
    withdrawal::notify_parties(&lindau, unreported).await;
    let (number, message) = outbox_messages(&lindau, &acme).remove(before);
    negotiation::take_in(&acme, &participant_id("lindau"), &message, Some(number))
        .await
        .unwrap();
    let status = acme
        .contracts
        .with_registry(|registry| registry.all_contracts(acme.now()).map(|(_, _, s)| s).next());
    assert_eq!(status, Some(ContractStatus::Withdrawn));
    // Once: the other party has nothing to report either.
    for connector in [&lindau, &acme] {
        assert!(
            withdrawal::unsent_withdrawals(connector)
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_gets_no_file_holds_by_its_record() {
    let federation = TestFederation::of_two();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    // No file can be made there.
    let folder = federation.home("lindau").join("state/withdrawals");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    let statement =
        withdrawal::own_now(&lindau, contract, &SingleLineText::from_any_text("over")).unwrap();
    let status = lindau.contracts.with_registry(|registry| {
        registry
            .all_contracts(lindau.now())
            .map(|(_, _, s)| s)
            .next()
    });
    assert_eq!(status, Some(ContractStatus::Withdrawn));
    let record = records_of_kind(&lindau, "withdraw").pop().unwrap();
    assert_eq!(record_text(&record, "envelope").as_bytes(), statement);
    close_participant(lindau).await;
    std::fs::remove_file(&folder).unwrap();
    let lindau = federation.open("lindau");
    let status = lindau.contracts.with_registry(|registry| {
        registry
            .all_contracts(lindau.now())
            .map(|(_, _, s)| s)
            .next()
    });
    assert_eq!(status, Some(ContractStatus::Withdrawn));
    assert_eq!(
        lindau
            .records
            .documents
            .read_documents(Document::Withdrawal)
            .unwrap(),
        std::slice::from_ref(&statement)
    );
    let unreported = withdrawal::unsent_withdrawals(&lindau).unwrap();
    assert_eq!(unreported, [(participant_id("acme"), statement)]);
}
