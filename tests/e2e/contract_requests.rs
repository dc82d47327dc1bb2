//! What a firm is told on its way from a dataset that it sees to a contract that ends.

use crate::bicycle_counts::{BicycleCounts, MODEL};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.counts";

/// A city whose officer signs by hand, and a firm that knows it.
fn pair(league: &TestLeague, terms: &str) -> (TestParticipant, TestParticipant) {
    let counts = BicycleCounts::of("lindau", 2, 2, 7);
    let mut lindau = league.city("lindau");
    lindau.write("data/counts.csv", &counts.csv());
    lindau.configure(MODEL);
    lindau.publishes();
    lindau.offers("counts", "terms", terms, "\"league\"", "officer");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    (lindau, acme)
}

#[track_caller]
fn requested(acme: &TestParticipant) -> String {
    let done = acme.hansa(&["--json", "contract", "request", "lindau.counts", "--sign"]);
    done.must().json()["negotiation"]
        .as_str()
        .expect("a name")
        .to_owned()
}

#[test]
fn each_step_says_what_comes_next() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = pair(&league, ALL);
    let refused = acme.ask(COUNT).refused("DATASET_UNKNOWN", 3);
    for text in [
        "no contract on `lindau.counts` yet",
        "hansa contract request lindau.counts",
    ] {
        assert!(refused.err.contains(text), "{}", refused.err);
    }
    // What its owner does not show stays a name like any other.
    let unknown = acme
        .ask("SELECT * FROM lindau.salaries")
        .refused("DATASET_UNKNOWN", 3);
    assert!(!unknown.err.contains("no contract"), "{}", unknown.err);

    let name = requested(&acme);
    assert_eq!(
        requested(&acme),
        name,
        "a second equal request is the first one"
    );
    assert_eq!(lindau.listed("negotiation"), std::slice::from_ref(&name));
    let refused = acme.ask(COUNT).refused("DATASET_UNKNOWN", 3);
    for text in [
        name.as_str(),
        "it is the provider's turn",
        "hansa contract wait",
    ] {
        assert!(refused.err.contains(text), "{}", refused.err);
    }

    let mut waits = acme.start(&["contract", "wait", &name]);
    assert!(waits.runs());
    let _ = lindau.hansa(&["contract", "sign", &name]).must();
    let ended = waits.end().must();
    assert!(ended.out.contains("is in force"), "{}", ended.out);
    let _ = acme.ask(COUNT).must();

    let contract = acme.listed("contract").pop().expect("a contract");
    let end = [
        "--yes",
        "contract",
        "withdraw",
        &contract,
        "--reason",
        "the pilot is over",
    ];
    let _ = lindau.hansa(&end).must();
    // The first question may be the one that brings the news.
    let output = acme.ask(COUNT).refused("WITHDRAWN", 3);
    let why = "was withdrawn by lindau.example at 20";
    assert!(
        output.err.contains(why) && output.err.contains("the pilot is over"),
        "{}",
        output.err
    );
    let command_output = acme.hansa(&["contract", "show", &contract]).must();
    assert!(
        command_output.out.contains("withdrawn by lindau.example, ")
            && command_output.out.contains("the pilot is over"),
        "{}",
        command_output.out
    );
    lindau.verifies();
    acme.verifies();
}

#[test]
fn whoever_has_not_joined_is_reported_so() {
    let league = TestLeague::new(binary());
    let folder = league.folder().join("new");
    let here = folder.display().to_string();
    let init = ["init", &here, "--id", "new.example", "--name", "New"];
    let _ = league.hansa(&init).must();
    let new = TestParticipant::new(binary(), folder, "new.example");
    let refused = new.ask("SELECT 1").refused("FILE_MISSING", 6);
    for text in ["has not joined a league yet", "hansa join FILE"] {
        assert!(refused.err.contains(text), "{}", refused.err);
    }
}

#[test]
fn a_contract_that_begins_later_is_not_reported_to_be_in_force() {
    let league = TestLeague::new(binary());
    let later = ALL.replace("2026-01-01", "2029-01-01");
    let (lindau, acme) = pair(&league, &later);
    let name = requested(&acme);
    let signed = lindau.hansa(&["contract", "sign", &name]).must();
    assert!(!signed.out.contains("in force"), "{}", signed.out);
    let waited = acme.hansa(&["contract", "wait", &name]).must();
    assert!(
        waited.out.contains("begins at 2028-12-31T23:00:00Z"),
        "{}",
        waited.out
    );
    let refused = acme.ask(COUNT).refused("NOT_YET_VALID", 3);
    assert!(refused.err.contains("has not begun"), "{}", refused.err);
}

#[test]
fn a_declined_request_ends_the_wait_with_the_reason() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = pair(&league, ALL);
    let name = requested(&acme);
    let decline = [
        "contract",
        "decline",
        &name,
        "--reason",
        "not for this purpose",
    ];
    let _ = lindau.hansa(&decline).must();
    let ended = acme
        .hansa(&["contract", "wait", &name])
        .refused("NEGOTIATION_STATE", 3);
    assert!(ended.err.contains("not for this purpose"), "{}", ended.err);
}
