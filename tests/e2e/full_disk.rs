//! A log that can't be written: nothing is answered, it is said why, and nothing else is lost.

use crate::auditor::{export, findings, verify};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text, wait_for};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ASK: &str = "SELECT sum(bikes) AS total FROM lindau.bikes";

fn answered(acme: &TestParticipant) {
    let answer = acme.ask(ASK).must().lines();
    assert_eq!(number(&answer[0], "total"), 387);
}

/// What waits for the operator.
fn waiting(city: &TestParticipant) -> String {
    city.hansa(&["--json", "status"]).must().json()["waiting"].to_string()
}

/// Makes the log the largest of all files, so that a limit on files is one on the log.
fn lengthen_the_log(city: &TestParticipant) -> u64 {
    let branches = vec!["SELECT bikes FROM lindau.bikes"; 60].join(" UNION ALL ");
    for _ in 0..4 {
        city.hansa(&[
            "--json",
            "sql",
            &format!("SELECT count(*) FROM ({branches}) AS u"),
        ])
        .must();
    }
    let log = city.folder().join("state/log");
    let sizes = std::fs::read_dir(log).unwrap();
    sizes
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "jsonl"))
        .map(|entry| entry.metadata().unwrap().len())
        .max()
        .unwrap()
}

/// What stands in the log's folder, with lengths.
fn files_of_the_log(city: &TestParticipant) -> Vec<(String, u64)> {
    let files = std::fs::read_dir(city.folder().join("state/log")).unwrap();
    let files = files.map(|entry| entry.unwrap());
    let files = files.map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, entry.metadata().unwrap().len())
    });
    files.collect()
}

#[test]
pub(crate) fn without_its_log_nothing_is_answered() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes_under_contract();
    answered(&acme);
    let longest = lengthen_the_log(&lindau);
    let index = std::fs::metadata(lindau.folder().join("state/state.db"))
        .unwrap()
        .len();
    assert!(index < longest, "{index} {longest}");
    lindau.stop();

    // Room for a few records more.
    lindau.serve_within(longest / 512 + 30);
    acme.knows(&lindau);
    let mut reported = 0;
    let refused = (0..40).map(|_| acme.ask(ASK)).find(|asked| {
        reported += usize::from(asked.out.contains("total"));
        asked.status != Some(0)
    });
    // The answer at the limit may have begun under the last ruling that was written; then it says that it is not whole.
    assert!(refused.is_some(), "the log did not come to its limit");
    for _ in 0..3 {
        let again = acme.ask(ASK).refused("EVIDENCE_UNAVAILABLE", 1);
        assert!(!again.out.contains("total"), "no row leaves: {}", again.out);
    }
    // The operator hears of it from a process that lives, and own questions are no exception.
    assert!(
        waiting(&lindau).contains("log can't be written"),
        "{}",
        waiting(&lindau)
    );
    let doctor = lindau.hansa(&["--json", "doctor"]);
    assert_eq!(doctor.status, Some(1), "{}", doctor.out);
    let codes = ["EVIDENCE_UNAVAILABLE", "DISK_FULL"];
    assert!(
        codes.iter().any(|code| doctor.out.contains(code)),
        "{}",
        doctor.out
    );
    let own = lindau.hansa(&["--json", "sql", ASK]);
    assert_eq!(own.status, Some(1), "{}", own.out);
    assert!(own.out.is_empty(), "{}", own.out);
    assert!(
        codes.iter().any(|code| own.err.contains(code)),
        "{}",
        own.err
    );

    let copy = ["audit", "verify", "state/log"];
    let stopped = lindau.hansa(&copy);
    assert_eq!(
        stopped.status,
        Some(0),
        "{}{}{:?}",
        stopped.out,
        stopped.err,
        files_of_the_log(&lindau)
    );
    assert!(stopped.out.contains("was stopped"), "{}", stopped.out);
    assert!(lindau.records("stop").is_empty());
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    // It is said afterwards why there was nothing, and the file that could not be written is not written any more.
    let stops = lindau.records("stop");
    assert_eq!(stops.len(), 1, "{stops:?}");
    let unheard = lindau.records("refusal_count");
    assert!(
        unheard
            .iter()
            .any(|sum| text(&sum["body"], "peer") == "hansa://acme.example"),
        "who heard nothing is on the books: {unheard:?}"
    );
    let next = lindau.records("segment");
    assert_eq!(next.len(), 1, "{next:?}");
    assert_eq!(next[0]["body"]["suspect"], true, "{next:?}");
    assert_eq!(next[0]["body"]["previous"], stops[0]["body"]["segment"]);
    let permits = lindau.records("permit");
    let to_acme = permits
        .iter()
        .filter(|permit| permit.to_string().contains("acme.example"))
        .count();
    assert!(
        reported < to_acme,
        "{reported} answers, {to_acme} rulings with the first"
    );
    answered(&acme);
    assert!(!waiting(&lindau).contains("log"), "{}", waiting(&lindau));
    lindau.verifies();
    acme.verifies();
}

