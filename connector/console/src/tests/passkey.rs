//! Tests of passkeys on pages: the form is there for the script, the number stays, and any text is safe.

use crate::tests::html_reader::PageElement;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ActKind, DonePasskeyView, LoginStep, PageFrame, PasskeyAdditionView, PasskeyEntry,
    PasskeyListView, PasskeyRequest, PendingActKind, PendingActView, PendingFault, PersonLabel,
    PersonRole, render_passkeys, render_pending_act,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn frame<'a>(language: Language, name: &'a str, address: &'a str) -> PageFrame<'a> {
    PageFrame {
        participant_name: name,
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name,
            roles: &PersonRole::ALL,
        }),
        ..PageFrame::new(language, address)
    }
}

fn sample() -> Value {
    json!({
        "key": "5f0c2a9be1d7485f0c2a9be1d748", "added": "2026-11-30T10:00:00Z", "party": "munster.localhost",
        "form_key": "00ff", "challenge": "q83vEjRWeJA", "credential": "AQIDBA", "user": "Tx4", "person": "Maria",
        "subject": "n-3c51a07be4", "number": "482913"
    })
}

fn request(text: &impl Fn(&str) -> String) -> PasskeyRequest {
    PasskeyRequest {
        challenge: text("challenge"),
        party: text("party"),
        credentials: vec![text("credential"), text("credential")],
    }
}

fn list_view(value: &Value) -> PasskeyListView {
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    let entry = |is_usable| PasskeyEntry {
        key: text("key"),
        added: text("added"),
        party: text("party"),
        is_usable,
        form_key: text("form_key"),
    };
    PasskeyListView {
        passkeys: vec![entry(true), entry(false)],
        addition: Some(PasskeyAdditionView {
            request: request(&text),
            user: text("user"),
            form_key: text("form_key"),
        }),
        is_on: true,
        most: 5,
        done: Some(DonePasskeyView {
            is_added: true,
            record: 118,
        }),
        is_refused: false,
    }
}

fn pending_view(value: &Value, kind: PendingActKind) -> PendingActView {
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    PendingActView {
        id: "00aa".to_owned(),
        kind,
        subject: text("subject"),
        number: Some(text("number")),
        is_for_other: false,
        key: text("form_key"),
        passkey: Some(request(&text)),
        can_add_passkey: false,
        login: LoginStep::NotOffered,
        fault: None,
    }
}

fn forms_of<'a>(page: &'a [PageElement], action: &str) -> Vec<&'a PageElement> {
    let forms = elements(page, "form").into_iter();
    forms
        .filter(|form| form.attribute("action") == Some(action))
        .collect()
}

#[test]
fn the_passkeys_of_a_person_are_safe_with_any_text() {
    check_view(
        &sample(),
        &["person", "added", "party"],
        |language, value| {
            let name = value["person"].as_str().unwrap();
            render_passkeys(&frame(language, name, "/me/passkeys"), &list_view(value))
        },
    );
    check_view(&sample(), &["subject", "number"], |language, value| {
        let name = value["person"].as_str().unwrap();
        let kind = PendingActKind::Contract(ActKind::Sign);
        render_pending_act(
            &frame(language, name, "/acts/00aa"),
            &pending_view(value, kind),
        )
    });
}

#[test]
fn a_passkey_is_added_and_removed_by_a_form_of_its_own() {
    let frame = frame(Language::En, "Maria", "/me/passkeys");
    let mut view = list_view(&sample());
    let page = check_page(&render_passkeys(&frame, &view));
    let added = forms_of(&page, "/me/passkeys");
    assert_eq!(added.len(), 1);
    assert!(
        added[0].attribute("hidden").is_some(),
        "the script shows it"
    );
    let removed = forms_of(&page, "/me/passkeys/5f0c2a9be1d7485f0c2a9be1d748/remove");
    assert_eq!(removed.len(), 2);
    let element = elements(&page, "hansa-passkey")[0];
    for (name, value) in [
        ("data-operation", "create"),
        ("data-challenge", "q83vEjRWeJA"),
        ("data-party", "munster.localhost"),
        ("data-credentials", "AQIDBA AQIDBA"),
        ("data-user", "Tx4"),
        ("data-person", "Maria"),
        ("data-participant", "Maria"),
    ] {
        assert_eq!(element.attribute(name), Some(value));
    }
    view.addition = None;
    view.done = None;
    view.is_refused = true;
    let page = check_page(&render_passkeys(&frame, &view));
    assert!(
        page[0].text.contains("You have 5 passkeys"),
        "{}",
        page[0].text
    );
    assert!(elements(&page, "title")[0].text.starts_with("Error: "));
    assert!(elements(&page, "script").is_empty());
    view.is_on = false;
    view.passkeys.clear();
    let page = check_page(&render_passkeys(&frame, &view));
    assert!(page[0].text.contains("This console has no passkeys"));
    assert!(page[0].text.contains("You have no passkey yet"));
}

