//! The rulebook of a league: signed, installed, accepted, and kept to by every offer; over whole processes.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, policy_text, text, wait_for};
use serde_json::Value;
use std::time::Duration;

/// Writes and signs a version; gives the path of the signed file.
fn signs(league: &TestLeague, name: &str, from: &str, rules: &str) -> String {
    let written = league.folder().join(format!("{name}.toml"));
    std::fs::write(league.folder().join("rulebook.md"), "# Rules\n\nBe fair.\n").unwrap();
    let head = format!("title = \"Lake rules\"\ntext = \"rulebook.md\"\nfrom = {from}\n");
    std::fs::write(&written, format!("{head}\n[offers]\n{rules}\n")).unwrap();
    let (written, signed) = (format!("{name}.toml"), format!("{name}.json"));
    league
        .hansa(&[
            "league", "rulebook", &written, "--dir", "league", "--output", &signed,
        ])
        .must();
    league.folder().join(signed).display().to_string()
}

fn status(city: &TestParticipant) -> Value {
    city.hansa(&["--json", "status"]).must().json()
}

/// What waits of the rulebook.
fn announced(city: &TestParticipant) -> Vec<String> {
    let status = status(city);
    let waiting = status["waiting"].as_array().unwrap().iter();
    let waiting = waiting.map(|line| text(line, "text").to_owned());
    waiting.filter(|line| line.contains("rulebook")).collect()
}

/// The datasets of lindau that the firm sees.
fn visible(firm: &TestParticipant) -> usize {
    let listed = firm.hansa(&["--json", "catalog", "list", "lindau"]);
    listed.must().lines().len()
}

