//! Tests of requests, of answers with other terms, and of the comparison of terms.

use crate::page::contract::comparison::render_changes;
use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::tests::sample::{sample_negotiation, sample_rows};
use crate::{
    ActFormView, ActStep, CatalogView, ContractReport, NegotiationDetail, PageFrame, PersonLabel,
    PersonRole, ProposedPolicy, TermComparison, TermComparisonView, describe_contract_request,
    describe_counter, offers_counter, preview_counter, render_act_form, render_term_comparison,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria",
            roles: &PersonRole::ALL,
        }),
        ..PageFrame::new(language, "/contracts/n-3c51a07be4/compare?with=7f3a")
    }
}

fn sample_comparison() -> Value {
    json!({
        "old": "7f3a91c2d0e4", "new": "n-3c51a07be4", "dataset": "bikes", "verdict": "looser",
        "changes": [
            { "change": "changed", "clause": "c10", "verdict": "looser", "old": "at most 500 rows a day",
                "new": "at most 10,000 rows a day" },
            { "change": "added", "clause": "c11", "verdict": "tighter", "new": "the consumer names the source" },
            { "change": "removed", "clause": "c4", "verdict": "not comparable", "old": "only on working days" },
            { "change": "removed", "clause": "c5", "verdict": "a new verdict", "old": "x" },
        ],
        "lines": ["> LOOSER #c10", "until 2030"],
    })
}

fn make_view(value: &Value, other: Option<&str>) -> TermComparisonView {
    TermComparisonView {
        subject: "n-3c51a07be4".to_owned(),
        other: other.map(str::to_owned),
        comparison: Some(serde_json::from_value(value.clone()).unwrap()),
        candidates: serde_json::from_value(sample_rows()).unwrap(),
        has_more: true,
    }
}

#[test]
fn two_versions_are_compared_clause_by_clause() {
    check_view(
        &sample_comparison(),
        &["clause", "lines"],
        |language, value| {
            let page = render_term_comparison(&frame(language), &make_view(value, None));
            check_page(&page);
            render_term_comparison(&frame(language), &make_view(value, Some("7f3a91c2d0e4")))
        },
    );
    let view = make_view(&sample_comparison(), Some("7f3a91c2d0e4"));
    let page = read_page(&render_term_comparison(&frame(Language::En), &view));
    let read_texts = |name: &str| -> Vec<String> {
        let found = elements(&page, name).into_iter();
        found.map(|element| element.text.clone()).collect()
    };
    // Only the words that differ are marked, and a clause of one side alone is marked as a whole.
    assert_eq!(read_texts("del").concat(), "500 only on working daysx");
    assert_eq!(
        read_texts("ins").concat(),
        "10,000 the consumer names the source"
    );
    for part in [
        "more data (looser)",
        "less data (tighter)",
        "a new verdict",
        "no such clause",
    ] {
        assert!(page[0].text.contains(part), "{part}");
    }
    let links = elements(&page, "a");
    let links: Vec<_> = links
        .iter()
        .filter_map(|link| link.attribute("href"))
        .collect();
    assert!(links.contains(&"/contracts/n-3c51a07be4/compare?with=n-77aa"));
    assert!(links.contains(&"/contracts/n-3c51a07be4"));
    let nothing = TermComparisonView {
        subject: "n-3c51a07be4".to_owned(),
        ..TermComparisonView::default()
    };
    for language in Language::ALL {
        check_page(&render_term_comparison(&frame(language), &nothing));
    }
}

