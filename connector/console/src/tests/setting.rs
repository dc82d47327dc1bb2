//! Pages about the configuration, the people, and the own person.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    AccessibilityView, ConfigurationKey, ConfigurationView, OwnPersonView, OwnSession, PageFrame,
    PersonLabel, PersonRole, PersonRow, TokenListView, render_accessibility, render_configuration,
    render_error_help, render_licences, render_own_person, render_people, render_tokens,
};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn frame(language: Language, address: &str) -> PageFrame<'_> {
    PageFrame {
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Olga Brandt",
            roles: &[PersonRole::Operator, PersonRole::Auditor],
        }),
        ..PageFrame::new(language, address)
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn sample_configuration() -> Value {
    json!({
        "file": "/etc/hansa/hansa.toml", "state": "/var/lib/hansa", "participant": "hansa://munster.example",
        "listen": "0.0.0.0:8814", "text": "[participant]\nid = \"munster.example\"",
        "keys": [
            { "key": "notice.webhook", "value": "***", "from": "hansa.toml:30", "meaning": "takes a POST of JSON", "effect": "reload" },
            { "key": "participant.id", "value": "\"munster.example\"", "from": "hansa.toml:2", "meaning": "the domain",
                "effect": "start" },
            { "key": "participant.language", "value": null, "from": "default", "meaning": null, "effect": "reload" },
            { "key": "participant.zone", "value": "\"Europe/Berlin\"", "from": "HANSA__PARTICIPANT__ZONE",
                "meaning": "of its civil times", "effect": "reload" },
        ],
    })
}

fn render_section(language: Language, object: &Value, section: Option<&str>) -> String {
    let view = ConfigurationView {
        configuration: read(object),
        section: section.map(str::to_owned),
        skipped: 0,
    };
    render_configuration(&frame(language, "/settings?section=participant"), &view)
}

