//! A log that was changed by hand is found out, by its owner and by anybody who holds a copy and a head.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::CommandOutput;
use hansa_test_support::workflow::{ALL, text};
use std::path::{Path, PathBuf};

fn records(log: &Path) -> PathBuf {
    std::fs::read_dir(log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .unwrap()
}

fn copy(log: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// The check named this record as the first bad one.
#[track_caller]
fn first_bad(outcome: &CommandOutput, index: usize) {
    assert_eq!(outcome.status, Some(7), "{outcome:?}");
    let fault = outcome.json()["fault"].as_str().unwrap().to_owned();
    assert!(fault.starts_with(&format!("record {index} ")), "{fault}");
}

#[test]
fn a_changed_log_does_not_verify() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(200, ALL);
    let log = lindau.folder().join("state/log");
    copy(&log, &league.folder().join("earlier"));
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    for _ in 0..3 {
        acme.ask("SELECT count(*) FROM lindau.long").must();
    }
    lindau.stop();
    let text = std::fs::read_to_string(records(&log)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let permit = lines
        .iter()
        .position(|line| line.contains("\"type\":\"permit\""))
        .unwrap();
    let verify = |name: &str, lines: &[&str]| {
        let folder = league.folder().join(name);
        copy(&log, &folder);
        std::fs::write(records(&folder), format!("{}\n", lines.join("\n"))).unwrap();
        league.hansa(&["--json", "audit", "verify", name])
    };
    verify("whole", &lines).must();

    // The same number of bytes, one of them another.
    let edited = lines[permit].replacen("lindau.example/d/long", "lindau.example/d/lung", 1);
    assert_ne!(edited, lines[permit]);
    let mut changed = lines.clone();
    changed[permit] = &edited;
    first_bad(&verify("edited", &changed), permit);

    let mut removed = lines.clone();
    removed.remove(permit);
    first_bad(&verify("removed", &removed), permit);
    let mut swapped = lines.clone();
    swapped.swap(permit, permit + 1);
    first_bad(&verify("swapped", &swapped), permit);
    // A tail is missing, but the newest head in the copy knows better.
    first_bad(&verify("cut", &lines[..lines.len() - 2]), lines.len() - 2);

    // A copy that ends too early is whole by itself; whoever holds a newer head sees that it is not all.
    let heads = std::fs::read_to_string(log.join("heads")).unwrap();
    let parts: Vec<&str> = heads.trim().split("\n\n").collect();
    let newest = parts[parts.len() - 2..].join("\n\n");
    std::fs::write(league.folder().join("newest"), newest).unwrap();
    std::fs::write(league.folder().join("nothing"), "no head\n").unwrap();
    let against = |head: &str| league.hansa(&["audit", "verify", "earlier", "--head", head]);
    league.hansa(&["audit", "verify", "earlier"]).must();
    let broken = against("newest").ends(7);
    assert!(broken.err.contains("EVIDENCE_BROKEN"), "{}", broken.err);
    let refused = against("nothing").ends(7);
    assert!(
        refused.err.contains("EVIDENCE_INCOMPLETE"),
        "{}",
        refused.err
    );

    // The owner does not go on over a broken log.
    std::fs::write(records(&log), format!("{}\n", changed.join("\n"))).unwrap();
    let opened = lindau.hansa(&["--json", "sql", "SELECT count(*) FROM lindau.long"]);
    assert_ne!(opened.status, Some(0), "{}", opened.out);
    assert!(opened.out.is_empty(), "{}", opened.out);
}

#[test]
fn an_export_holds_what_was_asked_for_and_no_more() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let firms = [league.firm("acme"), league.firm("other")];
    league.hand_bundle_to("lindau");
    lindau.offers_long(200, ALL);
    lindau.serve();
    for firm in &firms {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.long");
        firm.ask("SELECT count(*) FROM lindau.long").must();
    }
    let acme = ["--participant", "acme.example"];
    let done = ["--json", "audit", "list", "--outcome", "done"];
    let closes = lindau.hansa(&[&done[..], &acme].concat()).must().lines();
    assert_eq!(closes.len(), 1, "the end of acme's answer: {closes:?}");
    let permit = closes[0]["body"]["opened"].to_string();
    let output = lindau.hansa(&["--json", "audit", "show", &permit]).must();
    let kinds: Vec<_> = output.lines().iter().map(|one| text(one, "type")).collect();
    assert!(kinds.starts_with(&["permit".to_owned()]), "{kinds:?}");
    assert!(kinds.contains(&"close".to_owned()), "{kinds:?}");

    for form in ["csv", "parquet", "bundle"] {
        let name = format!("acme.{form}");
        let export = ["audit", "export", "-o", &name];
        let command_output = lindau.hansa(&[&export[..], &acme].concat()).must();
        let bytes = std::fs::read(lindau.folder().join(&name)).unwrap();
        let file = String::from_utf8_lossy(&bytes);
        // The league's list of members is the same for everybody.
        let records = |line: &&str| !line.contains("\"document\":\"trust\"");
        let file: Vec<&str> = file.lines().filter(records).collect();
        let file = file.join("\n");
        assert!(file.contains("acme.example"), "{name}");
        assert!(!file.contains("other.example"), "{name}");
        // What can't be checked is not recommended for it.
        assert_eq!(
            command_output.out.contains("hansa-verify check"),
            form == "bundle"
        );
    }
    lindau.hansa(&["audit", "verify", "acme.bundle"]).must();
    lindau
        .hansa(&["audit", "export", "-o", "x.csv", "--last", "5"])
        .refused("USAGE", 2);
}

#[test]
fn an_answer_that_is_not_read_to_its_end_is_no_trouble() {
    let league = TestLeague::new(super::binary());
    let (_lindau, acme) = league.long_table(2000, ALL);
    let _ = acme.contract("lindau.long");
    acme.ask("SELECT a.id FROM lindau.long a, lindau.long b LIMIT 3")
        .must();
    let lines = acme
        .hansa(&["--json", "audit", "reconcile", "lindau"])
        .must()
        .lines();
    assert!(!lines.is_empty());
    for line in &lines {
        let finding = text(line, "finding");
        assert!(
            ["matched", "not taken"].contains(&finding.as_str()),
            "{line}"
        );
    }
}

#[test]
pub(crate) fn a_log_that_does_not_go_on_from_what_was_shown_is_noticed() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.long_table(200, ALL);
    let _ = acme.contract("lindau.long");
    let ask = || acme.ask("SELECT count(*) FROM lindau.long").must();
    ask();
    lindau.hansa(&["backup", "copy.tar"]).must();
    // So many that the copy, which grows by a start and a greeting, is still the shorter one when it is shown.
    for _ in 0..12 {
        ask();
    }
    let log = |hops: &[serde_json::Value]| {
        let hop = hops
            .iter()
            .find(|hop| text(hop, "check") == "log" && hop["at"] != "here");
        hop.cloned().unwrap()
    };
    let hops = acme.hansa(&["--json", "doctor", "lindau"]).must().lines();
    assert_eq!(log(&hops)["ok"], true);
    acme.hansa(&["audit", "reconcile", "lindau"]).must();
    assert!(acme.records("log_fork").is_empty());

    // Somebody puts the older copy in the place of what happened since.
    lindau.stop();
    let state = lindau.folder().join("state");
    std::fs::rename(&state, lindau.folder().join("aside")).unwrap();
    lindau.hansa(&["restore", "copy.tar", "--yes"]).must();
    lindau.serve();
    lindau.verifies();
    acme.knows(&lindau);
    let hops = acme.hansa(&["--json", "doctor", "lindau"]).ends(7).lines();
    assert_eq!(text(&log(&hops), "code"), "LOG_FORK", "{hops:?}");
    let status = acme.hansa(&["status"]).must().out;
    assert!(status.contains("LOG_FORK"), "{status}");
    acme.hansa(&["audit", "reconcile", "lindau"])
        .refused("LOG_FORK", 7);

    // It is noted once, with both heads as they were signed, also when the new history outgrows the old one.
    for _ in 0..18 {
        ask();
    }
    let forks = acme.records("log_fork");
    assert_eq!(forks.len(), 1, "{forks:?}");
    let size = |name: &str| -> u64 {
        let head = text(&forks[0], name);
        assert!(
            head.starts_with("lindau.example/hansa/evidence\n"),
            "{head}"
        );
        head.lines().nth(1).unwrap().parse().unwrap()
    };
    // A head of the copy is held against all that were seen. One may be of its very size: that is a fork by itself.
    assert!(size("shown") <= size("known"), "{forks:?}");
    let root = |name: &str| text(&forks[0], name).lines().nth(2).map(str::to_owned);
    assert_ne!(root("shown"), root("known"), "{forks:?}");
    acme.hansa(&["audit", "reconcile", "lindau"])
        .refused("LOG_FORK", 7);
    acme.hansa(&["audit", "verify"]).refused("LOG_FORK", 7);
}
