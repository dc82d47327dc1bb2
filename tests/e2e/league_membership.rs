//! Who belongs to the league: joining, expulsion and renewal while everything runs.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, between, instant, number, text, wait_for};
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// More than all buffers between a provider and a reader that stands still can hold.
const ROWS: u32 = 300_000;

/// A provider of one small dataset.
fn provider(league: &TestLeague, alias: &str) -> TestParticipant {
    let city = league.city(alias);
    city.offers_bikes("all", ALL, "auto");
    city
}

#[test]
fn a_fourth_joins_while_three_run() {
    let league = TestLeague::new(super::binary());
    let mut three = ["lindau", "speyer", "worms"].map(|alias| provider(&league, alias));
    for (city, alias) in three.iter_mut().zip(["lindau", "speyer", "worms"]) {
        league.hand_bundle_to(alias);
        city.serve();
    }
    let before: Vec<_> = three.iter().map(TestParticipant::pid).collect();
    let acme = league.firm("acme");
    for city in &three {
        // They do not know it yet.
        let stranger = acme.hansa(&["peer", "add", city.address(), "--id", city.domain()]);
        assert_ne!(stranger.status, Some(0), "{}", stranger.out);
    }
    for alias in ["lindau", "speyer", "worms"] {
        league.hand_bundle_to(alias);
    }
    for (city, alias) in three.iter().zip(["lindau", "speyer", "worms"]) {
        wait_for("the new bundle", Duration::from_secs(10), || {
            let added = acme.hansa(&["peer", "add", city.address(), "--id", city.domain()]);
            (added.status == Some(0)).then_some(())
        });
        let _ = acme.contract(&format!("{alias}.bikes"));
        let answer = acme
            .ask(&format!("SELECT sum(bikes) AS total FROM {alias}.bikes"))
            .must()
            .lines();
        assert_eq!(number(&answer[0], "total"), 387);
    }
    assert_eq!(
        before,
        three.iter().map(TestParticipant::pid).collect::<Vec<_>>()
    );
}

/// A city with a long table and another one, both serving, so that their connection stays open.
fn two_that_serve(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(ROWS, ALL);
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    (lindau, acme)
}

#[test]
fn an_expelled_one_is_cut_and_refused() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = two_that_serve(&league);
    acme.ask("SELECT count(*) FROM lindau.long").must();
    let already = lindau.records("close").len();
    let mut reader = acme.begins();
    league
        .hansa(&[
            "--yes",
            "league",
            "expel",
            "acme.example",
            "--dir",
            "league",
        ])
        .must();
    assert_eq!(
        lindau.records("close").len(),
        already,
        "nobody told lindau yet"
    );
    league.hand_bundle_to("lindau");
    let close = cut_in_time(&lindau, already);
    assert!(number(&close, "rows") < i64::from(ROWS));
    // The connection is that of before; what comes over it is looked at anew.
    acme.ask("SELECT count(*) FROM lindau.long").ends(4);
    reader.end().ends(4);
    let permits = lindau.records("permit").len();
    acme.ask("SELECT count(*) FROM lindau.long").ends(4);
    assert_eq!(lindau.records("permit").len(), permits);
    lindau.verifies();
}

/// What an issuer has stated ends with the bundle that names it no longer, also where an answer relies on it and runs.
#[test]
fn an_issuer_that_is_dropped_ends_what_it_has_stated() {
    let league = TestLeague::new(super::binary());
    league.names_issuer("chamber", &["sector"], "-1m");
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(ROWS, &format!("{ALL}\nsectors = [\"nace:H49\"]"));
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    let _ = league.attests("acme", "chamber", &["--sector", "nace:H49"]);
    acme.hansa(&["credential", "add", "chamber.credential"])
        .must();
    let mut reader = acme.begins();
    league.drops_issuer("chamber");
    league.hand_bundle_to("lindau");
    let close = cut_in_time_with(&lindau, 0, "CREDENTIAL_INVALID");
    assert!(number(&close, "rows") < i64::from(ROWS));
    reader.end().ends(4);
    acme.ask("SELECT count(*) FROM lindau.long")
        .refused("SECTOR_NOT_ATTESTED", 3);
    let listed = acme.hansa(&["--json", "credential", "list"]).must().json();
    assert_eq!(text(&listed, "issuer"), "hansa://chamber.example");
    lindau.verifies();
}

