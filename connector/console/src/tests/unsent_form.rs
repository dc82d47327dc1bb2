//! Tests of forms that were sent and did nothing: what was typed stands in them again, and why nothing was done.

use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::tests::html_reader::PageElement;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::tests::sample::sample_negotiation;
use crate::{
    ActCheckView, ActFields, ActForm, ActFormView, ActKind, ActStep, ActValue, AskView, FaultView,
    PageFrame, UnsentForm, render_act_check, render_act_form, render_ask, render_fault,
};
use hansa_policy::term::language::Language;
use serde_json::json;
use std::collections::BTreeMap;

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame::new(language, "/policies/open/edit")
}

fn list_reasons(text: &str) -> Vec<UnsentForm> {
    let refused = FaultView {
        code: "TERM_UNKNOWN".to_owned(),
        sentence: text.to_owned(),
        help: vec![text.to_owned()],
        ..FaultView::default()
    };
    vec![
        UnsentForm::Over,
        UnsentForm::Sent,
        UnsentForm::Changed,
        UnsentForm::Refused(Box::new(refused)),
    ]
}

fn make_form(title: &str, columns: &str) -> ActForm {
    let make_field = |name: &str, label: &str, input: FieldInput| {
        ActField::new(name, label.to_owned(), "wrong".to_owned(), input)
    };
    let mut form = ActForm::new("Policy".to_owned(), "Put".to_owned(), "Done.".to_owned());
    let options = ["traffic", "research"].map(FieldOption::plain).to_vec();
    form.fields = vec![
        make_field("title", "Title", FieldInput::Line { most: 80 }).with_initial(title),
        make_field(
            "columns",
            "Columns",
            FieldInput::Lines { most: 900, rows: 4 },
        )
        .with_initial(columns),
        make_field("purpose", "Purpose", FieldInput::Choice(options)).with_initial("traffic"),
        make_field("read", "I have read it", FieldInput::Tick),
    ];
    form
}

fn make_view(form: ActForm, values: &[(&str, &str)], unsent: UnsentForm) -> ActFormView {
    let values = values.iter();
    ActFormView {
        form,
        key: "new-key".to_owned(),
        shown: "e7a2".to_owned(),
        values: values
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        faults: Vec::new(),
        unsent: Some(unsent),
        step: ActStep::Preview,
        back: "/policies/open".to_owned(),
    }
}

fn find_by_id<'a>(page: &'a [PageElement], id: &str) -> &'a PageElement {
    let mut found = page.iter();
    found
        .find(|element| element.attribute("id") == Some(id))
        .unwrap()
}

#[test]
fn a_form_that_did_nothing_holds_what_was_typed_and_says_why() {
    for language in Language::ALL {
        let mut sentences = Vec::new();
        for unsent in list_reasons("the policy is none") {
            let typed = [("title", "Counts <by> day"), ("columns", "site\nn")];
            let view = make_view(make_form("Counts", "site"), &typed, unsent);
            let text = render_act_form(&frame(language), &view);
            let page = check_page(&text);
            let title = find_by_id(&page, "title");
            assert_eq!(title.attribute("value"), Some("Counts <by> day"));
            assert!(text.contains("\nsite\nn</textarea>"), "{text}");
            assert!(text.contains("name=\"key\" value=\"new-key\""), "{text}");
            let titles = elements(&page, "title");
            assert!(titles[0].text.contains(':'), "{:?}", titles[0].text);
            let summaries = page.iter();
            let mut summaries =
                summaries.filter(|element| element.attribute("class") == Some("summary"));
            sentences.push(summaries.next().unwrap().text.clone());
            assert!(summaries.next().is_none(), "one summary");
        }
        assert!(sentences[0].contains("FORM_STALE") && sentences[1].contains("FORM_STALE"));
        assert!(sentences[2].contains("TERMS_CHANGED"));
        assert_ne!(sentences[0], sentences[1]);
        assert!(sentences[3].contains("the policy is none"));
    }
}

