//! Passkeys at the console: added at the machine, good for one act on one page, and verified by an auditor without the console.

use crate::auditor::{export, verify};
use crate::binary;
use crate::console::acts::{fill_form, location, number_of, signed_in, waiting};
use crate::console::browser::{Browser, Page, own};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_test_support::authenticator::{
    AuthenticatorAlgorithm, AuthenticatorAnswer, TestAuthenticator,
};
use hansa_test_support::free_ports::find_free_ports;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text, wait_for};
use std::time::Duration;

/// Roles of a person who signs.
const SIGNER: &str = "\"officer\", \"signer\"";

/// A city whose console has passkeys, and a firm that asks for its bicycles.
pub(crate) fn city_with_passkeys(
    league: &TestLeague,
    roles: &str,
) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let [port] = find_free_ports::<1>();
    lindau.configure(&format!(
        "[console]\nlisten = \"127.0.0.1:{port}\"\nname = \"http://lindau-passkeys.localhost:{port}\"\nstep_up = \"passkey\"\n\n\
         [person.maria]\nname = \"Maria\"\nroles = [{roles}]\nunix = \"{}\"\n",
        own()
    ));
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    (lindau, acme)
}

/// Value of an attribute of the passkey's element on a page.
fn attribute(page: &Page, name: &str) -> String {
    let (_, element) = page.body.split_once("<hansa-passkey ").unwrap();
    let (_, rest) = element.split_once(&format!("{name}=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

pub(crate) fn challenge(page: &Page) -> Vec<u8> {
    let text = attribute(page, "data-challenge");
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Key of the form that holds a text.
fn form_key(page: &Page, words: &str) -> String {
    let mut forms = page.body.split("<form ").skip(1);
    let form = forms
        .find(|form| form.split("</form>").next().unwrap().contains(words))
        .unwrap();
    let (_, rest) = form.split_once("name=\"key\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn pair(name: &str, bytes: &[u8]) -> String {
    format!("&{name}={}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Form with a new passkey, as the script of the page fills it.
fn creation(page: &Page, answer: &AuthenticatorAnswer, of: &TestAuthenticator) -> String {
    [
        format!("key={}", form_key(page, "public_key")),
        pair("client_data", &answer.client_data),
        pair("authenticator_data", &answer.authenticator_data),
        pair("public_key", &of.spki()),
    ]
    .concat()
}

/// Form with the answer to the challenge of an act.
pub(crate) fn assertion(
    page: &Page,
    answer: &AuthenticatorAnswer,
    of: &TestAuthenticator,
) -> String {
    [
        format!("key={}", form_key(page, "authenticator_data")),
        pair("credential", &of.credential),
        pair("client_data", &answer.client_data),
        pair("authenticator_data", &answer.authenticator_data),
        pair("signature", &answer.signature),
    ]
    .concat()
}

fn key_form(page: &Page, words: &str) -> String {
    format!("key={}", form_key(page, words))
}

pub(crate) fn authenticator(browser: &Browser) -> TestAuthenticator {
    TestAuthenticator::new(AuthenticatorAlgorithm::P256, &browser.origin)
}

/// Begins to add a passkey. Gives the address of the pending act.
pub(crate) fn begins_to_add(browser: &mut Browser, own: &mut TestAuthenticator) -> String {
    let page = browser.get("/me/passkeys");
    assert_eq!(page.status, 200, "{}", page.body);
    let answer = own.create(&challenge(&page));
    let form = creation(&page, &answer, own);
    location(&browser.post("/me/passkeys", &form))
}

/// Adds a passkey, with the number at the machine.
fn adds(city: &TestParticipant, browser: &mut Browser, own: &mut TestAuthenticator) {
    let pending = begins_to_add(browser, own);
    let page = browser.get(&pending);
    city.hansa(&["console", "confirm", &number_of(&page)])
        .must();
    let done = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(location(&done), "/me/passkeys");
}

/// Opens an act. Gives the address at which it waits.
fn opens(browser: &mut Browser, address: &str, more: &str) -> String {
    let check = browser.get(address);
    assert_eq!(check.status, 200, "{}", check.body);
    location(&browser.post(address, &fill_form(&check, more)))
}

#[test]
fn a_person_signs_with_a_passkey_what_was_read() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = city_with_passkeys(&league, SIGNER);
    let mut browser = signed_in(&lindau);
    let mut own = authenticator(&browser);
    own.counter = 7;
    let page = browser.get("/me/passkeys");
    assert!(
        page.body.contains("You have no passkey yet"),
        "{}",
        page.body
    );
    assert!(page.head.contains("script-src 'self'"), "{}", page.head);
    adds(&lindau, &mut browser, &mut own);
    let page = browser.get("/me/passkeys");
    assert!(page.body.contains("The passkey is added"), "{}", page.body);
    let added = lindau.records("console_passkey");
    assert_eq!(added.len(), 1, "{added:?}");
    let key = Digest::of(&own.spki()).to_string();
    assert_eq!(text(&added[0]["body"], "change"), "added");
    assert_eq!(text(&added[0]["body"], "key"), key);
    assert_eq!(
        text(&added[0]["body"], "party"),
        "lindau-passkeys.localhost"
    );

    let negotiation = waiting(&lindau);
    let subject = format!("/contracts/{negotiation}");
    let pending = opens(&mut browser, &format!("{subject}/sign"), "read=yes");
    let page = browser.get(&pending);
    assert_eq!(attribute(&page, "data-operation"), "get");
    // The number stays possible.
    assert_eq!(number_of(&page).len(), 6);
    let answer = own.get(&challenge(&page));
    let form = assertion(&page, &answer, &own);
    assert_eq!(location(&browser.post(&pending, &form)), subject);
    assert_eq!(
        browser.post(&pending, &form).status,
        409,
        "an answer is good once"
    );
    let page = browser.get(&subject);
    assert!(page.body.contains("Signed and sent"), "{}", page.body);
    let acts = lindau.records("console_act");
    assert_eq!(acts.len(), 2, "{acts:?}");
    assert_eq!(text(&acts[0]["body"], "proof"), "host");
    let act = &acts[1]["body"];
    assert_eq!(text(act, "proof"), "passkey");
    assert_eq!(text(&act["passkey"], "key"), key);
    assert_eq!(act["passkey"]["counter"], u64::from(own.counter));
    let contract = wait_for("the contract", Duration::from_secs(30), || {
        let held = acme.contracts_with("lindau.example");
        held.first().map(|one| text(one, "contract"))
    });

    // The index is made anew from the log, with the passkey and its counter.
    lindau.kill();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(lindau.folder().join("state").join(name));
    }
    lindau.serve();
    let mut browser = signed_in(&lindau);
    let page = browser.get("/me/passkeys");
    assert!(page.body.contains("For this console"), "{}", page.body);
    let subject = format!("/contracts/{contract}");
    let reason = "reason=the+pilot+is+over&from=&read=yes";
    let pending = opens(&mut browser, &format!("{subject}/withdraw"), reason);
    let page = browser.get(&pending);
    let counted = own.counter;
    own.counter = 3;
    let copied = own.get(&challenge(&page));
    let page = browser.post(&pending, &assertion(&page, &copied, &own));
    assert_eq!(
        page.status, 422,
        "a copy of the authenticator: {}",
        page.body
    );
    own.counter = counted;
    let answer = own.get(&challenge(&page));
    let done = browser.post(&pending, &assertion(&page, &answer, &own));
    assert_eq!(location(&done), subject);
    assert!(browser.get(&subject).body.contains("the pilot is over"));
    lindau.verifies();

    // An auditor has the log alone.
    let auditor = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, auditor.path(), &[]);
    let bundle = bundle.display().to_string();
    let (report, status) = verify(auditor.path(), &["check", &bundle]);
    assert_eq!(status, 0, "{report}");
    assert_eq!(report["answers"][0]["passkey_acts"], 2, "{report}");
    assert_eq!(
        report["answers"][0]["passkey_acts_not_linked"], 0,
        "{report}"
    );
}

#[test]
fn attack_20_an_answer_that_proves_another_thing_signs_nothing() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_passkeys(&league, SIGNER);
    let mut browser = signed_in(&lindau);
    let mut own = authenticator(&browser);
    adds(&lindau, &mut browser, &mut own);
    let before = lindau.records("console_act").len();
    let address = format!("/contracts/{}/sign", waiting(&lindau));
    let other = opens(&mut browser, &address, "read=yes");
    let other = challenge(&browser.get(&other));
    let pending = opens(&mut browser, &address, "read=yes");
    let mut page = browser.get(&pending);
    let right = challenge(&page);
    assert_ne!(right, other, "each act has a challenge of its own");
    let mut try_it = |answer: AuthenticatorAnswer, of: &TestAuthenticator, what: &str| {
        page = browser.post(&pending, &assertion(&page, &answer, of));
        assert_eq!(page.status, 422, "{what}: {}", page.body);
        assert!(page.body.contains("does not prove this act"), "{what}");
    };
    try_it(own.get(&other), &own, "another act");
    try_it(
        own.get(&Digest::of(b"").as_bytes()[..]),
        &own,
        "another challenge",
    );
    own.flags = 0x01;
    try_it(own.get(&right), &own, "without verification");
    own.flags = 0x04;
    try_it(own.get(&right), &own, "without presence");
    own.flags = 0x05;
    let origin = own.origin.clone();
    own.origin = "http://evil.example".to_owned();
    try_it(own.get(&right), &own, "another origin");
    own.origin = origin;
    let party = std::mem::replace(&mut own.party, "evil.example".to_owned());
    try_it(own.get(&right), &own, "another website");
    own.party = party;
    let mut stranger = TestAuthenticator::new(AuthenticatorAlgorithm::Ed25519, &own.origin);
    try_it(stranger.get(&right), &stranger, "a key that nobody added");
    stranger.credential.clone_from(&own.credential);
    try_it(
        stranger.get(&right),
        &stranger,
        "the signature of another key",
    );
    let mut cut = own.get(&right);
    cut.signature.truncate(20);
    try_it(cut, &own, "a cut signature");
    assert_eq!(lindau.records("console_act").len(), before);
    let refused = lindau.records("console_refused");
    assert_eq!(refused.len(), 1, "once for an act: {refused:?}");
    assert_eq!(text(&refused[0]["body"], "code"), "PASSKEY_INVALID");
    // Neither in another session of the person.
    let good = own.get(&right);
    let mut thief = signed_in(&lindau);
    let form = assertion(&page, &good, &own);
    assert_eq!(thief.post(&pending, &form).status, 409);
    assert_eq!(
        location(&browser.post(&pending, &form))[..11],
        address[..11]
    );
    assert_eq!(lindau.records("console_act").len(), before + 1);
    lindau.verifies();
}

#[test]
fn attack_21_a_stolen_cookie_adds_no_passkey() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_passkeys(&league, SIGNER);
    let mut browser = signed_in(&lindau);
    let mut first = authenticator(&browser);
    adds(&lindau, &mut browser, &mut first);
    let mut thief = authenticator(&browser);
    let pending = begins_to_add(&mut browser, &mut thief);
    let page = browser.get(&pending);
    assert!(!page.body.contains("<hansa-passkey"), "{}", page.body);
    let early = browser.post(&pending, &key_form(&page, "Go on"));
    assert_eq!(early.status, 422, "{}", early.body);
    // The page asks no passkey, and takes no answer of one: neither of the new one nor of one that is there. The unit test of the
    // connector gives the right answer, which no browser can.
    for by in [&mut thief, &mut first] {
        let page = browser.get(&pending);
        let answer = by.get(&[7; 32]);
        let form = [
            key_form(&page, "Go on"),
            pair("credential", &by.credential),
            pair("client_data", &answer.client_data),
            pair("authenticator_data", &answer.authenticator_data),
            pair("signature", &answer.signature),
        ];
        let refused = browser.post(&pending, &form.concat());
        assert_eq!(refused.status, 422, "{}", refused.body);
    }
    assert_eq!(lindau.records("console_passkey").len(), 1);
    // An answer is good for its own form, and a key for one person once.
    let page = browser.get("/me/passkeys");
    let answer = thief.create(&[7; 32]);
    let wrong = browser.post("/me/passkeys", &creation(&page, &answer, &thief));
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let answer = first.create(&challenge(&wrong));
    let twice = browser.post("/me/passkeys", &creation(&wrong, &answer, &first));
    assert_eq!(twice.status, 422, "{}", twice.body);
    // Five at most.
    for _ in 1..5 {
        let mut further = authenticator(&browser);
        adds(&lindau, &mut browser, &mut further);
    }
    let page = browser.get("/me/passkeys");
    assert!(page.body.contains("You have 5 passkeys"), "{}", page.body);
    assert!(!page.body.contains("<hansa-passkey"), "{}", page.body);
    // A passkey that was removed signs nothing any more.
    let key = Digest::of(&first.spki()).to_string();
    let address = format!("/me/passkeys/{key}/remove");
    let form = key_form(&page, &key[..12]);
    assert_eq!(browser.get(&address).status, 404, "a look changes nothing");
    assert_eq!(location(&browser.post(&address, &form)), "/me/passkeys");
    assert_eq!(browser.post(&address, &form).status, 409);
    let page = browser.get("/me/passkeys");
    assert!(
        page.body.contains("The passkey is removed"),
        "{}",
        page.body
    );
    let sign = format!("/contracts/{}/sign", waiting(&lindau));
    let pending = opens(&mut browser, &sign, "read=yes");
    let page = browser.get(&pending);
    let answer = first.get(&challenge(&page));
    let refused = browser.post(&pending, &assertion(&page, &answer, &first));
    assert_eq!(refused.status, 422, "{}", refused.body);
    // The number at the machine does what it always does.
    lindau
        .hansa(&["console", "confirm", &number_of(&refused)])
        .must();
    let done = browser.post(&pending, &key_form(&refused, "Go on"));
    assert!(location(&done).starts_with("/contracts/"));
    let acts = lindau.records("console_act");
    assert_eq!(text(&acts.last().unwrap()["body"], "proof"), "host");
    lindau.verifies();
}
