//! `[clock] offset`: time passes in a league that is for a show, and nowhere else.

use crate::binary;
use crate::wrong_input::try_all;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::workflow::{ALL, PURPOSE, number, text, wait_for};
use std::time::Duration;

const WEEK_AND_A_DAY: i64 = 8 * 86_400;

/// Writes the offset into the configuration, in the place of one that stands there.
pub(crate) fn set(city: &TestParticipant, offset: &str) {
    let file = city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let kept = before.split("\n[clock]").next().unwrap();
    std::fs::write(&file, format!("{kept}\n[clock]\noffset = \"{offset}\"\n")).unwrap();
}

/// lindau offers bikes, and acme has a contract on them until the given day of the league's life.
fn two(league: &TestLeague, days: u16) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.city("acme");
    league.renew("lindau", days);
    lindau.offers_bikes("all", ALL, "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    (lindau, acme)
}

const COUNT: &str = "SELECT count(*) AS n FROM lindau.bikes";

#[test]
fn it_is_refused_in_a_league_that_is_not_for_a_show() {
    let folder = tempfile::tempdir().unwrap();
    let hansa = |args: &[&str]| run(binary(), folder.path(), args).must();
    hansa(&["league", "init", "league", "--name", "earnest"]);
    hansa(&["init", "lindau", "--id", "lindau.example", "--name", "L"]);
    let request = "lindau/lindau.example.request";
    hansa(&["league", "admit", request, "--dir", "league"]);
    let join = "lindau/lindau.example.join";
    hansa(&["--yes", "--config", "lindau", "join", join]);
    hansa(&["--config", "lindau", "check"]);
    let lindau = TestParticipant::new(binary(), folder.path().join("lindau"), "lindau.example");
    set(&lindau, "+8d");
    let line = std::fs::read_to_string(lindau.folder().join("hansa.toml"))
        .unwrap()
        .lines()
        .count();
    let place = format!("hansa.toml:{line}");
    let says = [
        "founded with --demo",
        &place[..],
        "(clock.offset)",
        "remove [clock] offset",
    ];
    try_all(
        lindau.folder(),
        &[
            (&["check"], "CONFIG_INVALID", 6, &says),
            (&["status"], "CONFIG_INVALID", 6, &says),
            (&["serve"], "CONFIG_INVALID", 6, &says),
            (&["join", "lindau.example.join"], "CONFIG_INVALID", 6, &says),
        ],
    );
    // Nor can the league's own be.
    let export = ["league", "export", "--dir", "league", "--offset", "+8d"];
    let moved = run(binary(), folder.path(), &export).ends(2);
    assert!(moved.err.contains("founded with --demo"), "{}", moved.err);
    // No offset is no offset.
    set(&lindau, "0s");
    lindau.hansa(&["check"]).must();
}

#[test]
fn a_wrong_one_is_reported_with_its_line() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    let head = "[participant]\nid = \"lindau.example\"\nname = \"Lindau\"\n[clock]\n";
    for (file, key) in [
        ("word.toml", "offset = \"soon\""),
        ("type.toml", "offset = 8"),
        ("key.toml", "ofset = \"8d\""),
    ] {
        city.write(file, &format!("{head}{key}\n"));
    }
    try_all(
        city.folder(),
        &[
            (
                &["--config", "word.toml", "check"],
                "CONFIG_INVALID",
                6,
                &["word.toml:5", "(clock.offset)", "`soon`", "+8d"],
            ),
            (
                &["--config", "type.toml", "check"],
                "CONFIG_INVALID",
                6,
                &[
                    "type.toml:5",
                    "(clock.offset)",
                    "an integer instead of a text",
                ],
            ),
            (
                &["--config", "key.toml", "check"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["key.toml:5", "did you mean `offset`?"],
            ),
        ],
    );
}

#[test]
fn a_reload_moves_it_and_it_is_shown_and_in_the_log() {
    let league = TestLeague::new(binary());
    let (lindau, mut acme) = two(&league, 30);
    acme.serve();
    acme.ask(COUNT).must();
    let status = |city: &TestParticipant| city.hansa(&["--json", "status"]).must().json();
    assert_eq!(number(&status(&lindau), "clock_offset_s"), 0);
    set(&lindau, "+8d");
    assert_eq!(
        number(&status(&lindau), "clock_offset_s"),
        0,
        "nothing was reloaded yet"
    );
    lindau.hansa(&["reload"]).must();
    assert_eq!(number(&status(&lindau), "clock_offset_s"), WEEK_AND_A_DAY);
    let page = lindau.hansa(&["status"]).must().out;
    assert!(page.contains("the clock is moved by `+8d`"), "{page}");
    let hops = lindau.hansa(&["--json", "doctor"]).must().lines();
    assert!(hops.iter().any(|hop| hop["check"] == "clock"), "{hops:?}");
    let config = lindau.records("config").pop().unwrap();
    assert_eq!(
        number(&config, "clock_offset_us"),
        WEEK_AND_A_DAY * 1_000_000
    );
    // Time that passes is no step of the clock.
    assert!(lindau.records("clock").is_empty());

    // acme's certificate is over by lindau's clock: on the connection that is open, and at the next handshake.
    let open = acme.ask(COUNT).refused("CERTIFICATE_EXPIRED", 4);
    assert!(open.err.contains("lindau.example"), "{}", open.err);
    acme.stop();
    let anew = acme.ask(COUNT).refused("CERTIFICATE_EXPIRED", 4);
    let says = "it says that the certificate of this connector has expired";
    assert!(anew.err.contains(says), "{}", anew.err);
    assert!(anew.err.contains("hansa join"), "{}", anew.err);
    league.renew("acme", 30);
    let answer = acme.ask(COUNT).must().lines();
    assert_eq!(number(&answer[0], "n"), 2);
    lindau.verifies();
}

