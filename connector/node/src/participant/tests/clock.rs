//! Tests: a clock that goes back revives nothing.

use crate::participant::Connector;
use crate::participant::testing::{
    DAY, MINUTE, TERMS, TestFederation, ask_for_bikes, close_participant, make_contract,
    records_of_kind, verified_caller,
};
use crate::withdrawal;
use hansa_audit_log::json::Json;
use hansa_policy::contract::ContractStatus;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::statement;
use hansa_proto::withdrawal::WithdrawalStatement;

fn test_federation(terms: &str) -> TestFederation {
    let mut federation = TestFederation::new();
    federation.settle_two(terms, terms);
    federation
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_stays_over_when_the_clock_goes_back() {
    let federation = test_federation(TERMS);
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    federation.advance_time(15 * DAY);
    let who = || verified_caller(&connector, "acme");
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        Err(ErrorCode::Expired)
    );
    let late = records_of_kind(&connector, "refuse").pop().unwrap().at;
    federation.advance_time(-15 * DAY);
    assert!(connector.now() >= late);
    let untrusted = Err(ErrorCode::ClockUntrusted);
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        untrusted
    );
    // Also after an operator has approved the clock.
    connector.rely_on_clock().unwrap();
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        Err(ErrorCode::Expired)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_is_not_followed() {
    let federation = test_federation(TERMS);
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    let who = || verified_caller(&connector, "acme");
    let untrusted = Err(ErrorCode::ClockUntrusted);
    let before = connector.now();
    federation.jump_ahead(30 * DAY);
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        untrusted
    );
    let refused = connector.trusted_clock().unwrap_err();
    assert!(refused.sentence.contains("jumped ahead"), "{refused}");
    assert!(records_of_kind(&connector, "refuse").pop().unwrap().at < before.plus_micros(DAY));
    // Also after a restart: clock and log are right again.
    federation.jump_ahead(-30 * DAY);
    assert_eq!(ask_for_bikes(&connector, who(), &[contract]).await, Ok(2));
    close_participant(connector).await;
    let connector = federation.open("lindau");
    let who = || verified_caller(&connector, "acme");
    assert_eq!(ask_for_bikes(&connector, who(), &[contract]).await, Ok(2));
    assert!(connector.now() < before.plus_micros(DAY));
    // A right clock is followed after an operator's approval.
    federation.jump_ahead(15 * DAY);
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        untrusted
    );
    connector.rely_on_clock().unwrap();
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        Err(ErrorCode::Expired)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_under_a_clock_that_jumped_is_not_followed() {
    let federation = test_federation(TERMS);
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    let before = connector.now();
    let untrusted = Err(ErrorCode::ClockUntrusted);
    close_participant(connector).await;
    // By then, contract and trust bundle have expired.
    federation.jump_ahead(400 * DAY);
    let connector = federation.open("lindau");
    let who = || verified_caller(&connector, "acme");
    assert!(connector.now() < before.plus_micros(DAY));
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        untrusted
    );
    let refused = connector.trusted_clock().unwrap_err();
    assert!(refused.sentence.contains("jumped ahead"), "{refused}");
    let held = records_of_kind(&connector, "clock").pop().unwrap();
    let outcome = held.body.get("outcome").and_then(Json::as_text);
    assert_eq!(outcome, Some("held"));
    // A clock that is right again needs no approval.
    federation.jump_ahead(-400 * DAY);
    assert_eq!(ask_for_bikes(&connector, who(), &[contract]).await, Ok(2));
    close_participant(connector).await;
    // An operator approves the clock once.
    federation.jump_ahead(15 * DAY);
    let connector = federation.open("lindau");
    let who = || verified_caller(&connector, "acme");
    assert_eq!(
        ask_for_bikes(&connector, who(), &[contract]).await,
        untrusted
    );
    connector.rely_on_clock().unwrap();
    let over = Err(ErrorCode::Expired);
    assert_eq!(ask_for_bikes(&connector, who(), &[contract]).await, over);
    close_participant(connector).await;
    // The offer has ended, too, which a start reports.
    let (connector, _) = federation.try_open("lindau", &[]).unwrap();
    assert!(connector.trusted_clock().is_ok());
    assert_eq!(
        ask_for_bikes(&connector, verified_caller(&connector, "acme"), &[contract]).await,
        over
    );
}

fn standing(connector: &Connector) -> Option<ContractStatus> {
    connector.contracts.with_registry(|registry| {
        registry
            .all_contracts(connector.now())
            .map(|(_, _, status)| status)
            .next()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_counts_at_once_whatever_the_clocks_say() {
    let federation = test_federation(TERMS);
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    // The consumer's clock is fast, so its statement has a later time.
    federation.advance_time(DAY);
    let statement =
        withdrawal::own_now(&acme, contract, &SingleLineText::from_any_text("over")).unwrap();
    federation.advance_time(-DAY);
    withdrawal::take_in(&connector, &statement).unwrap();
    assert_eq!(standing(&connector), Some(ContractStatus::Withdrawn));
    connector.rely_on_clock().unwrap();
    let who = verified_caller(&connector, "acme");
    assert_eq!(
        ask_for_bikes(&connector, who, &[contract]).await,
        Err(ErrorCode::Withdrawn)
    );
    // And after a restart with the clock set back further.
    close_participant(connector).await;
    federation.advance_time(-3 * MINUTE);
    let connector = federation.open("lindau");
    assert_eq!(standing(&connector), Some(ContractStatus::Withdrawn));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_with_notice_counts_from_the_day_that_it_says() {
    let federation = test_federation(TERMS);
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    let issued_at = acme.now();
    let payload = statement::to_bytes(&WithdrawalStatement {
        contract,
        party: acme.id(),
        effective_at: issued_at.plus_micros(2 * DAY),
        issued_at,
        reason: "from the day after tomorrow".to_owned(),
    });
    let signature = acme.sign(StatementKind::Withdrawal, SignatoryRole::Consumer, &payload);
    let statement = envelope::assemble_statement(&payload, &[signature.unwrap()]);
    withdrawal::take_in(&connector, &statement).unwrap();
    assert_eq!(standing(&connector), Some(ContractStatus::InForce));
    close_participant(connector).await;
    let connector = federation.open("lindau");
    assert_eq!(standing(&connector), Some(ContractStatus::InForce));
    federation.advance_time(2 * DAY);
    assert_eq!(standing(&connector), Some(ContractStatus::Withdrawn));
}
