//! The life of a contract: offered, requested, countered, signed, used, refused under, withdrawn in the middle of a stream.

mod algorithms;

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, between, number, text, wait_for};
use serde_json::Value;
use std::time::Duration;

const SMALL: &str = "site,bikes\nHafen,310\nHafen,502\nBahnhof,1204\nInsel,77\n";
const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\nrows = \"site <> 'Insel'\"\n\
    rows_per_day = 1_000\nbytes_per_day = \"1 MB\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
const TIGHTER: &str = "title = \"counter\"\npurpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\n\
    rows = \"site <> 'Insel'\"\nrows_per_day = 500\nbytes_per_day = \"1 MB\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }\n";
const WIDER: &str = "title = \"wish\"\npurpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\n\
    rows_per_day = 9_000\nbytes_per_day = \"1 MB\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }\n";

/// A city that serves and a firm that knows it.
fn pair(
    league: &TestLeague,
    prepare: impl FnOnce(&TestParticipant),
) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    prepare(&lindau);
    lindau.serve();
    acme.knows(&lindau);
    (lindau, acme)
}

fn bikes(sign: &str) -> impl FnOnce(&TestParticipant) + '_ {
    move |lindau| {
        lindau.holds("bikes", SMALL, "");
        lindau.publishes();
        lindau.offers("bikes", "planning", TERMS, "\"league\"", sign);
    }
}

#[test]
fn a_contract_is_made_used_and_kept_by_both() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, bikes("officer"));
    let requested = acme
        .hansa(&["--json", "contract", "request", "lindau.bikes", "--sign"])
        .must()
        .json();
    assert_eq!(
        requested["contract"],
        Value::Null,
        "nobody at lindau signed"
    );
    acme.ask("SELECT count(*) FROM lindau.bikes")
        .refused("DATASET_UNKNOWN", 3);
    lindau.hansa(&["contract", "sign", "n-"]).must();
    let contracts = acme.listed("contract");
    assert_eq!(contracts, lindau.listed("contract"));
    let contract = contracts.first().unwrap();
    for side in [&acme, &lindau] {
        let shown = side
            .hansa(&["--json", "contract", "show", contract])
            .must()
            .json();
        let signatures = shown["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 2, "{shown}");
        assert!(signatures.iter().all(|one| one["valid"] == true), "{shown}");
    }

    let answer = acme
        .ask("SELECT sum(bikes) AS bikes, count(*) AS n FROM lindau.bikes")
        .must()
        .lines();
    assert_eq!(
        (number(&answer[0], "bikes"), number(&answer[0], "n")),
        (2016, 3)
    );
    assert_eq!(answer[1]["hansa"]["complete"], true);
    let report = acme
        .hansa(&[
            "--json",
            "explain",
            "SELECT count(*) FROM lindau.bikes",
            "--purpose",
            PURPOSE,
        ])
        .must()
        .json();
    let clauses = report["remote_queries"][0]["reads"][0]["clauses"].to_string();
    assert!(clauses.contains("Insel"), "{report}");

    let refused = acme
        .hansa(&[
            "--json",
            "sql",
            "SELECT count(*) FROM lindau.bikes",
            "--purpose",
            "dpv:Marketing",
        ])
        .refused("PURPOSE_NOT_COVERED", 3);
    let error: Value = serde_json::from_str(refused.err.trim()).unwrap();
    assert_eq!(text(&error["error"], "contract"), *contract);
    assert_eq!(text(&error["error"], "clause"), "#c2");
    assert!(text(&error["error"], "allowed").contains("ResearchAndDevelopment"));

    let withdraw = ["contract", "withdraw", contract, "--reason", "over"];
    lindau.hansa(&withdraw).refused("CONFIRMATION_NEEDED", 2);
    lindau
        .hansa(&[&["--dry-run"], &withdraw[..]].concat())
        .refused("USAGE", 2);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    lindau.hansa(&[&["--yes"], &withdraw[..]].concat()).must();
    acme.ask("SELECT count(*) FROM lindau.bikes").ends(3);
    let before = lindau.hansa(&["--json", "status"]).must().json()["today"].clone();
    assert!(number(&before, "rows") > 0, "{before}");
    for (figure, kind) in [("answers", "close"), ("refusals", "refuse")] {
        let records = i64::try_from(lindau.records(kind).len()).unwrap();
        assert_eq!(number(&before, figure), records, "{before}");
    }
    assert_eq!(acme.listed("state"), ["withdrawn"]);
    settled(&lindau, &acme);
}