#[test]
fn a_peers_certificate_ends_by_the_clock_of_who_asks() {
    let league = TestLeague::new(binary());
    let (_lindau, acme) = two(&league, 7);
    acme.ask(COUNT).must();
    set(&acme, "8d");
    let own = acme.ask(COUNT).refused("CERTIFICATE_EXPIRED", 4);
    assert!(own.err.contains("hansa://acme.example"), "{}", own.err);
    assert!(own.err.contains("keys/tls.crt"), "{}", own.err);
    league.renew("acme", 30);
    let theirs = acme.ask(COUNT).refused("CERTIFICATE_EXPIRED", 4);
    let says = "the certificate of hansa://lindau.example expired on";
    assert!(theirs.err.contains(says), "{}", theirs.err);
    assert!(
        theirs.err.contains("lindau.example must renew it"),
        "{}",
        theirs.err
    );
    set(&acme, "-1m");
    acme.ask(COUNT).must();
}

#[test]
pub(crate) fn a_contract_ends_under_a_running_stream() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.renew("lindau", 30);
    league.renew("acme", 30);
    let until = lindau.day(3);
    let terms =
        format!("purpose = [\"{PURPOSE}\"]\nvalid = {{ from = 2026-01-01, until = {until} }}");
    lindau.offers_long(300_000, &terms);
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    let mut reader = acme.begins();
    set(&lindau, "+8d");
    // The offer is over too, which the reload tells.
    let reloaded = lindau.hansa(&["reload"]).must();
    assert!(
        reloaded.err.contains("warning[OFFER_ENDED]"),
        "{}",
        reloaded.err
    );
    let close = wait_for("the stream's end", Duration::from_secs(10), || {
        lindau.records("close").pop()
    });
    assert_eq!(text(&close, "code"), "EXPIRED", "{close}");
    let end = reader.end();
    assert_eq!(end.status, Some(3), "{}", end.err);
    assert!(end.err.contains("error[EXPIRED]"), "{}", end.err);
    assert!(end.err.contains("not the whole answer"), "{}", end.err);
    let read = i64::try_from(end.out.lines().count()).unwrap();
    assert_eq!(number(&close, "rows"), read);
    // Under the contract nothing is shown any more, whatever the clock of who asks says.
    acme.ask("SELECT count(*) FROM lindau.long").ends(3);
    lindau.verifies();
    acme.verifies();
}

#[test]
fn one_that_goes_back_is_relied_on_again_when_a_person_has_looked() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = two(&league, 30);
    set(&lindau, "+2h");
    lindau.hansa(&["reload"]).must();
    acme.ask(COUNT).must();
    // Nobody says reload here: a new bundle comes, and the configuration is read with it.
    set(&lindau, "0s");
    league.hand_bundle_to("lindau");
    let status = |city: &TestParticipant| city.hansa(&["--json", "status"]).must().json();
    wait_for("the old time", Duration::from_secs(10), || {
        (number(&status(&lindau), "clock_offset_s") == 0).then_some(())
    });
    let refused = acme.ask(COUNT).refused("CLOCK_UNTRUSTED", 3);
    assert!(refused.err.contains("hansa reload"), "{}", refused.err);
    let waiting = status(&lindau)["waiting"].to_string();
    assert!(
        waiting.contains("the clock of this connector went back"),
        "{waiting}"
    );
    let hops = lindau.hansa(&["--json", "doctor"]).ends(3).lines();
    let clock = hops.iter().find(|hop| hop["check"] == "clock").unwrap();
    assert_eq!(text(clock, "code"), "CLOCK_UNTRUSTED", "{clock}");
    // Nothing that our own people may do depends on the time.
    lindau.ask(COUNT).must();

    lindau.hansa(&["reload"]).must();
    let looked = lindau.records("clock").pop().unwrap();
    assert_eq!(looked["body"]["acknowledged"], true, "{looked}");
    acme.ask(COUNT).must();
    assert!(!status(&lindau)["waiting"].to_string().contains("clock"));
    // Its records are still ahead of it: whoever starts it anew has to look again.
    lindau.stop();
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    acme.ask(COUNT).refused("CLOCK_UNTRUSTED", 3);
    lindau.hansa(&["reload"]).must();
    acme.ask(COUNT).must();
    lindau.verifies();
}
