//! Pages of the form of a policy, of its try, and of the acts on offers.

use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ActForm, ActFormView, ActStep, OfferDraft, OfferSummary, PageFrame, PersonLabel, PersonRole,
    PolicyDraft, PolicyDraftField, PolicyFindings, PolicyRow, PolicyTrialView, TrialDataset,
    TrialOutcome, TrialResult, describe_offer, describe_offer_end, describe_policy_addition,
    describe_policy_edit, describe_policy_findings, render_act_form, render_policy_trial,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

/// Names of the fields that a policy can have.
const FIELDS: [&str; 15] = [
    "title",
    "purpose",
    "columns",
    "rows",
    "by",
    "functions",
    "measures",
    "min-rows",
    "rows-per-day",
    "bytes-per-day",
    "queries-per-day",
    "from",
    "until",
    "attribution",
    "delete-after",
];

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria",
            roles: &PersonRole::ALL,
        }),
        ..PageFrame::new(language, "/policies/mobility/edit")
    }
}

fn draft(text: &str) -> PolicyDraft {
    let fields = FIELDS.iter().enumerate();
    PolicyDraft {
        name: text.to_owned(),
        digest: "ab12".to_owned(),
        offers: vec![PolicyRow {
            name: "mobility".to_owned(),
            dataset: "bike_counts".to_owned(),
            to: "league".to_owned(),
            sign: "auto".to_owned(),
            line: 4,
        }],
        datasets: vec!["bike_counts".to_owned(), text.to_owned()],
        fields: fields
            .map(|(at, name)| PolicyDraftField {
                name: (*name).to_owned(),
                // A long text in each field would make a page that nobody has.
                value: if at == 0 { text } else { "1" }.to_owned(),
                enforced: [None, Some(true), Some(false)][at % 3],
            })
            .collect(),
        rest: format!("prohibit = [\"{text}\"]"),
    }
}

fn show(frame: &PageFrame<'_>, form: ActForm, findings: Option<&PolicyFindings>) -> String {
    let step = match findings {
        Some(findings) => ActStep::Previewed {
            preview: describe_policy_findings(frame, findings),
            digest: "77ab".to_owned(),
        },
        None => ActStep::Preview,
    };
    let view = ActFormView {
        values: form.initial_values(),
        form,
        key: "00ff".to_owned(),
        shown: "e7a2".to_owned(),
        faults: Vec::new(),
        unsent: None,
        step,
        back: "/policies/mobility".to_owned(),
    };
    render_act_form(frame, &view)
}

fn findings() -> Value {
    json!({
        "verdict": "> LOOSER",
        "terms": [{ "clause": "c2", "text": "nur für Forschung", "enforced": true }],
        "warnings": [{ "code": "OFFER_WIDE", "sentence": "it lets out much" }],
    })
}

#[test]
fn the_form_of_a_policy_shows_each_field_as_text() {
    check_view(
        &json!({ "text": "Mobility" }),
        &["text"],
        |language, value| {
            let draft = draft(value["text"].as_str().unwrap());
            let form = describe_policy_edit(&frame(language), &draft);
            show(&frame(language), form, None)
        },
    );
    for language in Language::ALL {
        let frame = frame(language);
        let form = describe_policy_addition(&frame, &draft("a"));
        let page = check_page(&show(&frame, form, None));
        for name in FIELDS.iter().chain(&["name", "dataset", "rest"]) {
            let field = page
                .iter()
                .find(|element| element.attribute("name") == Some(name));
            assert!(field.is_some(), "{name}");
        }
    }
}

#[test]
fn automatic_signatures_are_a_reason_to_look_twice() {
    let frame = frame(Language::En);
    let page = show(&frame, describe_policy_edit(&frame, &draft("a")), None);
    assert!(page.contains("signs contracts on this policy by itself"));
    // The button leads to the preview first.
    let buttons = check_page(&page);
    let buttons = elements(&buttons, "button");
    assert!(buttons.iter().all(|button| button.text.trim() != "Save"));
}

#[test]
fn the_preview_of_a_policy_says_what_each_term_becomes() {
    let shown = ["clause", "text", "code", "sentence"];
    let read = |value: &Value| PolicyFindings {
        text: "title = \"a < b\"\n".to_owned(),
        ..serde_json::from_value(value.clone()).unwrap()
    };
    check_view(&findings(), &shown, |language, value| {
        let form = describe_policy_edit(&frame(language), &draft("a"));
        show(&frame(language), form, Some(&read(value)))
    });
    let frame = frame(Language::De);
    let form = || describe_policy_edit(&frame, &draft("a"));
    let page = show(&frame, form(), Some(&read(&findings())));
    assert!(page.contains("<hansa-preview "), "{page}");
    assert!(page.contains("erlaubt sie mehr"), "{page}");
    assert!(page.contains("a &lt; b"), "{page}");
}

