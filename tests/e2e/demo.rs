//! The demo plays to its end, does what it says in every step, and leaves nothing behind.

use hansa_test_support::workflow::wait_for;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Runs it with a temporary folder of its own; gives status, objects and what is left in the folder.
fn play(args: &[&str]) -> (Option<i32>, Vec<Value>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(super::binary())
        .args(["demo", "--exit", "--json"])
        .args(args)
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let objects = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    (output.status.code(), objects, left)
}

fn names(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["name"].as_str().unwrap())
        .collect()
}

#[test]
fn every_step_does_what_it_says() {
    let (status, steps, left) = play(&[]);
    assert_eq!(status, Some(0));
    assert_eq!(
        names(&steps),
        [
            "stage",
            "open",
            "officer",
            "analyst",
            "refusals",
            "withdrawal",
            "recall",
            "auditor"
        ]
    );
    assert!(steps.iter().all(|step| step["ok"] == true));
    assert!(steps[3]["figures"]["cells_absent"].as_i64().unwrap() > 0);
    assert_eq!(steps[5]["figures"]["rows_after"], 0);
    assert_eq!(left, 0, "something is left behind");
}

#[test]
fn a_role_plays_its_part_alone() {
    let (status, steps, left) = play(&["--role", "officer"]);
    assert_eq!(status, Some(0));
    assert_eq!(names(&steps), ["stage", "officer", "withdrawal", "recall"]);
    assert_eq!(left, 0, "something is left behind");
}

/// `hansa try` with a question; gives status, what it told and what is left in its folder.
fn trial(args: &[&str]) -> (Option<i32>, Value, usize) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(super::binary())
        .args(["try", "--json"])
        .args(args)
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let told = serde_json::from_str(&text).unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    (output.status.code(), told, left)
}

#[test]
fn one_command_gives_one_governed_answer() {
    let (status, told, left) = trial(&[]);
    assert_eq!(status, Some(0));
    let answer = told["answer"].as_array().unwrap();
    let sites = answer.iter().filter(|row| row["bikes"].as_i64() > Some(0));
    assert_eq!(sites.count(), 3, "{answer:?}");
    assert!(told["commands"].as_array().unwrap().len() <= 12, "{told}");
    let records = told["records"].as_array().unwrap();
    let permits = records.iter().filter(|record| record["type"] == "permit");
    assert_eq!(permits.count(), 1, "{records:?}");
    assert_eq!(left, 0, "something is left behind");

    // It is a question as any other: what the contract does not permit is refused.
    let (status, told, _) = trial(&["SELECT * FROM munster.bike_counts"]);
    assert_eq!(status, Some(3), "{told}");
    assert_eq!(told["error"]["code"], "AGGREGATE_ONLY", "{told}");
}

#[test]
fn an_interruption_ends_everything() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(super::binary())
        .args(["demo", "--json"])
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let closing = out
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.contains("\"closing\""));
    let closing: Value = serde_json::from_str(&closing.expect("the story ends")).unwrap();
    assert_eq!(closing["figures"]["try"].as_array().unwrap().len(), 5);
    let consoles = closing["figures"]["consoles"].as_array().unwrap();
    let people = [
        ("http://lisbon-", json!(["officer", "signer"])),
        ("http://acme-", json!(["analyst"])),
        ("http://munster-", json!(["auditor"])),
        ("http://ottawa-", json!(["operator"])),
    ];
    assert_eq!(consoles.len(), people.len(), "{closing}");
    for (console, (host, roles)) in consoles.iter().zip(people) {
        assert!(
            console["address"].as_str().unwrap().starts_with(host),
            "{closing}"
        );
        assert_eq!(console["roles"], roles, "{closing}");
        assert!(console.get("code").is_none(), "{closing}");
    }
    let folders: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    let stage = folders[0].as_ref().unwrap().path();
    // Whoever runs it can open the console of a city.
    let invited = Command::new(super::binary())
        .args(["--json", "--config"])
        .arg(stage.join("lisbon"))
        .arg("console")
        .output()
        .unwrap();
    let invited: Value = serde_json::from_slice(&invited.stdout).unwrap();
    let address = invited["address"].as_str().unwrap();
    assert!(
        address.starts_with("http://lisbon-") && address.ends_with("/enter"),
        "{invited}"
    );
    let sockets = ["lisbon", "munster"].map(|city| stage.join(city).join("state/hansa.sock"));
    assert!(
        sockets
            .iter()
            .all(|socket| std::os::unix::net::UnixStream::connect(socket).is_ok())
    );
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(
        sockets
            .iter()
            .all(|socket| std::os::unix::net::UnixStream::connect(socket).is_err())
    );
}

/// The codes of the next consoles that a trial prints.
fn read_codes(lines: &mut impl Iterator<Item = String>) -> Vec<String> {
    let codes = lines.filter_map(|line| {
        let (_, code) = line.split_once("/enter   code ")?;
        Some(code.to_owned())
    });
    codes.take(2).collect()
}

#[test]
fn a_trial_opens_consoles_and_a_line_gives_new_codes() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(super::binary())
        .args(["try", "--console"])
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let first = read_codes(&mut lines);
    let input = child.stdin.as_mut().unwrap();
    writeln!(input).unwrap();
    input.flush().unwrap();
    let second = read_codes(&mut lines);
    assert_eq!((first.len(), second.len()), (2, 2));
    assert!(second.iter().all(|code| !first.contains(code)), "{first:?}");
    // The end of the input is no line, and ends nothing.
    drop(child.stdin.take());
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The objects that a stage tells until it waits.
fn stage(folder: &std::path::Path) -> (std::process::Child, Vec<Value>) {
    use std::io::{BufRead as _, BufReader};
    let mut child = Command::new(super::binary())
        .args(["demo", "--stage", "--until-stdin-ends", "--json", "--dir"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        told.push(serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        if told.last().unwrap()["name"] == "closing" {
            break;
        }
    }
    (child, told)
}

/// Whether the connector of a city can be reached.
fn serves(folder: &std::path::Path, city: &str) -> bool {
    std::os::unix::net::UnixStream::connect(folder.join(city).join("state/hansa.sock")).is_ok()
}

#[test]
fn a_stage_waits_with_signed_contracts_and_ends_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, told) = stage(folder.path());
    assert_eq!(names(&told), ["stage", "contracts", "closing"]);
    assert!(told.iter().all(|step| step["ok"] == true), "{told:?}");
    let listed = Command::new(super::binary())
        .args(["--json", "contract", "list", "--config"])
        .arg(folder.path().join("acme"))
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let in_force = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["state"] == "in force");
    assert_eq!(in_force.count(), 3, "{listed}");
    assert!(serves(folder.path(), "lisbon"));
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!serves(folder.path(), "lisbon"));
}

#[test]
fn connectors_of_a_stage_that_is_killed_end_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _) = stage(folder.path());
    assert!(serves(folder.path(), "munster"));
    child.kill().unwrap();
    child.wait().unwrap();
    // Each closes its answers and its log first.
    wait_for("the end of the connector", LONG, || {
        (!serves(folder.path(), "munster")).then_some(())
    });
}
