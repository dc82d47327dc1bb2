//! Tests: a consumer with an overdue deletion statement is refused, also after a restart.

use crate::contract::deletion_attestation;
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::participant::testing::{
    DAY, TERMS, TestFederation, ask_for_bikes, close_participant, exchange_messages, make_contract,
    participant_id, record_text, records_of_kind, verified_caller,
};
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::answers::{
    CloseRecord, GrantEntry, NotReceivedRecord, PermitRecord, RemoteQueryRecord,
};
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

struct AttestationCase {
    federation: TestFederation,
    provider: Arc<Connector>,
    consumer: Arc<Connector>,
    contract: ContractId,
}

async fn case() -> AttestationCase {
    let mut federation = TestFederation::new();
    let duties = "duties = [\"delete-after 1 day\", \"attest-within 2 days\"]\n";
    federation.settle_two(&format!("{TERMS}{duties}"), TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    AttestationCase {
        federation,
        provider,
        consumer,
        contract,
    }
}

impl AttestationCase {
    async fn asks(&self) -> Result<usize, ErrorCode> {
        let who = verified_caller(&self.provider, "acme");
        ask_for_bikes(&self.provider, who, &[self.contract]).await
    }

    fn agreement(&self) -> Agreement {
        let found = self
            .provider
            .contracts
            .with_registry(|registry| registry.agreement(self.contract).cloned());
        found.unwrap()
    }

    fn requests(&self) -> Vec<RequestId> {
        let permits = records_of_kind(&self.provider, "permit");
        let ids = permits
            .iter()
            .map(|permit| record_text(permit, "request_id"));
        ids.map(|id| id.parse().unwrap()).collect()
    }

    async fn closes(&self, opened: u64, request: RequestId) {
        let close = CloseRecord {
            request_id: Some(request.to_string()),
            opened,
            outcome: "done".to_owned(),
            code: None,
            rows: Some(1),
            bytes: Some(0),
            result_digest: None,
            at_most: None,
            stage: None,
            contract: None,
            clause: None,
            restriction: None,
        };
        let _durable = self.provider.record(AuditEvent::from(close)).await.unwrap();
    }

    async fn states(&self, requests: &[RequestId]) {
        let agreement = self.agreement();
        deletion_attestation::issue_deletion_statements(
            &self.consumer,
            self.contract,
            &agreement,
            requests,
        )
        .await
        .unwrap();
        exchange_messages(&self.consumer, &self.provider).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_overdue_stops_new_questions() {
    let mut case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    case.federation.advance_time(DAY);
    assert_eq!(case.asks().await, Ok(2));
    case.federation.advance_time(DAY + DAY / 2);
    assert_eq!(case.asks().await, Err(ErrorCode::AttestationOverdue));
    let requests = case.requests();
    let refused = records_of_kind(&case.provider, "refuse").pop().unwrap();
    assert_eq!(
        record_text(&refused, "code"),
        ErrorCode::AttestationOverdue.as_str()
    );

    // Also after a restart and after the loss of the index.
    let home = case.federation.home("lindau").join("state");
    close_participant(case.provider).await;
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(home.join(file));
    }
    case.provider = case.federation.open("lindau");
    assert_eq!(case.asks().await, Err(ErrorCode::AttestationOverdue));

    // The statement about the overdue answer suffices; the other one is not yet due.
    case.states(&requests[..1]).await;
    assert_eq!(case.asks().await, Ok(2));
    case.federation.advance_time(DAY);
    assert_eq!(case.asks().await, Err(ErrorCode::AttestationOverdue));
    case.states(&case.requests()).await;
    assert_eq!(case.asks().await, Ok(2));
    let stated = records_of_kind(&case.provider, "deletion");
    assert_eq!(stated.len(), 2);
    assert_eq!(record_text(&stated[0], "direction"), "in");
    assert_eq!(records_of_kind(&case.consumer, "deletion").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_somebody_else_states_nothing() {
    let case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    case.states(&case.requests()).await;
    let file = record_text(&records_of_kind(&case.consumer, "deletion")[0], "statement");
    let kind = hansa_store::document_folder::StoredDocumentKind::Statement;
    let bytes = case
        .consumer
        .records
        .documents
        .read_document(kind, file.parse().unwrap());
    let bytes = bytes.unwrap();
    // Delivered by another participant, or changed.
    let other =
        deletion_attestation::take_in(&case.provider, &participant_id("third"), &bytes).await;
    assert_eq!(other.unwrap_err().code, ErrorCode::ContractUnknown);
    let mut changed = bytes.clone();
    let at = changed.len() - 12;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    let forged =
        deletion_attestation::take_in(&case.provider, &participant_id("acme"), &changed).await;
    assert_eq!(forged.unwrap_err().code, ErrorCode::SignatureInvalid);
    assert_eq!(records_of_kind(&case.provider, "deletion").len(), 1);
}

/// One answer with two datasets, each under a contract with a deletion duty.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_clears_what_came_under_its_contract_and_has_come() {
    let case = case().await;
    let other = ContractId(Digest::of(b"another contract"));
    let request = RequestId([7; 16]);
    let running = RequestId([8; 16]);
    let late = case.provider.now().plus_micros(DAY);
    let owed = |contract: ContractId| {
        let found = case
            .provider
            .records
            .index(|state| state.attestations_due(contract, &participant_id("acme"), late, 9));
        found.unwrap().1
    };
    for (request, contracts) in [
        (request, vec![case.contract, other]),
        (running, vec![case.contract]),
    ] {
        let permit = permit_acme(request, &contracts);
        let opened = case
            .provider
            .record(AuditEvent::from(permit))
            .await
            .unwrap()
            .receipt()
            .index();
        if request != running {
            case.closes(opened, request).await;
        }
    }
    let both = [request, running];
    assert_eq!(owed(case.contract), [request]);
    case.states(&both).await;
    // The answers under the other contract and the running one are still owed.
    assert_eq!(owed(case.contract), []);
    assert_eq!(owed(other), [request]);
    let opened = records_of_kind(&case.provider, "permit")
        .last()
        .unwrap()
        .seq;
    case.closes(opened, running).await;
    assert_eq!(owed(case.contract), [running]);
    case.states(&both).await;
    assert_eq!(owed(case.contract), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_comes_is_not_stated_to_be_deleted() {
    let mut case = case().await;
    let (came, coming) = (RequestId([1; 16]), RequestId([2; 16]));
    for request in [came, coming] {
        let event = RemoteQueryRecord {
            request_id: request.to_string(),
            peer: case.provider.id().to_string(),
            datasets: Vec::new(),
            contracts: vec![case.contract.to_string()],
            purpose: None,
            actor: None,
            sql_commit: Digest::of(b"a question"),
            keys: Vec::new(),
            access_token: None,
            repeats: None,
        };
        let _durable = case.consumer.record(AuditEvent::from(event)).await.unwrap();
    }
    let cut = NotReceivedRecord {
        request_id: came.to_string(),
        peer: case.provider.id().to_string(),
        code: ErrorCode::Interrupted.to_string(),
        sent: None,
    };
    let _durable = case.consumer.record(AuditEvent::from(cut)).await.unwrap();
    let provider = case.provider.id();
    let unstated = |consumer: &Connector, first: ContractId| {
        let found = consumer
            .records
            .index(|state| state.unattested_requests(&provider, first, &[case.contract]));
        found.unwrap()
    };
    assert_eq!(unstated(&case.consumer, case.contract), [came]);
    case.states(&[came]).await;
    assert_eq!(unstated(&case.consumer, case.contract), []);
    // Under the other contract, nothing was stated.
    let other = ContractId(Digest::of(b"another contract"));
    assert_eq!(unstated(&case.consumer, other), [came]);
    // The receiver was killed: the rest never arrives, and the received amount is unknown.
    close_participant(case.consumer).await;
    case.consumer = case.federation.open("acme");
    assert_eq!(unstated(&case.consumer, case.contract), [coming]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_by_a_revoked_key_is_not_dated_back() {
    let mut case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    let agreement = case.agreement();
    deletion_attestation::issue_deletion_statements(
        &case.consumer,
        case.contract,
        &agreement,
        &case.requests(),
    )
    .await
    .unwrap();
    let file = record_text(&records_of_kind(&case.consumer, "deletion")[0], "statement");
    let kind = hansa_store::document_folder::StoredDocumentKind::Statement;
    let bytes = case
        .consumer
        .records
        .documents
        .read_document(kind, file.parse().unwrap());
    case.federation.advance_time(DAY / 24);
    case.federation.revokes_key("acme");
    assert!(
        case.provider
            .take_bundle(&case.federation.bundle())
            .unwrap()
    );
    case.federation.advance_time(DAY / 24);
    let taken =
        deletion_attestation::take_in(&case.provider, &participant_id("acme"), &bytes.unwrap())
            .await;
    assert_eq!(taken.unwrap_err().code, ErrorCode::KeyRevoked);
    assert_eq!(records_of_kind(&case.provider, "deletion").len(), 0);
}

/// Permit of an answer to acme under these contracts with a deletion duty.
fn permit_acme(request: RequestId, contracts: &[ContractId]) -> PermitRecord {
    let grants = contracts.iter().map(|contract| GrantEntry {
        dataset: "h:lindau.example/d/bikes".to_owned(),
        contract: Some(contract.to_string()),
        grant_hash: String::new(),
        clauses_applied: Vec::new(),
        relied_on: Vec::new(),
        attest: Some(contract.to_string()),
        restriction: None,
    });
    PermitRecord {
        request_id: request.to_string(),
        peer: participant_id("acme").to_string(),
        peer_cert_sha256: None,
        contracts: contracts.iter().map(ToString::to_string).collect(),
        grants: grants.collect(),
        purpose: None,
        sql_commit: Digest::of(b"a question"),
        plan_digest: String::new(),
        datasets: Vec::new(),
        reservations: Vec::new(),
        charges: Vec::new(),
        at_most: AnswerBound::FIRST,
        node_version: String::new(),
        follows: None,
        as_of: None,
        mark: None,
        program: None,
        web: None,
    }
}
