//! New data under running answers and standing contracts.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, long_table, number, text, wait_for};
use std::time::Duration;

const ROWS: u32 = 300_000;

fn count(acme: &TestParticipant) -> i64 {
    let answer = acme
        .ask("SELECT count(*) AS n FROM lindau.long")
        .must()
        .lines();
    number(&answer[0], "n")
}

#[test]
fn a_running_answer_keeps_its_snapshot() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    // It only looks, since a firm's folder is locked while its answer runs.
    let other = league.firm("other");
    league.hand_bundle_to("lindau");
    lindau.offers_long(ROWS, ALL);
    lindau.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.long");
    }
    let mut reader = acme.begins();
    lindau.write("data/long.csv", "id,site,note\n1,s1,new\n2,s2,new\n");
    lindau.publishes();
    assert_eq!(count(&other), 2, "who asks now gets what is published now");
    assert_eq!(lindau.records("close").len(), 1, "the first answer goes on");
    let end = reader.end().must();
    let rows = end
        .out
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .count();
    assert_eq!(rows, usize::try_from(ROWS).unwrap());
    assert!(!end.out.contains(",new\n"), "two snapshots in one answer");
    // The old one goes when its last reader has gone.
    let kept = lindau.folder().join("state/datasets/long");
    wait_for(
        "the end of the old snapshot",
        Duration::from_secs(10),
        || (size(&kept) < 1_000_000).then_some(()),
    );

    // Other columns are not what was agreed.
    lindau.write("data/long.csv", "id,site,remark\n1,s1,new\n");
    let config = lindau.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&config).unwrap();
    let toml = toml.replace("name   = \"note\"", "name   = \"remark\"");
    std::fs::write(&config, toml).unwrap();
    lindau.hansa(&["reload"]).must();
    lindau.publishes();
    acme.ask("SELECT count(*) FROM lindau.long")
        .refused("SCHEMA_CHANGED", 3);
    lindau.verifies();
}

fn size(folder: &std::path::Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .filter_map(Result::ok)
        .map(|entry| {
            if entry.path().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().map_or(0, |meta| meta.len())
            }
        })
        .sum()
}

#[test]
fn unreadable_rows_stop_a_publication_and_nothing_changes() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = league.long_table(100, ALL);
    let _ = acme.contract("lindau.long");
    let mut broken = long_table(50);
    broken.push_str("many,s1,no number\n");
    lindau.write("data/long.csv", &broken);
    let refused = lindau.hansa(&["--json", "dataset", "publish"]).ends(6);
    assert!(refused.err.contains("long.csv"), "{}", refused.err);
    assert!(refused.err.contains("52"), "the line: {}", refused.err);
    assert_eq!(count(&acme), 100, "what was published stays");
    let shown = lindau.hansa(&["--json", "dataset", "list"]).must().json();
    assert_eq!(number(&shown, "rows"), 100);
    assert!(!text(&shown, "version").is_empty());
}