#[test]
fn an_act_waits_for_a_passkey_and_the_number_stays() {
    let frame = frame(Language::En, "Maria", "/acts/00aa");
    let mut view = pending_view(&sample(), PendingActKind::Contract(ActKind::Sign));
    let text = render_pending_act(&frame, &view);
    let page = check_page(&text);
    assert!(text.contains("hansa console confirm 482913"));
    assert_eq!(forms_of(&page, "/acts/00aa").len(), 2);
    assert_eq!(elements(&page, "script").len(), 1);
    let details = |page: &[PageElement]| -> bool {
        let all = elements(page, "details");
        all.iter().any(|one| one.attribute("open").is_some())
    };
    assert!(!details(&page));
    view.fault = Some(PendingFault::NumberMissing);
    let page = check_page(&render_pending_act(&frame, &view));
    assert!(details(&page), "the number is in sight");
    view.fault = Some(PendingFault::PasskeyRefused);
    let page = check_page(&render_pending_act(&frame, &view));
    assert!(page[0].text.contains("does not prove this act"));
    // Without a passkey: the number alone, and the way to a passkey.
    view.passkey = None;
    view.fault = None;
    view.can_add_passkey = true;
    let page = check_page(&render_pending_act(&frame, &view));
    assert_eq!(forms_of(&page, "/acts/00aa").len(), 1);
    assert!(elements(&page, "script").is_empty());
    assert!(
        page.iter()
            .any(|element| element.attribute("href") == Some("/me/passkeys"))
    );
    let view = PendingActView {
        can_add_passkey: false,
        ..pending_view(&sample(), PendingActKind::AddPasskey)
    };
    let page = check_page(&render_pending_act(&frame, &view));
    assert!(page[0].text.contains("Add a passkey: n-3c51a07be4"));
}

#[test]
fn an_act_shows_the_proofs_that_its_person_has() {
    let frame = frame(Language::En, "Maria", "/acts/00aa");
    let with = |login, has_passkey: bool, has_number: bool| {
        let whole = pending_view(&sample(), PendingActKind::Contract(ActKind::Sign));
        let view = PendingActView {
            login,
            passkey: whole.passkey.clone().filter(|_| has_passkey),
            number: whole.number.clone().filter(|_| has_number),
            ..whole
        };
        render_pending_act(&frame, &view)
    };
    let login_link = "/oidc/start?act=00aa";
    for (login, has_passkey, has_number) in [
        (LoginStep::Offered, false, false),
        (LoginStep::Offered, false, true),
        (LoginStep::Offered, true, false),
        (LoginStep::Offered, true, true),
        (LoginStep::NotOffered, false, false),
        (LoginStep::NotOffered, true, false),
        (LoginStep::Done, true, true),
        (LoginStep::Done, false, false),
    ] {
        let text = with(login, has_passkey, has_number);
        let page = check_page(&text);
        let case = format!("{login:?} {has_passkey} {has_number}");
        let links = page
            .iter()
            .filter(|element| element.attribute("href") == Some(login_link));
        assert_eq!(links.count() == 1, login == LoginStep::Offered, "{case}");
        let shows_number = text.contains("hansa console confirm");
        assert_eq!(
            shows_number,
            has_number && login != LoginStep::Done,
            "{case}"
        );
        // A form acts; a link to the issuer is none.
        let forms = forms_of(&page, "/acts/00aa").len();
        let expect = match login {
            LoginStep::Done => 1,
            _ => usize::from(has_passkey) + usize::from(has_number),
        };
        assert_eq!(forms, expect, "{case}");
    }
    let page = check_page(&with(LoginStep::NotOffered, false, false));
    assert!(
        page[0]
            .text
            .contains("neither a passkey nor a user account")
    );
}
