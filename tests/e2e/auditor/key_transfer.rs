//! Values of one participant that narrow what another is asked for: they go where the contract lets them, both have it on
//! their logs, and the auditor holds each sending against the contract.

use super::forged_permits::{forge, read};
use super::{export, findings, verify};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use serde_json::{Value, json};
use std::fmt::Write as _;

const SQL: &str = "SELECT r.ride, s.district FROM lindau.sites s JOIN bregenz.rides r ON r.site = s.site \
                   WHERE s.district = 'Altstadt'";

/// What a forger does to the body of a record, and what is said of it.
type KeyTransferForgery = (&'static str, fn(&mut Value), &'static str);

/// The offers of sites: to whom they let values go.
const OFFERS: [(&str, &str); 3] = [
    ("silent", ""),
    ("elsewhere", "[\"acme.example\"]"),
    ("there", "[\"bregenz.example\"]"),
];

/// A few sites of one city, of which two are in the old town, and many rides of another.
fn world(league: &TestLeague) -> (TestParticipant, TestParticipant, TestParticipant) {
    let [mut lindau, mut bregenz] = ["lindau", "bregenz"].map(|alias| league.city(alias));
    let acme = league.firm("acme");
    for alias in ["lindau", "bregenz", "acme"] {
        league.hand_bundle_to(alias);
    }
    let mut sites = "site,district\n".to_owned();
    let mut rides = "ride,site,note\n".to_owned();
    for site in 0..40 {
        let district = if site < 2 { "Altstadt" } else { "Au" };
        writeln!(
            sites,
            "s{site},{district}{}",
            if site < 2 { "" } else { " und mehr" }
        )
        .unwrap();
    }
    for ride in 0..30_000 {
        writeln!(rides, "{ride},s{},n{}", ride % 40, ride % 7).unwrap();
    }
    lindau.holds("sites", &sites, "");
    bregenz.holds("rides", &rides, "");
    for city in [&mut lindau, &mut bregenz] {
        city.publishes();
    }
    for (name, to) in OFFERS {
        let travel = format!("\njoin = {{ travel = {{ columns = [\"site\"], to = {to} }} }}");
        let travel = if to.is_empty() { String::new() } else { travel };
        lindau.offers(
            "sites",
            name,
            &format!("{ALL}{travel}"),
            "\"league\"",
            "auto",
        );
    }
    bregenz.offers("rides", "all", ALL, "\"league\"", "auto");
    for city in [&mut lindau, &mut bregenz] {
        city.serve();
        acme.knows(city);
    }
    let _ = acme.contract("bregenz.rides");
    (lindau, bregenz, acme)
}

/// Asks, and gives what is said of whoever has the rides.
fn asked(acme: &TestParticipant) -> Value {
    let lines = acme
        .hansa(&["--json", "sql", SQL, "--purpose", PURPOSE])
        .must()
        .lines();
    let rows: Vec<&Value> = lines
        .iter()
        .filter(|line| line.get("hansa").is_none())
        .collect();
    assert_eq!(rows.len(), 1_500);
    let report = lines.iter().find_map(|line| line.get("hansa")).unwrap();
    let all = report["participants"].as_array().unwrap();
    let mut of = all
        .iter()
        .filter(|one| one["participant"] == "bregenz.example");
    of.next().unwrap().clone()
}

