//! Acts of those who run a connector, and of a person on the own sessions and access tokens.

use crate::binary;
use crate::console::acts::{fill_form, location, number_of, signed_in};
use crate::console::browser::{Browser, Page, city_with_request, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use serde_json::Value;
use std::time::Duration;

/// Acts of the log, each as its words, its subject and its proof.
fn list_acts(city: &TestParticipant) -> Vec<String> {
    let acts = city.records("console_act").into_iter();
    acts.map(|record| {
        let read_member = |name: &str| text(&record["body"], name);
        format!(
            "{} {} {}",
            read_member("act"),
            read_member("subject"),
            read_member("proof")
        )
    })
    .collect()
}

/// Sends the form of the page of an act.
fn submit(browser: &mut Browser, path: &str, fields: &str) -> Page {
    let check = browser.get(path);
    assert_eq!(check.status, 200, "{path}: {}", check.body);
    browser.post(path, &fill_form(&check, fields))
}

#[test]
fn an_operator_reloads_and_changes_the_participants_once_for_each_form() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"operator\"");
    let mut browser = signed_in(&lindau);
    assert!(browser.get("/settings").body.contains("/settings/reload"));
    let check = browser.get("/settings/reload");
    assert_eq!(check.status, 200, "{}", check.body);
    assert!(check.body.contains("hansa reload"), "{}", check.body);
    assert!(list_acts(&lindau).is_empty(), "a look is no act");
    // The form of a page that shows something else does nothing.
    let other = fill_form(&check, "").replace("language=en", "language=de");
    let changed = browser.post("/settings/reload", &other);
    assert_eq!(changed.status, 409, "{}", changed.body);
    assert!(changed.body.contains("TERMS_CHANGED"), "{}", changed.body);
    // The person has read the page in English. Another language in another window changes nothing of that.
    browser.get("/?lang=de");
    let done = browser.post("/settings/reload", &fill_form(&check, ""));
    assert_eq!(location(&done), "/settings");
    let page = browser.get("/settings");
    assert!(
        page.body.contains("The configuration was read again"),
        "{}",
        page.body
    );
    assert!(page.body.contains("<strong lang=\"en\">"), "{}", page.body);
    browser.get("/?lang=en");
    // Neither a double click nor a reload acts a second time.
    let again = browser.post("/settings/reload", &fill_form(&check, ""));
    assert_eq!(again.status, 409, "{}", again.body);
    assert!(again.body.contains("FORM_STALE"), "{}", again.body);
    assert_eq!(list_acts(&lindau), ["reload lindau.example session"]);
    assert!(page.body.contains("des Protokolls"), "{}", page.body);

    // Nobody answers at the address: the command refuses, and the page tells the record.
    let refused = submit(
        &mut browser,
        "/operations/peers/add",
        "address=127.0.0.1%3A1&id=riga.example&alias=",
    );
    assert_eq!(refused.status, 502, "{}", refused.body);
    for part in [
        "PEER_UNREACHABLE",
        "recorded before the command",
        "/operations/peers",
    ] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    let wrong = submit(&mut browser, "/operations/peers/add", "address=&id=&alias=");
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("href=\"#address\""), "{}", wrong.body);
    assert_eq!(
        list_acts(&lindau)[1..],
        ["peer add lindau.example session"],
        "a wrong field is no act"
    );
    let unknown = browser.get("/operations/peers/nobody.example/remove");
    assert!(unknown.body.contains("PEER_UNKNOWN"), "{}", unknown.body);
    lindau.verifies();
}

