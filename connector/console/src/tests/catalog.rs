//! Pages of the catalogue of other participants.

use crate::tests::dataset::sample_entry;
use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    CatalogFilter, CatalogListView, CatalogView, PageFrame, render_catalog, render_catalog_entry,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn sample_rows() -> Value {
    json!([
        {
            "participant": "lindau.example", "name": "lindau.bikes", "title": "Fahrräder am See", "licence": "CC-BY-4.0",
            "rows": 1_204, "version": "2026-11-27.1", "published_at": "2026-11-27T08:00:00Z",
            "covers": { "first": "2026-01-01", "last": "2026-11-26" }, "had_by": ["contract", "public view"],
            "read_at": "2026-11-27T09:40:00Z",
        },
        {
            "participant": "lisbon.example", "name": "lisbon.parking", "title": "Estacionamento", "licence": "proprietary",
            "rows": 0, "version": "2026-11-20.1", "published_at": "2026-11-20T08:00:00Z", "covers": null, "had_by": ["offer"],
            "read_at": "2026-11-27T09:40:00Z",
        },
        {
            "participant": "lisbon.example", "name": "lisbon.trams", "title": "Elétricos", "licence": "proprietary", "rows": 0,
            "version": "2026-11-20.1", "published_at": "2026-11-20T08:00:00Z", "covers": null, "had_by": [],
            "read_at": "2026-11-27T09:40:00Z",
        },
        { "participant": "bregenz.example", "left_out": 17 },
        { "participant": "acme.example", "alias": "acme", "known": false },
    ])
}

fn sample_detail() -> Value {
    json!({
        "participant": "lindau.example", "name": "lindau.bike_counts", "licence": "CC-BY-4.0",
        "rows": 36_488, "published_at": "2026-11-27T08:00:00Z",
        "covers": { "first": "2026-01-01T00:00:00Z", "last": "2026-11-26T22:00:00Z" }, "had_by": ["contract"],
        "read_at": "2026-11-27T09:40:00Z", "entry": sample_entry(),
        "offers": [{
            "offer": "7f3a91c2d0e4b5a697", "title": "Mobility <research>", "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2029-12-31T23:00:00Z", "sign": "officer",
            "terms": [
                { "clause": "c2", "text": "Zweck jeder Abfrage: Verkehrsplanung", "enforced": true },
                { "clause": "c9", "text": "der Nutzer nennt als Quelle: Lindau", "enforced": false },
            ],
        }],
        "public_views": [{
            "contract": "aa00bb11cc22dd33", "not_after": "2029-12-31T23:00:00Z",
            "terms": [{ "clause": "c1", "text": "höchstens 100 Zeilen am Tag", "enforced": true }],
        }],
        "contracts": ["bb00bb11cc22dd33ee44"],
    })
}

fn list(rows: &Value) -> CatalogListView {
    CatalogListView {
        rows: serde_json::from_value(rows.clone()).unwrap(),
        filter: CatalogFilter {
            text: "fahr rad".to_owned(),
            with: "lin".to_owned(),
        },
        after: Some("lisbon.trams".to_owned()),
    }
}

fn hrefs(page: &str) -> Vec<String> {
    let page = read_page(page);
    let links = elements(&page, "a");
    let links = links.iter().filter_map(|link| link.attribute("href"));
    links.map(str::to_owned).collect()
}

#[test]
fn the_list_shows_each_field_as_text() {
    let shown = ["participant", "name", "title", "licence", "alias"];
    check_view(&sample_rows(), &shown, |language, rows| {
        render_catalog(&PageFrame::new(language, "/catalog"), &list(rows))
    });
    for language in Language::ALL {
        let frame = PageFrame::new(language, "/catalog");
        check_page(&render_catalog(&frame, &CatalogListView::default()));
    }
}

#[test]
fn a_dataset_shows_each_field_as_text() {
    let shown = [
        "participant",
        "name",
        "title",
        "licence",
        "attribution",
        "model",
        "quality",
        "uncertainty",
        "collectionMethod",
        "serviceLevel",
        "unit",
        "meaning",
        "conversion",
        "crs",
        "daysOf",
        "description",
        "sql",
        "version",
        "zone",
        "clause",
        "text",
        "sign",
    ];
    let mut sample = sample_detail();
    // Members that the page reads in the entry alone.
    sample.as_object_mut().unwrap().remove("licence");
    sample["entry"]["feed"]["newest"]
        .as_object_mut()
        .unwrap()
        .remove("version");
    check_view(&sample, &shown, |language, object| {
        let view: CatalogView = serde_json::from_value(object.clone()).unwrap();
        render_catalog_entry(
            &PageFrame::new(language, "/catalog/lindau/bike_counts"),
            &view,
        )
    });
    let frame = PageFrame::new(Language::Pt, "/catalog/a/b");
    check_page(&render_catalog_entry(&frame, &CatalogView::default()));
}

#[test]
fn links_lead_to_datasets_and_to_the_next_page() {
    let frame = PageFrame::new(Language::En, "/catalog");
    let found = hrefs(&render_catalog(&frame, &list(&sample_rows())));
    for wanted in [
        "/catalog/lindau/bikes",
        "/catalog/lisbon/trams",
        "/catalog?text=fahr%20rad&with=lin&after=lisbon.trams",
    ] {
        assert!(
            found.iter().any(|href| href == wanted),
            "{wanted}: {found:?}"
        );
    }
    let view: CatalogView = serde_json::from_value(sample_detail()).unwrap();
    let found = hrefs(&render_catalog_entry(&frame, &view));
    assert!(found.contains(&"/contracts/bb00bb11cc22dd33ee44".to_owned()));
}

#[test]
fn words_of_the_owner_stand_in_its_frame() {
    let view: CatalogView = serde_json::from_value(sample_detail()).unwrap();
    let frame = PageFrame::new(Language::De, "/catalog/lindau/bike_counts");
    let text = render_catalog_entry(&frame, &view);
    let page = read_page(&text);
    let quotes = elements(&page, "blockquote");
    let words: Vec<_> = quotes.iter().map(|quote| quote.text.as_str()).collect();
    assert_eq!(
        words,
        [
            "Fahrradzählungen",
            "99 % of the hours are complete",
            "± 3 %",
            "induction loops",
            "new rows by 06:00 UTC",
            "Mobility <research>",
            "Stadt Münster, Verkehrsplanung",
        ]
    );
    let authors = elements(&page, "figcaption");
    // The others are the titles of maps.
    let authors = authors.iter();
    let authors = authors.filter(|author| author.text.starts_with("lindau.example schreibt:"));
    assert_eq!(authors.count(), words.len());
    assert!(text.contains("Dies hat lindau.example gezeigt"), "{text}");
}

#[test]
fn items_beyond_the_page_are_counted() {
    let mut sample = sample_detail();
    let offer = sample["offers"][0].clone();
    sample["offers"] = Value::Array(vec![offer; 23]);
    let view: CatalogView = serde_json::from_value(sample).unwrap();
    let frame = PageFrame::new(Language::En, "/catalog/lindau/bike_counts");
    let text = render_catalog_entry(&frame, &view);
    assert!(text.contains("not shown: 3"), "{text}");
    check_page(&text);
}
