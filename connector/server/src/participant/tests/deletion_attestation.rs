//! Who has not stated in time that what it received is deleted asks in vain, also after a restart.

use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::participant::testing::{
    DAY, TERMS, TestFederation, agree, ask, caller, closed, id, post, record_text, records,
};
use crate::workflow::deletion_attestation;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
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
    let contract = agree(&provider, &consumer).await;
    AttestationCase {
        federation,
        provider,
        consumer,
        contract,
    }
}

impl AttestationCase {
    async fn asks(&self) -> Result<usize, ErrorCode> {
        let who = caller(&self.provider, "acme");
        ask(&self.provider, who, &[self.contract]).await
    }

    fn agreement(&self) -> Agreement {
        let found = self
            .provider
            .contracts
            .with_registry(|registry| registry.agreement(self.contract).cloned());
        found.unwrap()
    }

    fn requests(&self) -> Vec<RequestId> {
        let permits = records(&self.provider, "permit");
        let ids = permits
            .iter()
            .map(|permit| record_text(permit, "request_id"));
        ids.map(|id| id.parse().unwrap()).collect()
    }

    async fn closes(&self, opened: u64, request: RequestId) {
        let close = AuditEvent::new(
            "close",
            [
                ("request_id", Json::text(request)),
                ("opened", Json::count(opened)),
                ("outcome", Json::text("done")),
                ("rows", Json::count(1)),
            ],
        );
        let _durable = self.provider.record(close).await.unwrap();
    }

