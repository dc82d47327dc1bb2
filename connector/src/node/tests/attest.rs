//! Who has not stated in time that what it received is deleted asks in vain, also after a restart.

use crate::node::Node;
use crate::node::testing::{DAY, TERMS, Town, agree, ask, caller, closed, id, post, records, said};
use crate::walk::attest;
use policy::contract::Agreement;
use policy::id::{ContractId, RequestId};
use policy::refusal::Code;
use std::sync::Arc;

struct Case {
    town: Town,
    provider: Arc<Node>,
    consumer: Arc<Node>,
    contract: ContractId,
}

async fn case() -> Case {
    let mut town = Town::new();
    let duties = "duties = [\"delete-after 1 day\", \"attest-within 2 days\"]\n";
    town.settle("lindau", &format!("{TERMS}{duties}"));
    town.settle("acme", TERMS);
    std::fs::write(town.home("lindau").join("bundle.json"), town.bundle()).unwrap();
    let (provider, consumer) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&provider, &consumer).await;
    Case {
        town,
        provider,
        consumer,
        contract,
    }
}

impl Case {
    async fn asks(&self) -> Result<usize, Code> {
        let who = caller(&self.provider, "acme");
        ask(&self.provider, who, &[self.contract]).await
    }

    fn agreement(&self) -> Agreement {
        let found = self
            .provider
            .book(|book| book.agreement(self.contract).cloned());
        found.unwrap()
    }

    fn requests(&self) -> Vec<RequestId> {
        let permits = records(&self.provider, "permit");
        let ids = permits.iter().map(|permit| said(permit, "request_id"));
        ids.map(|id| id.parse().unwrap()).collect()
    }

    async fn states(&self, requests: &[RequestId]) {
        let about = (self.contract, &self.agreement());
        attest::state(&self.consumer, about, requests)
            .await
            .unwrap();
        post(&self.consumer, &self.provider).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_overdue_stops_new_questions() {
    let mut case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    case.town.pass(DAY);
    assert_eq!(case.asks().await, Ok(2));
    case.town.pass(DAY + DAY / 2);
    assert_eq!(case.asks().await, Err(Code::AttestationOverdue));
    let requests = case.requests();
    let refused = records(&case.provider, "refuse").pop().unwrap();
    assert_eq!(said(&refused, "code"), Code::AttestationOverdue.as_str());

    // Also after a restart, and when the index is lost.
    let home = case.town.home("lindau").join("state");
    closed(case.provider).await;
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(home.join(file));
    }
    case.provider = case.town.open("lindau");
    assert_eq!(case.asks().await, Err(Code::AttestationOverdue));

    // The statement about the one that is overdue is enough; the other's time runs.
    case.states(&requests[..1]).await;
    assert_eq!(case.asks().await, Ok(2));
    case.town.pass(DAY);
    assert_eq!(case.asks().await, Err(Code::AttestationOverdue));
    case.states(&case.requests()).await;
    assert_eq!(case.asks().await, Ok(2));
    let stated = records(&case.provider, "attest");
    assert_eq!(stated.len(), 2);
    assert_eq!(said(&stated[0], "direction"), "in");
    assert_eq!(records(&case.consumer, "attest").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_somebody_else_states_nothing() {
    let case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    case.states(&case.requests()).await;
    let file = said(&records(&case.consumer, "attest")[0], "statement");
    let kind = keep::contracts::Kind::Statement;
    let bytes = case.consumer.documents.read(kind, file.parse().unwrap());
    let bytes = bytes.unwrap();
    // Another one carries it, or it was changed on its way.
    let other = attest::take_in(&case.provider, &id("third"), &bytes).await;
    assert_eq!(other.unwrap_err().code, Code::ContractUnknown);
    let mut changed = bytes.clone();
    let at = changed.len() - 12;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    let forged = attest::take_in(&case.provider, &id("acme"), &changed).await;
    assert_eq!(forged.unwrap_err().code, Code::SignatureInvalid);
    assert_eq!(records(&case.provider, "attest").len(), 1);
}
