//! Tests: lost, damaged, older and changed files.

use crate::answer::incoming_query::QueryCaller;
use crate::log::audit_event::AuditEvent;
use crate::log::index;
use crate::participant::testing::{
    TERMS, TestFederation, ask_for_bikes, make_contract, offer_policy, publish_configured_datasets,
    record_text, records_of_kind, verified_caller,
};
use crate::question::unavailable_dataset as asks;
use hansa_audit_log::record::messages::FetchedMessagesRecord;
use hansa_policy::refusal::ErrorCode;
use hansa_query::sql::query_text::NamedTables;
use hansa_store::state_index::StateIndex;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn an_older_bundle_is_refused_also_when_the_index_was_lost() {
    let mut federation = TestFederation::of_two();
    let file = federation.home("lindau").join("bundle.json");
    let old = std::fs::read(&file).unwrap();
    std::fs::write(&file, federation.bundle()).unwrap();
    drop(federation.open("lindau"));
    std::fs::write(&file, old).unwrap();
    let refused =
        |federation: &TestFederation| federation.try_open("lindau", &[]).unwrap_err().code;
    assert_eq!(refused(&federation), ErrorCode::BundleInvalid);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(federation.home("lindau").join("state").join(name));
    }
    assert_eq!(refused(&federation), ErrorCode::BundleInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_snapshot_stops_nothing_else() {
    let federation = TestFederation::of_two();
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    let holdings = connector.datasets.snapshots.holdings();
    let file = holdings.values().next().unwrap().files[0].clone();
    drop((holdings, connector));
    std::fs::write(&file, b"not what was published").unwrap();

    let (connector, found) = federation.try_open("lindau", &[]).unwrap();
    let codes: Vec<ErrorCode> = found
        .all_findings()
        .iter()
        .map(|fault| fault.code)
        .collect();
    assert_eq!(codes, [ErrorCode::SnapshotDamaged]);
    // A peer sees no such dataset; the owner sees the damage.
    let who = verified_caller(&connector, "acme");
    assert_eq!(
        ask_for_bikes(&connector, who, &[contract]).await,
        Err(ErrorCode::DatasetUnknown)
    );
    let house = ask_for_bikes(&connector, QueryCaller::House, &[]).await;
    assert_eq!(house, Err(ErrorCode::DatasetUnknown));
    let named = NamedTables::with_table("lindau", "bikes");
    let refusal = asks::damaged_dataset_refusal(&connector, &named).unwrap();
    assert_eq!(refusal.code, ErrorCode::SnapshotDamaged);
    let elsewhere = NamedTables::with_table("acme", "bikes");
    assert!(asks::damaged_dataset_refusal(&connector, &elsewhere).is_none());
    // What the refusal advises, works.
    publish_configured_datasets(&connector).unwrap();
    assert!(connector.datasets.snapshots.damaged_datasets().is_empty());
    let who = verified_caller(&connector, "acme");
    assert_eq!(ask_for_bikes(&connector, who, &[contract]).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_offers_and_limits_is_in_the_log_before_it_counts() {
    let federation = TestFederation::of_two();
    let connector = federation.open("lindau");
    let count =
        |connector: &crate::participant::Connector| records_of_kind(connector, "config").len();
    assert_eq!(count(&connector), 1);
    // The policy is read again by a publication.
    let policy = federation.home("lindau").join("policies/all.toml");
    std::fs::write(
        &policy,
        offer_policy(&format!(
            "{TERMS}rows_per_day = 5\nbytes_per_day = \"1 MB\"\n"
        )),
    )
    .unwrap();
    std::fs::write(
        federation.home("lindau").join("data/bikes.csv"),
        "site,bikes\nHafen,1\n",
    )
    .unwrap();
    publish_configured_datasets(&connector).unwrap();
    assert_eq!(count(&connector), 2);
    drop(connector);
    // Limit that the environment overrides.
    let (connector, _) = federation
        .try_open("lindau", &[("HANSA__LIMITS__TIMEOUT", "7s")])
        .unwrap();
    assert_eq!(count(&connector), 3);
    assert_eq!(connector.query_limits().time.as_secs(), 7);
    let digests: BTreeSet<String> = records_of_kind(&connector, "config")
        .iter()
        .map(|record| record_text(record, "new"))
        .collect();
    assert_eq!(digests.len(), 3);
    // The policy is recorded before its offer takes effect.
    drop(connector);
    std::fs::write(&policy, TERMS).unwrap();
    let (connector, _) = federation.try_open("lindau", &[]).unwrap();
    assert_eq!(count(&connector), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_index_is_made_anew_piece_by_piece() {
    let federation = TestFederation::of_two();
    let (connector, acme) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&connector, &acme).await;
    for _ in 0..3 {
        let asked =
            ask_for_bikes(&connector, verified_caller(&connector, "acme"), &[contract]).await;
        assert_eq!(asked, Ok(2));
    }
    connector.records.index(|_| Ok(())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let mut anew = StateIndex::open(&file, connector.records.log.size()).unwrap();
    index::catch_up_by(&connector.records.log, &mut anew, 2).unwrap();
    assert_eq!(anew.position(), connector.records.log.size());
    assert_eq!(
        anew.receipts().unwrap(),
        connector.records.index(StateIndex::receipts).unwrap()
    );
    assert_eq!(anew.receipts().unwrap().len(), 3);
    let old = connector
        .records
        .index(|state| state.outbox(&acme.id(), 0))
        .unwrap();
    assert_eq!(anew.outbox(&acme.id(), 0).unwrap(), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_sees_what_was_recorded_whether_little_or_much() {
    let federation = TestFederation::of_two();
    let connector = federation.open("lindau");
    for count in [0, 1, 16, 17, 40] {
        for _ in 0..count {
            let fetched = AuditEvent::from(FetchedMessagesRecord {
                peer: connector.id().to_string(),
                number: 0,
                carried: true,
                refused: None,
            });
            let _durable = connector.record(fetched).await.unwrap();
        }
        let size = connector.records.log.size();
        assert_eq!(
            connector.records.index_fast(|state| Ok(state.position())),
            Ok(size)
        );
    }
    // Another check takes longer and is waited for.
    let (begun, begins) = std::sync::mpsc::channel();
    let (end, ends) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let other = std::sync::Arc::clone(&connector);
        let looks = scope.spawn(move || {
            other.records.index(|_| {
                begun.send(()).unwrap();
                ends.recv().unwrap();
                Ok(())
            })
        });
        begins.recv().unwrap();
        let connector = &connector;
        let waits = scope.spawn(move || connector.records.index_fast(|_| Ok(())));
        end.send(()).unwrap();
        assert_eq!(waits.join().unwrap(), Ok(()));
        assert_eq!(looks.join().unwrap(), Ok(()));
    });
}
