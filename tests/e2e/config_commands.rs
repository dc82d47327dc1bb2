//! Commands that change the configuration: all else in the file stays, a second writer is refused, what is wrong is not written, and the
//! record is there before the file.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{CommandOutput, TestParticipant};
use hansa_test_support::workflow::{ALL, policy_text, text};
use serde_json::Value;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Stdio;

const SECOND: u32 = 61_234;

fn own() -> u32 {
    std::fs::metadata("/proc/self").unwrap().uid()
}

fn read(city: &TestParticipant, name: &str) -> String {
    std::fs::read_to_string(city.folder().join(name)).unwrap()
}

/// SHA-256 of the configuration, as a command tells it.
fn config_digest(city: &TestParticipant) -> String {
    let shown = city.hansa(&["--json", "config", "show"]).must().json();
    text(&shown, "digest")
}

fn policy_digest(city: &TestParticipant, name: &str) -> String {
    let shown = city.hansa(&["--json", "policy", "show", name]).must();
    text(&shown.json(), "digest")
}

/// Runs a command with a text on standard input.
fn pipe(city: &TestParticipant, args: &[&str], input: &str) -> CommandOutput {
    let mut child = city
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    CommandOutput {
        command: args.join(" "),
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Files of a folder that a change could leave behind.
fn list_unfinished(city: &TestParticipant) -> Vec<String> {
    let folders = [city.folder().to_path_buf(), city.folder().join("policies")];
    let entries = folders.iter().filter_map(|folder| folder.read_dir().ok());
    let names = entries.flatten().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.ends_with(".new")).collect()
}

fn serving_city(league: &TestLeague) -> TestParticipant {
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.configure("# --- what we publish ---\n");
    lindau.offers_bikes("open", ALL, "officer");
    lindau.configure("# the end\n");
    lindau.serve();
    lindau
}

#[test]
fn one_key_changes_and_comments_stay() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league);
    let file = lindau.folder().join("hansa.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    // The file that people edit may lie elsewhere.
    let real = lindau.folder().join("real.toml");
    std::fs::rename(&file, &real).unwrap();
    std::os::unix::fs::symlink("real.toml", &file).unwrap();
    let before = read(&lindau, "hansa.toml");
    let digest = config_digest(&lindau);
    let set = |value: &str, digest: &str| {
        let args = ["--json", "dataset", "set", "bikes", "quality", value];
        lindau.hansa(&[&args[..], &["--if-digest", digest]].concat())
    };
    let changed = set("checked \"daily\"", &digest).must().json();
    assert_eq!(changed["written"], true, "{changed}");
    assert_eq!(changed["in_force"], true, "{changed}");
    let after = read(&lindau, "hansa.toml");
    let added: Vec<&str> = after
        .lines()
        .filter(|line| !before.lines().any(|old| old == *line))
        .collect();
    assert_eq!(added, ["quality = 'checked \"daily\"'"], "{after}");
    assert_eq!(after.lines().count(), before.lines().count() + 1);
    assert!(after.contains("# --- what we publish ---") && after.ends_with("# the end\n"));
    let kept = std::fs::symlink_metadata(&file).unwrap();
    assert!(kept.file_type().is_symlink());
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // The connector goes by it without a reload by hand.
    assert_eq!(config_digest(&lindau), text(&changed, "digest"));
    // Who read the file before is refused, and loses nothing but the change.
    let refused = set("other", &digest).refused("CONFIG_CHANGED", 3);
    assert!(
        refused.err.contains(&config_digest(&lindau)),
        "{}",
        refused.err
    );
    assert_eq!(read(&lindau, "hansa.toml"), after);
    let records = lindau.records("config_changed");
    assert_eq!(records.len(), 1, "{records:?}");
    let body = &records[0]["body"];
    assert_eq!(text(body, "change"), "dataset set");
    assert_eq!(text(body, "subject"), "bikes");
    assert_eq!(text(body, "old"), digest);
    assert_eq!(text(body, "new"), text(&changed, "digest"));
    assert_eq!(text(body, "actor").len(), 16, "{body}");
    assert!(!records[0].to_string().contains("checked"), "{records:?}");
    // The record that it is in force comes behind it.
    let number = |record: &Value| record["seq"].as_u64().unwrap();
    let in_force = lindau.records("config");
    assert!(number(in_force.last().unwrap()) > number(&records[0]));
    assert!(list_unfinished(&lindau).is_empty());
    lindau.verifies();
}