/// Both logs are good, and nothing in them differs.
fn settled(provider: &TestParticipant, consumer: &TestParticipant) {
    provider.verifies();
    consumer.verifies();
    let compared = consumer
        .hansa(&["--json", "audit", "reconcile", provider.domain()])
        .must()
        .lines();
    assert!(!compared.is_empty());
    assert!(
        compared.iter().all(|one| text(one, "finding") == "matched"),
        "{compared:?}"
    );
}

/// Waits until the stream is closed as cut, by the times of its log: within a second of the record of the withdrawal.
fn cut_in_time(provider: &TestParticipant) -> Value {
    let close = wait_for("the stream's end", Duration::from_secs(20), || {
        provider.records("close").pop()
    });
    assert_eq!(text(&close, "outcome"), "cut", "{close}");
    assert_eq!(text(&close, "code"), "WITHDRAWN", "{close}");
    let withdrawn = provider.records("withdraw").pop().unwrap();
    let passed = between(&withdrawn, &close);
    println!("cut {passed} µs after the withdrawal");
    assert!((0..=1_000_000).contains(&passed), "{withdrawn} {close}");
    close
}

#[test]
fn a_withdrawal_cuts_a_running_stream() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, |lindau| lindau.offers_long(300_000, ALL));
    let contract = acme.contract("lindau.long");
    let mut reader = acme.begins();
    // The reader reads no more; so the stream runs until somebody ends it.
    lindau
        .hansa(&[
            "--yes", "contract", "withdraw", &contract, "--reason", "enough",
        ])
        .must();
    let close = cut_in_time(&lindau);
    let sent = number(&close, "rows");
    assert!(0 < sent && sent < 300_000, "{sent} rows left");

    let end = reader.end().refused("WITHDRAWN", 3);
    let read = i64::try_from(end.out.lines().count()).unwrap();
    assert_eq!(read, sent, "the receipt is for the part that was delivered");
    assert!(end.err.contains("not the whole answer"), "{}", end.err);
    acme.ask("SELECT count(*) FROM lindau.long").ends(3);

    let received = acme.records("received").pop().unwrap();
    assert_eq!(number(&received, "rows"), sent);
    assert!(text(&received, "outcome").starts_with("cut"), "{received}");
    assert_eq!(text(&received, "state"), "acknowledged");
    settled(&lindau, &acme);
}

#[test]
fn a_consumer_withdraws_too() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(300_000, ALL);
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    let mut reader = acme.begins();
    acme.hansa(&[
        "--yes", "contract", "withdraw", &contract, "--reason", "no need",
    ])
    .must();
    cut_in_time(&lindau);
    reader.end().ends(3);
    assert_eq!(lindau.listed("state"), ["withdrawn"]);
    acme.ask("SELECT count(*) FROM lindau.long").ends(3);
    settled(&lindau, &acme);
}

#[test]
fn both_sides_counter_and_the_last_word_is_signed() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, bikes("officer"));
    acme.write("wish.toml", WIDER);
    lindau.write("counter.toml", TIGHTER);
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = acme.listed("negotiation").pop().unwrap();
    lindau
        .hansa(&["contract", "counter", &name, "--policy", "counter.toml"])
        .must();
    let shown = acme
        .hansa(&["--json", "contract", "show", &name, "--diff"])
        .must()
        .json();
    let diff = text(&shown, "diff");
    assert!(diff.contains("500") && diff.contains("1,000"), "{shown}");
    assert!(
        !diff.contains("Insel"),
        "the rows stayed as they were: {diff}"
    );

    acme.hansa(&["contract", "counter", &name, "--policy", "wish.toml"])
        .must();
    let shown = lindau
        .hansa(&["--json", "contract", "show", &name, "--diff"])
        .must()
        .json();
    let diff = text(&shown, "diff");
    assert!(diff.contains("9,000") && diff.contains("Insel"), "{shown}");

    lindau
        .hansa(&["contract", "counter", &name, "--policy", "counter.toml"])
        .must();
    assert_eq!(acme.listed("turn"), ["our turn"]);
    acme.hansa(&["contract", "sign", &name]).must();
    lindau.hansa(&["contract", "sign", &name]).must();
    let contract = wait_for("the contract", Duration::from_secs(10), || {
        acme.listed("contract").pop().or_else(|| {
            let _ = acme.hansa(&["contract", "sign", &name]);
            let _ = lindau.hansa(&["contract", "sign", &name]);
            None
        })
    });
    let shown = acme
        .hansa(&["--json", "contract", "show", &contract])
        .must()
        .json();
    let terms = shown["terms"].to_string();
    assert!(terms.contains("500") && terms.contains("Insel"), "{terms}");
    assert!(!terms.contains("9,000"), "{terms}");
    let answer = acme
        .ask("SELECT count(*) AS n FROM lindau.bikes")
        .must()
        .lines();
    assert_eq!(number(&answer[0], "n"), 3);
}

