//! A signer adds a participant to a group and removes it, each time present at the machine.

use crate::binary;
use crate::console::acts::{fill_form, location, number_of, signed_in};
use crate::console::browser::{Browser, city_with_request};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;

/// Sends a form, confirms its act at the machine, and gives the page to which it leads.
fn act(city: &TestParticipant, browser: &mut Browser, path: &str, fields: &str) -> String {
    let check = browser.get(path);
    assert_eq!(check.status, 200, "{path}: {}", check.body);
    let pending = location(&browser.post(path, &fill_form(&check, fields)));
    let page = browser.get(&pending);
    city.hansa(&["console", "confirm", &number_of(&page)])
        .must();
    location(&browser.post(&pending, &fill_form(&page, "")))
}

#[test]
fn a_signer_adds_to_a_group_and_removes_from_it() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"officer\", \"signer\"");
    let mut browser = signed_in(&lindau);
    assert!(browser.get("/policies").body.contains("href=\"/groups\""));
    // The request of another person stands in the form.
    let check = browser.get("/groups/add?group=firms&participants=acme.example");
    assert!(check.body.contains("value=\"firms\""), "{}", check.body);
    assert!(
        check.body.contains("acme.example</textarea>"),
        "{}",
        check.body
    );
    let wrong = browser.post(
        "/groups/add",
        &fill_form(&check, "group=firms&participants=acme.example"),
    );
    assert_eq!(
        wrong.status, 409,
        "the page was another one: {}",
        wrong.body
    );
    let page = act(
        &lindau,
        &mut browser,
        "/groups/add",
        "group=firms&participants=acme.example",
    );
    assert_eq!(page, "/groups");
    let page = browser.get("/groups");
    for part in [
        "acme.example",
        "/groups/firms/remove",
        "is signed and in force",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let groups = lindau.hansa(&["--json", "group", "list"]).must().lines();
    assert_eq!(groups[0]["members"], serde_json::json!(["acme.example"]));
    // Nobody is removed whom the page does not have.
    let check = browser.get("/groups/firms/remove");
    let none = browser.post(
        "/groups/firms/remove",
        &fill_form(&check, "participants-0=riga.example"),
    );
    assert_eq!(none.status, 422, "{}", none.body);
    let page = act(
        &lindau,
        &mut browser,
        "/groups/firms/remove",
        "participants-0=acme.example",
    );
    assert_eq!(page, "/groups");
    let groups = lindau.hansa(&["--json", "group", "list"]).must().lines();
    assert_eq!(groups[0]["members"], serde_json::json!([]));
    let acts = lindau.records("console_act");
    let acts: Vec<String> = acts
        .iter()
        .map(|record| text(&record["body"], "act"))
        .collect();
    assert_eq!(acts, ["group add", "group remove"]);
    lindau.verifies();
}
