//! A log that has forked is an incident with an end: everybody is told, the participant states it with another key, and what comes
//! later is as good as ever.

use crate::auditor::{export, findings, verify};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const COUNT: &str = "SELECT count(*) FROM lindau.long";

/// The firm's folder, copied as a person would.
pub(crate) fn copy_firm(league: &TestLeague, acme: &TestParticipant) -> TestParticipant {
    let folder = league.folder().join("copy");
    let done = Command::new("cp")
        .args([Path::new("-r"), acme.folder(), &folder])
        .status();
    assert!(done.unwrap().success());
    TestParticipant::new(binary(), folder, "acme.example")
}

/// Both copies ask until both sides know.
pub(crate) fn fork(lindau: &TestParticipant, acme: &TestParticipant, copy: &TestParticipant) {
    for _ in 0..2 {
        copy.ask(COUNT).must();
    }
    wait_for("both sides find the fork", Duration::from_secs(120), || {
        let _ = acme.ask(COUNT);
        let known = |city: &TestParticipant| !city.records("log_fork").is_empty();
        (known(lindau) && known(acme)).then_some(())
    });
}

fn another_key(league: &TestLeague, acme: &TestParticipant) {
    acme.hansa(&["rekey", "--output", "again.request"]).must();
    let (request, join) = ("acme/again.request", "acme/again.join");
    league
        .hansa(&[
            "league", "admit", request, "--dir", "league", "--output", join,
        ])
        .must();
    acme.hansa(&["join", "again.join"]).must();
}

#[test]
fn a_copied_folder_is_an_incident_that_its_participant_closes() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200, ALL);
    let _ = acme.contract("lindau.long");
    acme.ask(COUNT).must();
    let since = acme.log().pop().map(|last| text(&last, "t")).unwrap();
    let copy = copy_firm(&league, &acme);
    fork(&lindau, &acme, &copy);

    // Both are told what it is, what is likely behind it, and who does what.
    for (city, who) in [(&lindau, "tell acme.example"), (&acme, "hansa rekey")] {
        let reported = city.hansa(&["doctor"]).ends(7).out;
        for part in ["LOG_FORK", "copied", "backup", who, "docs/incidents.md"] {
            assert!(reported.contains(part), "{part}: {reported}");
        }
        let output = city.hansa(&["audit", "verify"]).ends(7);
        assert!(output.out.contains("forked:"), "{}", output.out);
        let heads = city.hansa(&["--json", "audit", "heads"]).must().lines();
        let of_acme = heads
            .iter()
            .filter(|line| text(line, "log") == "hansa://acme.example");
        for line in of_acme.filter(|line| text(line, "is") != "cosigned") {
            assert_eq!(line["proven"], false, "{line}");
        }
    }
    // A copy of the log says the same without a connector.
    let log = lindau.folder().join("state/log").display().to_string();
    run(binary(), league.folder(), &["audit", "verify", &log]).refused("LOG_FORK", 7);
    let export_folder = tempfile::tempdir().unwrap();
    let files = ["check", "lindau.example.bundle", "acme.example.bundle"];
    for city in [&lindau, &acme] {
        export(city, export_folder.path(), &[]);
    }
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 7, "{report:#}");

    // Where the configuration says so, nobody whose log has forked is answered.
    acme.ask(COUNT).must();
    let config = lindau.folder().join("hansa.toml");
    let plain = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{plain}\n[audit]\nforked_logs = \"refuse\"\n"),
    )
    .unwrap();
    lindau.hansa(&["reload"]).must();
    acme.ask(COUNT).refused("LOG_FORK", 7);

    // The old key is in the other copy: nothing is stated with it.
    let cause = ["--yes", "audit", "incident", "--cause", "copied-folder"];
    let state = [&cause[..], &["--since", &since]].concat();
    acme.hansa(&state).refused("LOG_FORK", 7);
    another_key(&league, &acme);
    let said = acme
        .hansa(&[&["--json"], &state[..]].concat())
        .must()
        .json();
    assert_eq!(said["told"][0], "lindau.example", "{said}");
    assert!(number(&said, "from") > 0, "{said}");

    // It is closed at both, and told as what it was.
    for city in [&lindau, &acme] {
        let stated = wait_for("the statement is here", Duration::from_secs(60), || {
            Some(city.records("incident")).filter(|all| !all.is_empty())
        });
        assert_eq!(stated.len(), 1, "{stated:#?}");
        assert_eq!(text(&stated[0], "cause"), "copied-folder");
        let reported = city.hansa(&["doctor"]).must().out;
        assert!(reported.contains("folder was copied"), "{reported}");
        let reported = city.hansa(&["audit", "verify"]).must().out;
        assert!(reported.contains("incident:"), "{reported}");
        let heads = city.hansa(&["audit", "heads"]).must().out;
        assert!(
            heads.contains("incident") && !heads.contains("LOG_FORK"),
            "{heads}"
        );
    }
    run(binary(), league.folder(), &["audit", "verify", &log]).must();

    // Later history is good again, with the incident shown, and cosigned again.
    let before = acme.records("witnessed").len();
    wait_for("the log is cosigned again", Duration::from_secs(60), || {
        acme.ask(COUNT).must();
        (acme.records("witnessed").len() > before).then_some(())
    });
    for city in [&lindau, &acme] {
        export(city, export_folder.path(), &[]);
    }
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(text(&report, "verdict"), "good");
    let shown = findings(&report, "incident");
    let (stated, closed): (Vec<_>, Vec<_>) = shown
        .iter()
        .partition(|one| one.contains("its folder was copied"));
    assert_eq!(stated.len(), 2, "{report:#}");
    // What the other copy asked stands beside it, question by question.
    assert!(!closed.is_empty(), "{report:#}");
    let of_it = |one: &&String| one.contains("is of an incident that acme.example has stated");
    assert!(closed.iter().all(of_it), "{closed:?}");

    // What the other copy shows now is another fork.
    wait_for("the copy is found again", Duration::from_secs(120), || {
        let _ = copy.ask(COUNT);
        (lindau.records("log_fork").len() == 2).then_some(())
    });
    acme.ask(COUNT).refused("LOG_FORK", 7);
    export(&lindau, export_folder.path(), &[]);
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 7, "{report:#}");
}

#[test]
fn nothing_is_stated_where_nothing_is_wrong() {
    let league = TestLeague::new(binary());
    let (_lindau, acme) = league.long_table(200, ALL);
    let _ = acme.contract("lindau.long");
    acme.hansa(&["--yes", "audit", "incident"])
        .refused("USAGE", 2);
    // A head of its own history is no fork either.
    let head = std::fs::read_to_string(acme.folder().join("state/log/heads")).unwrap();
    acme.write("own.head", &head);
    acme.hansa(&["--yes", "audit", "incident", "--head", "own.head"])
        .refused("USAGE", 2);
    assert!(acme.records("incident").is_empty());
}
