//! `hansa doctor` names the hop that fails, and what repairs it.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use serde_json::Value;

/// The hops at one participant: name, whether it is good, and what was found.
fn hops(asker: &TestParticipant, args: &[&str], at: &str) -> Vec<(String, bool, String)> {
    let done = asker.hansa(&[&["--json", "doctor"], args].concat());
    let all = done.lines();
    let of_it = all.iter().filter(|hop| hop["at"] == at);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_it
        .map(|hop| (text(&hop["check"]), hop["ok"] == true, text(&hop["found"])))
        .collect()
}

fn names(hops: &[(String, bool, String)]) -> Vec<(&str, bool)> {
    hops.iter()
        .map(|(name, is_good, _)| (name.as_str(), *is_good))
        .collect()
}

#[test]
fn each_hop_is_named_and_the_first_that_fails_is_the_last() {
    let league = TestLeague::new(binary());
    let (mut city, firm) = league.bikes_under_contract();
    firm.knows(&city);
    let peer = ["--peer", "lindau"];
    let good = hops(&firm, &peer, "lindau.example");
    let expected = [
        "in the league",
        "name",
        "port",
        "connection",
        "log",
        "catalogue",
        "contracts",
        "bikes",
    ];
    assert_eq!(names(&good), expected.map(|name| (name, true)), "{good:?}");

    // The city sees itself, from its port to its disk.
    let own = hops(&city, &[], "here");
    for check in [
        "log",
        "state",
        "disk",
        "port",
        "datasets",
        "certificate",
        "trust bundle",
    ] {
        let found = own.iter().find(|(name, _, _)| name == check);
        assert!(
            found.is_some_and(|(_, is_good, _)| *is_good),
            "{check}: {own:?}"
        );
    }

    // A dataset that went, under a contract that did not.
    city.hansa(&["--yes", "dataset", "withdraw", "bikes"])
        .must();
    let gone = hops(&firm, &peer, "lindau.example");
    assert_eq!(
        gone.last()
            .map(|(name, is_good, _)| (name.as_str(), *is_good)),
        Some(("bikes", false)),
        "{gone:?}"
    );
    let own = hops(&city, &[], "here");
    let datasets = own.iter().find(|(name, _, _)| name == "datasets").unwrap();
    assert!(
        datasets.2.contains("hansa dataset publish bikes"),
        "{own:?}"
    );

    // Nobody there: what comes behind is not tried.
    city.stop();
    let away = hops(&firm, &peer, "lindau.example");
    let expected = [("in the league", true), ("name", true), ("port", false)];
    assert_eq!(names(&away), expected, "{away:?}");
    let own = hops(&city, &[], "here");
    let port = own.iter().find(|(name, _, _)| name == "port").unwrap();
    assert!(port.2.contains("hansa serve"), "{own:?}");
}
