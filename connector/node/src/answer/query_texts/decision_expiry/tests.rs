//! Tests: decisions expire and their effects stay, also when the index is rebuilt without them.

use crate::answer::incoming_query::QueryCaller;
use crate::contract::deletion_attestation;
use crate::log::index;
use crate::participant::Connector;
use crate::participant::testing::{
    DAY, TestFederation, ask_for_bikes, close_participant, exchange_messages, make_contract,
    participant_id, publish_configured_datasets, record_text, records_of_kind, verified_caller,
};
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::ErrorCode;
use hansa_store::state_index::StateIndex;
use std::sync::Arc;

/// Terms that are in force for a year.
const YEAR: &str = "title = \"all\"\nvalid = { from = 2026-01-01, until = 2026-12-31 }\n";

/// Settings with small log files and the shortest retention of decisions.
const KEPT: [(&str, &str); 2] = [
    ("HANSA__LIMITS__SEGMENT", "4 kB"),
    ("HANSA__AUDIT__DECISIONS", "40d"),
];

struct ExpiryCase {
    federation: TestFederation,
    connector: Arc<Connector>,
    consumer: Arc<Connector>,
    contract: ContractId,
}

/// Contract under which acme asked three times, two months ago.
async fn case(terms: &str) -> ExpiryCase {
    let mut federation = TestFederation::new();
    federation.settle_two(&format!("{YEAR}{terms}"), YEAR);
    let (connector, _) = federation.try_open("lindau", &KEPT).unwrap();
    publish_configured_datasets(&connector).unwrap();
    let consumer = federation.open("acme");
    let contract = make_contract(&connector, &consumer).await;
    let case = ExpiryCase {
        federation,
        connector,
        consumer,
        contract,
    };
    for _ in 0..3 {
        let who = verified_caller(&case.connector, "acme");
        assert_eq!(
            ask_for_bikes(&case.connector, who, &[contract]).await,
            Ok(2)
        );
    }
    case
}

impl ExpiryCase {
    /// Moves the clock by two months and a week, so that the current log file is a new one.
    async fn later(&self) {
        for days in [60, 0] {
            for _ in 0..6 {
                assert_eq!(
                    ask_for_bikes(&self.connector, QueryCaller::House, &[]).await,
                    Ok(2)
                );
            }
            self.federation.advance_time(days * DAY);
        }
        self.connector
            .records
            .log
            .head_over(self.connector.records.log.size())
            .await
            .unwrap();
        // The log has seen a running clock.
        self.federation.advance_time(8 * DAY);
    }

    /// Questions of acme that are still in the log.
    fn left(&self) -> Vec<String> {
        let permits = records_of_kind(&self.connector, "permit").into_iter();
        let theirs =
            permits.filter(|one| record_text(one, "peer") == participant_id("acme").to_string());
        theirs.map(|one| record_text(&one, "request_id")).collect()
    }

