//! The console's pages of the evidence: the log, its records, its heads, and who received what.

use crate::binary;
use crate::console::browser::{Browser, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use serde_json::Value;
use std::time::Duration;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.bikes";

/// A city with a console that has answered a firm twice, and the firm.
fn city_with_answers(league: &TestLeague, roles: &str) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("open", ALL, "auto");
    lindau.configure(&console(roles));
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    for _ in 0..2 {
        acme.ask(COUNT).must();
    }
    // The firm's word about the receipts comes with its next command.
    acme.hansa(&["audit", "reconcile", "lindau"]).must();
    wait_for("the receipts", Duration::from_secs(30), || {
        (lindau.records("receipt_ack").len() == 2).then_some(())
    });
    (lindau, acme)
}

fn places(records: &[Value]) -> Vec<i64> {
    records.iter().map(|record| number(record, "seq")).collect()
}

#[test]
fn a_list_of_records_goes_back_page_by_page() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answers(&league, "\"auditor\"");
    let list = |more: &[&str]| -> Vec<Value> {
        let line = [&["--json", "audit", "list", "--checkpoints"], more].concat();
        lindau.hansa(&line).must().lines()
    };
    for filter in [
        &[][..],
        &["--participant", "acme.example"],
        &["--dataset", "bikes"],
        &["--outcome", "permit"],
    ] {
        let whole = list(&[filter, &["--last", "1000"]].concat());
        assert!(whole.len() > 1, "{filter:?}");
        let end = number(whole.last().unwrap(), "seq") + 1;
        let mut before = end.to_string();
        let mut found: Vec<i64> = Vec::new();
        loop {
            let page = ["--last", "3", "--within", "5", "--before", &before];
            let mut page = list(&[filter, &page].concat());
            let more = page.pop_if(|last| last.get("continues_before").is_some());
            assert!(page.len() <= 3);
            let mut older = places(&page);
            older.append(&mut found);
            found = older;
            let Some(more) = more else { break };
            let next = number(&more, "continues_before").to_string();
            assert_ne!(next, before, "each page goes on");
            before = next;
        }
        assert_eq!(found, places(&whole), "{filter:?}");
    }
    // The records of a question are found by its beginning, however far away that is.
    let closed = list(&[
        "--participant",
        "acme.example",
        "--outcome",
        "done",
        "--last",
        "1",
    ]);
    assert_eq!(text(&closed[0], "type"), "close");
    lindau.verifies();
}

#[test]
fn a_record_comes_with_its_proof_and_without_what_is_kept_beside_the_log() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = city_with_answers(&league, "\"auditor\"");
    let permit = lindau.records("permit").pop().unwrap();
    let place = number(&permit, "seq").to_string();
    let show = ["--json", "audit", "show", &place, "--proof"];
    let shown = lindau.hansa(&show).must().json();
    assert_eq!(shown["record"], permit);
    assert_eq!(text(&shown["close"], "type"), "close");
    assert_eq!(number(&shown["close"]["body"], "opened").to_string(), place);
    assert_eq!(text(&shown, "hash").len(), 64);
    assert!(
        number(&shown["head"], "size") > number(&permit, "seq"),
        "{shown}"
    );
    assert!(!shown["proof"].as_array().unwrap().is_empty(), "{shown}");
    let whole = shown.to_string();
    assert!(!whole.contains("SELECT"), "{whole}");
    // Of a record of a person, at most the pseudonym.
    let asked = acme.records("remote_query").pop().unwrap();
    let place = number(&asked, "seq").to_string();
    let shown = acme.hansa(&["--json", "audit", "show", &place, "--proof"]);
    let shown = shown.must().json();
    assert!(!shown.to_string().contains("actor_user"), "{shown}");
    lindau
        .hansa(&["audit", "show", "99999", "--proof"])
        .refused("USAGE", 2);
    lindau
        .hansa(&["audit", "show", "019ab", "--proof"])
        .refused("USAGE", 2);
    let summary = lindau.hansa(&["--json", "audit", "summary"]).must().json();
    assert!(number(&summary, "records") >= number(&summary, "covered"));
    assert_eq!(summary["forks"], Value::Array(Vec::new()));
}

#[test]
fn an_auditor_reads_who_received_what_and_each_record() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = city_with_answers(&league, "\"auditor\"");
    let received = ["--json", "audit", "received"];
    let lines = lindau.hansa(&received).must().lines();
    assert_eq!(number(&lines[0], "answers"), 2);
    assert_eq!(number(&lines[0], "cut"), 0);
    assert_eq!(number(&lines[0], "acknowledged"), 2);
    let contract = text(&lines[0], "contract");
    let by_contract = [&received[..], &["--contract", &contract]].concat();
    assert_eq!(lindau.hansa(&by_contract).must().lines(), lines);

    let (mut browser, code) = Browser::of(&lindau);
    assert_eq!(browser.enters(&code).status, 303);
    let before = lindau.records("permit").len();
    for path in [
        "/evidence",
        "/evidence/received",
        "/evidence/records",
        "/evidence/heads",
        "/evidence/verify",
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
    }
    let page = browser.get("/evidence/received");
    assert!(page.body.contains("acme.example"), "{}", page.body);
    assert!(page.body.contains("2 of 2"), "{}", page.body);
    assert!(page.body.contains(&format!("/contracts/{contract}")));
    let other = browser.get("/evidence/received?participant=other.example&from=");
    assert!(
        other.body.contains("Nobody else received anything"),
        "{}",
        other.body
    );

    let permit = lindau.records("permit").pop().unwrap();
    let place = number(&permit, "seq");
    let list = browser.get("/evidence/records?participant=acme.example&outcome=permit");
    let link = format!("/evidence/records/{place}");
    assert!(list.body.contains(&link), "{}", list.body);
    let found = browser.get(&format!("/evidence/records?number={place}"));
    assert!(
        found.head.contains(&format!("location: {link}")),
        "{}",
        found.head
    );
    let page = browser.get(&link);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Question admitted"), "{}", page.body);
    assert!(page.body.contains("Closed by record"), "{}", page.body);
    // The text of the question is kept beside the log.
    assert!(!page.body.contains("count(*)"), "{}", page.body);
    for (path, status) in [
        ("/evidence/records/99999999", 400),
        ("/evidence/records/..%2f", 400),
        ("/evidence/records/+1", 400),
        ("/evidence/records?before=x", 400),
        ("/evidence/nothing", 404),
    ] {
        assert_eq!(browser.get(path).status, status, "{path}");
    }
    assert_eq!(lindau.records("permit").len(), before, "looks ask nothing");
    lindau.verifies();
    drop(acme);
}

#[test]
fn the_evidence_is_closed_to_other_roles() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answers(&league, "\"operator\", \"analyst\"");
    let (mut browser, code) = Browser::of(&lindau);
    assert_eq!(browser.enters(&code).status, 303);
    for path in [
        "/evidence",
        "/evidence/received",
        "/evidence/records",
        "/evidence/records/0",
        "/evidence/heads",
        "/evidence/verify",
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, 403, "{path}");
        assert!(!page.body.contains("acme"), "{path}");
    }
    assert_eq!(lindau.records("console_refused").len(), 1);
}
