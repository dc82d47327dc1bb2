//! The pages about laws show the facts of the participant that is asked, and the record of processing what is stated and what is not.

use crate::bicycle_counts::{BicycleCounts, MODEL};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{PURPOSE, text};
use serde_json::Value;
use std::collections::BTreeMap;

const TRIPS: &str = r#"
[[dataset]]
name = "trips"
title = "Trips of bicycles"
licence = "CC-BY-4.0"
kind = "measured"
collection_method = "receivers on the bicycles"
quality = "checked each week"
service_level = "new rows by 06:00 UTC"
data_subjects = "cyclists"
[dataset.source]
kind = "text"
path = "data/trips.csv"
[[dataset.column]]
name = "site"
meaning = "where it was counted"
uncertainty = "± 10 m"
[[dataset.column]]
name = "device"
personal = true
[[dataset.column]]
name = "phone"
personal = true
[[dataset.column]]
name = "owner"
personal = true
"#;

const BARE: &str = r#"
[[dataset]]
name = "bare"
title = "A table of which little is said"
licence = "proprietary"
[dataset.source]
kind = "text"
path = "data/bare.csv"
[[dataset.column]]
name = "site"
"#;

const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"device\", \"owner\"]\n\
    mask = { owner = \"null\" }\nlegal_basis = \"eu-gdpr:A6-1-e\"\nduties = [\"delete-after 30 days\"]\n\
    valid = { from = 2026-01-01, until = 2029-12-31 }";

/// Facts that are those of the binary, or of a state that this world does not reach: other tests read the same functions.
const ELSEWHERE: [&str; 4] = ["version", "readiness", "incidents", "receipts"];

/// The pages, by the facts that they name.
fn facts(city: &TestParticipant) -> BTreeMap<String, Value> {
    let shown = city.hansa(&["--json", "conformance"]).must().json();
    assert_eq!(text(&shown, "participant"), city.domain(), "{shown}");
    let mut found = BTreeMap::new();
    for page in shown["pages"].as_array().unwrap() {
        for requirement in page["requirements"].as_array().unwrap() {
            for fact in requirement["facts"].as_array().unwrap() {
                found.insert(text(fact, "fact"), fact.clone());
            }
        }
    }
    found
}

/// A city with a dataset about persons under a contract, and with one of which little is said.
fn pair(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write(
        "data/trips.csv",
        "site,device,phone,owner\nHafen,d1,0171,Ada\nInsel,d2,0172,Bo\n",
    );
    lindau.write("data/bare.csv", "site\nHafen\n");
    let file = lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let stated =
        "contact = \"data | lindau\"\ndata_protection_officer = \"Dana, dpo@lindau.example\"\n";
    let config = config.replacen("[listen]", &format!("{stated}\n[listen]"), 1);
    let config = config.replacen("[limits]", "[limits]\nsegment = \"8 kB\"", 1);
    std::fs::write(&file, config).unwrap();
    lindau.configure(TRIPS);
    lindau.configure(BARE);
    lindau.write(
        "data/counts.csv",
        &BicycleCounts::of("lindau", 2, 2, 7).csv(),
    );
    lindau.configure(MODEL);
    lindau.configure(
        "[audit]\nsql = \"30d\"\n[monitoring]\nlisten = \"127.0.0.1:0\"\n[notice]\nfolder = \"notices\"\n\
         [officers]\nusers = [\"0\", \"61234\"]\n",
    );
    lindau.publishes();
    lindau.offers("trips", "persons", TERMS, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    (lindau, acme)
}

/// A fact that is written into the program would be the same of two participants that have nothing in common.
#[test]
fn each_fact_follows_the_participant() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = pair(&league);
    let before = facts(&lindau);
    let contract = acme.contract("lindau.trips");
    let one = facts(&lindau);
    for name in ["contracts", "clauses", "personal_contracts", "log"] {
        assert_ne!(before[name]["value"], one[name]["value"], "{name}");
    }
    for _ in 0..12 {
        acme.ask("SELECT count(*) AS n FROM lindau.trips").must();
    }
    let ends = |contract: &str| {
        let args = [
            "--yes", "contract", "withdraw", contract, "--reason", "over",
        ];
        lindau.hansa(&args).must();
    };
    ends(&contract);
    let ended = facts(&lindau);
    assert_eq!(ended["ended_contracts"]["value"]["withdrawn"], 1);
    assert_eq!(ended["contracts"]["value"]["as_provider"], 0);
    let _ = acme.contract("lindau.trips");

    // A third one has a contract of its own, of which the firm has none.
    let other = league.firm("other");
    league.hand_bundle_to("lindau");
    lindau.hansa(&["reload"]).must();
    other.knows(&lindau);
    ends(&other.contract("lindau.trips"));
    let _ = other.contract("lindau.trips");
    let pause = "title = \"Pause\"\nrows_per_day = 1000000\n";
    lindau.write("pause.toml", pause);
    lindau
        .hansa(&["dataset", "restrict", "bare", "--policy", "pause.toml"])
        .must();
    lindau.hansa(&["audit", "archive"]).must();
    let stored =
        crate::damaged_files::found(&lindau.folder().join("state/datasets/bare"), ".parquet");
    let whole = std::fs::read(&stored).unwrap();
    crate::damaged_files::flip(&stored, &whole, whole.len() / 2);
    assert_ne!(lindau.hansa(&["doctor"]).status, Some(0));

    let (city, firm) = (facts(&lindau), facts(&acme));
    assert_eq!(
        city.keys().collect::<Vec<_>>(),
        firm.keys().collect::<Vec<_>>()
    );
    assert!(city.len() > 30, "{city:#?}");
    let same: Vec<&String> = city
        .iter()
        .filter(|(name, fact)| {
            let shown = (&fact["value"], &fact["text"]);
            let is_elsewhere = ELSEWHERE.contains(&name.as_str()) || *name == "running_answers";
            !is_elsewhere && shown == (&firm[*name]["value"], &firm[*name]["text"])
        })
        .map(|(name, _)| name)
        .collect();
    assert!(
        same.is_empty(),
        "the same of both: {same:?}\n{city:#?}\n{firm:#?}"
    );

    // What is lacking is named, and what is stated is no gap.
    for (name, is_gap) in [
        ("quality", true),
        ("uncertainty", true),
        ("collection_methods", true),
        ("service_levels", true),
        ("kinds", true),
        ("contact", false),
        ("data_protection_officer", false),
        ("legal_bases", false),
        ("deletion_duties", false),
        ("region_clauses", true),
        ("personal_datasets", false),
        ("damaged_snapshots", true),
    ] {
        assert_eq!(city[name]["gap"], is_gap, "{name}: {}", city[name]);
    }
    assert_eq!(
        city["quality"]["value"]["lacking"],
        serde_json::json!(["bare", "counts"])
    );
    assert_eq!(firm["contact"]["gap"], true);

    // For people: the page of one article, whose cells no text of the participant ends.
    let shown = lindau
        .hansa(&["conformance", "--article", "gdpr-30", "--format", "md"])
        .must()
        .out;
    assert!(shown.starts_with("# GDPR, Article 30"), "{shown}");
    assert!(!shown.contains("Data Act, Article 36"), "{shown}");
    assert!(shown.contains("contact: data \\| lindau"), "{shown}");
    let firm = acme.hansa(&["conformance", "--article", "gdpr-30"]).must();
    assert!(
        firm.out
            .contains("not stated (gap: set [participant] contact)"),
        "{}",
        firm.out
    );
    let json = lindau
        .hansa(&[
            "conformance",
            "--article",
            "data-act-33",
            "--format",
            "json",
        ])
        .must()
        .out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["pages"][0]["article"], "data-act-33");
    assert_eq!(json["pages"].as_array().unwrap().len(), 1);
    lindau
        .hansa(&["conformance", "--article", "data-act-99"])
        .ends(2);
}