#[test]
fn an_answer_with_other_terms_shows_what_it_changes() {
    let sample = json!({
        "negotiation": sample_negotiation(), "comparison": sample_comparison(), "policy": "title = \"bikes\"",
        "unsupported": "c9",
    });
    check_view(&sample, &["policy", "unsupported"], |language, value| {
        let frame = frame(language);
        let detail: NegotiationDetail =
            serde_json::from_value(value["negotiation"].clone()).unwrap();
        let comparison: TermComparison =
            serde_json::from_value(value["comparison"].clone()).unwrap();
        let policy = ProposedPolicy {
            text: value["policy"].as_str().unwrap().to_owned(),
            unsupported: vec![value["unsupported"].as_str().unwrap().to_owned()],
        };
        let form = describe_counter(&frame, &detail, &policy);
        // The terms that are answered are a part of what was shown.
        assert_ne!(
            form.shown_text(),
            describe_counter(&frame, &detail, &ProposedPolicy::default()).shown_text()
        );
        let preview = preview_counter(&frame, &comparison);
        assert_eq!(
            preview.shown_text(),
            render_changes(language, &comparison).into_string()
        );
        let view = ActFormView {
            values: form.initial_values(),
            form,
            key: "00ff".to_owned(),
            shown: "e7a2".to_owned(),
            faults: Vec::new(),
            unsent: None,
            step: ActStep::Previewed {
                preview,
                digest: "ab12".to_owned(),
            },
            back: "/contracts/n-3c51a07be4".to_owned(),
        };
        render_act_form(&frame, &view)
    });
}

#[test]
fn other_terms_are_offered_to_the_officer_whose_turn_it_is() {
    let mut negotiation = sample_negotiation();
    let check_offer = |negotiation: &Value, roles: &[PersonRole]| {
        let report: ContractReport = serde_json::from_value(negotiation.clone()).unwrap();
        offers_counter(roles, &report)
    };
    negotiation["turn"] = json!("our turn");
    for (state, is_open) in [
        ("REQUESTED", true),
        ("OFFERED", true),
        ("ACCEPTED", false),
        ("AGREED", false),
        ("TERMINATED", false),
    ] {
        negotiation["state"] = json!(state);
        assert_eq!(
            check_offer(&negotiation, &[PersonRole::Officer]),
            is_open,
            "{state}"
        );
        assert!(
            !check_offer(&negotiation, &[PersonRole::Analyst]),
            "{state}"
        );
    }
    negotiation["state"] = json!("REQUESTED");
    negotiation["turn"] = json!("their turn");
    assert!(!check_offer(&negotiation, &PersonRole::ALL));
}

#[test]
fn a_request_names_the_offer_and_the_language_that_is_signed() {
    let sample = json!({
        "participant": "lindau.example", "name": "lindau.bikes", "contracts": ["7f3a"],
        "entry": { "title": "Bikes", "version": "1", "licence": "ODbL" },
        "offers": [
            { "offer": "8722aa", "title": "for research", "not_before": "2026-01-01T00:00:00Z",
                "not_after": "2029-12-31T00:00:00Z", "sign": "officer",
                "terms": [{ "clause": "c2", "text": "for research", "enforced": true }] },
        ],
    });
    let make_page = |language, value: &Value| {
        let view: CatalogView = serde_json::from_value(value.clone()).unwrap();
        let form = describe_contract_request(&frame(language), &view);
        ActFormView {
            values: form.initial_values(),
            form,
            key: "00ff".to_owned(),
            shown: "e7a2".to_owned(),
            faults: Vec::new(),
            unsent: None,
            step: ActStep::Act,
            back: "/catalog/lindau/bikes".to_owned(),
        }
    };
    check_view(&sample, &["text"], |language, value| {
        render_act_form(&frame(language), &make_page(language, value))
    });
    let view = make_page(Language::De, &sample);
    // The only offer is chosen, and the page is in the language of the person.
    assert_eq!(view.values["offer"], "8722aa");
    assert_eq!(view.values["page-language"], "de");
    assert_eq!(view.form.find_faults(&view.values), []);
    let mut two = sample;
    let mut second = two["offers"][0].clone();
    second["offer"] = json!("9911bb");
    two["offers"].as_array_mut().unwrap().push(second);
    let view = make_page(Language::De, &two);
    assert_eq!(
        view.form.find_faults(&view.values).len(),
        1,
        "nobody chooses for the person"
    );
}
