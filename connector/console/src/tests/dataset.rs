//! Pages of the own datasets.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    DatasetListView, DatasetLook, DatasetLooks, DatasetSample, DatasetView, MapOutlines, PageFrame,
    PersonLabel, PersonRole, StatedFault, render_dataset, render_datasets,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::published_list::area_list::{
    AreaList, GeoPoint, LinearRing, ListedArea, Polygon,
};
use hansa_policy::published_list::{PublishedList, PublishedLists};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn sample_rows() -> Value {
    json!([
        {
            "dataset": "ticket_validations", "title": "Ticket validations", "published": true, "version": "2026-11-27.1",
            "published_at": "2026-11-27T08:00:00Z", "rows": 36_488,
            "covers": { "first": "2023-01-01", "last": "2023-01-03" }, "licence": "ODbL-1.0", "model": null, "kind": "measured",
            "offers": 2, "contracts": 14, "fault": null,
        },
        {
            "dataset": "bike_counts", "title": "Fahrradzählungen", "published": true, "version": "2026-11-26.2",
            "published_at": "2026-11-26T08:00:00Z", "rows": 1_204, "covers": null, "licence": "CC-BY-4.0", "model": null,
            "kind": null, "offers": 0, "contracts": 0,
            "fault": { "code": "SNAPSHOT_DAMAGED", "sentence": "a file of `bike_counts` does not have its digest" },
        },
        {
            "dataset": "draft", "title": "Entwurf", "published": false, "version": null, "published_at": null, "rows": null,
            "covers": null, "licence": null, "model": null, "kind": null, "offers": 0, "contracts": 0, "fault": null,
        },
    ])
}

/// Catalogue entry, as `hansa dataset show` and `hansa catalog show` print it.
pub(super) fn sample_entry() -> Value {
    let column = |name: &str, kind: &str, meaning: Value| {
        json!({
            "name": name, "type": kind, "nullable": true, "unit": null, "crs": null, "personal": false, "meaning": meaning,
            "uncertainty": null, "conversion": null, "ownKeys": null, "distinct": 64, "daysOf": null,
        })
    };
    let mut counted = column("bikes", "int", json!("bicycles in both directions"));
    counted["unit"] = json!("{bicycle}");
    counted["uncertainty"] = json!("± 5 %");
    counted["conversion"] = json!("times 2, by the manual of the counter");
    let mut place = column("lon", "float", Value::Null);
    place["crs"] = json!("OGC:CRS84");
    let mut time = column("at", "instant", json!("end of the hour"));
    time["daysOf"] = json!("Europe/Berlin");
    json!({
        "hansa": "dataset/1", "id": "hansa://munster.example/d/bike_counts", "title": "Fahrradzählungen",
        "licence": "CC-BY-4.0", "attribution": "Stadt Münster, Verkehrsplanung", "highValue": true,
        "model": "hansa:counts/1", "kind": "measured",
        "description": {
            "quality": "99 % of the hours are complete", "uncertainty": "± 3 %", "collectionMethod": "induction loops",
            "serviceLevel": "new rows by 06:00 UTC",
        },
        "queries": [
            { "name": "by_day", "title": "Bicycles by day", "description": "for one site",
                "sql": "SELECT day, sum(bikes) FROM bike_counts WHERE site = $site GROUP BY day", "parameters": [] },
        ],
        "unitColumn": null, "personal": false,
        "columns": [column("site", "text", json!("name of the site")), time, counted, place],
        "wholeSchema": null, "grid": null,
        "feed": { "segments": 3, "newest": { "version": "2026-11-27.1", "arrived": "2026-11-27T08:00:00Z", "rows": 24,
            "digest": "aa", "timeSpan": null } },
        "version": "2026-11-27.1", "publishedAt": "2026-11-27T08:00:00Z", "rows": 36_488, "bytes": 123_456,
        "timeSpan": ["2026-01-01T00:00:00Z", "2026-11-26T22:00:00Z"], "area": ["7.5", "51.9", "7.7", "52"],
        "zone": "Europe/Berlin",
    })
}