#[test]
fn keys_go_where_the_contract_lets_them_and_are_in_both_logs() {
    let league = TestLeague::new(binary());
    let (lindau, mut bregenz, mut acme) = world(&league);
    // Silence keeps them at home, and others than who is asked are no help.
    for (name, _) in OFFERS {
        let contract = acme.contract_on("lindau.sites", name);
        let went = asked(&acme);
        let keys = went["keys"].as_array().unwrap();
        if name == "there" {
            assert_eq!(keys[0]["values"], 2, "{went:#}");
            assert!(text(&went, "sql").contains("'s1'"), "{went:#}");
            break;
        }
        assert!(keys.is_empty(), "{went:#}");
        assert_eq!(went["rows"], 30_000, "{went:#}");
        let remote_queries = acme.records("remote_query");
        let reported = remote_queries
            .iter()
            .find(|record| record["body"].get("keys").is_some());
        assert_eq!(reported, None);
        acme.hansa(&[
            "--yes", "contract", "withdraw", &contract, "--reason", "newer",
        ])
        .must();
    }
    let record = acme.records("remote_query").pop().unwrap();
    let keys = &record["body"]["keys"][0];
    assert_eq!(
        (&keys["of"][0]["column"], &keys["values"]),
        (&json!("site"), &json!(2)),
        "{record:#}"
    );
    // Who answered has the text with the values, under its commitment.
    let request = text(&record["body"], "request_id");
    let reported = bregenz
        .hansa(&["--json", "audit", "show", &request])
        .must()
        .out;
    assert!(
        reported.contains("'s0'") && reported.contains("'s1'"),
        "{reported}"
    );

    let export_folder = tempfile::tempdir().unwrap();
    for city in [&lindau, &bregenz, &acme] {
        export(city, export_folder.path(), &[]);
    }
    let all = ["lindau", "bregenz", "acme"].map(|name| format!("{name}.example.bundle"));
    let (report, status) = verify(export_folder.path(), &["check", &all[0], &all[1], &all[2]]);
    assert_eq!(status, 0, "{report:#}");
    // Whoever gets a part sees it, too, if values of its own went out.
    let since = text(&record, "t");
    let parts = [
        ["--participant", "bregenz.example"],
        ["--participant", "lindau.example"],
        ["--from", &since],
    ];
    for part in parts {
        let folder = tempfile::tempdir().unwrap();
        let file = export(&acme, folder.path(), &part);
        let (report, status) = verify(folder.path(), &["check", &all[2]]);
        assert_eq!(status, 0, "{part:?}: {report:#}");
        let held = std::fs::read_to_string(file).unwrap();
        assert!(held.contains("\"keys\":[{"), "{part:?}");
    }
    bregenz.stop();
    acme.stop();
    let (copied, records) = read(&export_folder.path().join(&all[2]));
    let at = records
        .iter()
        .position(|record| record["body"].get("keys").is_some())
        .unwrap();
    let forgeries: [KeyTransferForgery; 6] = [
        (
            "of no column",
            |body| leave_out(&mut body["keys"][0]["of"][0], "column"),
            "of which column",
        ),
        (
            "to somebody else",
            |body| body["peer"] = json!("hansa://other.example"),
            "no clause of contract",
        ),
        (
            "of another column",
            |body| body["keys"][0]["of"][0]["column"] = json!("district"),
            "no clause of contract",
        ),
        (
            "by another clause",
            |body| body["keys"][0]["of"][0]["clause"] = json!(77),
            "no clause of contract",
        ),
        (
            "without a contract",
            |body| leave_out(&mut body["keys"][0]["of"][0], "contract"),
            "no contract is named",
        ),
        (
            "under a contract of something else",
            |body| body["keys"][0]["of"][0]["contract"] = body["contracts"][0].clone(),
            "of another dataset",
        ),
    ];
    for (name, change, expected) in forgeries {
        let mut forged = records.clone();
        change(&mut forged[at]["body"]);
        forge(
            &acme,
            &forged,
            &copied,
            &export_folder.path().join("forged"),
        );
        let (report, status) = verify(export_folder.path(), &["check", "forged"]);
        let texts = findings(&report, "broken");
        assert_eq!(status, 7, "{name}");
        assert!(
            texts.iter().any(|one| one.contains(expected)),
            "{name}: {texts:#?}"
        );
    }
    // Without a question before by which they could have come.
    let mut never = records.clone();
    let giver = text(&records[at]["body"]["keys"][0]["of"][0], "contract");
    never.retain(|record| {
        let asked = record["body"]["contracts"].as_array();
        record["type"] != "remote_query" || asked.is_none_or(|all| !all.contains(&json!(giver)))
    });
    forge(&acme, &never, &copied, &export_folder.path().join("forged"));
    let texts = findings(
        &verify(export_folder.path(), &["check", "forged"]).0,
        "broken",
    );
    assert!(
        texts
            .iter()
            .any(|one| one.contains("nothing had been asked for")),
        "{texts:#?}"
    );
    // Before the contract was active.
    let mut early = records.clone();
    let last = early.remove(at);
    let first = early
        .iter()
        .position(|record| record["type"] == "contract")
        .unwrap();
    early.insert(
        first,
        json!({"t": early[first]["t"], "type": "remote_query", "body": last["body"]}),
    );
    forge(&acme, &early, &copied, &export_folder.path().join("forged"));
    let texts = findings(
        &verify(export_folder.path(), &["check", "forged"]).0,
        "broken",
    );
    assert!(
        texts.iter().any(|one| one.contains("was not in force")),
        "{texts:#?}"
    );
}

/// Removes a member of an object.
fn leave_out(object: &mut Value, member: &str) {
    object.as_object_mut().unwrap().remove(member).unwrap();
}
