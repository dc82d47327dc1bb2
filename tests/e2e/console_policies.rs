//! Policies at the console: the form of the frequent terms, its check and its act, the try, and the acts on offers.

use crate::binary;
use crate::console::browser::{Browser, Page, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]   # both\n\
    valid = { from = 2026-01-01, until = 2029-12-31 }";

fn serving_city(league: &TestLeague, roles: &str, sign: &str) -> TestParticipant {
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.configure(&console(roles));
    lindau.offers_bikes("open", TERMS, sign);
    lindau.serve();
    lindau
}

fn signed_in(city: &TestParticipant) -> Browser {
    let (mut browser, code) = Browser::of(city);
    assert_eq!(browser.enters(&code).status, 303);
    browser
}

fn read(city: &TestParticipant, name: &str) -> String {
    std::fs::read_to_string(city.folder().join(name)).unwrap()
}

/// Text of an attribute or an element, as a browser reads it.
fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split_once('"')?.0))
}

/// Values of the form of an act, as a browser would send them, with changes.
fn fill(page: &Page, changes: &[(&str, &str)]) -> String {
    let (_, form) = page.body.split_once("<form class=\"act-form\"").unwrap();
    let (form, _) = form.split_once("</form>").unwrap();
    let mut values = BTreeMap::new();
    let mut chosen = String::new();
    for part in form.split('<').skip(1) {
        let (tag, content) = part.split_once('>').unwrap();
        if tag.starts_with("option") {
            if tag.contains(" selected") {
                let value = attribute(tag, "value").unwrap_or_default();
                values.insert(chosen.clone(), value);
            }
            continue;
        }
        let Some(name) = attribute(tag, "name") else {
            continue;
        };
        if tag.starts_with("select") {
            chosen = name;
        } else if tag.starts_with("textarea") {
            let content = content.strip_prefix('\n').unwrap_or(content);
            values.insert(name, unescape(content));
        } else if tag.starts_with("input") {
            let is_box = attribute(tag, "type").as_deref() == Some("checkbox");
            if !is_box || tag.contains(" checked") {
                values.insert(name, attribute(tag, "value").unwrap_or_default());
            }
        }
    }
    for (name, value) in changes {
        values.insert((*name).to_owned(), (*value).to_owned());
    }
    let mut body = String::new();
    for (name, value) in values {
        if !body.is_empty() {
            body.push('&');
        }
        write!(body, "{name}=").unwrap();
        for byte in value.bytes() {
            write!(body, "%{byte:02X}").unwrap();
        }
    }
    body
}

fn location(page: &Page) -> String {
    assert_eq!(page.status, 303, "{} {}", page.head, page.body);
    let mut lines = page.head.lines();
    let line = lines.find_map(|line| line.strip_prefix("location: "));
    line.unwrap().to_owned()
}