#[test]
fn a_disk_that_is_almost_full_answers_nothing() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = league.bikes_under_contract();
    answered(&acme);
    let before = lindau.records("permit").len();
    let file = lindau.folder().join("hansa.toml");
    let text_before = std::fs::read_to_string(&file).unwrap();
    // More than any disk has free.
    let text_after = text_before.replace("[limits]", "[limits]\nreserve = \"1000000 GB\"");
    assert_ne!(text_before, text_after);
    std::fs::write(&file, text_after).unwrap();
    let (mut lindau, acme) = (lindau, acme);
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    let refused = acme.ask(ASK).refused("EVIDENCE_UNAVAILABLE", 1);
    assert!(!refused.out.contains("total"), "{}", refused.out);
    let last = lindau.records("refuse").pop().unwrap();
    assert_eq!(text(&last["body"], "code"), "EVIDENCE_UNAVAILABLE");
    assert_eq!(lindau.records("pause").len(), 1);
    let doctor = lindau.hansa(&["--json", "doctor"]);
    assert_ne!(doctor.status, Some(0));
    assert!(
        doctor
            .lines()
            .iter()
            .any(|hop| text(hop, "code") == "DISK_FULL"),
        "{}",
        doctor.out
    );
    std::fs::write(&file, text_before).unwrap();
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    assert_eq!(lindau.records("permit").len(), before);
    answered(&acme);
    lindau.verifies();
}

/// Ends the one contract of a connector whose disk takes nothing more; it is over at once.
fn withdraws(lindau: &TestParticipant, acme: &TestParticipant) -> String {
    let contract = acme.listed("contract").pop().unwrap();
    let end = ["--yes", "--json", "contract", "withdraw", &contract];
    let output = lindau.hansa(&[&end[..], &["--reason", "over"]].concat());
    assert_eq!(output.must().json()["withdrawn"], true);
    let asked = acme.ask(ASK);
    assert_ne!(asked.status, Some(0));
    assert!(!asked.out.contains("total"), "{}", asked.out);
    contract
}

/// After a start with room: it is over, in the log and in the files, and the other side hears of it.
fn is_withdrawn(lindau: &TestParticipant, acme: &TestParticipant, contract: &str) {
    let _ = acme.ask(ASK).refused("WITHDRAWN", 3);
    assert_eq!(lindau.records("withdraw").len(), 1);
    let kept = std::fs::read_dir(lindau.folder().join("state/withdrawals")).unwrap();
    assert_eq!(kept.count(), 1);
    let heard = acme.hansa(&["--json", "contract", "list"]).must().lines();
    let mut heard = heard.iter().filter(|one| text(one, "contract") == contract);
    assert!(heard.any(|one| one.to_string().contains("withdrawn")));
    let export_folder = tempfile::tempdir().unwrap();
    export(lindau, export_folder.path(), &[]);
    export(acme, export_folder.path(), &[]);
    let files = ["check", "lindau.example.bundle", "acme.example.bundle"];
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 0, "{report:#}");
    assert!(findings(&report, "broken").is_empty(), "{report:#}");
    lindau.verifies();
}

