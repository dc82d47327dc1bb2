//! The console for those who run a connector: its health, its peers, what runs and what waits, and its settings.

use crate::binary;
use crate::console::browser::{Browser, city_with_request};
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::text;

const OPERATIONS: [&str; 7] = [
    "/operations",
    "/operations/peers",
    "/operations/doctor",
    "/operations/running",
    "/operations/delivery",
    "/operations/workers",
    "/operations/backup",
];

const SETTINGS: [&str; 4] = [
    "/settings",
    "/settings?section=participant",
    "/settings/people",
    "/settings/tokens",
];

#[test]
fn an_operator_reads_the_state_and_the_settings_and_changes_nothing() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"operator\"");
    let (mut browser, code) = Browser::of(&lindau);
    for path in OPERATIONS.into_iter().chain(SETTINGS).chain(["/me"]) {
        assert_eq!(browser.get(path).status, 303, "{path}");
    }
    // Statements are for everybody.
    for path in ["/accessibility", "/licences"] {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    assert_eq!(browser.enters(&code).status, 303);
    let before = lindau.log().len();
    for path in OPERATIONS.into_iter().chain(SETTINGS).chain(["/me"]) {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
    }
    assert_eq!(lindau.log().len(), before, "a look leaves no record");
    let page = browser.get("/settings?section=participant");
    assert!(page.body.contains("lindau.example"), "{}", page.body);
    assert!(page.body.contains("hansa.toml:"), "{}", page.body);
    let page = browser.get("/settings/people");
    assert!(page.body.contains("Maria &lt;Santos&gt;"), "{}", page.body);
    let entered = lindau.records("console_sign_in");
    let pseudonym = text(&entered[0]["body"], "actor");
    assert!(!page.body.contains(&pseudonym), "{}", page.body);
    let page = browser.get("/me");
    assert_eq!(page.body.matches("this one").count(), 1, "{}", page.body);
    let page = browser.get("/help/errors/GROUP_TOO_SMALL");
    assert!(page.status == 200 && page.body.contains("GROUP_TOO_SMALL"));
    for path in [
        "/help/errors/NO_SUCH_CODE",
        "/operations/nothing",
        "/settings/nothing",
    ] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    // The check is begun by a form alone.
    let page = browser.post("/operations/doctor", "");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("records, writable"), "{}", page.body);
    let page = browser.post("/operations/doctor/nobody.example", "");
    assert!(page.body.contains("PEER_UNKNOWN"), "{}", page.body);
    for path in ["/operations/doctor/..%2f..", "/operations/doctor/--all"] {
        assert_ne!(browser.get(path).status, 200, "{path}");
    }
    lindau.verifies();
}

#[test]
fn operations_and_settings_are_for_their_roles() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"auditor\"");
    let (mut browser, code) = Browser::of(&lindau);
    browser.enters(&code);
    for path in SETTINGS {
        // A token stands there beside its holder: whose a pseudonym of the log is.
        let status = if path == "/settings/tokens" { 403 } else { 200 };
        assert_eq!(browser.get(path).status, status, "{path}");
    }
    for path in OPERATIONS {
        let page = browser.get(path);
        assert_eq!(page.status, 403, "{path}");
        assert!(page.body.contains("/help/errors/ROLE_MISSING"), "{path}");
    }
    assert_eq!(browser.post("/operations/doctor", "").status, 403);
    let refused = lindau.records("console_refused");
    // One for each section that is closed to the role, however often it is asked for.
    let pages: Vec<String> = refused.iter().map(|r| text(&r["body"], "page")).collect();
    assert_eq!(pages, ["settings", "operations"], "{refused:?}");
    lindau.verifies();
}