#[test]
fn an_operator_adds_and_removes_a_participant() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut munster = league.city("munster");
    for alias in ["lindau", "munster"] {
        league.hand_bundle_to(alias);
    }
    lindau.configure(&console("\"operator\""));
    lindau.serve();
    munster.serve();
    let mut browser = signed_in(&lindau);
    let address = munster.address().replace(':', "%3A");
    let added = submit(
        &mut browser,
        "/operations/peers/add",
        &format!("address={address}&id=munster.example&alias=mun"),
    );
    assert_eq!(location(&added), "/operations/peers");
    let page = browser.get("/operations/peers");
    for part in [
        "munster.example",
        "The participant was added",
        "/operations/peers/munster.example/remove",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let peers = lindau.hansa(&["--json", "peer", "list"]).must().lines();
    assert_eq!(text(&peers[0], "alias"), "mun", "{peers:?}");
    let removed = submit(&mut browser, "/operations/peers/munster.example/remove", "");
    assert_eq!(location(&removed), "/operations/peers");
    assert!(
        lindau
            .hansa(&["--json", "peer", "list"])
            .must()
            .lines()
            .is_empty()
    );
    assert_eq!(
        list_acts(&lindau),
        [
            "peer add lindau.example session",
            "peer remove munster.example session"
        ]
    );
    lindau.verifies();
}

#[test]
fn an_operator_ends_a_running_answer() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.configure(&console("\"operator\""));
    lindau.offers_long(150_000, ALL);
    lindau.serve();
    acme.knows(&lindau);
    let _contract = acme.contract("lindau.long");
    let mut browser = signed_in(&lindau);
    let mut reader = acme.begins();
    let listed = wait_for("the answer", Duration::from_secs(30), || {
        let running = lindau.hansa(&["--json", "running", "list"]).must().lines();
        running
            .into_iter()
            .find(|row: &Value| number(row, "rows") > 0)
    });
    let question = text(&listed, "question");
    let path = format!("/operations/running/{question}/cancel");
    let page = browser.get("/operations/running");
    assert!(page.body.contains(&path), "{}", page.body);
    // Neither the beginning of a question nor another one has a page.
    for other in [question.get(..12).unwrap(), "zz"] {
        let page = browser.get(&format!("/operations/running/{other}/cancel"));
        assert_ne!(page.status, 200, "{other}");
    }
    let cut = submit(&mut browser, &path, "");
    assert_eq!(location(&cut), "/operations/running");
    let ended = reader.end();
    assert!(ended.err.contains("ANSWER_CANCELLED"), "{}", ended.err);
    let page = browser.get("/operations/running");
    assert!(page.body.contains("The answer was ended"), "{}", page.body);
    // The record is older than its effect.
    let act = lindau.records("console_act").remove(0);
    let close = wait_for("the cut answer", Duration::from_secs(10), || {
        let mut closes = lindau.records("close");
        closes.retain(|close| text(&close["body"], "outcome") == "cut");
        closes.pop()
    });
    assert!(number(&act, "seq") < number(&close, "seq"), "{act} {close}");
    assert_eq!(
        list_acts(&lindau),
        [format!("running cancel {question} session")]
    );
    lindau.verifies();
}

#[test]
fn a_token_is_made_at_the_machine_and_its_secret_is_shown_once() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"operator\", \"analyst\"");
    let mut browser = signed_in(&lindau);
    let waits = submit(
        &mut browser,
        "/settings/tokens/add",
        "person=Ida+Brandt&purposes=&days=30&contract=",
    );
    let pending = location(&waits);
    let page = browser.get(&pending);
    assert!(
        page.body.contains("Ida Brandt") && page.body.contains("30"),
        "{}",
        page.body
    );
    // The session alone makes no token.
    let early = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(early.status, 422, "{}", early.body);
    assert!(list_acts(&lindau).is_empty());
    lindau
        .hansa(&["console", "confirm", &number_of(&early)])
        .must();
    let made = browser.post(&pending, &fill_form(&early, ""));
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.head.contains("no-store"), "{}", made.head);
    let tokens = lindau.hansa(&["--json", "token", "list"]).must().lines();
    let id = text(&tokens[0], "token");
    let secret = made
        .body
        .split_whitespace()
        .find(|word| word.contains(&id) && word.len() > id.len() + 20)
        .unwrap()
        .to_owned();
    for path in ["/settings/tokens", pending.as_str(), "/me"] {
        let page = browser.get(path);
        assert!(!page.body.contains(&secret), "{path}: {}", page.body);
    }
    assert_eq!(browser.post(&pending, &fill_form(&early, "")).status, 409);
    // The log has no name and no secret.
    let log = format!("{:?}", lindau.log());
    assert!(!log.contains("Ida") && !log.contains(&secret), "{log}");
    let own = browser.get(&format!("/me/tokens/{id}/end"));
    assert_ne!(own.status, 200, "the token of another person");
    let ended = submit(&mut browser, &format!("/settings/tokens/{id}/end"), "");
    assert_eq!(location(&ended), "/settings/tokens");
    let tokens = lindau.hansa(&["--json", "token", "list"]).must().lines();
    assert_eq!(text(&tokens[0], "state"), "revoked");

    // An analyst makes a token of the own name alone.
    let waits = submit(
        &mut browser,
        "/me/tokens/add",
        "person=Ida&purposes=&days=30",
    );
    let pending = location(&waits);
    let page = browser.get(&pending);
    lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    let made = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(made.status, 200, "{}", made.body);
    let tokens = lindau.hansa(&["--json", "token", "list"]).must().lines();
    let own = tokens.iter().find(|token| text(token, "state") == "counts");
    let own = own.unwrap();
    assert_eq!(text(own, "person"), "Maria <Santos>", "{own}");
    let id = text(own, "token");
    assert!(
        browser
            .get("/me")
            .body
            .contains(&format!("/me/tokens/{id}/end"))
    );
    assert_eq!(
        location(&submit(&mut browser, &format!("/me/tokens/{id}/end"), "")),
        "/me"
    );
    lindau.verifies();
}

