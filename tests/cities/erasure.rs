//! What questions said stands beside the log and can be erased; the log and its proofs stay.

use harness::league::League;
use harness::play::{ALL, text, wait_for};
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
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    lindau.offers("bikes", "all", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
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