/// Answers that run are counted while they run.
#[test]
fn running_answers_are_a_fact_of_the_moment() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200_000, hansa_test_support::workflow::ALL);
    let _ = acme.contract("lindau.long");
    assert_eq!(facts(&lindau)["running_answers"]["value"], 0);
    let mut answer = acme.begins();
    assert_eq!(facts(&lindau)["running_answers"]["value"], 1);
    answer.kill();
}

#[test]
fn the_record_of_processing_names_what_is_stated_and_what_is_not() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = pair(&league);
    // What is not stated of the controller is a gap before there is any contract.
    let args = ["--json", "audit", "processing", "--format", "md"];
    let record = acme.hansa(&args).must().json();
    assert_eq!(record["gaps"].as_array().unwrap().len(), 2, "{record}");
    let contract = acme.contract("lindau.trips");
    let record = lindau
        .hansa(&["audit", "processing", "--format", "json"])
        .must()
        .out;
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["controller"]["contact"], "data | lindau");
    let [activity] = record["activities"].as_array().unwrap().as_slice() else {
        panic!("{record}");
    };
    for (name, expected) in [
        ("contract", contract.as_str()),
        ("our_role", "provider"),
        ("recipient", "hansa://acme.example"),
        ("purposes", PURPOSE),
        ("personal", "yes"),
        ("data_subjects", "cyclists"),
        ("personal_data", "device, owner (not its own values)"),
        ("legal_basis", "eu-gdpr:A6-1-e"),
        ("retention", "deleted after 30 days"),
        (
            "third_country",
            "not stated: the contract has no clause on the region",
        ),
        ("data_protection_officer", "Dana, dpo@lindau.example"),
        ("texts_kept", "30 days"),
    ] {
        assert_eq!(text(activity, name), expected, "{name}: {activity}");
    }
    let measures = text(activity, "security_measures");
    let (_, executed) = measures.split_once("executed clauses: ").unwrap();
    assert!(
        executed.contains("columns") && executed.contains("mask"),
        "{measures}"
    );
    assert_eq!(record["gaps"].as_array().unwrap().len(), 2, "{record}");

    let page = lindau
        .hansa(&["audit", "processing", "--format", "md"])
        .must()
        .out;
    for part in [
        "# Record of processing activities of lindau.example",
        "| contact | data \\| lindau |",
        "| personal data | device, owner (not its own values) |",
        "1 contracts in which personal data may flow; 0 over data",
        "## Not stated",
    ] {
        assert!(page.contains(part), "`{part}` in {page}");
    }
    let csv = lindau
        .hansa(&["audit", "processing", "--format", "csv"])
        .must()
        .out;
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    assert!(
        header.ends_with("legal_basis,third_country,security_measures"),
        "{csv}"
    );
    assert!(lines.next().unwrap().contains("cyclists"), "{csv}");

    // The recipient has its own record, and knows no columns; it has stated nothing of itself.
    let record = acme
        .hansa(&["audit", "processing", "--format", "json"])
        .must()
        .out;
    let record: Value = serde_json::from_str(&record).unwrap();
    let activity = &record["activities"][0];
    assert_eq!(text(activity, "our_role"), "recipient", "{record}");
    assert!(activity["personal"].is_null(), "{record}");
    assert_eq!(
        text(activity, "contact"),
        "not stated: set [participant] contact"
    );
    assert!(record["controller"]["contact"].is_null(), "{record}");
}
