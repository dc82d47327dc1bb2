//! Decisions are kept as long as the configuration says. Then they go, everybody who reads says so, and what was proven holds.

use crate::auditor::{export, findings, verify};
use crate::clock::set;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text, wait_for};
use std::time::Duration;

/// A month passes for both: the league signs anew, and the clocks go there.
fn month(league: &TestLeague, lindau: &mut TestParticipant, acme: &TestParticipant, offset: &str) {
    league.hand_bundle_at("lindau", offset);
    let file = |city: &TestParticipant| city.folder().join("trust/bundle.json");
    std::fs::copy(file(lindau), file(acme)).unwrap();
    lindau.stop();
    set(lindau, offset);
    set(acme, offset);
    acme.hansa(&["reload"]).must();
    lindau.serve();
    acme.knows(lindau);
}

#[test]
fn questions_of_long_ago_go_and_both_sides_still_agree() {
    let league = TestLeague::new(super::binary());
    let [mut lindau, mut acme] = ["lindau", "acme"].map(|name| league.city(name));
    for name in ["lindau", "acme"] {
        league.renew_at(name, &format!("{name}.example.request"), "0s");
    }
    let file = lindau.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    let kept = "[audit]\ndecisions = \"40d\"\n\n[limits]\nsegment = \"8 kB\"";
    std::fs::write(&file, toml.replace("[limits]", kept)).unwrap();
    lindau.offers_long(20, ALL);
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    let messages = || {
        let folder = acme.folder().join("state/messages");
        std::fs::read_dir(folder).unwrap().count()
    };
    let before = messages();
    let ask = |acme: &TestParticipant| acme.ask("SELECT count(*) FROM lindau.long").must();
    for _ in 0..12 {
        ask(&acme);
    }
    let requests = |city: &TestParticipant| -> Vec<String> {
        let permits = city.records("permit");
        let ids = permits.iter().map(|one| text(&one["body"], "request_id"));
        ids.collect()
    };
    // The first question under a contract stays, since that something was answered under it counts for good.
    let second = lindau.records("permit").remove(1);
    let (number, asked) = (second["seq"].to_string(), requests(&lindau));
    for offset in ["+29d", "+58d"] {
        month(&league, &mut lindau, &acme, offset);
        for _ in 0..8 {
            ask(&acme);
        }
    }
    let expired = wait_for(
        "what is kept no longer to go",
        Duration::from_secs(30),
        || {
            let expired = lindau.records("expire");
            (!expired.is_empty() && !requests(&lindau).contains(&asked[1])).then_some(expired)
        },
    );
    assert_eq!(expired.len(), 1);
    assert_eq!(text(&expired[0]["body"], "ground"), "retention");
    // A word that took a head along was kept in a message of its own, with the receipt, until it was carried.
    wait_for(
        "the messages to be carried",
        Duration::from_secs(30),
        || (messages() == before).then_some(()),
    );
    let left = requests(&lindau);
    assert_eq!(left[0], asked[0]);
    assert!(left.len() >= 16 && left.len() < 28, "{left:?}");
    assert_eq!(lindau.records("contract").len(), 1);
    // Whoever reads is told so, and nobody takes it for tampering.
    let list = lindau.hansa(&["audit", "list"]).must();
    assert!(list.err.contains("past their retention"), "{}", list.err);
    lindau
        .hansa(&["audit", "show", &number])
        .refused("EVIDENCE_EXPIRED", 7);
    lindau.verifies();
    let compared = acme.hansa(&["audit", "reconcile", "lindau"]).must();
    assert!(
        compared.err.contains("compared is what"),
        "{}",
        compared.err
    );
    let export_folder = tempfile::tempdir().unwrap();
    export(&lindau, export_folder.path(), &[]);
    export(&acme, export_folder.path(), &[]);
    let both = ["lindau.example.bundle", "acme.example.bundle"];
    for verb in ["check", "reconcile"] {
        let (report, status) = verify(export_folder.path(), &[verb, both[0], both[1]]);
        assert_eq!(status, 0, "{report:#}");
        assert_eq!(findings(&report, "broken"), Vec::<String>::new());
    }
    let (report, _) = verify(export_folder.path(), &["check", both[0]]);
    let unseen = report["answers"][0]["unseen"].to_string();
    assert!(unseen.contains("past their retention"), "{report:#}");
    // The index is made anew without them: the contract is in force, and what the firm has taken is still known.
    lindau.kill();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(lindau.folder().join("state").join(name));
    }
    lindau.serve();
    acme.knows(&lindau);
    ask(&acme);
    let used = lindau.hansa(&["contract", "show", &contract]).must().out;
    assert!(used.contains("in force"), "{used}");
    lindau.verifies();
    acme.stop();
}
