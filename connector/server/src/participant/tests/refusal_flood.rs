//! A flood of refusals costs few records, and none is told that is not on the books.

use crate::participant::Connector;
use crate::participant::testing::{TERMS, TestFederation, ask, caller, records};
use crate::workflow::answer::incoming_query::QueryCaller;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_store::history::AuditHistory;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

/// Asks under a contract that there is not.
async fn refused(node: &Arc<Connector>, who: &QueryCaller) {
    let none = ContractId(Digest::of(b"none"));
    let told = ask(node, who.clone(), &[none]).await;
    // Of many at once some find no seat; that is a refusal like another.
    assert!(
        matches!(
            told,
            Err(ErrorCode::ContractUnknown | ErrorCode::TooManyStreams)
        ),
        "{told:?}"
    );
}

/// How many refusals the books tell of, and how many more they allow.
fn books(node: &Connector) -> (u64, u64) {
    let mut story = AuditHistory::new();
    for record in node.records.log.read(0) {
        story.see(&record.unwrap());
    }
    let one_by_one = records(node, "refuse").len() as u64;
    let summed = &story.refusals;
    (one_by_one + summed.count(), summed.uncounted())
}

fn sums(node: &Connector) -> usize {
    records(node, "refuse_summary").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refusals_costs_few_records_and_loses_none() {
    let mut town = TestFederation::new();
    town.settle("lindau", TERMS);
    for alias in ["acme", "other"] {
        town.settle(alias, TERMS);
    }
    std::fs::write(town.home("lindau").join("bundle.json"), town.bundle()).unwrap();
    let node = town.open("lindau");
    let (acme, other) = (caller(&node, "acme"), caller(&node, "other"));
    let before = node.records.log.size();
    for told in 1..=1000 {
        refused(&node, &acme).await;
        if told % 7 == 0 {
            let (counted, allowed) = books(&node);
            assert!(
                counted <= told && told <= counted + allowed,
                "{told} {counted} {allowed}"
            );
        }
    }
    assert!(
        node.records.log.size() - before < 110,
        "{} records",
        node.records.log.size() - before
    );
    assert_eq!(records(&node, "refuse").len(), 100);
    // Another participant is not drawn into it.
    refused(&node, &other).await;
    assert_eq!(records(&node, "refuse").len(), 101);

    let mut at_once = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (node, acme) = (Arc::clone(&node), acme.clone());
        at_once.spawn(async move { refused(&node, &acme).await });
    }
    while let Some(ended) = at_once.join_next().await {
        ended.unwrap();
    }
    node.settle_refusals().await;
    assert_eq!(books(&node), (1201, 0));
    let last = records(&node, "refuse_summary").pop().unwrap();
    let times = ["first", "last"].map(|name| last.body.get(name).and_then(Json::as_text).is_some());
    assert_eq!(times, [true, true]);

    // An end in peace counts what was told.
    for _ in 0..20 {
        refused(&node, &acme).await;
    }
    assert!(books(&node).1 > 0);
    // Whatever still works for it holds its folder.
    node.queries.background_tasks.close();
    node.queries.background_tasks.wait().await;
    drop(node);
    let node = town.open("lindau");
    assert_eq!(books(&node), (1221, 0));

    // When the minute is over, each stands for itself again.
    let acme = caller(&node, "acme");
    for _ in 0..101 {
        refused(&node, &acme).await;
    }
    let (one_by_one, summed) = (records(&node, "refuse").len(), sums(&node));
    for _ in 0..60_000 {
        let _ = (node.clock)();
    }
    refused(&node, &acme).await;
    assert_eq!(records(&node, "refuse").len(), one_by_one + 1);
    assert_eq!(
        sums(&node),
        summed + 1,
        "the sum of the minute before is closed"
    );
    assert_eq!(books(&node), (1221 + 102, 0));
}