#[test]
fn offers_keep_to_the_rulebook_that_their_provider_accepted() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("all", ALL, "auto");
    lindau.serve();
    acme.knows(&lindau);
    assert_eq!(visible(&acme), 1);
    lindau.hansa(&["rulebook", "show"]).refused("USAGE", 2);

    // Announced, and not accepted: nothing changes, and the page says what would break.
    let first = signs(
        &league,
        "first",
        "2026-01-01",
        "attribution_required = true",
    );
    let shown = lindau.hansa(&["--json", "rulebook", "install", &first]);
    let shown = shown.must().json();
    assert_eq!(text(&shown, "state"), "waits for acceptance");
    let broken = &shown["broken"][0];
    assert_eq!(text(broken, "code"), "RULEBOOK_VIOLATED");
    assert!(text(broken, "sentence").contains("`attribution_required`"));
    assert_eq!(visible(&acme), 1);
    lindau.hansa(&["check"]).must();
    let lines = announced(&lindau);
    assert!(lines[0].contains("waits for acceptance"), "{lines:?}");
    assert_eq!(status(&lindau)["rulebook"], Value::Null);

    // Nobody is there to confirm; then somebody is, and the offer that does not keep to the rule is no longer made.
    let accept = ["rulebook", "accept", "--output", "lindau.accepted"];
    let unconfirmed = lindau.hansa(&accept).refused("CONFIRMATION_NEEDED", 2);
    assert!(
        unconfirmed.err.contains("Lake rules"),
        "{}",
        unconfirmed.err
    );
    assert!(unconfirmed.err.contains("version 1"), "{}", unconfirmed.err);
    lindau
        .hansa(&[&["--yes"], &accept[..]].concat())
        .refused("RULEBOOK_VIOLATED", 6);
    assert!(announced(&lindau).is_empty());
    assert_eq!(status(&lindau)["rulebook"], 1);
    assert_eq!(visible(&acme), 0);
    lindau.hansa(&["check"]).refused("RULEBOOK_VIOLATED", 6);
    lindau
        .hansa(&["policy", "check"])
        .refused("RULEBOOK_VIOLATED", 6);
    lindau
        .hansa(&["dataset", "publish"])
        .refused("RULEBOOK_VIOLATED", 6);

    // The league knows who has accepted.
    let statement = lindau.folder().join("lindau.accepted");
    let statement = statement.display().to_string();
    let take = ["league", "rulebook", "--dir", "league", "--accepted"];
    league.hansa(&[&take[..], &[&statement]].concat()).must();
    let list = ["--json", "league", "rulebook", "--dir", "league"];
    let listed = league.hansa(&list).must().json();
    assert_eq!(listed["accepted"][0], "lindau.example");
    assert_eq!(listed["not_accepted"][0], "acme.example");

    // With the duty the offer is made, and a proposal without it is not signed.
    let duty = policy_text(
        "all",
        &format!("{ALL}\nduties = [{{ attribution = \"Lindau\" }}]"),
    );
    lindau.write("policies/all.toml", &duty);
    lindau.hansa(&["reload"]).must();
    lindau.hansa(&["check"]).must();
    assert_eq!(visible(&acme), 1);
    acme.write("own.toml", &format!("title = \"own\"\n{ALL}\n"));
    let proposed = [
        "contract",
        "request",
        "lindau.bikes",
        "--policy",
        "own.toml",
    ];
    acme.hansa(&proposed).refused("RULEBOOK_VIOLATED", 6);
    let _ = acme.contract("lindau.bikes");

    // A version for later is accepted, and the first one counts until then.
    let later = signs(&league, "later", "2099-01-01", "longest_days = 1");
    lindau.hansa(&["rulebook", "install", &later]).must();
    lindau.hansa(&["--yes", "rulebook", "accept"]).must();
    assert_eq!(status(&lindau)["rulebook"], 1);
    assert_eq!(visible(&acme), 1);

    // The next one counts at once; what changes is announced.
    let third = signs(&league, "third", "2026-01-01", "longest_days = 2");
    lindau.hansa(&["rulebook", "install", &third]).must();
    let lines = announced(&lindau);
    assert!(lines[0].contains("longest_days: 1 → 2"), "{lines:?}");
    lindau
        .hansa(&["rulebook", "install", &first])
        .refused("RULEBOOK_INVALID", 6);
    lindau
        .hansa(&["--yes", "rulebook", "accept"])
        .refused("RULEBOOK_VIOLATED", 6);
    assert_eq!(status(&lindau)["rulebook"], 3);
    // The contract is as it was signed.
    acme.ask("SELECT count(*) AS n FROM lindau.bikes").must();

    // A restart, and an index that is made anew from the log, forget nothing.
    lindau.kill();
    std::fs::remove_file(lindau.folder().join("state/state.db")).unwrap();
    lindau.serve();
    assert_eq!(status(&lindau)["rulebook"], 3);
    let events: Vec<String> = lindau
        .records("rulebook")
        .iter()
        .map(|record| {
            format!(
                "{} {}",
                text(&record["body"], "event"),
                record["body"]["version"]
            )
        })
        .collect();
    let expected = [
        "installed 1",
        "accepted 1",
        "installed 2",
        "accepted 2",
        "installed 3",
        "accepted 3",
    ];
    assert_eq!(events, expected);
    lindau.verifies();
}

/// Offers that were made before are looked at again when the day of an accepted version comes.
#[test]
fn the_day_of_a_version_comes_while_the_connector_runs() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("all", ALL, "auto");
    let tomorrow = lindau.day(1);
    let version = signs(&league, "first", &tomorrow, "attribution_required = true");
    lindau.hansa(&["rulebook", "install", &version]).must();
    lindau.hansa(&["--yes", "rulebook", "accept"]).must();
    lindau.serve();
    acme.knows(&lindau);
    assert_eq!(visible(&acme), 1);
    lindau.configure("[clock]\noffset = \"+1d\"");
    let _ = lindau.hansa(&["reload"]);
    wait_for(
        "the offer is no longer made",
        Duration::from_secs(20),
        || (status(&lindau)["rulebook"] == 1).then_some(()),
    );
    lindau.hansa(&["check"]).refused("RULEBOOK_VIOLATED", 6);
}