    async fn states(&self, requests: &[RequestId]) {
        let about = (self.contract, &self.agreement());
        deletion_attestation::state(&self.consumer, about, requests)
            .await
            .unwrap();
        post(&self.consumer, &self.provider).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_overdue_stops_new_questions() {
    let mut case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    case.federation.pass(DAY);
    assert_eq!(case.asks().await, Ok(2));
    case.federation.pass(DAY + DAY / 2);
    assert_eq!(case.asks().await, Err(ErrorCode::AttestationOverdue));
    let requests = case.requests();
    let refused = records(&case.provider, "refuse").pop().unwrap();
    assert_eq!(
        record_text(&refused, "code"),
        ErrorCode::AttestationOverdue.as_str()
    );

    // Also after a restart, and when the index is lost.
    let home = case.federation.home("lindau").join("state");
    closed(case.provider).await;
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(home.join(file));
    }
    case.provider = case.federation.open("lindau");
    assert_eq!(case.asks().await, Err(ErrorCode::AttestationOverdue));

    // The statement about the one that is overdue is enough; the other's time runs.
    case.states(&requests[..1]).await;
    assert_eq!(case.asks().await, Ok(2));
    case.federation.pass(DAY);
    assert_eq!(case.asks().await, Err(ErrorCode::AttestationOverdue));
    case.states(&case.requests()).await;
    assert_eq!(case.asks().await, Ok(2));
    let stated = records(&case.provider, "attest");
    assert_eq!(stated.len(), 2);
    assert_eq!(record_text(&stated[0], "direction"), "in");
    assert_eq!(records(&case.consumer, "attest").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_somebody_else_states_nothing() {
    let case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    case.states(&case.requests()).await;
    let file = record_text(&records(&case.consumer, "attest")[0], "statement");
    let kind = hansa_store::document_folder::StoredDocumentKind::Statement;
    let bytes = case
        .consumer
        .records
        .documents
        .read(kind, file.parse().unwrap());
    let bytes = bytes.unwrap();
    // Another one carries it, or it was changed on its way.
    let other = deletion_attestation::take_in(&case.provider, &id("third"), &bytes).await;
    assert_eq!(other.unwrap_err().code, ErrorCode::ContractUnknown);
    let mut changed = bytes.clone();
    let at = changed.len() - 12;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    let forged = deletion_attestation::take_in(&case.provider, &id("acme"), &changed).await;
    assert_eq!(forged.unwrap_err().code, ErrorCode::SignatureInvalid);
    assert_eq!(records(&case.provider, "attest").len(), 1);
}

/// Two datasets in one answer, each with a contract under which it is to be deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_clears_what_came_under_its_contract_and_has_come() {
    let case = case().await;
    let other = ContractId(Digest::of(b"another contract"));
    let request = RequestId([7; 16]);
    let (running, peer) = (RequestId([8; 16]), id("acme"));
    let late = case.provider.now().plus_micros(DAY);
    let owed = |contract: ContractId| {
        let found = case
            .provider
            .records
            .index(|state| state.attestations_due(contract, &id("acme"), late, 9));
        found.unwrap().1
    };
    for (request, contracts) in [
        (request, vec![case.contract, other]),
        (running, vec![case.contract]),
    ] {
        let grants = contracts.iter().map(|contract| {
            Json::object([
                ("contract", Json::text(contract)),
                ("attest", Json::text(contract)),
            ])
        });
        let permit = AuditEvent::new(
            "permit",
            [
                ("request_id", Json::text(request)),
                ("peer", Json::text(&peer)),
                (
                    "contracts",
                    Json::List(contracts.iter().map(Json::text).collect()),
                ),
                ("grants", Json::List(grants.collect())),
                ("reservations", Json::List(Vec::new())),
            ],
        );
        let opened = case
            .provider
            .record(permit)
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
    // What came under the other contract is owed still, and so is what still ran.
    assert_eq!(owed(case.contract), []);
    assert_eq!(owed(other), [request]);
    let opened = records(&case.provider, "permit").last().unwrap().seq;
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
        let event = AuditEvent::new(
            "errand",
            [
                ("request_id", Json::text(request)),
                ("peer", Json::text(case.provider.id())),
                ("contracts", Json::List(vec![Json::text(case.contract)])),
            ],
        );
        let _durable = case.consumer.record(event).await.unwrap();
    }
    let cut = AuditEvent::new(
        "not_received",
        [
            ("request_id", Json::text(came)),
            ("peer", Json::text(case.provider.id())),
            ("code", Json::text(ErrorCode::Interrupted)),
        ],
    );
    let _durable = case.consumer.record(cut).await.unwrap();
    let provider = case.provider.id();
    let unstated = |consumer: &Connector, first: ContractId| {
        let found = consumer
            .records
            .index(|state| state.unstated(&provider, first, &[case.contract]));
        found.unwrap()
    };
    assert_eq!(unstated(&case.consumer, case.contract), [came]);
    case.states(&[came]).await;
    assert_eq!(unstated(&case.consumer, case.contract), []);
    // Under another contract nothing was stated of it.
    let other = ContractId(Digest::of(b"another contract"));
    assert_eq!(unstated(&case.consumer, other), [came]);
    // Whoever was receiving it is dead: it comes no more, and nobody knows how much of it came.
    closed(case.consumer).await;
    case.consumer = case.federation.open("acme");
    assert_eq!(unstated(&case.consumer, case.contract), [coming]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_by_a_revoked_key_is_not_dated_back() {
    let mut case = case().await;
    assert_eq!(case.asks().await, Ok(2));
    let about = (case.contract, &case.agreement());
    deletion_attestation::state(&case.consumer, about, &case.requests())
        .await
        .unwrap();
    let file = record_text(&records(&case.consumer, "attest")[0], "statement");
    let kind = hansa_store::document_folder::StoredDocumentKind::Statement;
    let bytes = case
        .consumer
        .records
        .documents
        .read(kind, file.parse().unwrap());
    case.federation.pass(DAY / 24);
    case.federation.revokes_key("acme");
    assert!(
        case.provider
            .take_bundle(&case.federation.bundle())
            .unwrap()
    );
    case.federation.pass(DAY / 24);
    let taken = deletion_attestation::take_in(&case.provider, &id("acme"), &bytes.unwrap()).await;
    assert_eq!(taken.unwrap_err().code, ErrorCode::KeyRevoked);
    assert_eq!(records(&case.provider, "attest").len(), 0);
}

/// A record of an answer to acme, or of one that it asked for, under these contracts.
async fn answered(
    case: &AttestationCase,
    request: RequestId,
    versions: &[ContractId],
    first: ContractId,
) {
    let named = || Json::List(versions.iter().map(Json::text).collect());
    let grants = versions.iter().map(|version| {
        Json::object([
            ("contract", Json::text(version)),
            ("attest", Json::text(first)),
        ])
    });
    let permit = AuditEvent::new(
        "permit",
        [
            ("request_id", Json::text(request)),
            ("peer", Json::text(id("acme"))),
            ("contracts", named()),
            ("grants", Json::List(grants.collect())),
            ("reservations", Json::List(Vec::new())),
        ],
    );
    let opened = case.provider.record(permit).await.unwrap();
    case.closes(opened.receipt().index(), request).await;
    for (kind, code) in [
        ("errand", None),
        ("not_received", Some(ErrorCode::Interrupted)),
    ] {
        let asked = AuditEvent::new(
            kind,
            [
                ("request_id", Json::text(request)),
                ("peer", Json::text(case.provider.id())),
                ("contracts", named()),
                ("code", code.map_or(Json::Null, Json::text)),
            ],
        );
        let _durable = case.consumer.record(asked).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_older_versions_clear_contracts_that_were_amended() {
    let mut case = case().await;
    // The contract is the first version; questions were asked under the next one.
    let (first, amended) = (case.contract, ContractId(Digest::of(b"the next version")));
    let other = ContractId(Digest::of(b"another contract"));
    let (plain, mixed) = (RequestId([1; 16]), RequestId([2; 16]));
    answered(&case, plain, &[amended], first).await;
    answered(&case, mixed, &[amended, other], first).await;
    let more = AuditEvent::new(
        "permit",
        [
            ("request_id", Json::text(mixed)),
            ("peer", Json::text(id("acme"))),
            ("contracts", Json::List(vec![Json::text(other)])),
            (
                "grants",
                Json::List(vec![Json::object([("attest", Json::text(other))])]),
            ),
            ("reservations", Json::List(Vec::new())),
        ],
    );
    let opened = case.provider.record(more).await.unwrap();
    case.closes(opened.receipt().index(), mixed).await;
    for (connector, peer, direction) in [
        (&case.provider, id("acme"), "in"),
        (&case.consumer, case.provider.id(), "out"),
    ] {
        let old = AuditEvent::new(
            "attest",
            [
                ("peer", Json::text(peer)),
                ("direction", Json::text(direction)),
                ("contract", Json::text(amended)),
                ("statement", Json::text(Digest::of(b"a statement"))),
                (
                    "requests",
                    Json::List(vec![Json::text(plain), Json::text(mixed)]),
                ),
            ],
        );
        let _durable = connector.record(old).await.unwrap();
    }
    // The index is made anew from these records.
    let (provider, consumer) = (case.provider, case.consumer);
    let whom = provider.id();
    closed(provider).await;
    closed(consumer).await;
    for alias in ["lindau", "acme"] {
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = std::fs::remove_file(case.federation.home(alias).join("state").join(file));
        }
    }
    case.provider = case.federation.open("lindau");
    case.consumer = case.federation.open("acme");
    let late = case.provider.now().plus_micros(DAY);
    let owed = |contract: ContractId| {
        let found = case
            .provider
            .records
            .index(|state| state.attestations_due(contract, &id("acme"), late, 9));
        found.unwrap().1
    };
    // An answer that is owed under two contracts is cleared of neither by a statement that could be about the other.
    assert_eq!(owed(first), [mixed]);
    assert_eq!(owed(other), [mixed]);
    let unstated = case
        .consumer
        .records
        .index(|state| state.unstated(&whom, first, &[first, amended]));
    assert_eq!(unstated.unwrap(), [mixed]);
}