/// Whom a credential is of takes it out again: it is shown to nobody any more, and that it was taken out is in the log.
#[test]
fn a_credential_that_is_taken_out_is_shown_no_more() {
    let league = TestLeague::new(super::binary());
    league.names_issuer("chamber", &["sector"], "-1m");
    let terms = format!("{ALL}\nsectors = [\"nace:H49\"]");
    let (lindau, acme) = league.bikes("planning", &terms, "auto");
    let _ = acme.contract("lindau.bikes");
    let mut added = Vec::new();
    for sector in ["nace:H49", "nace:O84"] {
        let _ = league.attests("acme", "chamber", &["--sector", sector]);
        let report = acme
            .hansa(&["--json", "credential", "add", "chamber.credential"])
            .must()
            .json();
        added.push(text(&report, "statement"));
    }
    const QUESTION: &str = "SELECT sum(bikes) AS total FROM lindau.bikes";
    acme.ask(QUESTION).must();
    // Both begin with nothing, and none with another text.
    for wrong in ["", "H49"] {
        acme.hansa(&["credential", "remove", wrong])
            .refused("USAGE", 2);
    }
    assert_eq!(acme.records("credential").len(), 2);
    acme.ask(QUESTION).must();
    let (begin, _) = added[0].split_at(12);
    let report = acme
        .hansa(&["--json", "credential", "remove", begin])
        .must()
        .json();
    assert_eq!(text(&report, "statement"), added[0]);
    let recorded = acme.records("credential").pop().unwrap();
    assert_eq!(text(&recorded, "statement"), added[0], "{recorded}");
    assert_eq!(recorded["body"]["removed"], true, "{recorded}");
    acme.ask(QUESTION).refused("SECTOR_NOT_ATTESTED", 3);
    acme.hansa(&["credential", "remove", begin])
        .refused("USAGE", 2);
    let listed = acme.hansa(&["--json", "credential", "list"]).must().lines();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(text(&listed[0], "statement"), added[1]);
    acme.verifies();
    lindau.verifies();
}

/// Waits until the stream is closed as cut, by the times of the product: within a second of the bundle's file, and of the
/// record of the bundle.
fn cut_in_time(lindau: &TestParticipant, already: usize) -> Value {
    cut_in_time_with(lindau, already, "PEER_NOT_TRUSTED")
}

fn cut_in_time_with(lindau: &TestParticipant, already: usize, code: &str) -> Value {
    let close = wait_for("the stream's end", Duration::from_secs(20), || {
        lindau.records("close").into_iter().nth(already)
    });
    assert_eq!(text(&close, "outcome"), "cut", "{close}");
    assert_eq!(text(&close, "code"), code, "{close}");
    let file = std::fs::metadata(lindau.folder().join("trust/bundle.json")).unwrap();
    let written = file.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    let written = i64::try_from(written.as_micros()).unwrap();
    let taken = lindau.records("trust").pop().unwrap();
    let (of_file, of_record) = (instant(&close) - written, between(&taken, &close));
    println!("cut {of_file} µs after the bundle was written, {of_record} µs after it was taken");
    assert!((0..=1_000_000).contains(&of_file), "{of_file} {close}");
    assert!((0..=1_000_000).contains(&of_record), "{taken} {close}");
    close
}

#[test]
fn an_expulsion_does_not_wait_for_a_configuration_that_is_being_edited() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = two_that_serve(&league);
    let mut reader = acme.begins();
    lindau.configure("[purpose.parking]\nparent = \"dpv:Nonsense\"\ntext = \"half a thought\"");
    lindau.hansa(&["reload"]).refused("TERM_UNKNOWN", 6);
    league
        .hansa(&[
            "--yes",
            "league",
            "expel",
            "acme.example",
            "--dir",
            "league",
        ])
        .must();
    league.hand_bundle_to("lindau");
    let _ = cut_in_time(&lindau, 0);
    reader.end().ends(4);
    acme.ask("SELECT count(*) FROM lindau.long").ends(4);
}

#[test]
fn certificates_are_renewed_under_a_running_stream() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = two_that_serve(&league);
    let mut reader = acme.begins();
    let bundle = |city: &TestParticipant| {
        let status = city.hansa(&["--json", "status"]).must().json();
        status["bundle"].as_i64().unwrap()
    };
    let before = bundle(&lindau);
    league.renew("lindau", 30);
    league.renew("acme", 30);
    for city in [&lindau, &acme] {
        wait_for("the new certificate", Duration::from_secs(10), || {
            (bundle(city) > before).then_some(())
        });
    }
    // A new connection, made with both new certificates, while the old one carries the stream.
    let hops = acme.hansa(&["--json", "doctor", "lindau"]).must().lines();
    assert!(hops.iter().all(|hop| hop["ok"] == true), "{hops:?}");
    assert_eq!(lindau.records("close").len(), 0, "the stream goes on");
    let end = reader.end().must();
    let rows = end.out.lines().filter(|line| line.contains(',')).count();
    assert_eq!(rows, usize::try_from(ROWS).unwrap());
    let close = wait_for("the stream's end", Duration::from_secs(10), || {
        lindau.records("close").pop()
    });
    assert_eq!(text(&close, "outcome"), "done", "{close}");
    acme.ask("SELECT count(*) FROM lindau.long").must();
}

#[test]
fn the_file_of_another_league_is_not_taken() {
    let league = TestLeague::new(super::binary());
    let other = TestLeague::new(super::binary());
    let lindau = provider(&league, "lindau");
    let before = std::fs::read(lindau.folder().join("trust/bundle.json")).unwrap();
    let request = lindau.folder().join("lindau.example.request");
    let join = other.folder().join("lindau.join");
    other
        .hansa(&[
            "league",
            "admit",
            request.to_str().unwrap(),
            "--dir",
            "league",
            "--output",
            join.to_str().unwrap(),
        ])
        .must();
    lindau
        .hansa(&["join", join.to_str().unwrap()])
        .refused("WRONG_LEAGUE", 4);
    let after = std::fs::read(lindau.folder().join("trust/bundle.json")).unwrap();
    assert_eq!(before, after);
}