fn sample_dataset() -> Value {
    let mut dataset = sample_entry();
    let more = json!({
        "covers": { "first": "2026-01-01T00:00:00Z", "last": "2026-11-26T22:00:00Z" },
        "digest": "e7a2e3a7", "fault": null,
        "offers": [
            { "policy": "mobility", "to": "league", "sign": "officer", "title": "Mobility research",
                "not_before": "2026-01-01T00:00:00Z", "not_after": "2029-12-31T23:00:00Z", "fault": null },
            { "policy": "loose", "to": "acme.example, lindau.example", "sign": "auto", "title": null, "not_before": null,
                "not_after": null,
                "fault": { "code": "TERM_COLUMN_UNKNOWN", "sentence": "the dataset has no column `bykes`" } },
        ],
        "contracts": { "in_force": 14, "all": 16 },
        "releases": [
            { "at": "2026-11-02T00:00:00Z", "snapshot": "2026-11-01.1", "cells": "month", "by": "schedule", "correction": false,
                "until": "2026-11-01", "published": 58, "withheld": 9, "rows": 900, "rows_withheld": 12, "digest": "bb",
                "epsilon": null, "unit": null },
        ],
        "restriction": {
            "dataset": "bike_counts", "restriction": "cc", "title": "While the counters are repaired", "readable": true,
            "clauses": [{ "clause": "r1", "says": "at most 100 rows a day" }],
        },
        "in_place": [],
        "profile": {
            "digest": "e7a2e3a7", "version": "2026-11-27.1", "rows": 36_488, "duplicates": 3,
            "gaps": { "column": "at", "usual_seconds": 3_600, "gaps": 2, "longest_from": "2026-03-01T00:00:00Z",
                "longest_to": "2026-03-02T05:00:00Z" },
            "area": null,
            "columns": [
                { "name": "site", "missing": 0, "distinct": 2, "least": "Bahnhof", "most": "Hafen",
                    "frequent": [{ "value": "Hafen", "rows": 20_000 }, { "value": "Bahnhof", "rows": 16_488 }], "spread": [] },
                { "name": "bikes", "missing": 12, "distinct": 20_412, "least": "0", "most": "800", "frequent": [],
                    "spread": [{ "from": 0.0, "to": 100.5, "rows": 30_000 }, { "from": 100.5, "to": 201.0, "rows": 6_476 }] },
                { "name": "device", "missing": 0, "distinct": 9, "least": null, "most": null, "frequent": [], "spread": [] },
            ],
        },
    });
    let (Value::Object(all), Value::Object(more)) = (&mut dataset, more) else {
        panic!("both are objects");
    };
    all.extend(more);
    dataset
}

fn sample_of_source() -> Value {
    json!([
        { "file": "bikes.csv", "line": 2, "fields": { "site": "Hafen", "at": "2026-01-01T00:00:00Z", "bikes": 12, "lon": 7.6,
            "secret": "not published" }, "source": {}, "unreadable": {} },
        { "file": "bikes.csv", "line": 3, "fields": { "site": null, "bikes": -1 }, "source": {}, "unreadable": {} },
        { "file": "bikes.csv", "line": 4, "unread": 1, "why": "no number" },
    ])
}

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Officer],
        }),
        ..PageFrame::new(language, "/datasets")
    }
}

fn list(rows: &Value) -> DatasetListView {
    DatasetListView {
        rows: serde_json::from_value(rows.clone()).unwrap(),
        text: "counts".to_owned(),
        after: Some("draft".to_owned()),
    }
}

/// List with one area around that of the sample.
fn list_areas() -> PublishedLists {
    let corners = [(7.4, 51.8), (7.8, 51.8), (7.8, 52.1), (7.4, 51.8)];
    let corners = corners.map(|(lon, lat)| GeoPoint::from_degrees(lon, lat).unwrap());
    let ring = LinearRing::of(corners.to_vec()).unwrap();
    let areas = AreaList::new(vec![ListedArea {
        properties: BTreeMap::new(),
        polygons: vec![Polygon::new(ring, Vec::new())],
    }]);
    let mut lists = PublishedLists::default();
    let areas = PublishedList::Areas(Arc::new(areas));
    lists.add_list(Digest::of(b"areas"), areas);
    lists
}