#[test]
fn the_configuration_is_told_by_section_and_without_its_text() {
    let sections = |language, object: &Value| render_section(language, object, None);
    check_view(&sample_configuration(), &["file", "state"], sections);
    let page = read_page(&sections(Language::En, &sample_configuration()));
    let links = elements(&page, "a");
    let addresses: Vec<_> = links
        .iter()
        .filter_map(|link| link.attribute("href"))
        .collect();
    assert!(addresses.contains(&"/settings?section=participant"));
    let keys = |language| render_section(language, &sample_configuration(), Some("participant"));
    for language in Language::ALL {
        check_page(&keys(language));
    }
    let text = keys(Language::En);
    for part in [
        "munster.example",
        "HANSA__PARTICIPANT__ZONE",
        "of its civil times",
        "at the next start",
        "not set",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let secret = render_section(Language::De, &sample_configuration(), Some("notice"));
    assert!(secret.contains("(geheim)"));
    let unknown = render_section(Language::De, &sample_configuration(), Some("<nothing>"));
    assert!(check_page(&unknown)[0].text.contains("hat hier keine"));
}

/// Keys, values and origins are those of one section, so that hostile text in a key does not hide its row.
#[test]
fn any_text_of_a_key_comes_out_as_text() {
    let sample = json!([{ "value": "\"x\"", "from": "hansa.toml:2", "meaning": "the domain", "effect": "start" }]);
    let render = |language, object: &Value| {
        let mut keys = object.clone();
        keys[0]["key"] = json!("participant.id");
        let mut view = ConfigurationView {
            section: Some("participant".to_owned()),
            ..ConfigurationView::default()
        };
        view.configuration.keys = read(&keys);
        render_configuration(&frame(language, "/settings"), &view)
    };
    check_view(&sample, &["value", "from", "meaning"], render);
}

#[test]
fn a_long_section_has_pages() {
    let key = |number: usize| ConfigurationKey {
        key: format!("peer.{number}"),
        from: "default".to_owned(),
        ..ConfigurationKey::default()
    };
    let mut view = ConfigurationView {
        section: Some("peer".to_owned()),
        ..ConfigurationView::default()
    };
    view.configuration.keys = (0..120).map(key).collect();
    for (skipped, rows, next) in [
        (0, 50, Some("/settings?section=peer&skip=50")),
        (50, 50, Some("/settings?section=peer&skip=100")),
        (100, 20, None),
        (500, 0, None),
    ] {
        view.skipped = skipped;
        let page = check_page(&render_configuration(&frame(Language::En, "/"), &view));
        let table = elements(&page, "tr").len();
        assert_eq!(table.saturating_sub(1), rows, "{skipped}");
        let found = page
            .iter()
            .find(|element| element.attribute("rel") == Some("next"));
        assert_eq!(found.and_then(|link| link.attribute("href")), next);
    }
}

#[test]
fn people_are_told_with_their_roles_and_without_pseudonyms() {
    let sample = json!([
        { "name": "Maria Santos", "roles": ["officer", "signer"], "unix": 1001, "oidc": "f3b1" },
        { "name": "Jonas", "roles": ["a new role"], "unix": null, "oidc": null },
    ]);
    let render = |language, object: &Value| {
        let rows: Vec<PersonRow> = read(object);
        render_people(&frame(language, "/settings/people"), &rows)
    };
    check_view(&sample, &["name"], render);
    let text = render(Language::De, &sample);
    assert!(
        text.contains("Sachbearbeitung, Unterschrift")
            && text.contains("1001")
            && text.contains("f3b1")
    );
    check_page(&render_people(&frame(Language::Pt, "/"), &[]));
}

#[test]
fn tokens_are_told_without_their_secrets() {
    let sample = json!([
        { "token": "4f1c0a9b22d7", "purposes": ["traffic-planning"], "contract": null, "until": "2027-02-01T00:00:00Z",
            "person": "ida", "state": "counts" },
        { "token": "5f1c0a9b22d7", "purposes": [], "contract": "7f3a91c2d0e4", "until": "2026-02-01T00:00:00Z",
            "person": null, "state": "over" },
        { "token": "6f1c0a9b22d7", "purposes": ["a", "b"], "contract": null, "until": "2026-02-01T00:00:00Z",
            "person": "jonas", "state": "revoked" },
    ]);
    let render = |language, object: &Value| {
        let view = TokenListView {
            rows: read(object),
            after: Some("6f1c0a9b22d7".to_owned()),
        };
        render_tokens(&frame(language, "/settings/tokens"), &view)
    };
    check_view(&sample, &["token", "person"], render);
    let text = render(Language::En, &sample);
    for part in [
        "erased",
        "revoked",
        "/contracts/7f3a91c2d0e4",
        "after=6f1c0a9b22d7",
    ] {
        assert!(text.contains(part), "{part}");
    }
    check_page(&render_tokens(
        &frame(Language::De, "/"),
        &TokenListView::default(),
    ));
}

#[test]
fn the_own_page_tells_which_session_is_this_one() {
    let session = |opened_ms, is_this| OwnSession {
        handle: format!("{opened_ms:016}"),
        opened_ms,
        used_ms: 1_000,
        is_this,
    };
    let mut view = OwnPersonView {
        sessions: vec![session(5_000, true), session(7_200_000, false)],
        idle_ms: 900_000,
        longest_ms: 28_800_000,
        tokens: None,
    };
    for language in Language::ALL {
        check_page(&render_own_person(&frame(language, "/me"), &view));
    }
    let page = read_page(&render_own_person(&frame(Language::En, "/me"), &view));
    let text = &page[0].text;
    for part in ["Olga Brandt", "this one", "2 h ago", "15 min", "8 h"] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(text.matches("this one").count(), 1);
    let list_links = |page: &[crate::tests::html_reader::PageElement]| -> Vec<String> {
        let links = elements(page, "a").into_iter();
        links
            .filter_map(|link| link.attribute("href").map(str::to_owned))
            .filter(|link| link.starts_with("/me/"))
            .collect()
    };
    let links = list_links(&page);
    assert!(links.contains(&"/me/sessions/0000000007200000/end".to_owned()));
    assert!(links.contains(&"/me/sessions/end".to_owned()));
    // The session of the page ends by signing out.
    assert!(!links.contains(&"/me/sessions/0000000000005000/end".to_owned()));
    assert!(!links.contains(&"/me/tokens/add".to_owned()));
    view.sessions.truncate(1);
    view.tokens = Some(vec![read(&json!({
        "token": "4f1c0a9b22d7", "purposes": [], "until": "2027-02-01T00:00:00Z", "person": "Olga Brandt", "state": "counts"
    }))]);
    for language in Language::ALL {
        let links = list_links(&check_page(&render_own_person(
            &frame(language, "/me"),
            &view,
        )));
        assert!(links.contains(&"/me/tokens/4f1c0a9b22d7/end".to_owned()));
        assert!(links.contains(&"/me/tokens/add".to_owned()));
        assert!(!links.contains(&"/me/sessions/end".to_owned()));
    }
}

#[test]
fn each_code_has_a_page() {
    for code in ErrorCode::ALL {
        let page = check_page(&render_error_help(
            &frame(Language::De, "/help/errors/X"),
            *code,
        ));
        assert!(page[0].text.contains(code.as_str()));
        let address = crate::part::error_code::error_address(code.as_str());
        assert!(address.is_some(), "{code}");
    }
}

#[test]
fn statements_are_there_for_everybody() {
    for language in Language::ALL {
        let signed_out = PageFrame::new(language, "/accessibility");
        for contact in [None, Some("daten@munster.example")] {
            let view = AccessibilityView { contact };
            let page = check_page(&render_accessibility(&signed_out, view));
            assert!(page[0].text.contains("EN 301 549"));
            let shown = page[0].text.contains("daten@munster.example");
            assert_eq!(shown, contact.is_some());
        }
        check_page(&render_licences(&signed_out));
    }
}
