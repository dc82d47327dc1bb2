//! What a new participant does first: one command that adds, offers and publishes a dataset, and names where ids are asked for.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{number, text};

const CSV: &str = "site,day,bikes,person\nHafen,2026-05-01,310,a\nHafen,2026-05-02,502,b\nInsel,2026-05-01,77,c\n";

#[test]
fn one_command_adds_offers_and_publishes() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write("bikes.csv", CSV);
    let file = lindau.folder().join("bikes.csv").display().to_string();
    let add = [
        "dataset",
        "add",
        &file,
        "--licence",
        "CC-BY-4.0",
        "--columns",
        "site,day,bikes",
    ];
    let config = || std::fs::read_to_string(lindau.folder().join("hansa.toml")).unwrap();
    let before = config();
    let group = [
        "--group-by",
        "site,day",
        "--every",
        "month",
        "--at-least",
        "2",
    ];
    let offer = ["--offer", "acme.example", "--until", "2029-12-31"];
    let planning = ["--purpose", "planning=dpv:PublicBenefit"];

    // What says nothing, or something unknown, changes nothing.
    for (more, words) in [
        (&["--offer", "league"][..], "--until"),
        (&["--offer", "league", "--until", "2020-01-01"], "is over"),
        (&["--offer", "league", "--until", "soon"], "is not a day"),
        (
            &["--offer", "nobody at all", "--until", "2029-12-31"],
            "nobody at all",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--purpose",
                "planning",
            ],
            "dpv:PublicBenefit",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--purpose",
                "a=b",
            ],
            "no purpose `b`",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--group-by",
                "person",
                "--at-least",
                "2",
            ],
            "may not leave",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--group-by",
                "nowhere",
                "--at-least",
                "2",
            ],
            "no column `nowhere`",
        ),
        (&["--offer", "league", "--group-by", "site"], "--at-least"),
        (&["--rows", "bikes > 9"], "--offer"),
    ] {
        let done = lindau.hansa(&[&add[..], more].concat());
        assert_eq!(done.status, Some(2), "{more:?}: {}", done.err);
        assert!(done.err.contains(words), "{more:?}: {}", done.err);
        assert_eq!(config(), before, "{more:?}");
    }
    let whole = [&add[..], &offer, &planning, &group, &["--publish"]].concat();
    let dry = lindau
        .hansa(&[&["--json", "--dry-run"], &whole[..]].concat())
        .must();
    assert_eq!(dry.json()["written"], false);
    assert_eq!(config(), before);
    assert!(!lindau.folder().join("policies/bikes.toml").exists());

    let done = lindau.hansa(&whole).must();
    assert!(
        done.err.contains("hansa contract sign bikes"),
        "{}",
        done.err
    );
    let policy = std::fs::read_to_string(lindau.folder().join("policies/bikes.toml")).unwrap();
    assert!(!policy.contains("person"), "{policy}");
    // A second one of the name takes nothing in its place.
    let again = lindau.hansa(&whole);
    again.refused("FILE_EXISTS", 6);

    lindau.serve();
    // The name of the dataset is enough on both sides.
    acme.knows(&lindau);
    let request = ["--json", "contract", "request", "lindau.bikes", "--sign"];
    let negotiation = text(&acme.hansa(&request).must().json(), "negotiation");
    lindau
        .hansa(&["contract", "sign", "acme.bikes"])
        .refused("NEGOTIATION_UNKNOWN", 3);
    lindau.hansa(&["contract", "sign", "bikes"]).must();
    acme.hansa(&["contract", "wait", "lindau.bikes"]).must();
    let shown = acme
        .hansa(&["--json", "contract", "show", "lindau.example.bikes"])
        .must();
    assert!(shown.out.contains("planning"), "{}", shown.out);
    let sql = "SELECT site, sum(bikes) AS bikes FROM lindau.bikes GROUP BY site";
    let answer = acme
        .hansa(&["--json", "sql", sql, "--purpose", "planning"])
        .must()
        .lines();
    assert_eq!(text(&answer[0], "site"), "Hafen", "{answer:?}");
    assert_eq!(number(&answer[0], "bikes"), 812, "{answer:?}");
    assert_eq!(
        answer.len(),
        2,
        "the small group does not exist: {answer:?}"
    );

    // Two under one name are told apart by their own.
    let second = text(&acme.hansa(&request).must().json(), "negotiation");
    assert_ne!(second, negotiation);
    lindau.hansa(&["contract", "sign", &second]).must();
    acme.hansa(&["contract", "wait", &second]).must();
    let held = acme.hansa(&["contract", "withdraw", "--yes", "bikes", "--reason", "over"]);
    assert!(
        held.err.contains("bikes, in force with lindau.example"),
        "{}",
        held.err
    );
    held.refused("CONTRACT_AMBIGUOUS", 2);
}

#[test]
fn a_public_view_needs_nobody_who_signs() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write("bikes.csv", CSV);
    let file = lindau.folder().join("bikes.csv").display().to_string();
    let add = [
        "dataset",
        "add",
        &file,
        "--licence",
        "CC-BY-4.0",
        "--columns",
        "site,bikes",
        "--rows",
        "bikes > 99",
        "--offer",
        "public",
        "--until",
        "2029-12-31",
        "--publish",
    ];
    lindau.hansa(&add).must();
    lindau.serve();
    acme.knows(&lindau);
    let sql = "SELECT count(*) AS n FROM lindau.bikes";
    let answer = acme.hansa(&["--json", "sql", sql]).must().lines();
    assert_eq!(number(&answer[0], "n"), 2, "{answer:?}");
}