#[test]
fn bad_input_changes_nothing() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league);
    lindau.write("broken.toml", "title = \"x\"\ncolumns = [\"nosuch\"]\n");
    let policy = lindau.folder().join("broken.toml").display().to_string();
    let open = policy_digest(&lindau, "open");
    let (before, policy_before) = (
        read(&lindau, "hansa.toml"),
        read(&lindau, "policies/open.toml"),
    );
    for args in [
        &["dataset", "set", "bikes", "source", "x"][..],
        &["dataset", "set", "bikes", "personal", "perhaps"],
        &["dataset", "set", "bikes", "kind", "guessed"],
        &["dataset", "set", "bikes", "title", ""],
        &["dataset", "set", "nosuch", "title", "x"],
        &["dataset", "set", "bikes", "title", "x", "--if-digest", "12"],
        &["offer", "add", "bikes", "--policy", "nosuch"],
        &["offer", "add", "nosuch", "--policy", "open"],
        &["offer", "add", "bikes", "--policy", "../keys/tls.key"],
        &[
            "offer", "add", "bikes", "--policy", "open", "--to", "no such",
        ],
        &["offer", "add", "bikes", "--policy", "open"],
        &["offer", "remove", "bikes", "--policy", "nosuch"],
        &["policy", "put", "open", &policy, "--if-digest", &open],
        &["policy", "put", "../x", &policy, "--dataset", "bikes"],
        &["policy", "put", "new", &policy, "--dataset", "bikes"],
        &["policy", "put", "new", &policy],
        &[
            "person", "add", "x", "--name", "X", "--role", "king", "--unix", "5",
        ],
        &[
            "person", "add", "X", "--name", "X", "--role", "officer", "--unix", "5",
        ],
        &["--yes", "person", "end", "nobody"],
    ] {
        let refused = lindau.hansa(args);
        assert!(
            !matches!(refused.status, Some(0) | None),
            "{args:?}: {}",
            refused.out
        );
        assert_eq!(read(&lindau, "hansa.toml"), before, "{args:?}");
        assert_eq!(
            read(&lindau, "policies/open.toml"),
            policy_before,
            "{args:?}"
        );
        assert!(
            !lindau.folder().join("policies/new.toml").exists(),
            "{args:?}"
        );
        assert!(list_unfinished(&lindau).is_empty(), "{args:?}");
    }
    assert!(lindau.records("config_changed").is_empty());
    // A problem that was there before hinders nobody, and a rehearsal writes nothing.
    lindau.configure("[[offer]]\ndataset = \"gone\"\npolicy = \"open\"\nto = \"league\"\n");
    let before = read(&lindau, "hansa.toml");
    let set = ["dataset", "set", "bikes", "title", "Wheels"];
    lindau.hansa(&[&["--dry-run"], &set[..]].concat()).must();
    assert_eq!(read(&lindau, "hansa.toml"), before);
    assert!(lindau.records("config_changed").is_empty());
    let _ = lindau.hansa(&set);
    assert_eq!(
        read(&lindau, "hansa.toml"),
        before.replace("A test table", "Wheels")
    );
}

#[test]
fn a_policy_is_put_once_for_each_digest() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league);
    let before = read(&lindau, "policies/open.toml");
    let digest = policy_digest(&lindau, "open");
    let wider = format!("# ours\n{before}");
    let put = ["--json", "policy", "put", "open"];
    // One that is there is replaced only by whoever has read it.
    pipe(&lindau, &put, &wider).refused("CONFIG_CHANGED", 3);
    let with = [&put[..], &["--if-digest", &digest]].concat();
    let changed = pipe(&lindau, &with, &wider).must().json();
    assert_eq!(changed["in_force"], true, "{changed}");
    assert_eq!(read(&lindau, "policies/open.toml"), wider);
    assert_eq!(policy_digest(&lindau, "open"), text(&changed, "digest"));
    pipe(&lindau, &with, &before).refused("CONFIG_CHANGED", 3);
    assert_eq!(read(&lindau, "policies/open.toml"), wider);
    // A new one from a file, and the offer of it; then both end.
    lindau.write("closer.toml", &policy_text("closer", ALL));
    let file = lindau.folder().join("closer.toml").display().to_string();
    let put = ["policy", "put", "closer", &file, "--dataset", "bikes"];
    lindau.hansa(&put).must();
    lindau.hansa(&put).refused("CONFIG_CHANGED", 3);
    let before = read(&lindau, "hansa.toml");
    let add = [
        "offer",
        "add",
        "bikes",
        "--policy",
        "closer",
        "--to",
        "acme.example",
        "--auto",
    ];
    lindau.hansa(&add).must();
    lindau.hansa(&add).refused("USAGE", 2);
    let listed = lindau.hansa(&["--json", "policy", "list"]).must().lines();
    let offered: Vec<_> = listed
        .iter()
        .filter(|one| text(one, "name") == "closer")
        .collect();
    assert_eq!(offered.len(), 1, "{listed:?}");
    assert_eq!(text(offered[0], "sign"), "auto");
    lindau
        .hansa(&["offer", "remove", "bikes"])
        .refused("USAGE", 2);
    lindau
        .hansa(&["offer", "remove", "bikes", "--policy", "closer"])
        .must();
    assert_eq!(read(&lindau, "hansa.toml").trim_end(), before.trim_end());
    let words: Vec<String> = lindau
        .records("config_changed")
        .iter()
        .map(|record| text(record, "change"))
        .collect();
    assert_eq!(
        words,
        ["policy put", "policy put", "offer add", "offer remove"]
    );
    lindau.verifies();
}

