//! Acts at the console: signed, declined and withdrawn by the person who is present, once, and on the page that was read.

use crate::binary;
use crate::console::browser::{Browser, Page, city_with_request, own};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{text, wait_for};
use std::time::Duration;

/// Values of the hidden fields of a form, as a browser sends them, with further values.
pub(crate) fn fill_form(page: &Page, more: &str) -> String {
    let fields = page.body.split("<input type=\"hidden\" name=\"").skip(1);
    let mut body: Vec<String> = fields
        .map(|field| {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            let (value, _) = rest.split_once('"').unwrap();
            format!("{name}={value}")
        })
        .collect();
    body.extend((!more.is_empty()).then(|| more.to_owned()));
    body.join("&")
}

/// Address of a redirection.
pub(crate) fn location(page: &Page) -> String {
    assert_eq!(page.status, 303, "{} {}", page.head, page.body);
    let line = page
        .head
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    line.unwrap().to_owned()
}

/// Number on the page of a pending act.
pub(crate) fn number_of(page: &Page) -> String {
    let (_, rest) = page.body.split_once("hansa console confirm ").unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// Browser of the person of a city, signed in.
pub(crate) fn signed_in(city: &TestParticipant) -> Browser {
    let (mut browser, code) = Browser::of(city);
    assert_eq!(browser.enters(&code).status, 303);
    browser
}

/// Negotiation that waits for a city.
pub(crate) fn waiting(city: &TestParticipant) -> String {
    let all = city
        .hansa(&["--json", "contract", "list", "--needs-me"])
        .must()
        .lines();
    text(&all[0], "negotiation")
}

#[test]
fn a_signer_signs_the_page_that_was_read_and_withdraws_the_contract() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = city_with_request(&league, "\"officer\", \"signer\"");
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let subject = format!("/contracts/{negotiation}");
    let page = browser.get(&subject);
    assert!(
        page.body.contains(&format!("href=\"{subject}/sign\"")),
        "{}",
        page.body
    );
    let check = browser.get(&format!("{subject}/sign"));
    assert_eq!(check.status, 200, "{}", check.body);
    assert!(check.body.contains("acme.example"), "{}", check.body);
    // The page is the one that is signed, to its last line.
    let shown = lindau
        .hansa(&["--json", "contract", "show", &negotiation, "--as-known"])
        .must()
        .json();
    assert!(check.body.contains(&text(&shown["shown"], "sha256")));
    assert!(
        check
            .body
            .contains(&format!("--becomes {}", text(&shown, "would_become")))
    );
    // Who has not read it does not sign.
    let unread = browser.post(&format!("{subject}/sign"), &fill_form(&check, ""));
    assert_eq!(unread.status, 422);
    assert!(unread.body.contains("href=\"#read\""), "{}", unread.body);
    let waits = browser.post(&format!("{subject}/sign"), &fill_form(&check, "read=yes"));
    let pending = location(&waits);
    // The form was sent: a second time it does nothing.
    let again = browser.post(&format!("{subject}/sign"), &fill_form(&check, "read=yes"));
    assert_eq!(again.status, 409);
    assert!(again.body.contains("FORM_STALE"), "{}", again.body);
    let page = browser.get(&pending);
    // Without the number of the machine nothing is signed.
    let early = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(early.status, 422, "{}", early.body);
    assert!(lindau.records("console_act").is_empty());
    let number = number_of(&early);
    lindau
        .hansa(&["console", "confirm", "000000"])
        .refused("CONSOLE_CODE_INVALID", 4);
    lindau.hansa(&["console", "confirm", &number]).must();
    // Neither another session of the person, nor the form of another page, carries it out.
    let mut other = signed_in(&lindau);
    assert_eq!(other.post(&pending, &fill_form(&early, "")).status, 409);
    assert_eq!(other.get(&pending).status, 409);
    assert_eq!(browser.post(&pending, &fill_form(&page, "")).status, 409);
    assert!(lindau.records("console_act").is_empty());
    let done = browser.post(&pending, &fill_form(&early, ""));
    assert_eq!(location(&done), subject);
    let page = browser.get(&subject);
    assert!(page.body.contains("Signed and sent"), "{}", page.body);
    assert_eq!(browser.post(&pending, &fill_form(&early, "")).status, 409);
    let acts = lindau.records("console_act");
    assert_eq!(acts.len(), 1, "{acts:?}");
    let act = &acts[0]["body"];
    assert_eq!(text(act, "act"), "contract sign");
    assert_eq!(text(act, "subject"), negotiation);
    assert_eq!(text(act, "shown"), text(&shown["shown"], "sha256"));
    assert_eq!(text(act, "proof"), "host");
    let contract = wait_for("the contract", Duration::from_secs(30), || {
        let held = acme.contracts_with("lindau.example");
        held.first().map(|one| text(one, "contract"))
    });
    assert_eq!(contract, text(&shown, "would_become"));

    let subject = format!("/contracts/{contract}");
    let check = browser.get(&format!("{subject}/withdraw"));
    assert_eq!(check.status, 200, "{}", check.body);
    let wrong = browser.post(
        &format!("{subject}/withdraw"),
        &fill_form(&check, "reason=&from=2020-01-01"),
    );
    assert_eq!(wrong.status, 422);
    for field in ["#reason", "#from", "#read"] {
        assert!(
            wrong.body.contains(&format!("href=\"{field}\"")),
            "{field}: {}",
            wrong.body
        );
    }
    let waits = browser.post(
        &format!("{subject}/withdraw"),
        &fill_form(&wrong, "reason=the+pilot+is+over&from=&read=yes"),
    );
    let pending = location(&waits);
    let page = browser.get(&pending);
    lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    assert_eq!(
        location(&browser.post(&pending, &fill_form(&page, ""))),
        subject
    );
    let page = browser.get(&subject);
    assert!(page.body.contains("the pilot is over"), "{}", page.body);
    // Events stand in the order in which they happened.
    let (_, happened) = page.body.split_once("What happened").unwrap();
    let place = |step: &str| happened.find(&format!("<strong>{step}</strong>"));
    let steps = ["Request", "Signature", "Withdrawal"].map(place);
    assert!(
        steps.is_sorted() && steps[0].is_some(),
        "{steps:?} {happened}"
    );
    assert!(
        !page.body.contains("/withdraw\""),
        "it ended: {}",
        page.body
    );
    // Each act has its record before the act itself.
    let acts = lindau.records("console_act");
    let ends = lindau.records("withdraw");
    assert_eq!((acts.len(), ends.len()), (2, 1));
    assert!(acts[1]["seq"].as_u64() < ends[0]["seq"].as_u64());
    lindau.verifies();
}

