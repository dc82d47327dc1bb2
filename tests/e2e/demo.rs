//! The demo plays to its end, does what it says in every step, and leaves nothing behind.

use serde_json::Value;
use std::process::{Command, Stdio};

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
    let folders: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    let stage = folders[0].as_ref().unwrap().path();
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