#[test]
fn a_declined_negotiation_is_over() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, bikes("officer"));
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let name = lindau.listed("negotiation").pop().unwrap();
    lindau
        .hansa(&["contract", "decline", &name, "--reason", "not this year"])
        .must();
    let at_acme = acme.hansa(&["--json", "contract", "list"]).must().lines();
    assert_eq!(text(&at_acme[0], "state"), "TERMINATED", "{at_acme:?}");
    assert_eq!(text(&at_acme[0], "reason"), "not this year");
    for side in [&lindau, &acme] {
        let again = side.hansa(&["contract", "sign", &name]);
        assert_ne!(again.status, Some(0), "{}", again.out);
    }
    acme.ask("SELECT count(*) FROM lindau.bikes").ends(3);
    lindau.verifies();
    acme.verifies();
}

#[test]
fn a_reason_that_nobody_could_read_again_is_not_taken_and_holds_up_nothing() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, bikes("officer"));
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let name = lindau.listed("negotiation").pop().unwrap();
    let before = (
        lindau.records("message").len(),
        acme.records("message").len(),
    );
    let long = "x".repeat(2_001);
    for reason in [
        "not\nthis year",
        "no\u{7}",
        "\u{1b}[2J",
        "a\u{202e}b",
        " ",
        &long,
    ] {
        for side in [&lindau, &acme] {
            side.hansa(&["contract", "decline", &name, "--reason", reason])
                .refused("USAGE", 2);
        }
    }
    let after = (
        lindau.records("message").len(),
        acme.records("message").len(),
    );
    assert_eq!(after, before, "nothing was written");
    lindau.hansa(&["contract", "sign", &name]).must();
    let contract = acme.listed("contract").pop().unwrap();
    for side in [&lindau, &acme] {
        for reason in ["two\nlines", &long] {
            side.hansa(&[
                "--yes", "contract", "withdraw", &contract, "--reason", reason,
            ])
            .refused("USAGE", 2);
        }
        let doctor = side.hansa(&["doctor"]).must().out;
        assert!(doctor.contains("messages: all can be read"), "{doctor}");
    }
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    let most = "ä".repeat(1_000);
    lindau
        .hansa(&[
            "--yes", "contract", "withdraw", &contract, "--reason", &most,
        ])
        .must();
    acme.hansa(&["contract", "list"]).must();
    acme.ask("SELECT count(*) FROM lindau.bikes").ends(3);
    lindau.verifies();
    acme.verifies();
}

#[test]
fn own_people_ask_their_own_data() {
    let league = TestLeague::new(super::binary());
    let (lindau, _acme) = pair(&league, bikes("auto"));
    let answer = lindau
        .hansa(&["--json", "sql", "SELECT count(*) AS n FROM lindau.bikes"])
        .must()
        .lines();
    assert_eq!(number(&answer[0], "n"), 4, "the house sees every row");
    let permit = lindau.records("permit").pop().unwrap();
    assert_eq!(lindau.records("close").len(), 1);
    // One question is one of the questions at once, however many tables it names.
    let many = vec!["SELECT bikes FROM lindau.bikes"; 40].join(" UNION ALL ");
    let answer = lindau
        .hansa(&[
            "--json",
            "sql",
            &format!("SELECT count(*) AS n FROM ({many}) AS u"),
        ])
        .must()
        .lines();
    assert_eq!(number(&answer[0], "n"), 160);
    assert!(permit.to_string().contains("lindau.example"), "{permit}");
    lindau.verifies();
}
