//! Tests of the page before an act: its fields, its digest, and its safety with any text.

use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ActFieldFault, ActForm, ActFormView, ActNote, ActPreview, ActResultView, ActStep, LoginStep,
    PageFrame, PeerRow, PendingActKind, PendingActView, PendingForm, PersonLabel, PersonRole,
    RunningRow, TokenRow, describe_backup, describe_other_sessions_end, describe_peer_addition,
    describe_peer_removal, describe_reload, describe_running_cut, describe_session_end,
    describe_token_addition, describe_token_end, render_act_form, render_act_result,
    render_pending_act, render_running,
};
use hansa_policy::term::language::Language;
use maud::html;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn frame(language: Language, roles: &[PersonRole]) -> PageFrame<'_> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria",
            roles,
        }),
        ..PageFrame::new(language, "/settings/tokens/add?contract=ab12&lang=de")
    }
}

/// Form with a field of each kind.
fn make_form(text: &str) -> ActForm {
    let make_field = |name: &str, input: FieldInput| {
        ActField::new(name, text.to_owned(), text.to_owned(), input).with_hint(text.to_owned())
    };
    let make_options = || vec![FieldOption::plain("traffic"), FieldOption::plain(text)];
    let mut form = ActForm::new(text.to_owned(), text.to_owned(), text.to_owned());
    form.consequences = vec![text.to_owned()];
    form.warnings = vec![text.to_owned()];
    form.body = html! { p { (text) } };
    form.fields = vec![
        make_field("line", FieldInput::Line { most: 80 }),
        make_field("lines", FieldInput::Lines { most: 900, rows: 5 }),
        make_field("choice", FieldInput::Choice(make_options())),
        make_field("several", FieldInput::Choices(make_options())),
        make_field("tick", FieldInput::Tick),
        make_field("day", FieldInput::Date).mark_optional(),
        make_field(
            "days",
            FieldInput::Number {
                least: 1,
                most: 366,
            },
        ),
    ];
    form
}

fn make_view(form: ActForm, values: &[(&str, &str)]) -> ActFormView {
    let values = values.iter();
    let values: BTreeMap<String, String> = values
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    ActFormView {
        faults: form.find_faults(&values),
        unsent: None,
        form,
        key: "00ff".to_owned(),
        shown: "e7a2".to_owned(),
        values,
        step: ActStep::Act,
        back: "/settings/tokens".to_owned(),
    }
}

