//! What questions said stands beside the log and can be erased; the log and its proofs stay.

use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text, wait_for};
use std::path::Path;
use std::time::Duration;

/// Whether a file below the folder holds these bytes.
fn found(folder: &Path, wanted: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return found(&path, wanted);
        }
        // The socket is no file to be read.
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes
            .windows(wanted.len())
            .any(|part| part == wanted.as_bytes())
    })
}

#[test]
fn a_question_is_erased_and_every_proof_stays() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes_under_contract();
    let ask = |name: &str| {
        let sql = format!("SELECT bikes FROM lindau.bikes WHERE site <> '{name}'");
        acme.ask(&sql).must();
    };
    ask("Boyed");
    ask("Geibel");
    let permits = lindau.records("permit");
    let ids: Vec<String> = permits
        .iter()
        .map(|one| text(&one["body"], "request_id"))
        .collect();
    let shown = |id: &str| {
        let lines = lindau
            .hansa(&["--json", "audit", "show", id])
            .must()
            .lines();
        lines[0]["sql"].as_str().map(str::to_owned)
    };
    wait_for("the texts", Duration::from_secs(10), || {
        (shown(&ids[0]).is_some() && shown(&ids[1]).is_some()).then_some(())
    });
    assert!(shown(&ids[0]).unwrap().contains("Boyed"));
    // Nowhere in the state of the city it stands in the clear, least of all in the log.
    assert!(!found(&lindau.folder().join("state/log"), "Boyed"));
    assert!(!found(&lindau.folder().join("state/side"), "Boyed"));
    let once = ["audit", "erase", &ids[0], "--ground", "request"];
    lindau.hansa(&once).refused("CONFIRMATION_NEEDED", 2);
    let erase = || lindau.hansa(&[&["--json", "--yes"][..], &once].concat());
    assert_eq!(erase().must().json()["erased"], 1);
    assert_eq!(shown(&ids[0]), None);
    assert!(shown(&ids[1]).is_some());
    let erased = lindau.records("erase");
    assert_eq!(erased.len(), 1);
    assert_eq!(
        erased[0]["body"]["objects"][0],
        permits[0]["body"]["sql_commit"]
    );
    assert_eq!(erased[0]["body"]["ground"], "request");
    let _ = erase().ends(2);
    lindau.verifies();
    acme.hansa(&["audit", "reconcile", "lindau"]).must();

    // What is kept no longer is erased by the connector itself.
    let file = lindau.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{toml}\n[audit]\nsql = \"0s\"\n")).unwrap();
    lindau.stop();
    lindau.serve();
    wait_for("the end of the time", Duration::from_secs(20), || {
        (lindau.records("erase").len() == 2).then_some(())
    });
    acme.knows(&lindau);
    acme.ask("SELECT bikes FROM lindau.bikes WHERE site <> 'Overbeck'")
        .must();
    for permit in &lindau.records("permit") {
        let id = text(&permit["body"], "request_id");
        let lines = lindau
            .hansa(&["--json", "audit", "show", &id])
            .must()
            .lines();
        assert_eq!(lines[0].get("sql"), None, "{id}");
    }
    let last = &lindau.records("erase")[1];
    assert_eq!(text(&last["body"], "ground"), "retention");
    lindau.verifies();
}

#[test]
fn a_copy_holds_the_texts_but_none_that_its_log_says_is_erased() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes_under_contract();
    for name in ["Boyed", "Geibel"] {
        let sql = format!("SELECT bikes FROM lindau.bikes WHERE site <> '{name}'");
        acme.ask(&sql).must();
    }
    let permits = lindau.records("permit");
    let id = |at: usize| text(&permits[at]["body"], "request_id");
    let shown = |id: &str| {
        let show = ["--json", "audit", "show", id];
        let lines = lindau.hansa(&show).must().lines();
        lines[0]["sql"].as_str().map(str::to_owned)
    };
    wait_for("the texts", Duration::from_secs(10), || {
        (shown(&id(0)).is_some() && shown(&id(1)).is_some()).then_some(())
    });
    let side = lindau.folder().join("state/side");
    let whole = ["keys", "objects.jsonl"].map(|name| std::fs::read(side.join(name)).unwrap());
    let once = ["audit", "erase", &id(0), "--ground", "request"];
    lindau.hansa(&[&["--yes"], &once[..]].concat()).must();
    // As if the record had been written and the act not been done, when the copy was made.
    lindau.stop();
    for (name, bytes) in ["keys", "objects.jsonl"].iter().zip(&whole) {
        std::fs::write(side.join(name), bytes).unwrap();
    }
    lindau.serve();
    lindau.hansa(&["backup", "copy.tar"]).must();
    lindau.stop();
    std::fs::rename(lindau.folder().join("state"), lindau.folder().join("aside")).unwrap();
    lindau.hansa(&["--yes", "restore", "copy.tar"]).must();
    lindau.serve();
    let again = |id: &str| {
        let show = ["--json", "audit", "show", id];
        let lines = lindau.hansa(&show).must().lines();
        lines[0]["sql"].as_str().map(str::to_owned)
    };
    assert_eq!(again(&id(0)), None, "it was erased");
    assert!(again(&id(1)).unwrap().contains("Geibel"));
}

