//! Restrictions, over processes: what a provider refuses beside its contracts is refused at once, to everybody, in mid-stream and
//! after a crash, and never by leaving anything out.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text, wait_for};
use std::time::Duration;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.long";

/// Sets the restriction of `long`.
pub(crate) fn set_restriction(city: &TestParticipant, terms: &str) -> serde_json::Value {
    city.write(
        "restriction.toml",
        &format!("title = \"Road works\"\n{terms}\n"),
    );
    let file = city.folder().join("restriction.toml").display().to_string();
    city.hansa(&["--json", "dataset", "restrict", "long", "--policy", &file])
        .must()
        .json()
}

#[test]
fn a_restriction_stands_before_every_contract() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let [acme, other] = ["acme", "other"].map(|firm| league.firm(firm));
    league.hand_bundle_to("lindau");
    lindau.offers_long(150_000, ALL);
    lindau.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.long");
        firm.ask(COUNT).must();
    }
    let none = lindau.hansa(&["dataset", "restrict", "long"]).must();
    assert!(none.out.contains("no restriction"), "{}", none.out);

    // What runs is cut, what comes is refused; with the clause, for everybody, in the log.
    let mut reader = acme.begins();
    let always = "prohibit = [{ action = \"use\" }]";
    let dry = [
        "--dry-run",
        "dataset",
        "restrict",
        "long",
        "--policy",
        "restriction.toml",
    ];
    lindau.write("restriction.toml", &format!("title = \"x\"\n{always}\n"));
    let file = lindau
        .folder()
        .join("restriction.toml")
        .display()
        .to_string();
    let dry = dry.map(|word| {
        if word == "restriction.toml" {
            &file
        } else {
            word
        }
    });
    lindau.hansa(&dry).must();
    assert!(lindau.records("restriction").is_empty());
    let set = set_restriction(&lindau, always);
    assert_eq!(text(&set, "verdict"), "< TIGHTER");
    assert_eq!(set["cut"], 1, "{set}");
    let cut = reader.end();
    assert!(cut.err.contains("DATASET_RESTRICTED"), "{}", cut.err);
    let close = wait_for("the cut answer", Duration::from_secs(10), || {
        let mut closes = lindau.records("close");
        closes.retain(|close| text(&close["body"], "outcome") == "cut");
        closes.pop()
    });
    assert_eq!(text(&close["body"], "code"), "DATASET_RESTRICTED");
    for firm in [&acme, &other] {
        let refused = firm.ask(COUNT).refused("DATASET_RESTRICTED", 3);
        assert!(
            refused.err.contains("prohibited: every query"),
            "{}",
            refused.err
        );
    }
    let refusal = lindau.records("refuse").pop().unwrap();
    assert_eq!(refusal["body"]["restriction"], 2, "{refusal}");

    // Our own people ask on, a crash forgets nothing, and whoever simulates is told.
    lindau.ask(COUNT).must();
    lindau.kill();
    lindau.serve();
    acme.knows(&lindau);
    other.knows(&lindau);
    acme.ask(COUNT).refused("DATASET_RESTRICTED", 3);
    let seen = lindau
        .hansa(&["simulate", "--as", "hansa://acme.example"])
        .out;
    assert!(seen.contains("#r2"), "{seen}");
    let output = lindau.hansa(&["--json", "dataset", "show", "long"]).must();
    assert_eq!(output.json()["restriction"]["clauses"][0]["clause"], "#r2");

    // A limit counts over all that one participant asks, and a limit of one is none of the other's.
    set_restriction(&lindau, "queries_per_day = 2");
    for firm in [&acme, &other] {
        // Two were answered today before it counted.
        firm.ask(COUNT).must();
        firm.ask(COUNT).must();
        firm.ask(COUNT).refused("QUOTA_QUERIES", 3);
    }
    let permit = lindau.records("permit").pop().unwrap();
    let grant = &permit["body"]["grants"][0];
    let now = lindau
        .hansa(&["--json", "dataset", "restrict", "long"])
        .must();
    assert_eq!(text(grant, "restriction"), text(&now.json(), "restriction"));
    assert_eq!(
        permit["body"]["reservations"][0]["restriction"], 2,
        "{permit}"
    );
    lindau.kill();
    lindau.serve();
    acme.knows(&lindau);
    acme.ask(COUNT).refused("QUOTA_QUERIES", 3);

    // A column is withheld by refusing who reads it, and nobody else.
    set_restriction(&lindau, "prohibit = [{ columns = [\"note\"] }]");
    acme.ask("SELECT count(site) AS n FROM lindau.long").must();
    let refused = acme
        .ask("SELECT count(note) AS n FROM lindau.long")
        .refused("DATASET_RESTRICTED", 3);
    assert!(refused.err.contains("`note`"), "{}", refused.err);

    // What would leave something out unseen, or what nobody can judge here, is no restriction; and what is there stays.
    for wrong in [
        "rows = \"site = 'Hafen'\"",
        "columns = [\"site\"]",
        "sectors = [\"nace:H49\"]",
    ] {
        lindau.write("restriction.toml", &format!("title = \"x\"\n{wrong}\n"));
        lindau
            .hansa(&["dataset", "restrict", "long", "--policy", &file])
            .refused("TERM_NOT_EXECUTABLE_HERE", 3);
    }
    acme.ask("SELECT count(site) AS n FROM lindau.long").must();

    // One that can't be read is not passed over.
    lindau.kill();
    let folder = lindau.folder().join("state/restrictions");
    for entry in std::fs::read_dir(folder).unwrap() {
        std::fs::write(entry.unwrap().path(), "{}").unwrap();
    }
    lindau.serve();
    acme.knows(&lindau);
    acme.ask("SELECT count(site) AS n FROM lindau.long")
        .refused("DATASET_RESTRICTED", 3);
    let gone = lindau
        .hansa(&["--json", "dataset", "restrict", "long", "--remove"])
        .must()
        .json();
    assert_eq!(text(&gone, "verdict"), "> LOOSER");
    acme.ask("SELECT count(note) AS n FROM lindau.long").must();
    lindau.verifies();
}