#[test]
fn a_withdrawal_holds_where_the_log_can_not_be_written() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes_under_contract();
    let longest = lengthen_the_log(&lindau);
    lindau.stop();
    lindau.serve_within(longest / 512 + 30);
    acme.knows(&lindau);
    let refused = (0..40).any(|_| acme.ask(ASK).status != Some(0));
    assert!(refused, "the log did not come to its limit");
    let contract = withdraws(&lindau, &acme);
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    is_withdrawn(&lindau, &acme, &contract);
}

/// Takes all that is left. What the connector itself lets go of later may hold a small file.
fn fill(folder: &Path) {
    let mut ballast = std::fs::File::create(folder.join("ballast")).unwrap();
    for size in [64 * 1024, 1] {
        while ballast.write_all(&vec![1; size]).is_ok() {}
    }
}

/// Mounts a small file system over the state of a city.
fn on_a_file_system_of_its_own(city: &TestParticipant) {
    let (state, aside) = (city.folder().join("state"), city.folder().join("aside"));
    std::fs::rename(&state, &aside).unwrap();
    std::fs::create_dir(&state).unwrap();
    let run = |program: &str, args: &[&str]| {
        let done = Command::new(program).args(args).args([&state]).status();
        assert!(done.is_ok_and(|status| status.success()), "{program}");
    };
    run(
        "mount",
        &["-t", "tmpfs", "-o", "size=160m,mode=0700", "none"],
    );
    let inside = aside.join(".").display().to_string();
    run("cp", &["-a", &inside]);
}

#[test]
#[ignore = "run by another test with file systems of its own"]
fn in_a_small_world() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes_under_contract();
    lindau.stop();
    on_a_file_system_of_its_own(&lindau);
    lindau.serve();
    acme.knows(&lindau);
    answered(&acme);
    let state = lindau.folder().join("state");
    fill(&state);
    let contract = withdraws(&lindau, &acme);
    std::fs::remove_file(state.join("ballast")).unwrap();
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    is_withdrawn(&lindau, &acme, &contract);
    println!("it holds");
}

/// The connector looks at its peers every two seconds, and more often at others of its files.
const LOOKS_AT_ALL: Duration = Duration::from_secs(7);

#[test]
#[ignore = "run by another test with file systems of its own"]
fn in_a_full_world() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes_under_contract();
    lindau.stop();
    on_a_file_system_of_its_own(&lindau);
    lindau.serve();
    acme.knows(&lindau);
    answered(&acme);
    let state = lindau.folder().join("state");
    fill(&state);
    let begun = Instant::now();
    while begun.elapsed() < LOOKS_AT_ALL {
        acme.ask(ASK).refused("EVIDENCE_UNAVAILABLE", 1);
    }
    std::fs::remove_file(state.join("ballast")).unwrap();
    wait_for(
        "an answer without a restart",
        Duration::from_secs(20),
        || (acme.ask(ASK).status == Some(0)).then_some(()),
    );
    lindau.verifies();
    println!("it holds");
}

#[test]
fn a_withdrawal_holds_on_a_full_disk() {
    holds_in_a_world_of_its_own("full_disk::in_a_small_world");
}

#[test]
fn a_full_disk_ends_no_connector() {
    holds_in_a_world_of_its_own("full_disk::in_a_full_world");
}

/// Runs a test that mounts file systems, where this machine lets it.
fn holds_in_a_world_of_its_own(test: &str) {
    let own = ["--user", "--map-root-user", "--mount"];
    let possible = Command::new("unshare").args(own).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        // The test before does the same with a limit on files.
        println!("no file system of its own is to be had here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(own)
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{complaint}");
    assert!(text.contains("it holds"), "{text}");
}
