//! Publications that come at once go on from each other.

use crate::node::testing::{TERMS, Town, published, records, said};

#[tokio::test(flavor = "multi_thread")]
async fn publications_at_once_leave_one_that_is_on_the_books_and_on_disk() {
    let mut town = Town::new();
    town.settle("lindau", TERMS);
    let bundle = town.bundle();
    std::fs::write(town.home("lindau").join("bundle.json"), bundle).unwrap();
    let node = town.open("lindau");
    let file = town.home("lindau").join("data/bikes.csv");
    for round in 0..3 {
        std::fs::write(&file, format!("site,bikes\nHafen,{round}\n")).unwrap();
        let all: Vec<_> = (0..4)
            .map(|_| {
                let node = std::sync::Arc::clone(&node);
                std::thread::spawn(move || published(&node))
            })
            .collect();
        for one in all {
            one.join().unwrap().unwrap();
        }
    }
    let labels: Vec<String> = records(&node, "publish")
        .iter()
        .map(|record| said(record, "version"))
        .collect();
    assert_eq!(labels.len(), 4, "{labels:?}");
    drop(node);
    let (node, found) = town.try_open("lindau", &[]).unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    let shown = node.catalog(|catalog| catalog.datasets().next().cloned());
    assert_eq!(Some(shown.unwrap().version), labels.last().cloned());
}
