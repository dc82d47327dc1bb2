//! A withdrawal from a later day on: until then everything runs, then all ends by itself.

use crate::auditor::{export, findings, verify};
use crate::binary;
use crate::clock::set;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::time::Duration;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.long";
const ROWS: u32 = 150_000;

/// The instant so many hours after the last record of a log.
pub(crate) fn hours_on(city: &TestParticipant, hours: i64) -> String {
    let last = city.log().pop().map(|record| text(&record, "t"));
    let last: jiff::Timestamp = last.unwrap().parse().unwrap();
    let at = last + jiff::Span::new().hours(hours);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Ends a contract from a later day or instant on.
fn withdraw_from(city: &TestParticipant, contract: &str, from: &str) -> serde_json::Value {
    let end = ["--yes", "--json", "contract", "withdraw", contract];
    let when = ["--from", from, "--reason", "the pilot is over"];
    city.hansa(&[&end[..], &when].concat()).must().json()
}

/// Gives a participant another time zone.
pub(crate) fn set_zone(city: &TestParticipant, zone: &str) {
    let file = city.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with("zone = "));
    let head = lines
        .iter()
        .position(|line| line == "[participant]")
        .unwrap();
    lines.insert(head + 1, format!("zone = \"{zone}\""));
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
}

/// The only contract that a city lists.
fn list_contract(city: &TestParticipant) -> serde_json::Value {
    let mut all = city.hansa(&["--json", "contract", "list"]).must().lines();
    all.retain(|one| one.get("contract").is_some());
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn running_answers_go_on_until_then_and_are_cut_at_it() {
    let league = TestLeague::new(binary());
    let (lindau, mut acme) = league.long_table(ROWS, ALL);
    // Several of its answers run at once.
    acme.serve();
    let contract = acme.contract("lindau.long");
    let mut whole = acme.begins();
    // Nobody reads on, so this answer stands still in the middle.
    let mut stands = acme.begins();
    let from = hours_on(&lindau, 3);
    let ended = withdraw_from(&lindau, &contract, &from);
    assert_eq!(text(&ended, "from"), from, "{ended}");
    assert_eq!(number(&ended, "streams_before"), 2, "{ended}");
    let read = whole.end();
    assert_eq!(read.status, Some(0), "{}", read.err);
    assert_eq!(read.out.lines().count(), usize::try_from(ROWS).unwrap());
    // A question that comes after the statement is answered, and begins an answer that ends with the others.
    let asked = acme.ask(COUNT).must().lines();
    assert_eq!(number(&asked[0], "n"), i64::from(ROWS));
    let mut behind = acme.begins();
    assert!(
        lindau
            .records("close")
            .iter()
            .all(|close| text(close, "outcome") == "done"),
    );
    set(&lindau, "+2h");
    lindau.hansa(&["reload"]).must();
    acme.ask(COUNT).must();
    set(&lindau, "+4h");
    lindau.hansa(&["reload"]).must();
    let cut = wait_for("both ends", Duration::from_secs(20), || {
        let mut closed = lindau.records("close");
        closed.retain(|close| text(close, "outcome") == "cut");
        (closed.len() == 2).then_some(closed)
    });
    for close in &cut {
        assert_eq!(text(close, "code"), "WITHDRAWN", "{close}");
    }
    for reader in [&mut stands, &mut behind] {
        let end = reader.end();
        assert_eq!(end.status, Some(3), "{}", end.err);
        assert!(end.err.contains("error[WITHDRAWN]"), "{}", end.err);
    }
    acme.ask(COUNT).refused("WITHDRAWN", 3);
    lindau.verifies();
    acme.verifies();
}

#[test]
fn questions_are_answered_until_then_and_refused_from_it_on_also_over_restarts() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(200, ALL);
    let contract = acme.contract("lindau.long");
    acme.ask(COUNT).must();
    // The consumer ends it here, by a day of its own zone.
    set_zone(&acme, "America/New_York");
    let day = lindau.day(3);
    let ended = withdraw_from(&acme, &contract, &day);
    let from = text(&ended, "from");
    assert!(
        from == format!("{day}T05:00:00Z") || from == format!("{day}T04:00:00Z"),
        "{from}"
    );
    for city in [&lindau, &acme] {
        let one = wait_for(
            "the statement at the other side",
            Duration::from_secs(20),
            || Some(list_contract(city)).filter(|one| !one["ended"].is_null()),
        );
        assert_eq!(text(&one, "state"), "in force", "{one}");
        assert_eq!(one["ended"]["from"], from.as_str(), "{one}");
        assert_eq!(one["ended"]["by"], "acme.example", "{one}");
        let show = ["--json", "contract", "show", &contract];
        let shown = city.hansa(&show).must().json();
        assert_eq!(shown["withdrawal"]["from"], from.as_str(), "{shown}");
        let page = city.hansa(&["contract", "show", &contract]).must().out;
        assert!(page.contains("in force until "), "{page}");
        assert!(page.contains("withdrawn by acme.example"), "{page}");
        let list = city.hansa(&["contract", "list"]).must().out;
        assert!(
            list.contains(&format!("until {from}, by acme.example")),
            "{list}"
        );
        let status = city.hansa(&["--json", "status"]).must().json();
        let ends = status["ends"].as_array().unwrap();
        let ends = ends.iter().find(|one| one["what"] == "contract");
        assert_eq!(text(ends.unwrap(), "at"), from, "{status}");
        let waiting = status["waiting"].to_string();
        assert!(waiting.contains("ends soon"), "{waiting}");
        let calendar = city.hansa(&["contract", "list", "--ics"]).must().out;
        let start = format!("DTSTART:{}", from.replace(['-', ':'], ""));
        assert!(calendar.contains(&start), "{calendar}");
    }
    acme.ask(COUNT).must();
    lindau.kill();
    lindau.serve();
    acme.knows(&lindau);
    acme.ask(COUNT).must();
    // A later date does not put the end off, and an earlier one counts.
    let again = [
        "--yes",
        "contract",
        "withdraw",
        &contract,
        "--from",
        &lindau.day(5),
    ];
    let again = lindau.hansa(&[&again[..], &["--reason", "x"]].concat());
    let refused = again.refused("USAGE", 2);
    assert!(refused.err.contains(&from), "{}", refused.err);
    lindau.stop();
    set(&lindau, "+4d");
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    acme.ask(COUNT).refused("WITHDRAWN", 3);
    assert_eq!(text(&list_contract(&lindau), "state"), "withdrawn");
    lindau.verifies();
    acme.verifies();
    // The auditor finds what came before the day in order, and knows how the contract stood.
    let folder = tempfile::tempdir().unwrap();
    for city in [&lindau, &acme] {
        export(city, folder.path(), &[]);
    }
    let files = ["lindau.example.bundle", "acme.example.bundle"];
    let (report, status) = verify(folder.path(), &[&["check"], &files[..]].concat());
    assert_eq!(
        findings(&report, "broken"),
        Vec::<String>::new(),
        "{report:#}"
    );
    assert_eq!(status, 0, "{report:#}");
    let stood = |at: &str| {
        let (stood, _) = verify(
            folder.path(),
            &["contract", &contract, "--at", at, files[0]],
        );
        text(&stood["answers"][0]["standing"][0], "standing")
    };
    let noted = lindau.records("withdraw").pop().unwrap();
    let noted = text(&noted, "t");
    assert_eq!(stood(&noted), format!("in force, withdrawn from {from} on"));
    assert_eq!(stood(&from), "withdrawn");
}