#[test]
fn a_backup_is_written_by_whoever_is_at_the_machine() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"operator\"");
    let mut browser = signed_in(&lindau);
    let path = "/operations/backup/make";
    let file = lindau.folder().join("first.hansa");
    let encoded = file.to_str().unwrap().replace('/', "%2F");
    // Neither a path that depends on a folder nor a file that is there.
    let config = lindau.folder().join("hansa.toml");
    let config = config.to_str().unwrap().replace('/', "%2F");
    for wrong in ["first.hansa", config.as_str()] {
        let page = submit(&mut browser, path, &format!("file={wrong}"));
        assert_eq!(page.status, 422, "{wrong}: {}", page.body);
    }
    let pending = location(&submit(&mut browser, path, &format!("file={encoded}")));
    let page = browser.get(&pending);
    assert_eq!(browser.post(&pending, &fill_form(&page, "")).status, 422);
    assert!(!file.exists(), "the session alone writes nothing");
    let page = browser.get(&pending);
    lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    let done = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(location(&done), "/operations/backup");
    assert!(file.exists());
    let page = browser.get("/operations/backup");
    for part in ["The backup was written", "first.hansa"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(list_acts(&lindau), ["backup lindau.example host"]);
    lindau.verifies();
}

#[test]
fn a_person_ends_the_own_sessions() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"auditor\"");
    let mut here = signed_in(&lindau);
    let mut there = signed_in(&lindau);
    let mut third = signed_in(&lindau);
    let page = here.get("/me");
    let links: Vec<&str> = page
        .body
        .split("href=\"/me/sessions/")
        .skip(1)
        .filter_map(|rest| rest.split_once("/end\"").map(|parts| parts.0))
        .collect();
    assert_eq!(links.len(), 2, "{}", page.body);
    // The newest session stands first.
    let ended = submit(&mut here, &format!("/me/sessions/{}/end", links[0]), "");
    assert_eq!(location(&ended), "/me");
    assert!(here.get("/me").body.contains("The session was ended"));
    assert_eq!(third.get("/").status, 303, "the session has ended");
    assert_eq!(there.get("/").status, 200);
    let again = here.get(&format!("/me/sessions/{}/end", links[0]));
    assert!(again.body.contains("FORM_STALE"), "{}", again.body);
    let all = submit(&mut here, "/me/sessions/end", "");
    assert_eq!(location(&all), "/me");
    assert_eq!(there.get("/").status, 303);
    assert_eq!(here.get("/").status, 200);
    let acts = list_acts(&lindau);
    assert_eq!(
        acts,
        [
            format!("console session end {} session", links[0]),
            "console session end others lindau.example session".to_owned()
        ]
    );
    lindau.verifies();
}
