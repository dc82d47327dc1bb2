//! Content beside the log on the page of a record: closed, and shown after a recorded look.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ActFieldFault, ActFormView, ActStep, EXPORT_FIELDS, KeptContent, KeptText, KnownPerson,
    LogRecord, PageFrame, PersonLabel, PersonRole, RecordLooks, RecordProofView, ShownContent,
    committed_text, describe_answer_files, describe_export, pseudonyms_of, render_act_form,
    render_export_file, render_record,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

const PSEUDONYM: &str = "7d2a90cc1b3f5e64";

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Auditor],
        }),
        ..PageFrame::new(language, "/evidence/records/119")
    }
}

fn make_record(kind: &str, body: &Value) -> LogRecord {
    let record = json!({ "seq": 119, "t": "2026-11-27T09:37:54.120Z", "type": kind, "body": body });
    serde_json::from_value(record).unwrap()
}

fn make_question() -> LogRecord {
    let body = json!({ "request_id": "019ab2c4", "peer": "hansa://acme.example", "actor": PSEUDONYM,
        "purpose": "traffic-planning", "sql_commit": "bb".repeat(32) });
    make_record("remote_query", &body)
}

fn page_of(record: LogRecord, looks: &RecordLooks, language: Language) -> String {
    let view = RecordProofView {
        place: record.seq,
        record: Some(record),
        ..RecordProofView::default()
    };
    render_record(&frame(language), &view, looks)
}

fn make_looks(shown: Option<KeptContent>) -> RecordLooks {
    RecordLooks {
        text_key: "key-of-text".to_owned(),
        person_key: Some("key-of-person".to_owned()),
        shown: shown.map(|content| ShownContent {
            record: 4711,
            content,
        }),
    }
}

fn contents_of_forms(page: &str) -> Vec<String> {
    let page = read_page(page);
    let fields = elements(&page, "input");
    let named = fields
        .iter()
        .filter(|field| field.attribute("name") == Some("content"));
    named
        .filter_map(|field| field.attribute("value").map(str::to_owned))
        .collect()
}

#[test]
fn a_text_and_a_person_are_shown_one_by_one() {
    let sql = "SELECT count(*) AS n FROM bikes WHERE site = 'Hafen'";
    for language in Language::ALL {
        let closed = page_of(make_question(), &make_looks(None), language);
        check_page(&closed);
        assert_eq!(contents_of_forms(&closed), ["question", "person"]);
    }
    let text = KeptContent::Text(KeptText {
        text: Some(sql.to_owned()),
    });
    let shown = page_of(make_question(), &make_looks(Some(text)), Language::En);
    let read = check_page(&shown);
    assert!(read[0].text.contains(sql), "{shown}");
    assert!(read[0].text.contains("Your look is record 4711"));
    assert_eq!(contents_of_forms(&shown), ["person"]);
    let erased = KeptContent::Text(KeptText { text: None });
    let erased = page_of(make_question(), &make_looks(Some(erased)), Language::En);
    assert!(erased.contains("The text is not kept any more"), "{erased}");
    let person = KeptContent::Person(KnownPerson {
        pseudonym: PSEUDONYM.to_owned(),
        name: Some("Jonas Weber".to_owned()),
        user: Some(1002),
        ..KnownPerson::default()
    });
    let shown = page_of(make_question(), &make_looks(Some(person)), Language::En);
    let read = check_page(&shown);
    assert!(
        read[0].text.contains("Jonas Weber · Unix user 1002"),
        "{shown}"
    );
    assert_eq!(contents_of_forms(&shown), ["question"]);
}

#[test]
fn a_person_of_another_pseudonym_is_not_shown_beside_this_one() {
    let other = KeptContent::Person(KnownPerson {
        pseudonym: "11d0".to_owned(),
        name: Some("Jonas Weber".to_owned()),
        user: Some(1002),
        ..KnownPerson::default()
    });
    let page = page_of(make_question(), &make_looks(Some(other)), Language::En);
    assert!(!page.contains("Jonas"), "{page}");
}

#[test]
fn without_the_role_of_an_auditor_no_form_shows_a_person() {
    let officer = RecordLooks {
        person_key: None,
        ..make_looks(None)
    };
    let page = page_of(make_question(), &officer, Language::En);
    assert_eq!(contents_of_forms(&page), ["question"]);
    assert!(
        page.contains("Only auditors may see who this is."),
        "{page}"
    );
}

#[test]
fn pseudonyms_are_found_by_the_kind_of_the_record() {
    let approval =
        json!({ "first": "81c2", "second": "11d0", "action": "sign", "reason_commit": "cc" });
    let approval = make_record("approval", &approval);
    assert_eq!(pseudonyms_of(&approval), ["81c2", "11d0"]);
    assert_eq!(committed_text(&approval), Some("reason"));
    assert_eq!(
        contents_of_forms(&page_of(approval, &make_looks(None), Language::De)),
        ["reason", "person", "person"]
    );
    let token = make_record("access_token", &json!({ "actor": "81c2", "by": "81c2" }));
    assert_eq!(pseudonyms_of(&token), ["81c2"]);
    // Here the member is an instant.
    let refusals = make_record("refusal_count", &json!({ "first": "2026-11-27T09:30:00Z" }));
    assert!(pseudonyms_of(&refusals).is_empty());
    assert_eq!(committed_text(&refusals), None);
    assert!(contents_of_forms(&page_of(refusals, &make_looks(None), Language::De)).is_empty());
}

#[test]
fn a_shown_text_and_a_name_come_out_as_text() {
    let sample = json!({ "text": "SELECT 1" });
    check_view(&sample, &["text"], |language, object| {
        let text: KeptText = serde_json::from_value(object.clone()).unwrap();
        page_of(
            make_question(),
            &make_looks(Some(KeptContent::Text(text))),
            language,
        )
    });
    let sample = json!({ "name": "Maria", "user": 1001 });
    check_view(&sample, &["name"], |language, object| {
        let mut object = object.clone();
        object["pseudonym"] = json!(PSEUDONYM);
        let person: KnownPerson = serde_json::from_value(object).unwrap();
        page_of(
            make_question(),
            &make_looks(Some(KeptContent::Person(person))),
            language,
        )
    });
}

#[test]
fn the_forms_before_a_file_have_their_shape_in_every_language() {
    for language in Language::ALL {
        let frame = frame(language);
        let export = describe_export(&frame, 5);
        let names: Vec<&str> = export
            .fields()
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names, EXPORT_FIELDS);
        let files = describe_answer_files(&frame, "SELECT '</pre>' FROM walkers", 5);
        for (form, faults) in [
            (export, vec![ActFieldFault::new("contract")]),
            (files, Vec::new()),
        ] {
            let view = ActFormView {
                values: form.initial_values(),
                form,
                key: "key-of-form".to_owned(),
                shown: "00".to_owned(),
                faults,
                unsent: None,
                step: ActStep::Act,
                back: "/evidence".to_owned(),
            };
            check_page(&render_act_form(&frame, &view));
        }
        let page = render_export_file(&frame, 5);
        check_page(&page);
        assert!(page.contains("/evidence/export/bundle"), "{page}");
    }
}