#[test]
fn what_is_there_now_stands_beside_what_was_typed() {
    let typed = [
        ("title", "Counts"),
        ("columns", "site\nn"),
        ("purpose", "gone"),
    ];
    let form = make_form("Counts", "site <b>");
    let view = make_view(form.clone(), &typed, UnsentForm::Changed);
    let text = render_act_form(&frame(Language::En), &view);
    let page = check_page(&text);
    let (_, table) = text.split_once("id=\"unsent-caption\"").unwrap();
    let (table, _) = table.split_once("</table>").unwrap();
    // The title is as it was typed, and the tick says nothing about the subject.
    assert!(!table.contains("#title") && !table.contains("#read"));
    assert!(table.contains("#columns") && table.contains("site &lt;b&gt;"));
    assert!(table.contains("#purpose") && table.contains("traffic"));
    // A choice that is no longer possible is not replaced by another one.
    let chosen = elements(&page, "option").into_iter();
    let chosen = chosen.filter(|option| option.attribute("selected").is_some());
    assert_eq!(chosen.count(), 0, "{text}");
    assert!(text.contains("<option value=\"\">"), "{text}");
    // A form that is only too old has nothing to compare.
    let view = make_view(form, &typed, UnsentForm::Over);
    assert!(!render_act_form(&frame(Language::En), &view).contains("unsent-caption"));
}

#[test]
fn confirmations_are_asked_for_again_where_the_page_is_another_one() {
    let form = make_form("Counts", "site");
    let asks = list_reasons("no").into_iter();
    let asks: Vec<bool> = asks.map(|unsent| unsent.asks_again()).collect();
    assert_eq!(asks, [false, true, true, false]);
    let mut values = BTreeMap::from([
        ("read".to_owned(), "yes".to_owned()),
        ("title".to_owned(), "Counts".to_owned()),
    ]);
    form.forget_confirmations(&mut values);
    assert_eq!(values.into_keys().collect::<Vec<_>>(), ["title"]);
}

#[test]
fn chosen_values_stay_chosen_where_their_order_has_changed() {
    let options = ["day", "site", "n"].map(FieldOption::plain).to_vec();
    let field = |input: FieldInput| {
        ActField::new("leaves", "Columns".to_owned(), "wrong".to_owned(), input)
    };
    let mut form = make_form("Counts", "site");
    form.fields = vec![field(FieldInput::Choices(options))];
    let sent = [("leaves-0", "site"), ("leaves-1", "n"), ("leaves-x", "day")];
    let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let values = form.read_values(&BTreeMap::from(sent));
    assert_eq!(values["leaves"], "site\nn");
}

#[test]
fn an_act_on_a_negotiation_that_changed_keeps_the_reason_and_leads_to_the_comparison() {
    let report = serde_json::from_value(sample_negotiation()).unwrap();
    for language in Language::ALL {
        for unsent in list_reasons("no") {
            let is_changed = unsent == UnsentForm::Changed;
            let view = ActCheckView {
                kind: ActKind::Decline,
                report: crate::ContractReport::clone(&report),
                key: "new-key".to_owned(),
                fields: ActFields {
                    reason: "not for <this>".to_owned(),
                    ..ActFields::default()
                },
                faults: Vec::new(),
                unsent: Some(unsent),
            };
            let frame = PageFrame::new(language, "/contracts/n-3c51/decline");
            let page = check_page(&render_act_check(&frame, &view));
            let reason = find_by_id(&page, "reason");
            assert_eq!(reason.attribute("value"), Some("not for <this>"));
            let links = page.iter();
            let mut links = links.filter_map(|element| element.attribute("href"));
            assert_eq!(links.any(|link| link.ends_with("/compare")), is_changed);
        }
    }
}

#[test]
fn a_question_that_was_not_asked_stands_in_the_form() {
    for unsent in list_reasons("no") {
        let view = AskView {
            key: "new-key".to_owned(),
            sql: "SELECT a < b".to_owned(),
            unsent: Some(unsent),
            ..AskView::default()
        };
        let frame = PageFrame::new(Language::En, "/ask");
        let text = render_ask(&frame, &view);
        check_page(&text);
        assert!(text.contains("SELECT a &lt; b</textarea>"), "{text}");
        assert!(text.contains("name=\"key\" value=\"new-key\""), "{text}");
    }
}

#[test]
fn a_refused_act_shows_what_was_typed_for_it_safely() {
    let sample = json!({ "text": "Maria < Rui" });
    check_view(&sample, &["text"], |language, value| {
        let text = value["text"].as_str().unwrap();
        let view = FaultView {
            code: "TERMS_CHANGED".to_owned(),
            record: Some(118),
            entered: vec![ActValue {
                name: "Policy".to_owned(),
                value: text.to_owned(),
            }],
            ..FaultView::default()
        };
        let frame = PageFrame::new(language, "/policies/open/edit");
        for unsent in list_reasons(text) {
            let typed = [("title", text), ("columns", text)];
            let view = make_view(make_form(text, text), &typed, unsent);
            check_page(&render_act_form(&frame, &view));
        }
        render_fault(&frame, &view)
    });
}