#[test]
fn a_date_that_ends_nothing_is_refused() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200, ALL);
    let contract = acme.contract("lindau.long");
    for (from, says) in [
        ("2020-01-01", "has passed"),
        ("2031-01-01", "already ends on"),
        ("soon", "neither a day nor an instant"),
    ] {
        let end = ["--yes", "contract", "withdraw", &contract];
        let when = ["--from", from, "--reason", "over"];
        let refused = lindau
            .hansa(&[&end[..], &when].concat())
            .refused("USAGE", 2);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    assert!(lindau.records("withdraw").is_empty());
    // A statement that is signed on another machine says the instant.
    let file = lindau.folder().join("contract.json");
    let file = file.display().to_string();
    lindau
        .hansa(&["contract", "export", &contract, "-o", &file])
        .must();
    let key = lindau.folder().join("keys/signing.key");
    let key = key.display().to_string();
    let offline = |from: &str| {
        let sign = [
            "--yes",
            "contract",
            "withdraw",
            "--offline",
            &file,
            "--key",
            &key,
        ];
        lindau.hansa(&[&sign[..], &["--from", from, "--reason", "over"]].concat())
    };
    let refused = offline(&lindau.day(3)).refused("USAGE", 2);
    assert!(
        refused.err.contains("another instant in each zone"),
        "{}",
        refused.err
    );
    let from = hours_on(&lindau, 3);
    offline(&from).must();
    let statement = format!("{file}.withdrawal");
    let attached = lindau.hansa(&["--json", "contract", "attach", &contract, &statement]);
    assert_eq!(text(&attached.must().json(), "from"), from);
    acme.ask(COUNT).must();
}
