//! A clock that goes back brings nothing back.

use crate::participant::Connector;
use crate::participant::testing::{
    DAY, MINUTE, TERMS, TestFederation, agree, ask, caller, closed, records,
};
use crate::workflow::contract_withdrawal;
use hansa_policy::contract::ContractStatus;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope::{self, StatementKind};
use hansa_proto::withdrawal::{self, WithdrawalStatement};

fn town(terms: &str) -> TestFederation {
    let mut town = TestFederation::new();
    town.settle_two(terms, terms);
    town
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_stays_over_when_the_clock_goes_back() {
    let town = town(TERMS);
    let (node, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&node, &acme).await;
    town.pass(15 * DAY);
    let who = || caller(&node, "acme");
    assert_eq!(
        ask(&node, who(), &[contract]).await,
        Err(ErrorCode::Expired)
    );
    let late = records(&node, "refuse").pop().unwrap().at;
    town.pass(-15 * DAY);
    assert_eq!(
        ask(&node, who(), &[contract]).await,
        Err(ErrorCode::Expired)
    );
    assert!(node.now() >= late);
    let untrusted = Err(ErrorCode::ClockUntrusted);
    assert_eq!(ask(&node, who(), &[contract]).await, untrusted);
    // Also where somebody has looked at the clock and found it right.
    node.rely_on_clock().unwrap();
    assert_eq!(
        ask(&node, who(), &[contract]).await,
        Err(ErrorCode::Expired)
    );
}

fn standing(node: &Connector) -> Option<ContractStatus> {
    node.contracts
        .book(|book| book.all(node.now()).map(|(_, _, standing)| standing).next())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_counts_at_once_whatever_the_clocks_say() {
    let town = town(TERMS);
    let (node, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&node, &acme).await;
    // The consumer's clock runs ahead, so that its statement says a later time.
    town.pass(DAY);
    let statement =
        contract_withdrawal::own_now(&acme, contract, &SingleLineText::cut("over")).unwrap();
    town.pass(-DAY);
    contract_withdrawal::take_in(&node, &statement).unwrap();
    assert_eq!(standing(&node), Some(ContractStatus::Withdrawn));
    let who = caller(&node, "acme");
    assert_eq!(
        ask(&node, who, &[contract]).await,
        Err(ErrorCode::Withdrawn)
    );
    // And after a start, with the clock set back further.
    closed(node).await;
    town.pass(-3 * MINUTE);
    let node = town.open("lindau");
    assert_eq!(standing(&node), Some(ContractStatus::Withdrawn));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_with_notice_counts_from_the_day_that_it_says() {
    let town = town(TERMS);
    let (node, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&node, &acme).await;
    let issued_at = acme.now();
    let payload = withdrawal::to_bytes(&WithdrawalStatement {
        contract,
        party: acme.id(),
        effective_at: issued_at.plus_micros(2 * DAY),
        issued_at,
        reason: "from the day after tomorrow".to_owned(),
    });
    let signature = acme.sign(StatementKind::Withdrawal, SignatoryRole::Consumer, &payload);
    let statement = envelope::assemble(&payload, &[signature.unwrap()]);
    contract_withdrawal::take_in(&node, &statement).unwrap();
    assert_eq!(standing(&node), Some(ContractStatus::InForce));
    closed(node).await;
    let node = town.open("lindau");
    assert_eq!(standing(&node), Some(ContractStatus::InForce));
    town.pass(2 * DAY);
    assert_eq!(standing(&node), Some(ContractStatus::Withdrawn));
}