fn detail(report: &Value, sample: DatasetSample) -> DatasetView {
    DatasetView {
        name: "bike_counts".to_owned(),
        report: serde_json::from_value(report.clone()).unwrap(),
        sample,
        looks: None,
        outlines: MapOutlines::default(),
    }
}

/// Page of a dataset about persons.
fn detail_about_persons(sample: DatasetSample, shown: Option<DatasetLook>) -> DatasetView {
    let mut report = sample_dataset();
    report["personal"] = json!(true);
    DatasetView {
        looks: Some(DatasetLooks {
            sample_key: "key-of-sample".to_owned(),
            profile_key: "key-of-profile".to_owned(),
            shown,
        }),
        ..detail(&report, sample)
    }
}

#[test]
fn the_list_shows_each_field_as_text() {
    let shown = ["dataset", "title", "version", "licence", "code", "sentence"];
    check_view(&sample_rows(), &shown, |language, rows| {
        render_datasets(&frame(language), &list(rows))
    });
    for language in Language::ALL {
        check_page(&render_datasets(
            &frame(language),
            &DatasetListView::default(),
        ));
    }
}

#[test]
fn a_dataset_shows_each_field_as_text() {
    let shown = [
        "title",
        "licence",
        "attribution",
        "model",
        "quality",
        "uncertainty",
        "collectionMethod",
        "serviceLevel",
        "name",
        "unit",
        "meaning",
        "conversion",
        "crs",
        "daysOf",
        "description",
        "sql",
        "version",
        "zone",
        "policy",
        "to",
        "sign",
        "code",
        "sentence",
        "snapshot",
        "clause",
        "says",
        "in_place",
    ];
    let mut sample = sample_dataset();
    // Members of a segment that the page does not read.
    sample["profile"].as_object_mut().unwrap().remove("version");
    sample["in_place"] = json!([]);
    sample["feed"]["newest"]
        .as_object_mut()
        .unwrap()
        .remove("version");
    check_view(&sample, &shown, |language, report| {
        let rows = serde_json::from_value(sample_of_source()).unwrap();
        render_dataset(&frame(language), &detail(report, DatasetSample::Rows(rows)))
    });
}

#[test]
fn the_source_of_a_dataset_comes_out_as_text() {
    check_view(&sample_of_source(), &["site"], |language, rows| {
        let rows = serde_json::from_value(rows.clone()).unwrap();
        let view = detail(&sample_dataset(), DatasetSample::Rows(rows));
        render_dataset(&frame(language), &view)
    });
}

#[test]
fn a_dataset_without_offers_or_rows_has_a_page() {
    let bare =
        json!({ "id": "x", "title": "Bare", "version": "1", "publishedAt": "", "zone": "UTC" });
    let fault = StatedFault {
        code: "SOURCE_UNREADABLE".to_owned(),
        sentence: "the source has no files".to_owned(),
    };
    for sample in [
        DatasetSample::Personal,
        DatasetSample::InPlace,
        DatasetSample::Fault(fault),
        DatasetSample::Rows(Vec::new()),
    ] {
        for language in Language::ALL {
            check_page(&render_dataset(
                &frame(language),
                &detail(&bare, sample.clone()),
            ));
        }
    }
    let mut broken = sample_dataset();
    broken["restriction"] = json!({ "title": null, "readable": false, "clauses": null });
    broken["fault"] = json!({ "code": "SNAPSHOT_DAMAGED", "sentence": "a file is missing" });
    let view = detail(&broken, DatasetSample::InPlace);
    let page = render_dataset(&frame(Language::En), &view);
    assert!(page.contains("The restriction can't be read"), "{page}");
    assert!(page.contains("SNAPSHOT_DAMAGED"), "{page}");
}