#[test]
fn only_the_rulebook_of_the_own_league_is_taken() {
    let league = TestLeague::new(binary());
    let other = TestLeague::new(binary());
    let lindau = league.city("lindau");
    let foreign = signs(&other, "foreign", "2026-01-01", "public_views = false");
    lindau
        .hansa(&["rulebook", "install", &foreign])
        .refused("WRONG_LEAGUE", 4);
    let good = signs(&league, "good", "2026-01-01", "longest_days = 730");
    let signed = std::fs::read_to_string(&good).unwrap();
    for (from, to) in [
        ("\"longest_days\":730", "\"longest_days\":7300"),
        ("Be fair", "Be fast"),
        ("\"version\":1", "\"version\":9"),
    ] {
        let changed = signed.replacen(from, to, 1);
        assert_ne!(changed, signed);
        lindau.write("changed.json", &changed);
        lindau
            .hansa(&["rulebook", "install", "changed.json"])
            .refused("RULEBOOK_INVALID", 6);
    }
    lindau.hansa(&["rulebook", "install", &good]).must();
    let again = lindau.hansa(&["rulebook", "install", &good]).must();
    assert!(again.err.contains("installed already"), "{}", again.err);
    let page = lindau.hansa(&["rulebook", "show", "--text"]).must();
    assert!(page.out.contains("Be fair."), "{}", page.out);
    assert!(page.out.contains("longest_days = 730"), "{}", page.out);

    // What is not understood is refused before it is signed.
    let unknown = league.folder().join("unknown.toml");
    let head = "title = \"R\"\ntext = \"rulebook.md\"\nfrom = 2026-01-01\n[offers]\n";
    std::fs::write(&unknown, format!("{head}least_row = 10\n")).unwrap();
    let issue = ["league", "rulebook", "unknown.toml", "--dir", "league"];
    league.hansa(&issue).refused("CONFIG_UNKNOWN_KEY", 6);

    // An acceptance counts as its participant signed it, and for the league whose rulebook it names.
    let accept = ["--yes", "rulebook", "accept", "--output", "lindau.accepted"];
    lindau.hansa(&accept).must();
    let statement = lindau.folder().join("lindau.accepted");
    let changed = lindau.folder().join("changed.accepted");
    let bytes = std::fs::read_to_string(&statement).unwrap();
    let signature = bytes.find("\"signature\":\"").unwrap() + 13;
    let letter = if bytes[signature..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    let mut forged = bytes.clone();
    forged.replace_range(signature..=signature, letter);
    std::fs::write(&changed, forged).unwrap();
    let takes = |league: &TestLeague, file: &std::path::Path| {
        let file = file.display().to_string();
        league.hansa(&["league", "rulebook", "--dir", "league", "--accepted", &file])
    };
    takes(&league, &changed).refused("SIGNATURE_INVALID", 6);
    takes(&other, &statement).refused("RULEBOOK_INVALID", 6);
    takes(&league, &statement).must();
    // The same statement again, for whoever lost it.
    lindau.hansa(&accept).must();
    assert_eq!(std::fs::read_to_string(&statement).unwrap(), bytes);
}

/// What was accepted and is lost offers nothing: nobody can say what the offers have to keep to.
#[test]
fn a_lost_rulebook_offers_nothing_until_it_is_back() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("all", ALL, "auto");
    let file = signs(&league, "first", "2026-01-01", "longest_days = 3650");
    lindau.serve();
    acme.knows(&lindau);
    lindau.hansa(&["rulebook", "install", &file]).must();
    lindau.hansa(&["--yes", "rulebook", "accept"]).must();
    assert_eq!(visible(&acme), 1);
    lindau.stop();
    let folder = lindau.folder().join("state/rulebooks");
    for kept in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(kept.unwrap().path()).unwrap();
    }
    lindau.serve();
    // Its port is another one now.
    acme.knows(&lindau);
    assert_eq!(visible(&acme), 0);
    lindau.hansa(&["rulebook", "install", &file]).must();
    lindau.hansa(&["--yes", "rulebook", "accept"]).must();
    lindau.hansa(&["reload"]).must();
    assert_eq!(visible(&acme), 1);
}