#[test]
fn every_folder_of_a_state_is_in_a_copy_or_known_not_to_be() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.offers_long(20, ALL);
    lindau.serve();
    let _acme = league.firm("acme");
    let add = ["group", "add", "friends", "acme.example"];
    league.hand_bundle_to("lindau");
    lindau.hansa(&["reload"]).must();
    lindau.hansa(&add).must();
    lindau.hansa(&["backup", "copy.tar"]).must();
    let file = std::fs::File::open(lindau.folder().join("copy.tar")).unwrap();
    let mut copied = tar::Archive::new(file);
    let copied: std::collections::BTreeSet<String> = copied
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    for entry in std::fs::read_dir(lindau.folder().join("state")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        // What is made again, or belongs to this run alone.
        let apart = [
            "spill",
            "lock",
            "hansa.sock",
            "address",
            "config.digest",
            // The copies that this machine has made: a copy can't name itself, and a restored one is on another machine.
            "backups.jsonl",
            "history.txt",
            "clock",
        ];
        if apart.contains(&name.as_str()) || name.starts_with("state.db-") {
            continue;
        }
        let path = format!("state/{name}");
        let empty = entry.path().is_dir() && std::fs::read_dir(entry.path()).unwrap().count() == 0;
        let held = |one: &String| *one == path || one.starts_with(&format!("{path}/"));
        assert!(
            empty || copied.iter().any(held),
            "{path} is not in the copy"
        );
    }
}

#[test]
fn nobody_can_tell_who_asked_once_that_is_erased() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut speyer = league.city("speyer");
    league.hand_bundle_to("lindau");
    league.hand_bundle_to("speyer");
    lindau.offers_long(20, ALL);
    lindau.serve();
    speyer.serve();
    speyer.knows(&lindau);
    let _ = speyer.contract("lindau.long");
    let ask = || speyer.ask("SELECT count(*) FROM lindau.long").must();
    ask();
    ask();
    let remote_queries = speyer.records("remote_query");
    let (first, second) = (
        text(&remote_queries[0], "actor"),
        text(&remote_queries[1], "actor"),
    );
    assert_eq!(first.len(), 16, "{remote_queries:#?}");
    assert_eq!(first, second, "one person, one pseudonym");
    let index = remote_queries[0]["seq"].to_string();
    let shown = || {
        let show = ["--json", "audit", "show", &index];
        let lines = speyer.hansa(&show).must().lines();
        lines[0].clone()
    };
    let user = shown()["actor_user"].as_u64().unwrap().to_string();
    let state = speyer.folder().join("state");
    assert!(found(&state.join("log"), &first));
    assert!(
        !found(&state.join("people"), &first),
        "nothing in the clear"
    );
    let key = std::fs::read(state.join("people/keys")).unwrap();

    let erase = ["audit", "erase", "--actor", &user, "--ground", "request"];
    speyer.hansa(&erase).refused("CONFIRMATION_NEEDED", 2);
    speyer.hansa(&[&["--yes"], &erase[..]].concat()).must();
    let after = shown();
    assert_eq!(text(&after, "actor"), first, "the record is as it was");
    assert!(after.get("actor_user").is_none(), "{after:#}");
    let bytes = std::fs::read(state.join("people/keys")).unwrap();
    assert_ne!(key, bytes, "the key is gone");
    assert_eq!(speyer.records("erase").len(), 1);
    speyer
        .hansa(&[&["--yes"], &erase[..]].concat())
        .refused("USAGE", 2);
    ask();
    let third = text(speyer.records("remote_query").last().unwrap(), "actor");
    assert_ne!(third, first, "who comes again is somebody new");
    speyer.verifies();
    // The provider never learns of either.
    assert!(!found(&lindau.folder().join("state/log"), &first));
}