fn trial() -> Value {
    json!({
        "datasets": [{
            "dataset": "bikes", "aggregates_only": false, "rows": 812, "visible_rows": 700,
            "columns": [{ "column": "site", "shown": "as stored" }, { "column": "day", "shown": "hashed" }],
            "hidden_columns": ["note"],
            "clauses": [
                { "clause": "#c2", "says": "only for research", "refuses": null },
                { "clause": "#c3", "says": "at most 5 rows", "refuses": { "code": "QUOTA_ROWS", "sentence": "none are left" } },
            ],
        }],
        "answer": { "columns": ["site"], "rows": [["Hafen"]], "total_rows": 1 },
        "refused": { "code": "PURPOSE_NOT_PERMITTED", "sentence": "not for this", "clause": "#c2", "help": ["ask for research"] },
        "comparison": "against contract 7f3a: > LOOSER",
        "typed": "SELECT 1",
    })
}

fn trial_view(value: &Value, is_refused: bool) -> PolicyTrialView {
    let typed = value["typed"].as_str().unwrap().to_owned();
    let datasets: Vec<TrialDataset> = serde_json::from_value(value["datasets"].clone()).unwrap();
    let outcome = match is_refused {
        true => TrialOutcome::Refused(serde_json::from_value(value["refused"].clone()).unwrap()),
        false => TrialOutcome::Answer(serde_json::from_value(value["answer"].clone()).unwrap()),
    };
    PolicyTrialView {
        name: typed.clone(),
        dataset: typed.clone(),
        key: "00ff".to_owned(),
        participant: typed.clone(),
        purpose: "dpv:PublicBenefit".to_owned(),
        day: "2026-11-30".to_owned(),
        sql: typed,
        fault: None,
        result: Some(TrialResult {
            record: 7,
            datasets,
            outcome: Some(outcome),
            comparison: vec![value["comparison"].as_str().unwrap().to_owned()],
        }),
    }
}

#[test]
fn a_try_shows_the_decision_the_clause_and_what_would_pass() {
    for is_refused in [false, true] {
        let mut value = trial();
        if !is_refused {
            value.as_object_mut().unwrap().remove("refused");
        }
        let shown = [
            "dataset",
            "clause",
            "says",
            "sentence",
            "comparison",
            "typed",
        ];
        check_view(&value, &shown, |language, value| {
            render_policy_trial(&frame(language), &trial_view(value, is_refused))
        });
    }
    let frame = frame(Language::Pt);
    let page = render_policy_trial(&frame, &trial_view(&trial(), true));
    for text in [
        "A pergunta seria recusada",
        "#c2",
        "ask for research",
        "QUOTA_ROWS",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let page = render_policy_trial(&frame, &trial_view(&trial(), false));
    assert!(page.contains("Hafen") && page.contains("700"), "{page}");
    let empty = PolicyTrialView {
        result: Some(TrialResult::default()),
        ..PolicyTrialView::default()
    };
    let page = render_policy_trial(&frame, &empty);
    assert!(page.contains("nem sequer"), "{page}");
    check_page(&page);
    check_page(&render_policy_trial(&frame, &PolicyTrialView::default()));
}

#[test]
fn an_offer_says_who_signs_and_what_stays() {
    check_view(&json!({ "text": "bikes" }), &["text"], |language, value| {
        let text = value["text"].as_str().unwrap().to_owned();
        let offer = OfferDraft {
            dataset: text.clone(),
            policy: text.clone(),
            signs_itself: false,
        };
        let frame = frame(language);
        show(&frame, describe_offer(&frame, &offer), None)
    });
    check_view(&json!({ "text": "bikes" }), &["text"], |language, value| {
        let text = value["text"].as_str().unwrap();
        let offer = OfferSummary {
            policy: text.to_owned(),
            to: text.to_owned(),
            sign: "auto".to_owned(),
            ..OfferSummary::default()
        };
        let frame = frame(language);
        show(&frame, describe_offer_end(&frame, text, &offer), None)
    });
    let frame = frame(Language::En);
    let offer = |signs_itself: bool| {
        let draft = OfferDraft {
            signs_itself,
            ..OfferDraft::default()
        };
        show(&frame, describe_offer(&frame, &draft), None)
    };
    assert!(offer(true).contains("without another look"));
    assert!(!offer(false).contains("without another look"));
}
