//! Tests: concurrent publications follow each other.

use crate::participant::testing::{
    TERMS, TestFederation, publish_configured_datasets, record_text, records_of_kind,
};

#[tokio::test(flavor = "multi_thread")]
async fn publications_at_once_leave_one_that_is_in_the_log_and_on_disk() {
    let mut federation = TestFederation::new();
    federation.set_up_participant("lindau", TERMS);
    let bundle = federation.bundle();
    std::fs::write(federation.home("lindau").join("bundle.json"), bundle).unwrap();
    let connector = federation.open("lindau");
    let file = federation.home("lindau").join("data/bikes.csv");
    for round in 0..3 {
        std::fs::write(&file, format!("site,bikes\nHafen,{round}\n")).unwrap();
        let all: Vec<_> = (0..4)
            .map(|_| {
                let connector = std::sync::Arc::clone(&connector);
                std::thread::spawn(move || publish_configured_datasets(&connector))
            })
            .collect();
        for one in all {
            one.join().unwrap().unwrap();
        }
    }
    let labels: Vec<String> = records_of_kind(&connector, "publish")
        .iter()
        .map(|record| record_text(record, "version"))
        .collect();
    assert_eq!(labels.len(), 4, "{labels:?}");
    drop(connector);
    let (connector, found) = federation.try_open("lindau", &[]).unwrap();
    assert!(
        found.all_findings().is_empty(),
        "{:?}",
        found.all_findings()
    );
    let shown = connector
        .datasets
        .catalog(|catalog| catalog.datasets().next().cloned());
    assert_eq!(Some(shown.unwrap().version), labels.last().cloned());
}

/// A restored folder points to an older label. No label is given twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_names_one_snapshot_also_after_a_restore() {
    let mut federation = TestFederation::new();
    federation.set_up_participant("lindau", TERMS);
    let bundle = federation.bundle();
    std::fs::write(federation.home("lindau").join("bundle.json"), bundle).unwrap();
    let file = federation.home("lindau").join("data/bikes.csv");
    let pointer = federation
        .home("lindau")
        .join("state/datasets/bikes/current.json");
    let connector = federation.open("lindau");
    let old = std::fs::read(&pointer).unwrap();
    std::fs::write(&file, "site,bikes\nHafen,1\n").unwrap();
    publish_configured_datasets(&connector).unwrap();
    std::fs::write(&pointer, old).unwrap();
    std::fs::write(&file, "site,bikes\nHafen,2\n").unwrap();
    publish_configured_datasets(&connector).unwrap();
    let records = records_of_kind(&connector, "publish");
    let labels: std::collections::BTreeSet<String> = records
        .iter()
        .map(|record| record_text(record, "version"))
        .collect();
    assert_eq!(labels.len(), records.len(), "{labels:?}");
}
