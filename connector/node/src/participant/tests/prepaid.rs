//! Tests: a prepaid balance is spent to the last row, never twice, and stays spent after a restart.

use crate::contract::contract_usage;
use crate::participant::Connector;
use crate::participant::testing::{
    TERMS, TestFederation, ask_for_bikes, close_participant, make_contract, records_of_kind,
    verified_caller,
};
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::money::{MoneyAmount, parse_written_amount};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

async fn agreed(price: &str) -> (TestFederation, Arc<Connector>, ContractId) {
    let mut federation = TestFederation::new();
    federation.settle_two(&format!("{TERMS}price = {price}\n"), TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    (federation, provider, contract)
}

fn agreement(connector: &Connector, contract: ContractId) -> Agreement {
    connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned())
        .unwrap()
}

fn left(connector: &Connector, contract: ContractId) -> MoneyAmount {
    let prepaid = contract_usage::prepaid_usage(
        &connector.accounting,
        contract,
        &agreement(connector, contract),
    )
    .unwrap();
    prepaid.paid.saturating_sub(prepaid.spent)
}

async fn asks(connector: &Arc<Connector>, contract: ContractId) -> Result<usize, ErrorCode> {
    ask_for_bikes(connector, verified_caller(connector, "acme"), &[contract]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_beforehand_is_spent_to_the_last_row() {
    let price = "{ amount = 0.5, currency = \"EUR\", per = \"row\", prepaid = 2.75 }";
    let (federation, connector, contract) = agreed(price).await;
    assert_eq!(asks(&connector, contract).await, Ok(2));
    assert_eq!(
        left(&connector, contract),
        parse_written_amount("1.75").unwrap()
    );
    assert_eq!(asks(&connector, contract).await, Ok(2));
    // The balance covers one of two requested rows: nothing is answered or charged.
    assert_eq!(
        asks(&connector, contract).await,
        Err(ErrorCode::PrepaidSpent)
    );
    assert_eq!(
        left(&connector, contract),
        parse_written_amount("0.75").unwrap()
    );
    contract_usage::top_up(
        &connector,
        contract,
        &agreement(&connector, contract),
        parse_written_amount("0.25").unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(asks(&connector, contract).await, Ok(2));
    assert_eq!(left(&connector, contract), MoneyAmount::NOTHING);
    // Now the admission check knows it.
    assert_eq!(
        asks(&connector, contract).await,
        Err(ErrorCode::PrepaidSpent)
    );
    assert_eq!(records_of_kind(&connector, "refuse").len(), 1);
    let counted = contract_usage::count_usage(&connector, contract).unwrap();
    assert_eq!(counted.lines.len(), 1);
    assert_eq!((counted.lines[0].questions, counted.lines[0].rows), (4, 6));
    assert_eq!(
        counted.lines[0].sums[0].comes_to(),
        parse_written_amount("3").unwrap()
    );
    let statement = contract_usage::issue_usage_statement(&connector, &counted)
        .await
        .unwrap();
    assert!(String::from_utf8(statement).unwrap().contains("signature"));

    close_participant(connector).await;
    let connector = federation.open("lindau");
    assert_eq!(left(&connector, contract), MoneyAmount::NOTHING);
    assert_eq!(
        asks(&connector, contract).await,
        Err(ErrorCode::PrepaidSpent)
    );
    close_participant(connector).await;
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(federation.home("lindau").join("state").join(file));
    }
    let connector = federation.open("lindau");
    assert_eq!(left(&connector, contract), MoneyAmount::NOTHING);
    assert_eq!(
        asks(&connector, contract).await,
        Err(ErrorCode::PrepaidSpent)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_spend_no_more_than_was_paid() {
    let price = "{ amount = 0.1, currency = \"EUR\", per = \"query\", prepaid = 0.3 }";
    let (_federation, connector, contract) = agreed(price).await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let connector = Arc::clone(&connector);
        asking.spawn(async move { asks(&connector, contract).await });
    }
    let mut answered = 0;
    while let Some(met) = asking.join_next().await {
        match met.unwrap() {
            Ok(_) => answered += 1,
            // Questions beyond the concurrent ones are refused before anything is counted.
            Err(code) => assert!(
                [ErrorCode::PrepaidSpent, ErrorCode::TooManyStreams].contains(&code),
                "{code}"
            ),
        }
    }
    while asks(&connector, contract).await.is_ok() {
        answered += 1;
    }
    assert_eq!(answered, 3);
    assert_eq!(left(&connector, contract), MoneyAmount::NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_paid_for_once() {
    let price = "{ amount = 10, currency = \"EUR\", per = \"month\", prepaid = 15 }";
    let (_federation, connector, contract) = agreed(price).await;
    assert_eq!(asks(&connector, contract).await, Ok(2));
    assert_eq!(asks(&connector, contract).await, Ok(2));
    assert_eq!(
        left(&connector, contract),
        parse_written_amount("5").unwrap()
    );
    let counted = contract_usage::count_usage(&connector, contract).unwrap();
    assert_eq!(counted.lines[0].month, "2026-06");
    assert_eq!(counted.lines[0].sums[0].count, 1);
}
