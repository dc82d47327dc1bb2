//! From exported files alone, without the connectors that wrote them, the auditor says who got what under which contract.

mod credentials;
mod false_accusation;
mod forged_permits;
mod incidents;
mod key_transfer;
mod pages;
mod restrictions;
mod statements;

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What `hansa-verify` says to these arguments, and how it ends.
pub(crate) fn verify(folder: &Path, args: &[&str]) -> (Value, u8) {
    let mut all = vec!["hansa-verify".to_owned(), "--json".to_owned()];
    all.extend(args.iter().map(|arg| {
        let file = folder.join(arg);
        if file.exists() {
            file.display().to_string()
        } else {
            (*arg).to_owned()
        }
    }));
    let output = hansa_verify::run_program(all);
    assert_eq!(output.err, "", "{args:?}");
    let value = serde_json::from_str(&output.out).unwrap();
    (value, output.status)
}

/// The findings of a verdict, as sentences.
pub(crate) fn findings(report: &Value, verdict: &str) -> Vec<String> {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| text(finding, "verdict") == verdict)
        .map(|finding| text(finding, "what"))
        .collect()
}

/// Exports the log of a city into a folder that only the auditor has.
pub(crate) fn export(city: &TestParticipant, to: &Path, filter: &[&str]) -> PathBuf {
    let file = to.join(format!("{}.bundle", city.domain()));
    let shown = file.display().to_string();
    let args = ["audit", "export", "-o", &shown];
    city.hansa(&[&args[..], filter].concat()).must();
    file
}

/// lindau, and acme with a contract, three answers, a refusal and a withdrawal.
fn played(league: &TestLeague) -> (TestParticipant, TestParticipant, String) {
    let (lindau, acme) = league.long_table(200, ALL);
    let contract = acme.contract("lindau.long");
    for _ in 0..3 {
        acme.ask("SELECT count(*) FROM lindau.long").must();
    }
    let marketing = [
        "--json",
        "sql",
        "SELECT count(*) FROM lindau.long",
        "--purpose",
    ];
    acme.hansa(&[&marketing[..], &["dpv:Marketing"]].concat())
        .refused("PURPOSE_NOT_COVERED", 3);
    acme.hansa(&[
        "--yes", "contract", "withdraw", &contract, "--reason", "over",
    ])
    .must();
    acme.ask("SELECT count(*) FROM lindau.long")
        .refused("WITHDRAWN", 3);
    acme.hansa(&["audit", "reconcile", "lindau"]).must();
    (lindau, acme, contract)
}

