//! Commands that read write nothing and sign nothing, however often they are given, here and at whoever is asked.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text};
use std::collections::BTreeMap;

const COUNT: &str = "SELECT count(*) FROM lindau.long";

/// Every file of a log, with its bytes.
fn files(city: &TestParticipant) -> BTreeMap<String, Vec<u8>> {
    let folder = city.folder().join("state/log");
    let entries = std::fs::read_dir(folder).unwrap();
    let named = entries.map(|entry| {
        let path = entry.unwrap().path();
        (
            path.display().to_string(),
            std::fs::read(&path).unwrap_or_default(),
        )
    });
    named.collect()
}

/// How many records of a log tell of heads.
fn of_heads(city: &TestParticipant) -> usize {
    let kinds = ["checkpoint_seen", "checkpoint_gossiped", "witnessed"];
    let log = city.log();
    let of_heads = log
        .iter()
        .filter(|record| kinds.contains(&text(record, "type").as_str()));
    of_heads.count()
}

#[test]
fn commands_that_read_leave_no_trace() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200, ALL);
    let contract = acme.contract("lindau.long");
    acme.ask(COUNT).must();
    let commands: [&[&str]; 20] = [
        &["contract", "list"],
        &["contract", "show", &contract],
        &["catalog", "list"],
        &["catalog", "show", "lindau.long"],
        &["audit", "list"],
        &["audit", "heads"],
        &["audit", "summary"],
        &["audit", "show", "0", "--proof"],
        &["audit", "person", "7d2a90cc1b3f5e64"],
        &["audit", "received"],
        &["status"],
        &["status", "--minutes"],
        &["peer", "list"],
        &["dataset", "list"],
        &["policy", "list"],
        &["running", "list"],
        &["delivery", "list"],
        &["worker", "list"],
        &["backup", "list"],
        &["person", "list"],
    ];
    let all = || {
        for command in commands {
            acme.hansa(command).must();
        }
    };
    all();
    let (ours, theirs) = (files(&acme), of_heads(&lindau));
    for _ in 0..3 {
        all();
    }
    let after = files(&acme);
    for (name, bytes) in &ours {
        assert!(after.get(name) == Some(bytes), "{name} was written");
    }
    assert_eq!(ours.len(), after.len());
    assert_eq!(of_heads(&lindau), theirs);
}

#[test]
fn a_list_of_records_leaves_checkpoints_out() {
    let league = TestLeague::new(binary());
    let (_lindau, acme) = league.long_table(200, ALL);
    let _ = acme.contract("lindau.long");
    acme.ask(COUNT).must();
    let kinds = |more: &[&str]| -> Vec<String> {
        let list = [&["--json", "audit", "list"], more].concat();
        let lines = acme.hansa(&list).must().lines();
        lines.iter().map(|line| text(line, "type")).collect()
    };
    let seen = |kinds: &[String]| {
        kinds
            .iter()
            .filter(|kind| *kind == "checkpoint_seen")
            .count()
    };
    let plain = kinds(&[]);
    assert_eq!(seen(&plain), 0, "{plain:?}");
    assert!(plain.contains(&"remote_query".to_owned()), "{plain:?}");
    assert!(seen(&kinds(&["--checkpoints"])) > 0);
    assert!(seen(&kinds(&["--outcome", "checkpoint_seen"])) > 0);
    let output = acme.hansa(&["audit", "list"]).must();
    assert!(output.err.contains("--checkpoints"), "{}", output.err);
}
