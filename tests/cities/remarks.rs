//! Comments on clauses: signed, carried like letters, shown to both, bounded, and over with the negotiation.

use harness::city::City;
use harness::league::League;
use harness::play::text;
use serde_json::Value;

const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\n\
    rows = \"site <> 'Insel'\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

fn comments(city: &City, name: &str) -> Vec<Value> {
    let shown = city
        .hansa(&["--json", "contract", "show", name])
        .must()
        .json();
    shown["comments"].as_array().unwrap().clone()
}

#[test]
fn both_sides_talk_about_a_clause_and_sign_what_they_say() {
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    lindau.offers("bikes", "planning", TERMS, "\"league\"", "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let name = acme.listed("negotiation").pop().unwrap();
    let say = |city: &City, clause: &str, words: &str| {
        city.hansa(&["contract", "comment", &name, "--clause", clause, words])
    };
    say(&acme, "#c3", "why not the small site?").must();
    say(&lindau, "3", "one household lives there").must();
    for side in [&acme, &lindau] {
        let all = comments(side, &name);
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(text(&all[0], "participant"), "acme.example");
        assert_eq!(text(&all[0], "clause"), "#c3");
        assert_eq!(text(&all[1], "text"), "one household lives there");
        assert!(all.iter().all(|one| one["valid"] == true), "{all:?}");
        let page = side.hansa(&["contract", "show", &name]).must().out;
        assert!(page.contains("#c3 acme.example on "), "{page}");
    }

    // Nothing that is no line of text, no clause that is not there, and not without end.
    say(&acme, "99", "which?").refused("NEGOTIATION_STATE", 3);
    say(&acme, "3", "  ").refused("STATEMENT_MALFORMED", 6);
    say(&acme, "3", "a\u{1b}[2Jb").refused("STATEMENT_MALFORMED", 6);
    say(&acme, "3", &"x".repeat(2_001)).refused("STATEMENT_MALFORMED", 6);
    acme.hansa(&["contract", "comment", &name, "--clause", "all", "x"])
        .ends(2);

    // They survive a crash, and are no part of the contract.
    lindau.kill();
    assert_eq!(comments(&lindau, &name).len(), 2);
    lindau.serve();
    acme.hansa(&["peer", "add", lindau.address(), "--id", lindau.domain()])
        .must();
    lindau.hansa(&["contract", "sign", &name]).must();
    let contract = acme.listed("contract").pop().unwrap();
    let export = acme.hansa(&["contract", "export", &contract]).must().out;
    let payload = serde_json::from_str::<Value>(&export).unwrap();
    let payload = proto::base64url::decode(payload["payload"].as_str().unwrap()).unwrap();
    assert!(!String::from_utf8(payload).unwrap().contains("household"));
    for side in [&acme, &lindau] {
        let late = say(side, "3", "too late").refused("NEGOTIATION_STATE", 3);
        assert!(late.err.contains("over"), "{}", late.err);
        side.verifies();
    }
}

#[test]
fn nobody_comments_without_end() {
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\n", "");
    lindau.publishes();
    lindau.offers("bikes", "planning", TERMS, "\"league\"", "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.serve();
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = acme.listed("negotiation").pop().unwrap();
    let say = |words: &str| acme.hansa(&["contract", "comment", &name, "--clause", "3", words]);
    for number in 0..50 {
        say(&format!("comment {number}")).must();
    }
    say("one more").refused("NEGOTIATION_STATE", 3);
    assert_eq!(comments(&lindau, &name).len(), 50);
    // The other side still may.
    lindau
        .hansa(&["contract", "comment", &name, "--clause", "3", "enough"])
        .must();
    assert_eq!(comments(&lindau, &name).len(), 51);
}