fn fill_values(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    let values = values.iter();
    values
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_form_shows_what_was_typed_and_each_fault_leads_to_its_field() {
    for language in Language::ALL {
        let typed = [
            ("line", ""),
            ("lines", "\na < b"),
            ("choice", "other"),
            ("several", "traffic"),
            ("day", "tomorrow"),
            ("days", "0"),
        ];
        let view = make_view(make_form("Purpose"), &typed);
        let faults: Vec<&str> = view
            .faults
            .iter()
            .map(|fault| fault.field.as_str())
            .collect();
        assert_eq!(faults, ["line", "choice", "tick", "day", "days"]);
        let text = render_act_form(&frame(language, &PersonRole::ALL), &view);
        let page = check_page(&text);
        for fault in faults {
            let target = format!("#{fault}");
            assert!(
                page.iter()
                    .any(|element| element.attribute("href") == Some(target.as_str())),
                "{fault}"
            );
            let marked = page
                .iter()
                .find(|element| element.attribute("id") == Some(fault));
            assert_eq!(marked.unwrap().attribute("aria-invalid"), Some("true"));
        }
        assert!(text.contains("\n\na &lt; b</textarea>"), "{text}");
        let ticked = page
            .iter()
            .find(|element| element.attribute("id") == Some("several-0"));
        assert!(ticked.unwrap().attribute("checked").is_some());
        let form = elements(&page, "form");
        let form = form
            .iter()
            .find(|form| form.attribute("class") == Some("act-form"));
        // The choice of a language is no part of the address that acts.
        assert_eq!(
            form.unwrap().attribute("action"),
            Some("/settings/tokens/add?contract=ab12")
        );
        assert!(text.contains(&format!("name=\"language\" value=\"{}\"", language.tag())));
    }
}

#[test]
fn an_act_that_is_seen_first_has_a_place_for_its_preview() {
    for language in Language::ALL {
        let render = |is_live: bool, step: ActStep| {
            let mut form = make_form("Purpose");
            form.has_live_preview = is_live;
            let view = ActFormView {
                step,
                ..make_view(form, &[])
            };
            render_act_form(&frame(language, &PersonRole::ALL), &view)
        };
        let body = html! { p { "14 rows" } };
        let previewed = ActStep::Previewed {
            preview: ActPreview { body },
            digest: "77ab".to_owned(),
        };
        let first = render(true, ActStep::Preview);
        let second = render(true, previewed.clone());
        for (text, previews) in [(&first, 0), (&second, 1)] {
            let page = check_page(text);
            let element = elements(&page, "hansa-preview")[0];
            for name in ["check", "live", "shown", "wrong", "failed"] {
                let sentence = element.attribute(&format!("data-{name}"));
                assert!(sentence.is_some_and(|text| !text.is_empty()), "{name}");
            }
            // The button of the first page is that to which a change of the values leads back.
            assert!(first.contains(&format!(
                "<button class=\"main\" type=\"submit\">{}<",
                element.attribute("data-check").unwrap()
            )));
            for part in ["result", "told"] {
                let parts = page
                    .iter()
                    .filter(|element| element.attribute("data-part") == Some(part));
                assert_eq!(parts.count(), 1, "{part}");
            }
            let sections = page
                .iter()
                .filter(|element| element.attribute("class") == Some("preview"));
            assert_eq!(sections.count(), previews);
            let digest = page
                .iter()
                .filter(|element| element.attribute("name") == Some("preview"));
            assert_eq!(digest.count(), previews);
        }
        let (result, form) = (
            second.find("14 rows"),
            second.find("<form class=\"act-form"),
        );
        assert!(result.unwrap() < form.unwrap(), "read before the button");
        let plain = render(false, previewed);
        assert!(elements(&check_page(&plain), "hansa-preview").is_empty());
        assert!(plain.contains("14 rows"));
    }
}

#[test]
fn values_are_read_as_the_fields_take_them() {
    let form = make_form("Traffic <planning>");
    let values = form.read_values(&fill_values(&[
        ("line", "  Ida  "),
        ("lines", "a\r\nb"),
        ("choice", "traffic"),
        ("several-0", "traffic"),
        ("several-1", "something else"),
        ("tick", "yes"),
        ("days", "366"),
        ("stranger", "x"),
    ]));
    let read = |name: &str| values[name].as_str();
    assert_eq!(read("line"), "Ida");
    assert_eq!(read("lines"), "a\nb");
    // Only the values of the page can be chosen.
    assert_eq!(read("several"), "traffic");
    assert!(!values.contains_key("stranger"));
    assert_eq!(form.find_faults(&values), []);
    let described = form.describe_values(&values);
    // Neither the tick nor the empty day says anything.
    assert_eq!(described.len(), 5);
    for wrong in [
        ("line", "a\nb"),
        ("line", "\u{202e}x"),
        ("lines", "a\u{0}"),
        ("tick", "true"),
        ("days", "367"),
        ("days", "-1"),
        ("day", "2027-1-1"),
    ] {
        let mut values = values.clone();
        values.insert(wrong.0.to_owned(), wrong.1.to_owned());
        assert_eq!(
            form.find_faults(&values),
            [ActFieldFault::new(wrong.0)],
            "{wrong:?}"
        );
    }
}

#[test]
fn the_text_for_the_digest_holds_all_that_is_shown_and_no_person() {
    let base = make_form("a").shown_text();
    let mut forms: Vec<ActForm> = (0..7).map(|_| make_form("a")).collect();
    forms[0].title.push('b');
    forms[1].consequences.push("b".to_owned());
    forms[2].warnings.clear();
    forms[3].body = html! { p { "b" } };
    forms[4].fields[0].initial.push('b');
    forms[5].fields[2].label.push('b');
    if let FieldInput::Choice(options) = &mut forms[6].fields[2].input {
        options[0].label.push('b');
    }
    for (index, form) in forms.iter().enumerate() {
        assert_ne!(form.shown_text(), base, "{index}");
    }
    // A line that is one sentence in one list and two in another is another text.
    let mut joined = make_form("a");
    joined.consequences = vec!["a\na".to_owned()];
    let mut apart = make_form("a");
    apart.consequences = vec!["a".to_owned(), "a".to_owned()];
    assert_ne!(joined.shown_text(), apart.shown_text());
    let mut form = make_form("a");
    form.fields[0] = form.fields[0].clone().mark_personal();
    let values = fill_values(&[("line", "Ida"), ("days", "90")]);
    let text = form.entered_text(&values);
    assert!(text.contains("90") && !text.contains("Ida"), "{text}");
}

#[test]
fn a_form_and_its_notes_are_safe_with_any_text() {
    let sample = json!({ "text": "Maria < Rui", "value": "traffic", "lines": ["a"] });
    check_view(&sample, &["text"], |language, value| {
        let text = value["text"].as_str().unwrap();
        let typed = value["value"].as_str().unwrap();
        // The words of a form are those of the console, and its values anybody's.
        let mut form = make_form("a");
        form.fields[2].input = FieldInput::Choice(vec![FieldOption::plain(text)]);
        form.fields[3].input = FieldInput::Choices(vec![FieldOption::plain(text)]);
        let view = make_view(form, &[("line", typed), ("lines", typed), ("choice", text)]);
        let note = ActNote {
            language: Language::De,
            sentence: text.to_owned(),
            lines: vec![text.to_owned()],
            record: 7,
            waits: false,
            has_faults: true,
        };
        let frame = PageFrame {
            done: Some(&note),
            ..frame(language, &[PersonRole::Operator])
        };
        let mut previewed = view.clone();
        previewed.step = ActStep::Previewed {
            preview: ActPreview {
                body: html! { p { (text) } },
            },
            digest: typed.to_owned(),
        };
        previewed.faults = vec![ActFieldFault {
            field: "line".to_owned(),
            details: vec![text.to_owned()],
        }];
        check_page(&render_act_form(&frame, &previewed));
        let result = ActResultView {
            label: "a".to_owned(),
            back: text.to_owned(),
        };
        check_page(&render_act_result(&frame, &result));
        let pending = PendingActView {
            id: "00aa".to_owned(),
            kind: PendingActKind::Form(PendingForm {
                language: Language::De,
                label: text.to_owned(),
                values: make_form("a").describe_values(&fill_values(&[("line", text)])),
                back: text.to_owned(),
            }),
            subject: text.to_owned(),
            number: Some("482913".to_owned()),
            is_for_other: false,
            key: text.to_owned(),
            passkey: None,
            can_add_passkey: false,
            login: LoginStep::NotOffered,
            fault: None,
        };
        check_page(&render_pending_act(&frame, &pending));
        render_act_form(&frame, &view)
    });
}

#[test]
fn a_preview_stands_before_the_act() {
    let frame = frame(Language::En, &PersonRole::ALL);
    let mut view = make_view(make_form("Publish"), &[]);
    view.faults.clear();
    view.step = ActStep::Preview;
    let read_button = |view: &ActFormView| {
        let page = check_page(&render_act_form(&frame, view));
        let buttons = elements(&page, "button").into_iter();
        let mut main = buttons.filter(|button| button.attribute("class") == Some("main"));
        main.next().unwrap().text.clone()
    };
    assert_ne!(read_button(&view), "Publish");
    view.step = ActStep::Previewed {
        preview: ActPreview {
            body: html! { p { "3 rows" } },
        },
        digest: "ab12".to_owned(),
    };
    assert_eq!(read_button(&view), "Publish");
    let text = render_act_form(&frame, &view);
    assert!(text.contains("3 rows") && text.contains("name=\"preview\" value=\"ab12\""));
}

#[test]
fn a_record_is_a_link_for_those_who_may_open_it() {
    let mut note = ActNote {
        language: Language::En,
        sentence: "Done.".to_owned(),
        lines: Vec::new(),
        record: 118,
        waits: false,
        has_faults: false,
    };
    let render = |note: &ActNote, roles: &[PersonRole]| {
        let frame = PageFrame {
            done: Some(note),
            ..frame(Language::En, roles)
        };
        render_running(&frame, &[])
    };
    let is_linked = |page: &str| page.contains("href=\"/evidence/records/118\"");
    assert!(is_linked(&render(&note, &[PersonRole::Auditor])));
    let page = render(&note, &[PersonRole::Operator]);
    assert!(!is_linked(&page) && page.contains("118") && page.contains("Done."));
    note.lines = vec![
        "changed".to_owned(),
        "warning[NO_EXPIRY]: it has no end".to_owned(),
        "  help      set valid.until".to_owned(),
    ];
    let page = check_page(&render(&note, &[PersonRole::Operator]));
    assert!(
        elements(&page, "pre")
            .iter()
            .any(|said| said.text == "changed")
    );
    let text = &page[0].text;
    for part in [
        "Warning",
        "it has no end",
        "What you can do:",
        "set valid.until",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    note.waits = true;
    let page = render(&note, &[PersonRole::Operator]);
    assert!(!page.contains("Done."), "{page}");
}

fn sample_row() -> Value {
    json!({
        "question": "4f1c0a9b22d7", "participant": "acme.example", "by": "peer", "datasets": ["bikes"],
        "contracts": ["8722ab"], "purpose": "traffic", "rows": 3, "age_ms": 40
    })
}

#[test]
fn the_acts_of_operators_are_safe_and_show_nothing_that_grows() {
    check_view(&sample_row(), &[], |language, value| {
        let frame = frame(language, &PersonRole::ALL);
        let row: RunningRow = serde_json::from_value(value.clone()).unwrap();
        let mut later = row.clone();
        later.rows += 1;
        later.age_ms += 1;
        let form = describe_running_cut(&frame, &row);
        let again = describe_running_cut(&frame, &later);
        assert_eq!(form.shown_text(), again.shown_text());
        render_act_form(&frame, &make_view(form, &[]))
    });
    for language in Language::ALL {
        let frame = frame(language, &PersonRole::ALL);
        check_page(&render_act_form(
            &frame,
            &make_view(describe_reload(&frame), &[]),
        ));
    }
    let row: RunningRow = serde_json::from_value(sample_row()).unwrap();
    let page = read_page(&render_running(
        &frame(Language::En, &PersonRole::ALL),
        &[row],
    ));
    assert!(page.iter().any(
        |element| element.attribute("href") == Some("/operations/running/4f1c0a9b22d7/cancel")
    ));
}

#[test]
fn the_acts_on_participants_tokens_and_sessions_are_safe_with_any_text() {
    let sample = json!({
        "peer": { "participant": "acme.example", "alias": "acme", "address": "acme.example:8814", "contracts": 2 },
        "token": { "token": "4f1c0a9b22d7", "purposes": [], "contract": "7f3a", "until": "2027-02-01T00:00:00Z",
            "person": "Ida", "state": "counts" },
    });
    check_view(&sample, &["participant", "person"], |language, value| {
        let frame = frame(language, &PersonRole::ALL);
        let peer: PeerRow = serde_json::from_value(value["peer"].clone()).unwrap();
        let token: TokenRow = serde_json::from_value(value["token"].clone()).unwrap();
        let person = token.person.clone().unwrap();
        let end = describe_token_end(&frame, &token);
        let forms = [
            describe_backup(&frame, &person),
            describe_peer_addition(&frame),
            describe_token_addition(&frame, None),
            describe_token_addition(&frame, Some(&person)),
            describe_session_end(&frame),
            describe_other_sessions_end(&frame),
        ];
        for form in forms {
            let text = render_act_form(&frame, &make_view(form, &[]));
            check_page(&text);
        }
        let mut both = describe_peer_removal(&frame, &peer);
        assert_eq!(both.warnings.len(), 1);
        both.person = end.person;
        render_act_form(&frame, &make_view(both, &[]))
    });
    let frame = frame(Language::En, &PersonRole::ALL);
    // Nobody guesses a name from a digest of the log.
    let token: TokenRow = serde_json::from_value(sample["token"].clone()).unwrap();
    let own = describe_token_addition(&frame, Some("Ida"));
    for form in [describe_token_end(&frame, &token), own] {
        assert!(!form.shown_text().contains("Ida"));
    }
    let form = describe_token_addition(&frame, None);
    let values = fill_values(&[("person", "Ida"), ("days", "30"), ("purposes", "a\nb")]);
    assert_eq!(form.find_faults(&values), []);
    assert!(!form.entered_text(&values).contains("Ida"));
    assert!(
        describe_token_addition(&frame, Some("Ida"))
            .fields()
            .iter()
            .all(|field| field.name != "person" && field.name != "contract")
    );
}