    /// Index, rebuilt from the records.
    fn anew(&self) -> StateIndex {
        self.connector.records.index(|_| Ok(())).unwrap();
        let file = self.federation.home("anew").join("state.db");
        std::fs::create_dir_all(self.federation.home("anew")).unwrap();
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = std::fs::remove_file(self.federation.home("anew").join(file));
        }
        let mut anew = StateIndex::open(&file, self.connector.records.log.size()).unwrap();
        index::catch_up(&self.connector.records.log, &mut anew).unwrap();
        assert_eq!(anew.position(), self.connector.records.log.size());
        anew
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_go_and_contracts_stay() {
    let case = case("").await;
    assert_eq!(case.connector.expire_decisions().unwrap(), None);
    let first_use = |state: &StateIndex| state.activation_and_first_use(case.contract).unwrap().1;
    let began = case
        .connector
        .records
        .index(|state| Ok(first_use(state)))
        .unwrap();
    assert!(began.is_some());
    case.later().await;
    let asked = case.left();
    assert_eq!(asked.len(), 3);
    let run = case.connector.expire_decisions().unwrap().unwrap();
    assert!(run.records >= 6, "{run:?}");
    // The use of the contract counts beside groups of later contracts.
    assert_eq!(case.left(), asked[..1]);
    let still = case
        .connector
        .records
        .index(|state| Ok(first_use(state)))
        .unwrap();
    assert_eq!((still, first_use(&case.anew())), (began, began));
    assert_eq!(case.connector.expire_decisions().unwrap(), None);
    // The index forgets expired decisions and can be rebuilt without them.
    let (now, anew) = (
        case.connector.records.index(StateIndex::receipts).unwrap(),
        case.anew(),
    );
    assert_eq!(anew.receipts().unwrap(), now);
    assert!(now.iter().all(|row| !asked.contains(&row.request)));
    let contracts = |state: &StateIndex| format!("{:?}", state.contracts().unwrap());
    let known = case
        .connector
        .records
        .index(|state| Ok(contracts(state)))
        .unwrap();
    assert_eq!(contracts(&anew), known);
    let published = case
        .connector
        .records
        .index(StateIndex::publications)
        .unwrap();
    assert_eq!(anew.publications().unwrap(), published);
    let outbox = |state: &StateIndex| state.outbox(&case.consumer.id(), 0).unwrap();
    let waiting = case
        .connector
        .records
        .index(|state| Ok(outbox(state)))
        .unwrap();
    assert_eq!(outbox(&anew), waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_statement_is_owed_for_stays() {
    let duties = "duties = [\"delete-after 1 day\", \"attest-within 300 days\"]\n";
    let case = case(duties).await;
    let asked: Vec<RequestId> = case.left().iter().map(|id| id.parse().unwrap()).collect();
    let agreement = case
        .connector
        .contracts
        .with_registry(|registry| registry.agreement(case.contract).cloned());
    let agreement = agreement.unwrap();
    deletion_attestation::issue_deletion_statements(
        &case.consumer,
        case.contract,
        &agreement,
        &asked[..1],
    )
    .await
    .unwrap();
    exchange_messages(&case.consumer, &case.connector).await;
    case.later().await;
    let run = case.connector.expire_decisions().unwrap().unwrap();
    assert!(run.records > 0, "{run:?}");
    let left: Vec<String> = asked.iter().map(ToString::to_string).collect();
    assert_eq!(case.left(), left);
    let late = case.connector.now();
    let acme = participant_id("acme");
    let still = |state: &StateIndex| {
        state
            .attestations_due(case.contract, &acme, late, 9)
            .unwrap()
    };
    let known = case
        .connector
        .records
        .index(|state| Ok(still(state)))
        .unwrap();
    assert_eq!(known.0, 2);
    assert_eq!(still(&case.anew()), known);
    // After the deletion statement, nothing depends on the decision.
    deletion_attestation::issue_deletion_statements(
        &case.consumer,
        case.contract,
        &agreement,
        &asked[1..],
    )
    .await
    .unwrap();
    exchange_messages(&case.consumer, &case.connector).await;
    assert!(case.connector.expire_decisions().unwrap().is_some());
    assert_eq!(case.left(), left[..1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_for_stays_while_its_contract_does() {
    let price = "price = { amount = 0.5, currency = \"EUR\", per = \"row\", prepaid = 50 }\n";
    let case = case(price).await;
    case.later().await;
    let asked = case.left();
    let _ = case.connector.expire_decisions().unwrap();
    assert_eq!(case.left(), asked);
    let spent = |state: &StateIndex| format!("{:?}", state.balances().unwrap());
    let known = case
        .connector
        .records
        .index(|state| Ok(spent(state)))
        .unwrap();
    assert_eq!(spent(&case.anew()), known);
    // The prepaid amount can no longer be spent.
    case.federation.advance_time(300 * DAY);
    assert_eq!(case.connector.expire_decisions().unwrap(), None);
    case.federation.advance_time(8 * DAY);
    assert!(case.connector.expire_decisions().unwrap().is_some());
    assert_eq!(case.left(), asked[..1]);
}

/// The first use of a contract and receipts without countersignature block other steps. A rebuilt index still knows both, every
/// day.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_use_and_open_receipts_stay_while_they_count() {
    for (terms, left) in [
        ("lasts = { days = 90, since = \"first-use\" }\n", 1),
        ("open_receipts = 3\n", 3),
    ] {
        let case = case(terms).await;
        let asked = case.left();
        let first_use =
            |state: &StateIndex| state.activation_and_first_use(case.contract).unwrap().1;
        let open = |state: &StateIndex| {
            state
                .count_outstanding_receipts(&participant_id("acme"), case.contract)
                .unwrap()
        };
        let known = |state: &StateIndex| Ok((first_use(state), open(state)));
        let before = case.connector.records.index(known).unwrap();
        assert!(before.0.is_some() && before.1 == 3, "{before:?}");
        case.later().await;
        assert!(case.connector.expire_decisions().unwrap().is_some());
        assert_eq!(case.connector.expire_decisions().unwrap(), None);
        assert_eq!(case.left(), asked[..left], "{terms}");
        let (now, anew) = (
            case.connector.records.index(known).unwrap(),
            known(&case.anew()).unwrap(),
        );
        assert_eq!(anew, now, "{terms}");
        match left {
            1 => assert_eq!(now.0, before.0),
            _ => assert_eq!(now, before),
        }
    }
}

/// With a wrong clock, all decisions seem old.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_by_a_clock_that_can_not_be_trusted() {
    let case = case("").await;
    case.later().await;
    case.federation.advance_time(-10 * DAY);
    let _ = ask_for_bikes(&case.connector, QueryCaller::House, &[]).await;
    let refused = case.connector.expire_decisions().unwrap_err();
    assert_eq!(refused.code, ErrorCode::ClockUntrusted);
    assert_eq!(case.left().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_needs_the_archive_says_so() {
    let case = case("").await;
    for _ in 0..6 {
        assert_eq!(
            ask_for_bikes(&case.connector, QueryCaller::House, &[]).await,
            Ok(2)
        );
    }
    case.connector
        .records
        .log
        .head_over(case.connector.records.log.size())
        .await
        .unwrap();
    let moved =
        hansa_audit_store::archive::archive_segments(&case.connector.records.log, 0).unwrap();
    assert!(moved.len() > 1);
    let ExpiryCase {
        federation,
        connector,
        consumer,
        contract,
    } = case;
    let home = federation.home("lindau").join("state");
    close_participant(connector).await;
    let (archive, aside) = (home.join("log/archive"), federation.home("aside"));
    std::fs::rename(&archive, &aside).unwrap();
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(home.join(file));
    }
    let refused = federation.try_open("lindau", &KEPT).unwrap_err();
    assert_eq!(refused.code, ErrorCode::EvidenceIncomplete);
    for one in &moved[..moved.len().min(8)] {
        assert!(refused.sentence.contains(&one.name), "{refused}");
    }
    assert!(refused.sentence.contains("from record 0 on"), "{refused}");
    // The archive without one of its files.
    std::fs::rename(&aside, &archive).unwrap();
    let (here, there) = (archive.join(&moved[1].name), home.join("one"));
    std::fs::rename(&here, &there).unwrap();
    let refused = federation.try_open("lindau", &KEPT).unwrap_err();
    assert!(refused.sentence.contains("1 archived files"), "{refused}");
    assert!(refused.sentence.contains(&moved[1].name), "{refused}");
    // With the whole archive, the index is as before.
    std::fs::rename(&there, &here).unwrap();
    let (connector, _) = federation.try_open("lindau", &KEPT).unwrap();
    assert!(
        connector
            .contracts
            .with_registry(|book| book.agreement(contract).is_some())
    );
    drop(consumer);
}