#[test]
fn links_lead_to_datasets_policies_and_receivers() {
    let hrefs = |page: &str| -> Vec<String> {
        let page = read_page(page);
        let links = elements(&page, "a");
        let links = links.iter().filter_map(|link| link.attribute("href"));
        links.map(str::to_owned).collect()
    };
    let found = hrefs(&render_datasets(
        &frame(Language::En),
        &list(&sample_rows()),
    ));
    for wanted in [
        "/policies",
        "/datasets/ticket_validations",
        "/datasets/bike_counts",
        "/datasets?text=counts&after=draft",
    ] {
        assert!(
            found.iter().any(|href| href == wanted),
            "{wanted}: {found:?}"
        );
    }
    assert!(
        !found.iter().any(|href| href == "/datasets/draft"),
        "nothing is known of it before it is published"
    );
    let view = detail(&sample_dataset(), DatasetSample::InPlace);
    let found = hrefs(&render_dataset(&frame(Language::En), &view));
    for wanted in [
        "/policies/mobility?dataset=bike_counts",
        "/evidence/received?dataset=bike_counts",
        "/contracts?text=bike_counts",
    ] {
        assert!(
            found.iter().any(|href| href == wanted),
            "{wanted}: {found:?}"
        );
    }
}

#[test]
fn a_sample_shows_published_columns_alone() {
    let rows = serde_json::from_value(sample_of_source()).unwrap();
    let view = detail(&sample_dataset(), DatasetSample::Rows(rows));
    let page = render_dataset(&frame(Language::En), &view);
    assert!(page.contains("Hafen") && page.contains("7.6"), "{page}");
    assert!(!page.contains("not published"), "{page}");
}

#[test]
fn rows_and_values_about_persons_are_shown_after_a_recorded_look_alone() {
    let forms = |page: &str| -> Vec<String> {
        let page = read_page(page);
        let fields = elements(&page, "input");
        let named = fields
            .iter()
            .filter(|field| field.attribute("name") == Some("content"));
        named
            .filter_map(|field| field.attribute("value").map(str::to_owned))
            .collect()
    };
    let profile_values = ["20,000", "20,412"];
    for language in Language::ALL {
        let closed = detail_about_persons(DatasetSample::Personal, None);
        let page = render_dataset(&frame(language), &closed);
        check_page(&page);
        assert_eq!(forms(&page), ["profile", "sample"]);
        assert!(page.contains("key-of-sample") && page.contains("key-of-profile"));
    }
    let page = |sample, shown| {
        let page = render_dataset(&frame(Language::En), &detail_about_persons(sample, shown));
        check_page(&page);
        page
    };
    let closed = page(DatasetSample::Personal, None);
    assert!(profile_values.iter().all(|value| !closed.contains(value)));
    let rows = serde_json::from_value(sample_of_source()).unwrap();
    let sample = page(DatasetSample::Rows(rows), Some(DatasetLook::Sample(4711)));
    assert!(sample.contains("Your look is record 4711"), "{sample}");
    assert!(profile_values.iter().all(|value| !sample.contains(value)));
    assert_eq!(forms(&sample), ["profile"]);
    let profile = page(DatasetSample::Personal, Some(DatasetLook::Profile(4712)));
    assert!(profile.contains("Your look is record 4712"), "{profile}");
    assert!(profile_values.iter().all(|value| profile.contains(value)));
    assert_eq!(forms(&profile), ["sample"]);
}

#[test]
fn the_area_of_a_dataset_is_a_map_unless_it_bounds_nothing() {
    let page_of = |report: &Value| {
        let view = detail(report, DatasetSample::InPlace);
        check_page(&render_dataset(&frame(Language::En), &view))
    };
    let mut report = sample_dataset();
    let page = page_of(&report);
    assert_eq!(elements(&page, "svg").len(), 1);
    assert_eq!(elements(&page, "rect").len(), 2, "the ground and the area");
    assert!(!page[0].text.contains("Thin lines"));
    let mut view = detail(&report, DatasetSample::InPlace);
    view.outlines = view.report.find_outlines(&list_areas());
    let page = check_page(&render_dataset(&frame(Language::En), &view));
    let outlines = page
        .iter()
        .filter(|element| element.attribute("class") == Some("outline"));
    assert_eq!(outlines.count(), 1);
    assert!(page[0].text.contains("this participant holds: 1."));
    for area in [
        json!(null),
        json!(["7.7", "51.9", "7.5", "52"]),
        json!(["x", "y", "z", "1"]),
    ] {
        report["area"] = area;
        assert!(elements(&page_of(&report), "svg").is_empty());
    }
}
