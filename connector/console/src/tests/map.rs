//! Maps: of the area of a dataset, and of an answer with places.

use crate::tests::html_reader::PageElement;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    AnswerMapView, MOST_MAP_ROWS, MapColumns, MapOutlines, MapRow, PageFrame, render_answer_map,
};
use hansa_policy::term::language::Language;
use serde_json::json;

fn view_of(count: u64) -> AnswerMapView {
    AnswerMapView {
        id: "00aa".to_owned(),
        rows: count,
        places: (1..=count)
            .map(|number| MapRow {
                number,
                label: format!("stop {number}"),
                lon: format!("7.{number:04}"),
                lat: format!("51.{number:04}"),
            })
            .collect(),
        page: 1,
        rows_per_page: 50,
        outlines: MapOutlines::default(),
    }
}

fn page_of(language: Language, view: &AnswerMapView) -> Vec<PageElement> {
    check_page(&render_answer_map(
        &PageFrame::new(language, "/answers/00aa/map"),
        view,
    ))
}

#[test]
fn columns_with_places_are_found_by_their_names() {
    let find = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        MapColumns::of(&names).map(|columns| (columns.lon, columns.lat))
    };
    assert_eq!(find(&["site", "lon", "lat"]), Some((1, 2)));
    assert_eq!(find(&["Latitude", "LNG"]), Some((1, 0)));
    for other in [&["lon"][..], &["site", "lat"], &["long", "lat"], &[]] {
        assert_eq!(find(other), None, "{other:?}");
    }
}

#[test]
fn an_answer_is_a_map_with_its_list() {
    for language in Language::ALL {
        let page = page_of(language, &view_of(120));
        assert_eq!(elements(&page, "svg").len(), 1);
        assert_eq!(elements(&page, "circle").len(), 50, "those of the list");
        assert_eq!(elements(&page, "tr").len(), 51);
    }
    let page = page_of(Language::En, &view_of(120));
    let label = elements(&page, "svg")[0].attribute("aria-label");
    assert_eq!(label, Some("Places of the answer: 120"));
    let links = elements(&page, "a");
    for address in ["/answers/00aa/map?page=2", "/answers/00aa"] {
        assert!(
            links
                .iter()
                .any(|link| link.attribute("href") == Some(address)),
            "{address}"
        );
    }
    let last = AnswerMapView {
        page: 3,
        ..view_of(120)
    };
    let page = page_of(Language::En, &last);
    assert_eq!(elements(&page, "circle").len(), 20);
    assert!(page[0].text.contains("Page 3 of 3"));
}

#[test]
fn a_map_says_what_it_lacks() {
    let mut view = view_of(4);
    assert!(!page_of(Language::En, &view)[0].text.contains("leaves out"));
    view.places[1].lon = String::new();
    view.places[2].lat = "91".to_owned();
    view.rows = 9_000;
    let page = page_of(Language::En, &view);
    for part in ["the first 4 of 9,000 rows", "leaves out: 2", "stop 2"] {
        assert!(page[0].text.contains(part), "{part}: {}", page[0].text);
    }
    for place in &mut view.places {
        place.lat = "north".to_owned();
    }
    let page = page_of(Language::En, &view);
    assert!(elements(&page, "svg").is_empty());
    assert!(page[0].text.contains("names a place in degrees"));
    let empty = AnswerMapView::default();
    page_of(Language::De, &empty);
}

#[test]
fn a_map_of_two_thousand_rows_fits_a_page() {
    let count = u64::try_from(MOST_MAP_ROWS).unwrap();
    let page = page_of(Language::En, &view_of(count));
    assert_eq!(elements(&page, "path").len(), 2, "all marks, and north");
}

#[test]
fn names_and_degrees_come_out_as_text() {
    let sample = json!({ "name": "Hafen", "title": "7.6", "text": "51.9" });
    check_view(&sample, &["name", "title", "text"], |language, object| {
        let text = |name: &str| object[name].as_str().unwrap().to_owned();
        let view = AnswerMapView {
            places: vec![MapRow {
                number: 1,
                label: text("name"),
                lon: text("title"),
                lat: text("text"),
            }],
            ..view_of(1)
        };
        render_answer_map(&PageFrame::new(language, "/answers/00aa/map"), &view)
    });
}