#[test]
fn two_files_say_who_got_what_under_which_contract() {
    let league = TestLeague::new(binary());
    let (lindau, acme, contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    let ours = export(&lindau, folder, &[]);
    export(&acme, folder, &[]);
    let (city, firm) = ("lindau.example.bundle", "acme.example.bundle");

    let (report, status) = verify(folder, &["check", city, firm]);
    assert_eq!(status, 0, "{report:#}");
    // The firm is a witness of the city's log: with its word on a receipt it cosigns the head that it was shown.
    let witness = &report["answers"][0]["witnesses"][0];
    assert_eq!(text(witness, "by"), "hansa://acme.example", "{report:#}");
    assert!(witness["size"].as_u64().unwrap() > 0);
    let (left, status) = verify(folder, &["left", "--to", "acme.example", city]);
    assert_eq!(status, 0);
    let answers = left["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 3, "{answers:#?}");
    for answer in answers {
        assert_eq!(answer["contracts"][0], contract.as_str());
        assert_eq!(answer["acknowledged"], true);
        assert_eq!(text(answer, "to"), "hansa://acme.example");
        assert!(answer["rows"].as_u64().unwrap() > 0, "{answer}");
    }
    let request = text(&answers[0], "request");
    let (one, _) = verify(folder, &["question", &request, city, firm]);
    let sides = one["answers"].as_array().unwrap();
    assert_eq!(sides.len(), 2, "both sides: {sides:#?}");
    assert_eq!(sides[0]["digest"], sides[1]["digest"]);
    let clause = &sides[0]["clauses"][0];
    assert!(
        text(clause, "text").contains("dpv:ResearchAndDevelopment") || clause["applied"] == true
    );

    let at = text(&answers[2], "at");
    let (stood, _) = verify(folder, &["contract", &contract, "--at", &at, city]);
    assert_eq!(stood["answers"][0]["standing"][0]["standing"], "in force");
    assert_eq!(
        stood["answers"][0]["signatures"].as_array().unwrap().len(),
        2
    );
    let (stood, _) = verify(folder, &["contract", &contract, city]);
    assert_eq!(stood["answers"][0]["standing"][0]["standing"], "withdrawn");
    let (sums, status) = verify(folder, &["reconcile", city, firm]);
    assert_eq!(status, 0, "{sums:#}");
    assert_eq!(sums["answers"][0]["matched"], 3, "{sums:#}");
    // The connector's own command does the same, without a connector.
    let both = [city, firm].map(|file| folder.join(file).display().to_string());
    let files = [
        "--json",
        "audit",
        "reconcile",
        "--files",
        &both[0],
        &both[1],
    ];
    assert_eq!(league.hansa(&files).must().json(), sums);
    let neither = ["audit", "reconcile"];
    assert_eq!(league.hansa(&neither).status, Some(2));

    // A part under one contract proves each of its records, and says that it is a part.
    let part = folder.join("part");
    std::fs::create_dir(&part).unwrap();
    export(&lindau, &part, &["--contract", &contract]);
    let (report, status) = verify(&part, &["check", city]);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(report["answers"][0]["part"], true);

    // One record less: the first that is missing is named.
    let bundle = std::fs::read_to_string(&ours).unwrap();
    let place = bundle
        .lines()
        .position(|line| line.contains("\"type\":\"permit\""))
        .unwrap();
    let without = |number: usize| -> String {
        let lines = bundle.lines().enumerate().filter(|(at, _)| *at != number);
        lines.map(|(_, line)| format!("{line}\n")).collect()
    };
    std::fs::write(folder.join("deleted"), without(place)).unwrap();
    let (report, status) = verify(folder, &["check", "deleted", firm]);
    assert_eq!(status, 7);
    let named = format!("record {} is not at its position", place - 1);
    let broken = findings(&report, "broken");
    assert!(
        broken.iter().any(|what| what.starts_with(&named)),
        "{broken:?}"
    );
    // A contract less: what it permitted can't be judged.
    let document = format!("\"name\":\"{contract}\"");
    let place = bundle
        .lines()
        .position(|line| line.contains(&document))
        .unwrap();
    std::fs::write(folder.join("undocumented"), without(place)).unwrap();
    let (report, status) = verify(folder, &["check", "undocumented"]);
    assert_eq!(status, 8, "{report:#}");
    // Another version of the bundle can't be judged here.
    let newer = bundle.replacen("\"bundle/1\"", "\"bundle/9\"", 1);
    std::fs::write(folder.join("newer"), newer).unwrap();
    let (report, status) = verify(folder, &["check", "newer"]);
    assert_eq!(status, 9, "{report:#}");
    // Under the key of another league nothing of it counts.
    let (report, status) = verify(folder, &["check", "--league", "another", city]);
    assert_eq!(status, 7, "{report:#}");
}

#[test]
fn a_log_that_was_written_anew_is_found_by_what_a_partner_holds() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(200, ALL);
    let _ = acme.contract("lindau.long");
    let ask = || acme.ask("SELECT count(*) FROM lindau.long").must();
    ask();
    lindau.hansa(&["backup", "copy.tar"]).must();
    ask();
    ask();
    acme.hansa(&["audit", "reconcile", "lindau"]).must();
    // What happened since is taken out of the log, which is good again by itself.
    lindau.stop();
    let state = lindau.folder().join("state");
    std::fs::rename(&state, lindau.folder().join("aside")).unwrap();
    lindau.hansa(&["restore", "copy.tar", "--yes"]).must();
    lindau.serve();
    acme.knows(&lindau);
    for _ in 0..3 {
        ask();
    }
    lindau.hansa(&["audit", "verify"]).refused("LOG_FORK", 7);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    export(&lindau, folder, &[]);
    export(&acme, folder, &[]);
    let (city, firm) = ("lindau.example.bundle", "acme.example.bundle");
    let (report, status) = verify(folder, &["check", city]);
    // Its own file says so, since the firm told it which head it holds: nothing else is wrong with it.
    assert_eq!(status, 7, "by itself: {report:#}");
    let alone = findings(&report, "broken");
    let of_itself = |what: &String| what.contains("lindau.example signed two histories");
    assert!(alone.iter().all(of_itself), "{alone:#?}");
    let (report, status) = verify(folder, &["check", city, firm]);
    assert_eq!(status, 7);
    let broken = findings(&report, "broken");
    let has = |what: &str| broken.iter().any(|sentence| sentence.contains(what));
    assert!(has("lindau.example signed two histories"), "{broken:#?}");
    assert!(has("acme.example has a signed receipt"), "{broken:#?}");
    assert!(
        has("received an answer that the log of lindau.example lacks"),
        "{broken:#?}"
    );
    let proof = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| !finding["proof"].as_array().unwrap().is_empty());
    let proof = proof.unwrap()["proof"].as_array().unwrap().clone();
    assert_eq!(proof.len(), 2);
    for head in proof {
        let head = head.as_str().unwrap();
        assert!(
            head.starts_with("lindau.example/hansa/evidence\n"),
            "{head}"
        );
    }
}
