//! A contract is asked for from the catalogue, answered with other terms after a look at the changes, and compared.

use crate::binary;
use crate::console::acts::{fill_form, location, signed_in, waiting};
use crate::console::browser::{Page, city_with_request, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text, wait_for};
use std::time::Duration;

/// Value of a form in percent-encoding.
fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Text of the field of a page that has several lines, as a browser reads it.
fn read_lines(page: &Page) -> String {
    let (_, rest) = page.body.split_once("<textarea").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (text, _) = rest.split_once("</textarea>").unwrap();
    let text = text.strip_prefix('\n').unwrap_or(text);
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

#[test]
fn an_officer_answers_with_other_terms_after_a_look_at_the_changes() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = city_with_request(&league, "\"officer\"");
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let subject = format!("/contracts/{negotiation}");
    let path = format!("{subject}/counter");
    assert!(browser.get(&subject).body.contains(&path));
    let check = browser.get(&path);
    assert_eq!(check.status, 200, "{}", check.body);
    let policy = read_lines(&check);
    assert!(
        policy.contains("title ") && policy.contains("columns "),
        "{policy}"
    );

    // Terms that nobody can read are told with their place, and stay in the form.
    let wrong = format!("{policy}\nno-such-key = 1\n");
    let page = browser.post(
        &path,
        &fill_form(&check, &format!("policy={}", encode(&wrong))),
    );
    assert_eq!(page.status, 422, "{}", page.body);
    assert!(page.body.contains("href=\"#policy\""), "{}", page.body);
    assert!(read_lines(&page).contains("no-such-key"), "{}", page.body);

    // The changes are shown before anything is sent.
    let narrow = policy
        .lines()
        .map(|line| match line.starts_with("columns = ") {
            true => "columns = [\"site\"]",
            false => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    let fields = format!("policy={}", encode(&narrow));
    let preview = browser.post(&path, &fill_form(&check, &fields));
    assert_eq!(preview.status, 200, "{}", preview.body);
    assert!(
        preview.body.contains("less data (tighter)"),
        "{}",
        preview.body
    );
    assert!(preview.body.contains("<ins>"), "{}", preview.body);
    assert!(lindau.records("console_act").is_empty());
    // Other terms than those that were looked at are looked at first, too.
    let other = format!(
        "policy={}",
        encode(&policy.replace("title = ", "title  = "))
    );
    let again = browser.post(&path, &fill_form(&preview, &other));
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(lindau.records("console_act").is_empty());
    let done = browser.post(&path, &fill_form(&preview, &fields));
    assert_eq!(location(&done), subject);
    let page = browser.get(&subject);
    assert!(
        page.body.contains("other terms is signed and sent"),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains(&path),
        "it is their turn: {}",
        page.body
    );
    let acts = lindau.records("console_act");
    assert_eq!(acts.len(), 1, "{acts:?}");
    assert_eq!(text(&acts[0]["body"], "act"), "contract counter");
    assert_eq!(text(&acts[0]["body"], "subject"), negotiation);

    let compare = browser.get(&format!("{subject}/compare"));
    assert_eq!(compare.status, 200, "{}", compare.body);
    for part in ["less data (tighter)", "<ins>", "hansa contract diff"] {
        assert!(compare.body.contains(part), "{part}: {}", compare.body);
    }
    let german = browser.get(&format!("{subject}/compare?lang=de"));
    assert!(
        german.body.contains("weniger Daten (enger)"),
        "{}",
        german.body
    );
    // On the command line, the last change is the same.
    let diff = lindau
        .hansa(&["--json", "contract", "diff", &negotiation])
        .must()
        .json();
    assert_eq!(text(&diff, "verdict"), "tighter", "{diff}");
    // The firm has the new terms, and only the proposal that was read is answered.
    let shown = wait_for("the answer", Duration::from_secs(30), || {
        let shown = acme
            .hansa(&["--json", "contract", "show", &negotiation])
            .must()
            .json();
        (text(&shown, "turn") == "our turn").then_some(shown)
    });
    assert!(
        !shown["page"].as_str().unwrap().contains("bikes,"),
        "{shown}"
    );
    acme.write("wide.toml", &policy);
    let file = acme.folder().join("wide.toml");
    let file = file.to_str().unwrap();
    let counter = ["contract", "counter", &negotiation, "--policy", file];
    acme.hansa(&[&counter[..], &["--becomes", "00"]].concat())
        .refused("TERMS_CHANGED", 3);
    lindau.verifies();
}

#[test]
fn an_analyst_asks_for_a_contract_from_the_catalogue() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut munster = league.city("munster");
    for alias in ["lindau", "munster"] {
        league.hand_bundle_to(alias);
    }
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    munster.configure(&console("\"analyst\""));
    munster.serve();
    munster.knows(&lindau);
    munster.hansa(&["catalog", "list"]).must();
    let mut browser = signed_in(&munster);
    let entry = browser.get("/catalog/lindau/bikes");
    let path = "/catalog/lindau/bikes/request";
    assert!(entry.body.contains(path), "{}", entry.body);
    let check = browser.get(path);
    assert_eq!(check.status, 200, "{}", check.body);
    assert!(
        check.body.contains("dpv:ResearchAndDevelopment") || check.body.contains("lindau.bikes")
    );
    let (_, options) = check.body.split_once("<select id=\"offer\"").unwrap();
    let (_, offer) = options.split_once("<option value=\"").unwrap();
    let (offer, _) = offer.split_once('"').unwrap();
    // An offer that the page does not have is none.
    let wrong = browser.post(path, &fill_form(&check, "offer=00&page-language=de"));
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("href=\"#offer\""), "{}", wrong.body);
    let fields = format!("offer={offer}&page-language=de");
    let sent = browser.post(path, &fill_form(&check, &fields));
    let page = location(&sent);
    let negotiation = page.strip_prefix("/contracts/").unwrap();
    let shown = browser.get(&page);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(
        shown.body.contains("request is signed and sent"),
        "{}",
        shown.body
    );
    let report = munster
        .hansa(&["--json", "contract", "show", negotiation, "--as-known"])
        .must()
        .json();
    assert_eq!(text(&report["shown"], "language"), "de", "{report}");
    assert_eq!(text(&report, "role"), "consumer", "{report}");
    // An analyst signs nothing.
    assert_eq!(browser.get(&format!("{page}/sign")).status, 403);
    assert_eq!(browser.get(&format!("{page}/counter")).status, 403);
    assert_eq!(browser.get(&format!("{page}/compare")).status, 200);
    assert_eq!(browser.get("/catalog/lindau/nothing/request").status, 404);
    let acts = munster.records("console_act");
    assert_eq!(acts.len(), 1, "{acts:?}");
    assert_eq!(text(&acts[0]["body"], "act"), "contract request");
    munster.verifies();
}