#[test]
fn an_officer_comments_and_declines_and_signs_nothing() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = city_with_request(&league, "\"officer\"");
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let subject = format!("/contracts/{negotiation}");
    let page = browser.get(&subject);
    assert!(!page.body.contains("/sign\""), "{}", page.body);
    for act in ["sign", "withdraw"] {
        let address = format!("{subject}/{act}");
        assert_eq!(browser.get(&address).status, 403, "{act}");
        assert_eq!(browser.post(&address, "read=yes").status, 403, "{act}");
    }
    let check = browser.get(&format!("{subject}/comment"));
    let (_, options) = check.body.split_once("<option value=\"\"").unwrap();
    let (_, clause) = options.split_once("<option value=\"").unwrap();
    let (clause, _) = clause.split_once('"').unwrap();
    let sent = browser.post(
        &format!("{subject}/comment"),
        &fill_form(
            &check,
            &format!("clause={clause}&text=why+%3Cb%3Eall%3C%2Fb%3E+sites%3F"),
        ),
    );
    assert_eq!(location(&sent), subject);
    let page = browser.get(&subject);
    assert!(
        page.body.contains("why &lt;b&gt;all&lt;/b&gt; sites?"),
        "{}",
        page.body
    );
    // Neither the name of a dataset nor an act that the state does not offer has a page.
    let prefix = &negotiation[..8];
    for other in [
        "/contracts/bikes/decline".to_owned(),
        format!("/contracts/{prefix}/decline"),
    ] {
        assert_eq!(browser.get(&other).status, 404, "{other}");
        assert_eq!(browser.post(&other, "reason=no").status, 404, "{other}");
    }
    // On the command line, too, only the proposal that was read is answered.
    for act in [
        &["contract", "decline", &negotiation, "--becomes", "00"][..],
        &[
            "contract",
            "comment",
            &negotiation,
            "--clause",
            clause,
            "--becomes",
            "00",
            "why?",
        ],
        &["contract", "sign", &negotiation, "--becomes", "00"],
    ] {
        lindau.hansa(act).refused("TERMS_CHANGED", 3);
    }
    // The key of one form opens no other one.
    let check = browser.get(&format!("{subject}/comment"));
    let declined = browser.post(
        &format!("{subject}/decline"),
        &fill_form(&check, "reason=no"),
    );
    assert_eq!(declined.status, 409, "{}", declined.body);
    assert!(declined.body.contains("FORM_STALE"), "{}", declined.body);
    assert!(declined.body.contains("value=\"no\""), "{}", declined.body);
    let check = browser.get(&format!("{subject}/decline"));
    // The other side changes its request in the meantime.
    let policy = hansa_test_support::workflow::policy_text(
        "narrow",
        "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }",
    );
    acme.write("narrow.toml", &policy);
    let file = acme.folder().join("narrow.toml");
    let file = file.to_str().unwrap();
    lindau
        .hansa(&["contract", "counter", &negotiation, "--policy", file])
        .must();
    let late = browser.post(
        &format!("{subject}/decline"),
        &fill_form(&check, "reason=no"),
    );
    assert_eq!(late.status, 409, "{}", late.body);
    assert!(late.body.contains("TERMS_CHANGED"), "{}", late.body);
    // The reason stands in the form, whose key is a fresh one.
    assert!(late.body.contains("value=\"no\""), "{}", late.body);
    assert!(late.body.contains("/compare\""), "{}", late.body);
    let done = browser.post(
        &format!("{subject}/decline"),
        &fill_form(&late, "reason=not+for+this+purpose"),
    );
    assert_eq!(location(&done), subject);
    let page = browser.get(&subject);
    assert!(
        page.body.contains("The negotiation is declined"),
        "{}",
        page.body
    );
    let acts: Vec<String> = lindau
        .records("console_act")
        .iter()
        .map(|record| {
            format!(
                "{} {}",
                text(&record["body"], "act"),
                text(&record["body"], "proof")
            )
        })
        .collect();
    assert_eq!(
        acts,
        ["contract comment session", "contract decline session"]
    );
    lindau.verifies();
}