#[test]
fn an_officer_changes_a_policy_by_its_form() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league, "\"officer\"", "officer");
    let mut browser = signed_in(&lindau);
    let before = read(&lindau, "policies/open.toml");
    let page = browser.get("/policies/open");
    assert!(
        page.body.contains("href=\"/policies/open/edit\""),
        "{}",
        page.body
    );
    let form = browser.get("/policies/open/edit");
    assert_eq!(form.status, 200, "{}", form.body);
    assert!(form.body.contains("hansa policy put open FILE --if-digest"));
    // The preview says what each term becomes, and changes nothing.
    let changes = [
        ("title", "Bikes \"for\" all"),
        ("rows-per-day", "77"),
        ("bytes-per-day", "10 MB"),
    ];
    let checked = browser.post("/policies/open/edit", &fill(&form, &changes));
    assert_eq!(checked.status, 200, "{}", checked.body);
    assert!(checked.body.contains("id=\"preview\""), "{}", checked.body);
    assert!(checked.body.contains("77"), "{}", checked.body);
    assert_eq!(read(&lindau, "policies/open.toml"), before);
    assert!(lindau.records("console_act").is_empty());
    // The script sends the values without the digest of their preview, as often as somebody types: that shows, and uses up no key.
    for _ in 0..3 {
        let live = browser.post("/policies/open/edit", &fill(&checked, &[("preview", "")]));
        assert_eq!(live.status, 200, "{}", live.body);
        assert!(live.body.contains("id=\"preview\""), "{}", live.body);
    }
    assert_eq!(read(&lindau, "policies/open.toml"), before);
    assert!(lindau.records("console_act").is_empty());
    // A text that can't be saved is refused, and stays in the form.
    for (name, value, code) in [
        ("rest", "prohibit = ", ""),
        ("columns", "nosuch", "COLUMN"),
        ("until", "soon", ""),
    ] {
        let refused = browser.post("/policies/open/edit", &fill(&form, &[(name, value)]));
        assert_eq!(refused.status, 422, "{name}: {}", refused.body);
        assert!(refused.body.contains(code), "{name}: {}", refused.body);
        assert!(
            refused.body.contains(value.trim()),
            "{name}: {}",
            refused.body
        );
        assert_eq!(read(&lindau, "policies/open.toml"), before, "{name}");
    }
    assert!(lindau.records("console_act").is_empty());
    let saved = browser.post("/policies/open/edit", &fill(&checked, &[]));
    assert_eq!(location(&saved), "/policies/open");
    let after = read(&lindau, "policies/open.toml");
    assert!(after.contains("rows_per_day = 77"), "{after}");
    assert!(after.contains("# both"), "{after}");
    let note = browser.get("/policies/open");
    assert!(note.body.contains("role=\"status\""), "{}", note.body);
    let acts = lindau.records("console_act");
    let changed = lindau.records("config_changed");
    assert_eq!((acts.len(), changed.len()), (1, 1), "{acts:?} {changed:?}");
    assert_eq!(text(&acts[0], "act"), "policy put");
    assert_eq!(text(&acts[0], "subject"), "open");
    assert!(acts[0]["seq"].as_u64() < changed[0]["seq"].as_u64());
    assert_eq!(text(&acts[0], "actor"), text(&changed[0], "actor"));
    assert!(!acts[0].to_string().contains("Bikes"), "{acts:?}");
    // The page of the text before acts no more, neither by the same form nor by another one.
    for stale in [&checked, &form] {
        let again = browser.post(
            "/policies/open/edit",
            &fill(stale, &[("rows-per-day", "5")]),
        );
        assert_eq!(again.status, 409, "{}", again.body);
        // The typed text stands in a form of its own beside the text that is there now, and is not lost.
        for part in [
            "TERMS_CHANGED",
            "id=\"unsent-caption\"",
            "value=\"5\"",
            ">77<",
        ] {
            assert!(again.body.contains(part), "{part}: {}", again.body);
        }
        assert_eq!(read(&lindau, "policies/open.toml"), after);
        assert_eq!(lindau.records("config_changed").len(), 1);
    }
    let stale = fill(&form, &[("rows-per-day", "5"), ("bytes-per-day", "10 MB")]);
    let again = browser.post("/policies/open/edit", &stale);
    let shown = browser.post("/policies/open/edit", &fill(&again, &[]));
    assert_eq!(shown.status, 200, "{}", shown.body);
    let saved = browser.post("/policies/open/edit", &fill(&shown, &[]));
    assert_eq!(location(&saved), "/policies/open");
    assert!(read(&lindau, "policies/open.toml").contains("rows_per_day = 5"));
    assert_eq!(lindau.records("config_changed").len(), 2);
    lindau.verifies();
}

#[test]
fn a_policy_whose_contracts_sign_themselves_is_changed_by_a_signer_who_is_present() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league, "\"officer\", \"signer\"", "auto");
    let mut browser = signed_in(&lindau);
    let before = read(&lindau, "policies/open.toml");
    let page = browser.get("/policies/open");
    assert!(
        page.body.contains("href=\"/policies/open/edit-signed\""),
        "{}",
        page.body
    );
    let plain = browser.get("/policies/open/edit");
    assert_eq!(plain.status, 403, "{}", plain.body);
    let form = browser.get("/policies/open/edit-signed");
    let shown = browser.post(
        "/policies/open/edit-signed",
        &fill(&form, &[("rows-per-day", "7"), ("bytes-per-day", "10 MB")]),
    );
    assert_eq!(shown.status, 200, "{}", shown.body);
    let waits = browser.post("/policies/open/edit-signed", &fill(&shown, &[]));
    let pending = location(&waits);
    assert!(pending.starts_with("/acts/"), "{pending}");
    assert_eq!(read(&lindau, "policies/open.toml"), before);
    let page = browser.get(&pending);
    let (_, rest) = page.body.split_once("hansa console confirm ").unwrap();
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    lindau.hansa(&["console", "confirm", &number]).must();
    let (_, key) = page.body.split_once("name=\"key\" value=\"").unwrap();
    let key = key.split('"').next().unwrap();
    let done = browser.post(&pending, &format!("key={key}"));
    assert_eq!(location(&done), "/policies/open");
    assert!(read(&lindau, "policies/open.toml").contains("rows_per_day = 7"));
    let acts = lindau.records("console_act");
    assert_eq!(text(&acts[0], "proof"), "host");
}

