//! Tests: a flood of refusals costs few records, and each sent refusal is in the log.

use crate::answer::incoming_query::QueryCaller;
use crate::participant::Connector;
use crate::participant::testing::{
    TERMS, TestFederation, ask_for_bikes, records_of_kind, verified_caller,
};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_store::history::AuditHistory;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

/// Asks under an unknown contract.
async fn refused(connector: &Arc<Connector>, who: &QueryCaller) {
    let none = ContractId(Digest::of(b"none"));
    let reported = ask_for_bikes(connector, who.clone(), &[none]).await;
    // Some of many concurrent questions find no slot, which is also a refusal.
    assert!(
        matches!(
            reported,
            Err(ErrorCode::ContractUnknown | ErrorCode::TooManyStreams)
        ),
        "{reported:?}"
    );
}

/// Number of refusals in the log, and the remaining allowance.
fn log_size(connector: &Connector) -> (u64, u64) {
    let mut history = AuditHistory::new();
    for record in connector.records.log.read(0) {
        let record = record.unwrap();
        let body = record.read_body().unwrap();
        history.add_record(&record, body);
    }
    let one_by_one = records_of_kind(connector, "refuse").len() as u64;
    let summed = &history.refusals;
    (one_by_one + summed.count(), summed.max_uncounted_refusals())
}

fn sums(connector: &Connector) -> usize {
    records_of_kind(connector, "refusal_count").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refusals_costs_few_records_and_loses_none() {
    let mut federation = TestFederation::new();
    federation.set_up_participant("lindau", TERMS);
    for alias in ["acme", "other"] {
        federation.set_up_participant(alias, TERMS);
    }
    std::fs::write(
        federation.home("lindau").join("bundle.json"),
        federation.bundle(),
    )
    .unwrap();
    let connector = federation.open("lindau");
    let (acme, other) = (
        verified_caller(&connector, "acme"),
        verified_caller(&connector, "other"),
    );
    let before = connector.records.log.size();
    for reported in 1..=1000 {
        refused(&connector, &acme).await;
        if reported % 7 == 0 {
            let (counted, allowed) = log_size(&connector);
            assert!(
                counted <= reported && reported <= counted + allowed,
                "{reported} {counted} {allowed}"
            );
        }
    }
    assert!(
        connector.records.log.size() - before < 110,
        "{} records",
        connector.records.log.size() - before
    );
    assert_eq!(records_of_kind(&connector, "refuse").len(), 100);
    // Another participant is not affected.
    refused(&connector, &other).await;
    assert_eq!(records_of_kind(&connector, "refuse").len(), 101);

    let mut at_once = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (connector, acme) = (Arc::clone(&connector), acme.clone());
        at_once.spawn(async move { refused(&connector, &acme).await });
    }
    while let Some(ended) = at_once.join_next().await {
        ended.unwrap();
    }
    // A look writes nothing, and knows of the refusals that no record counts yet.
    let written = connector.records.log.size();
    let open = connector.count_open_refusals().await;
    assert!(open > 0);
    assert_eq!(log_size(&connector).0 + open, 1201);
    assert_eq!(connector.records.log.size(), written);
    connector.settle_refusals().await;
    assert_eq!(log_size(&connector), (1201, 0));
    assert_eq!(connector.count_open_refusals().await, 0);
    let last = records_of_kind(&connector, "refusal_count").pop().unwrap();
    let times = ["first", "last"].map(|name| last.body.get(name).and_then(Json::as_text).is_some());
    assert_eq!(times, [true, true]);

    // An orderly shutdown counts the sent refusals.
    for _ in 0..20 {
        refused(&connector, &acme).await;
    }
    assert!(log_size(&connector).1 > 0);
    // Running tasks hold the folder.
    connector.queries.background_tasks.close();
    connector.queries.background_tasks.wait().await;
    drop(connector);
    let connector = federation.open("lindau");
    assert_eq!(log_size(&connector), (1221, 0));

    // After the minute, refusals are recorded individually again.
    let acme = verified_caller(&connector, "acme");
    for _ in 0..101 {
        refused(&connector, &acme).await;
    }
    let (one_by_one, summed) = (
        records_of_kind(&connector, "refuse").len(),
        sums(&connector),
    );
    for _ in 0..60_000 {
        let _ = (connector.clock)();
    }
    connector.settle_due_refusals().await;
    assert_eq!(
        sums(&connector),
        summed + 1,
        "the sum of the minute before is closed, also where no refusal follows"
    );
    refused(&connector, &acme).await;
    assert_eq!(records_of_kind(&connector, "refuse").len(), one_by_one + 1);
    assert_eq!(sums(&connector), summed + 1);
    assert_eq!(log_size(&connector), (1221 + 102, 0));
}