#[test]
fn a_person_who_is_no_officer_signs_in_and_gives_no_other_command() {
    const AUDITOR: u32 = 61_237;
    let league = TestLeague::new(binary());
    let (mut lindau, _acme) = city_with_request(&league, "\"officer\", \"signer\"");
    lindau.configure(&format!(
        "[person.rui]\nname = \"Rui\"\nroles = [\"auditor\"]\nunix = \"{AUDITOR}\"\n"
    ));
    lindau.kill();
    lindau.serve();
    let invited = lindau
        .hansa_as(AUDITOR, &["--json", "console"])
        .must()
        .json();
    assert_eq!(text(&invited, "person"), "Rui");
    lindau
        .hansa_as(AUDITOR, &["contract", "list"])
        .refused("ROLE_MISSING", 3);
    // The number of another person's act is none of theirs.
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let address = format!("/contracts/{negotiation}/sign");
    let check = browser.get(&address);
    let pending = location(&browser.post(&address, &fill_form(&check, "read=yes")));
    let page = browser.get(&pending);
    let number = number_of(&page);
    lindau
        .hansa_as(AUDITOR, &["console", "confirm", &number])
        .refused("CONSOLE_CODE_INVALID", 4);
    assert_eq!(browser.post(&pending, &fill_form(&page, "")).status, 422);
    assert_ne!(own(), AUDITOR);
    lindau.verifies();
}