#[test]
fn a_try_is_for_officers_and_recorded_without_the_question() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league, "\"officer\"", "officer");
    let mut browser = signed_in(&lindau);
    let form = browser.get("/policies/open/try");
    assert_eq!(form.status, 200, "{}", form.body);
    let values = |sql: &'static str| {
        [
            ("participant", "hansa://acme.example"),
            ("purpose", "dpv:ResearchAndDevelopment"),
            ("sql", sql),
        ]
    };
    let page = browser.post(
        "/policies/open/try",
        &fill(&form, &values("SELECT sum(bikes) AS n FROM bikes")),
    );
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("387"), "{}", page.body);
    let refused = browser.post(
        "/policies/open/try",
        &fill(&page, &values("SELECT nosuch FROM bikes")),
    );
    assert_eq!(refused.status, 200, "{}", refused.body);
    assert!(
        refused.body.contains("would be refused"),
        "{}",
        refused.body
    );
    assert!(refused.body.contains("nosuch"), "{}", refused.body);
    // A form tries once, and a fault of the form leaves no record.
    let again = browser.post("/policies/open/try", &fill(&page, &values("SELECT 1")));
    assert_eq!(again.status, 409, "{}", again.body);
    let nobody = [("participant", "nobody"), ("sql", "")];
    let wrong = browser.post("/policies/open/try", &fill(&refused, &nobody));
    assert_ne!(wrong.status, 200, "{}", wrong.body);
    let acts = lindau.records("console_act");
    assert_eq!(acts.len(), 2, "{acts:?}");
    assert!(acts.iter().all(|act| text(act, "act") == "simulate"));
    assert_eq!(text(&acts[0], "subject"), "open");
    let log: Vec<String> = lindau.log().iter().map(ToString::to_string).collect();
    assert!(log.iter().all(|record| !record.contains("nosuch")));
    // An analyst learns nothing by a simulation.
    let config = lindau.folder().join("hansa.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    let analyst = written.replace("roles = [\"officer\"]", "roles = [\"analyst\"]");
    std::fs::write(&config, analyst).unwrap();
    lindau.hansa(&["reload"]).must();
    let mut browser = signed_in(&lindau);
    for path in [
        "/policies/open/try",
        "/policies/open/edit",
        "/policies/add",
        "/datasets/bikes/offer",
    ] {
        assert_eq!(browser.get(path).status, 403, "{path}");
    }
    lindau.verifies();
}

#[test]
fn a_new_policy_is_written_offered_and_its_offer_ends() {
    let league = TestLeague::new(binary());
    let lindau = serving_city(&league, "\"officer\", \"signer\"", "officer");
    let mut browser = signed_in(&lindau);
    let form = browser.get("/policies/add");
    assert_eq!(form.status, 200, "{}", form.body);
    let values = [
        ("name", "closer"),
        ("dataset", "bikes"),
        ("title", "Closer"),
        ("purpose", "dpv:ResearchAndDevelopment"),
        ("columns", "site"),
        ("from", "2026-01-01"),
        ("until", "2029-12-31"),
    ];
    let unnamed = [&values[..], &[("name", "../open")]].concat();
    let refused = browser.post("/policies/add", &fill(&form, &unnamed));
    assert_eq!(refused.status, 422, "{}", refused.body);
    let taken = [&values[..], &[("name", "open")]].concat();
    let refused = browser.post("/policies/add", &fill(&form, &taken));
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("CONFIG_CHANGED"), "{}", refused.body);
    let shown = browser.post("/policies/add", &fill(&form, &values));
    assert_eq!(shown.status, 200, "{}", shown.body);
    let saved = browser.post("/policies/add", &fill(&shown, &[]));
    assert_eq!(location(&saved), "/policies");
    let written = read(&lindau, "policies/closer.toml");
    assert!(written.contains("columns = [\"site\"]"), "{written}");
    // It is offered to a named participant, and the offer ends.
    let page = browser.get("/datasets/bikes");
    assert!(
        page.body.contains("href=\"/datasets/bikes/offer\""),
        "{}",
        page.body
    );
    let form = browser.get("/datasets/bikes/offer?policy=closer");
    assert_eq!(form.status, 200, "{}", form.body);
    let named = [("audience", "named"), ("participants", "")];
    let path = "/datasets/bikes/offer?policy=closer";
    let refused = browser.post(path, &fill(&form, &named));
    assert_eq!(refused.status, 422, "{}", refused.body);
    let named = [("audience", "named"), ("participants", "acme.example")];
    let offered = browser.post(path, &fill(&form, &named));
    assert_eq!(location(&offered), "/datasets/bikes");
    let page = browser.get("/datasets/bikes");
    let end = "/datasets/bikes/offers/closer/end";
    assert!(
        page.body.contains(&format!("href=\"{end}\"")),
        "{}",
        page.body
    );
    let form = browser.get(end);
    assert!(form.body.contains("acme.example"), "{}", form.body);
    let ended = browser.post(end, &fill(&form, &[]));
    assert_eq!(location(&ended), "/datasets/bikes");
    assert!(!read(&lindau, "hansa.toml").contains("closer"));
    let words: Vec<String> = lindau
        .records("console_act")
        .iter()
        .map(|record| text(record, "act"))
        .collect();
    assert_eq!(words, ["policy put new", "offer add", "offer remove"]);
    // An offer that signs by itself waits for its person.
    let form = browser.get("/datasets/bikes/offer-signed?policy=open");
    let audience = [("audience", "named"), ("participants", "acme.example")];
    let waits = browser.post(
        "/datasets/bikes/offer-signed?policy=open",
        &fill(&form, &audience),
    );
    assert!(location(&waits).starts_with("/acts/"));
    lindau.verifies();
}
