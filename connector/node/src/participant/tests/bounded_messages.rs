//! Tests: records that a peer can cause without a contract are limited.

use crate::negotiation::outgoing_message;
use crate::participant::Connector;
use crate::participant::testing::{
    TERMS, TestFederation, ask_for_bikes, make_contract, outbox_messages, participant_id,
    records_of_kind, request_contract, verified_caller,
};
use crate::peer::peer_allowances::CountedAction;
use crate::{negotiation, withdrawal};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::peer::message::MessageContent;
use std::sync::Arc;

/// Uses up the rest of acme's allowance.
pub(super) fn use_up(connector: &Connector, action: CountedAction) {
    let allowances = &connector.limits.allowances;
    while allowances.take_action(&participant_id("acme"), action, connector.ticks()) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_so_many_messages_and_what_ends_something_is_not_among_them() {
    let mut federation = TestFederation::new();
    federation.settle_two(TERMS, TERMS);
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&lindau, &acme).await;
    let before = records_of_kind(&lindau, "message").len();
    // Another request waits in the outbox of acme.
    let _ = request_contract(&lindau, &acme).await;
    let waiting = outbox_messages(&acme, &lindau);
    let mut refused = 0;
    for (_, message) in &waiting {
        use_up(&lindau, CountedAction::Message);
        match negotiation::take_in(&lindau, &acme.id(), message, None).await {
            // It was taken in before, so it changes nothing.
            Ok(()) => {}
            Err(refusal) => {
                assert_eq!(refusal.code, ErrorCode::TooManyStreams);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1, "{waiting:?}");
    assert_eq!(records_of_kind(&lindau, "message").len(), before);
    // The refusal is not final: there is room again later.
    let who = verified_caller(&lindau, "acme");
    assert_eq!(
        ask_for_bikes(&lindau, who.clone(), &[contract]).await,
        Ok(2)
    );
    // The end of a contract needs no allowance and comes once.
    let over = SingleLineText::from_any_text("over");
    let statement = withdrawal::own_now(&acme, contract, &over).unwrap();
    withdrawal::notify_party(&acme, &lindau.id(), statement)
        .await
        .unwrap();
    deliver_withdrawals(&acme, &lindau).await;
    let refused = ask_for_bikes(&lindau, who, &[contract]).await;
    assert_eq!(refused, Err(ErrorCode::Withdrawn));
    let ends = records_of_kind(&lindau, "withdraw").len();
    let again = withdrawal::own_now(&acme, contract, &over).unwrap();
    use_up(&lindau, CountedAction::Message);
    withdrawal::notify_party(&acme, &lindau.id(), again)
        .await
        .unwrap();
    deliver_withdrawals(&acme, &lindau).await;
    assert_eq!(records_of_kind(&lindau, "withdraw").len(), ends);
}

/// Delivers the waiting withdrawals, as far as they are accepted.
async fn deliver_withdrawals(from: &Arc<Connector>, to: &Arc<Connector>) {
    for (_, message) in outbox_messages(from, to) {
        let _ = negotiation::take_in(to, &from.id(), &message, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_so_many_proposals_that_wait_for_an_officer() {
    let mut federation = TestFederation::new();
    federation.settle_two(TERMS, TERMS);
    let config = federation.home("lindau").join("hansa.toml");
    let by_an_officer = std::fs::read_to_string(&config).unwrap();
    let by_an_officer = by_an_officer.replace("sign = \"auto\"", "sign = \"officer\"");
    std::fs::write(&config, by_an_officer).unwrap();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let mut taken = Vec::new();
    for _ in 0..21 {
        let _ = request_contract(&lindau, &acme).await;
        let (_, newest) = outbox_messages(&acme, &lindau).pop().unwrap();
        taken.push(negotiation::take_in(&lindau, &acme.id(), &newest, None).await);
    }
    let last = taken.pop().unwrap().unwrap_err();
    assert_eq!(last.code, ErrorCode::NegotiationLimit);
    assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    // Whoever ends one of its proposals makes room for another.
    let open = acme
        .records
        .index(|state| state.open_negotiations(&lindau.id()))
        .unwrap();
    let reason = SingleLineText::from_any_text("no longer wanted");
    let ended = MessageContent::Termination {
        negotiation: open.last().unwrap().id.clone(),
        code: None,
        reason: reason.to_string(),
    };
    outgoing_message::send_message(&acme, &lindau.id(), ended, false)
        .await
        .unwrap();
    let _ = request_contract(&lindau, &acme).await;
    for (_, message) in outbox_messages(&acme, &lindau)
        .into_iter()
        .rev()
        .take(2)
        .rev()
    {
        negotiation::take_in(&lindau, &acme.id(), &message, None)
            .await
            .unwrap();
    }
}
