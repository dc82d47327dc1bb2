//! Pages of the policies of the own offers.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{PageFrame, PolicyListView, PolicyView, render_policies, render_policy};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn sample_offers() -> Value {
    json!([
        { "policy": "/srv/policies/mobility.toml", "name": "mobility", "dataset": "bike_counts", "to": "league",
            "sign": "officer", "line": 40 },
        { "policy": "/srv/policies/open.toml", "name": "open data", "dataset": "playgrounds", "to": "public", "sign": "auto",
            "line": 46 },
        { "policy": "/srv/policies/mobility.toml", "name": "mobility", "dataset": "ticket_validations",
            "to": "acme.example, lindau.example", "sign": "auto", "line": 52 },
    ])
}

fn sample_policy() -> Value {
    json!({
        "name": "mobility", "policy": "/srv/policies/mobility.toml", "dataset": "bike_counts", "title": "Mobility research",
        "offer": "7f3a91c2", "to": "league", "sign": "officer", "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2029-12-31T23:00:00Z",
        "terms": [
            { "clause": "c2", "text": "Zweck jeder Abfrage: Verkehrsplanung", "enforced": true },
            { "clause": "c9", "text": "der Nutzer nennt als Quelle: Stadt Münster", "enforced": false },
        ],
        "offers": sample_offers(),
        "toml": "title = \"Mobility research\"\ncolumns = [\"site\", \"bikes\"]\n",
        "odrl": "{\n  \"hansa\": \"offer/1\"\n}",
    })
}

fn list(rows: &Value) -> PolicyListView {
    PolicyListView {
        rows: serde_json::from_value(rows.clone()).unwrap(),
        after: Some(52),
    }
}

#[test]
fn the_list_shows_each_field_as_text() {
    let mut offers = sample_offers();
    for offer in offers.as_array_mut().unwrap() {
        offer.as_object_mut().unwrap().remove("policy");
    }
    check_view(
        &offers,
        &["name", "dataset", "to", "sign"],
        |language, rows| render_policies(&PageFrame::new(language, "/policies"), &list(rows)),
    );
    for language in Language::ALL {
        let frame = PageFrame::new(language, "/policies");
        check_page(&render_policies(&frame, &PolicyListView::default()));
    }
}

#[test]
fn a_policy_shows_each_field_as_text() {
    let shown = [
        "name", "dataset", "title", "offer", "to", "sign", "clause", "text", "toml", "odrl",
    ];
    check_view(&sample_policy(), &shown, |language, policy| {
        let view: PolicyView = serde_json::from_value(policy.clone()).unwrap();
        render_policy(&PageFrame::new(language, "/policies/mobility"), &view)
    });
    let frame = PageFrame::new(Language::De, "/policies/mobility");
    check_page(&render_policy(&frame, &PolicyView::default()));
}

#[test]
fn a_policy_says_which_clauses_are_enforced_and_where_it_is_offered() {
    let view: PolicyView = serde_json::from_value(sample_policy()).unwrap();
    let frame = PageFrame::new(Language::De, "/policies/mobility");
    let page = read_page(&render_policy(&frame, &view));
    let cells = elements(&page, "td");
    let enforced = cells
        .iter()
        .filter(|cell| cell.text == "technisch durchgesetzt");
    assert_eq!(enforced.count(), 1);
    let agreed = cells
        .iter()
        .filter(|cell| cell.text == "vereinbart, nicht durchgesetzt");
    assert_eq!(agreed.count(), 1);
    let links = elements(&page, "a");
    let hrefs: Vec<_> = links
        .iter()
        .filter_map(|link| link.attribute("href"))
        .collect();
    assert!(
        hrefs.contains(&"/policies/mobility?dataset=ticket_validations"),
        "{hrefs:?}"
    );
    assert!(hrefs.contains(&"/policies/open%20data?dataset=playgrounds"));
    assert!(hrefs.contains(&"/datasets/playgrounds"));
}