#[test]
fn two_writers_at_once_make_one_change() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league);
    let digest = config_digest(&lindau);
    let values = ["one", "two", "three", "four"];
    let running: Vec<_> = values
        .iter()
        .map(|value| {
            let args = [
                "dataset",
                "set",
                "bikes",
                "title",
                value,
                "--if-digest",
                &digest,
            ];
            let mut command = lindau.command(&args);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let ended = running
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    let won: Vec<bool> = ended.map(|output| output.status.success()).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let (value, _) = values.iter().zip(&won).find(|(_, won)| **won).unwrap();
    let text = read(&lindau, "hansa.toml");
    assert!(text.contains(&format!("\"{value}\"")), "{text}");
    assert_eq!(lindau.records("config_changed").len(), 1);
}

#[test]
fn without_a_connector_a_change_is_recorded_too() {
    let league = TestLeague::new(binary());
    let mut lindau = serving_city(&league);
    lindau.stop();
    lindau
        .hansa(&["dataset", "set", "bikes", "title", "Wheels"])
        .must();
    assert!(read(&lindau, "hansa.toml").contains("\"Wheels\""));
    let records = lindau.records("config_changed");
    assert_eq!(records.len(), 1);
    assert!(records[0]["body"].get("actor").is_none(), "{records:?}");
    lindau.serve();
    lindau.verifies();
}

#[test]
fn a_person_is_added_by_two_and_ended_by_one() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    let operator = |key: &str, user: u32| {
        format!("[person.{key}]\nname = \"{key}\"\nroles = [\"operator\"]\nunix = \"{user}\"\n")
    };
    lindau.configure(&format!(
        "[officers]\nusers = [\"{}\", \"{SECOND}\"]\n{}{}",
        own(),
        operator("maria", own()),
        operator("jonas", SECOND)
    ));
    lindau.serve();
    let add = [
        "--json",
        "person",
        "add",
        "eva",
        "--name",
        "Eva Maria",
        "--role",
        "signer",
        "--role",
        "officer",
        "--unix",
        "61235",
    ];
    let before = read(&lindau, "hansa.toml");
    let asked = lindau.hansa(&add).must().json();
    assert_eq!(text(&asked, "waits_for"), "second person", "{asked}");
    assert_eq!(asked["written"], false, "{asked}");
    assert_eq!(read(&lindau, "hansa.toml"), before);
    lindau.hansa(&add).refused("SECOND_OFFICER_NEEDED", 3);
    let status = lindau.hansa(&["--json", "status"]).must().json();
    let waiting = status["waiting"].as_array().unwrap().iter();
    let approvals: Vec<_> = waiting.filter(|item| item["kind"] == "approval").collect();
    assert_eq!(approvals.len(), 1, "{status}");
    assert_eq!(
        text(approvals[0], "act"),
        "hansa person add eva --name 'Eva Maria' --role officer --role signer --unix 61235"
    );
    assert_eq!(read(&lindau, "hansa.toml"), before);
    if own() == 0 {
        // Another user can be another user only with root's help.
        lindau.hansa_as(SECOND, &add).must();
        let after = read(&lindau, "hansa.toml");
        assert!(after.starts_with(&before), "{after}");
        assert!(after.contains("[person.eva]"), "{after}");
        let people = lindau.hansa(&["--json", "person", "list"]).must();
        let found = people
            .lines()
            .into_iter()
            .find(|one| one["name"] == "Eva Maria");
        assert_eq!(text(&found.unwrap(), "short_name"), "eva");
        let records = lindau.records("config_changed");
        assert_eq!(records.len(), 1, "{records:?}");
        let (whole, log) = (records[0].to_string(), lindau.log());
        assert!(!whole.contains("eva") && !whole.contains("Eva"), "{whole}");
        assert!(
            log.iter().all(|record| !record.to_string().contains("Eva")),
            "no name of a person stands in the log"
        );
        lindau.hansa(&["--yes", "person", "end", "eva"]).must();
        let after = read(&lindau, "hansa.toml");
        assert_eq!(after.trim_end(), before.trim_end());
        // An approval is good once.
        let asked = lindau.hansa(&add).must().json();
        assert_eq!(text(&asked, "waits_for"), "second person", "{asked}");
    }
    lindau.verifies();
}
