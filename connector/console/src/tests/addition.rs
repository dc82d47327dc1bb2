//! Pages of new datasets, and of the acts on own datasets.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ActFieldFault, ActForm, ActFormView, ActStep, AdditionView, DatasetReport, GuardApprovalView,
    PageFrame, PersonLabel, PersonRole, StagedRow, StagingView, column_field, describe_addition,
    describe_dataset_withdrawal, describe_guard, describe_guard_approval, describe_publication,
    describe_removal, render_act_form, render_staging,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn sample_file(id: &str, name: &str, kind: &str) -> Value {
    json!({ "id": id, "name": name, "kind": kind, "bytes": 123_456, "sha256": "aa", "at": "2026-11-30T09:00:00Z",
        "ends": "2026-12-01T09:00:00Z" })
}

fn sample_staging() -> Value {
    json!({
        "key": "k-1", "limit": 2_000_000_000_u64, "most": 2, "hours": 24,
        "files": [sample_file("0f3c", "Zählung 2026.csv", "csv"), sample_file("0f3d", "stops", "geojson")],
        "refusal": "SOURCE_KIND_UNKNOWN: `the file` is a packed file, which is not taken here",
    })
}

fn sample_addition() -> Value {
    json!({
        "file": sample_file("0f3c", "Zählung 2026.csv", "csv"),
        "report": {
            "dataset": "bike_counts", "file": "data/bike_counts.csv", "files": 1,
            "columns": [
                { "name": "site", "from": ["Standort"], "type": "text", "leaves": true },
                { "name": "observed_at", "from": ["Datum", "Zeit"], "type": "instant", "leaves": true },
                { "name": "bikes", "from": ["n"], "type": "int", "leaves": true },
            ],
            "rows_seen": 1_204, "rows_unread": 2,
            "first_unread": { "file": "data/bike_counts.csv", "line": 17, "why": "it has 4 fields and not 3" },
            "assumed": ["the decimal mark is a comma"], "questions": ["is the last line a total?"],
        },
    })
}

fn sample_preview() -> Value {
    json!({
        "dataset": "bike_counts", "changed": true, "dry_run": true, "version": "2026-11-30.1", "files": 1, "files_read": 1,
        "source_rows": 1_206, "rows": 1_204, "rows_before": 1_180, "arrived": null, "bad_rows": 2,
        "bad": [{ "column": "bikes", "count": 2,
            "samples": [{ "file": "bikes.csv", "line": 17, "text": "a secret", "why": "no whole number" }] }],
        "schema_changes": ["`bikes` was int and is float"], "breaks": ["7f3a9c"], "repairs": "a file is damaged",
    })
}

fn sample_report() -> Value {
    json!({
        "id": "x", "title": "Fahrradzählungen", "version": "1", "publishedAt": "", "zone": "UTC",
        "contracts": { "in_force": 3, "all": 4 },
        "restriction": { "title": "While the counters are repaired", "readable": true,
            "clauses": [{ "clause": "r1", "says": "at most 100 rows a day" }] },
    })
}

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Officer, PersonRole::Signer],
        }),
        ..PageFrame::new(language, "/datasets/add/0f3c")
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn render_form(language: Language, form: ActForm, faults: &[&str]) -> String {
    let view = ActFormView {
        values: form.initial_values(),
        form,
        key: "k-1".to_owned(),
        shown: "aa".to_owned(),
        faults: faults
            .iter()
            .map(|field| ActFieldFault::new(field))
            .collect(),
        unsent: None,
        step: ActStep::Act,
        back: "/datasets/add".to_owned(),
    };
    render_act_form(&frame(language), &view)
}

#[test]
fn waiting_files_come_out_as_text() {
    check_view(&sample_staging(), &["name", "refusal"], |language, view| {
        render_staging(&frame(language), &read(view))
    });
    for fault in [
        "too-large",
        "incomplete",
        "wrong-kind",
        "unreadable",
        "too-many",
        "no-room",
        "stale-form",
    ] {
        let mut sample = sample_staging();
        sample["fault"] = json!(fault);
        for language in Language::ALL {
            let page = check_page(&render_staging(&frame(language), &read(&sample)));
            let file = elements(&page, "input");
            let file = file
                .iter()
                .find(|input| input.attribute("id") == Some("file"));
            assert_eq!(file.unwrap().attribute("aria-invalid"), Some("true"));
        }
    }
    let none = StagingView::default();
    check_page(&render_staging(&frame(Language::En), &none));
}

#[test]
fn the_progress_of_a_file_has_its_words_from_the_page() {
    for language in Language::ALL {
        let page = check_page(&render_staging(&frame(language), &read(&sample_staging())));
        let element = elements(&page, "hansa-upload")[0];
        assert_eq!(element.attribute("data-page"), Some("/datasets/add"));
        assert_eq!(element.attribute("data-limit"), Some("2000000000"));
        for (name, places) in [
            ("sent", ["[sent]", "[all]"].as_slice()),
            ("kilobytes", &["[number]"]),
            ("megabytes", &["[number]"]),
            ("large", &[]),
            ("sending", &[]),
            ("judging", &[]),
            ("cancelled", &[]),
            ("failed", &[]),
        ] {
            let words = element.attribute(&format!("data-{name}")).unwrap();
            assert!(!words.is_empty(), "{name}");
            let missing = places.iter().find(|place| !words.contains(**place));
            assert_eq!(missing, None, "{name}: {words}");
        }
        // Without scripts nothing of it is seen.
        let part = |name: &str| {
            page.iter()
                .find(|element| element.attribute("data-part") == Some(name))
                .unwrap()
        };
        assert!(part("progress").attribute("hidden").is_some());
        assert_eq!(part("cancel").attribute("type"), Some("button"));
        assert_eq!(part("told").text, "");
        assert_eq!(elements(&page, "progress").len(), 1);
    }
}

#[test]
fn the_key_of_a_file_stands_before_the_file() {
    let page = render_staging(&frame(Language::En), &read(&sample_staging()));
    let page = read_page(&page);
    let forms = elements(&page, "form");
    let form = forms
        .iter()
        .find(|form| form.attribute("action") == Some("/datasets/upload"));
    let form = form.unwrap();
    assert_eq!(form.attribute("enctype"), Some("multipart/form-data"));
    assert_eq!(form.attribute("method"), Some("post"));
    let fields: Vec<_> = elements(&page, "input")
        .iter()
        .filter_map(|input| input.attribute("name").map(str::to_owned))
        .collect();
    let place = |name: &str| fields.iter().position(|field| field == name).unwrap();
    assert!(place("key") < place("file"), "{fields:?}");
}

#[test]
fn what_was_seen_in_a_file_comes_out_as_text() {
    let shown = ["name", "from", "type", "why", "assumed", "questions"];
    let mut sample = sample_addition();
    // Members that the page does not show.
    sample["file"]["kind"] = json!("csv");
    check_view(&sample, &shown, |language, view| {
        let view: AdditionView = read(view);
        let form = describe_addition(&frame(language), &view);
        render_form(language, form, &["name", "leaves"])
    });
    let view: AdditionView = read(&sample_addition());
    let form = describe_addition(&frame(Language::En), &view);
    let names: Vec<&str> = form
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert!(
        names.contains(&column_field("unit", 2).as_str()),
        "{names:?}"
    );
    // A unit is that of numbers alone.
    assert!(
        !names.contains(&column_field("unit", 0).as_str()),
        "{names:?}"
    );
    let page = render_form(Language::En, form, &[]);
    assert!(page.contains("line 17"), "{page}");
}

#[test]
fn a_file_with_many_columns_has_a_page_of_bounded_length() {
    let mut sample = sample_addition();
    let columns =
        (0..500).map(|place| json!({ "name": format!("c{place}"), "from": ["x"], "type": "int" }));
    sample["report"]["columns"] = columns.collect();
    let form = describe_addition(&frame(Language::De), &read(&sample));
    assert!(form.fields().len() < 200, "{}", form.fields().len());
    let page = render_form(Language::De, form, &[]);
    assert!(page.len() < 400_000, "{}", page.len());
}

#[test]
fn the_preview_of_a_publication_shows_places_and_no_values() {
    let shown = [
        "dataset",
        "version",
        "column",
        "file",
        "why",
        "schema_changes",
        "repairs",
    ];
    check_view(&sample_preview(), &shown, |language, preview| {
        let form = describe_publication(&frame(language), &read(preview));
        render_form(language, form, &[])
    });
    let form = describe_publication(&frame(Language::En), &read(&sample_preview()));
    let page = render_form(Language::En, form, &[]);
    assert!(!page.contains("a secret"), "{page}");
    assert!(page.contains("/contracts/7f3a9c"), "{page}");
    let same = json!({ "dataset": "bike_counts", "changed": false, "version": "1", "rows": 3 });
    let form = describe_publication(&frame(Language::Pt), &read(&same));
    check_page(&render_form(Language::Pt, form, &[]));
}

#[test]
fn acts_on_a_dataset_show_their_subject_as_text() {
    check_view(&sample_report(), &["title", "says"], |language, report| {
        let report: DatasetReport = read(report);
        let form = describe_guard(&frame(language), "bike_counts", &report);
        render_form(language, form, &["policy"])
    });
    // The end shows no restriction.
    let mut unrestricted = sample_report();
    unrestricted["restriction"] = Value::Null;
    check_view(&unrestricted, &["title"], |language, report| {
        let report: DatasetReport = read(report);
        let form = describe_dataset_withdrawal(&frame(language), "bike_counts", &report);
        render_form(language, form, &["read"])
    });
    check_view(
        &sample_file("0f3c", "x", "csv"),
        &["name"],
        |language, file| {
            let file: StagedRow = read(file);
            render_form(language, describe_removal(&frame(language), &file), &[])
        },
    );
    // A second person approves what the first one wrote, without typing it.
    let mut asked = json!({
        "report": sample_report(),
        "step": { "approval": "ab12", "step": "unrestrict", "state": "waits", "asked_by": "p-81c2",
            "at": "2026-11-25T09:00:00Z" },
        "asked": { "changes": ["- nobody uses it"], "asked": { "removes": false, "title": "Repairs are over",
            "clauses": [{ "clause": "#r1", "says": "at most 9 questions a day" }] } },
    });
    let describe = |language: Language, value: &Value| {
        let view = GuardApprovalView {
            report: read(&value["report"]),
            step: read(&value["step"]),
            asked: read(&value["asked"]),
        };
        describe_guard_approval(&frame(language), "bike_counts", &view)
    };
    check_view(
        &asked,
        &["title", "says", "asked_by", "changes"],
        |language, value| {
            let form = describe(language, value);
            assert!(form.fields().is_empty());
            render_form(language, form, &[])
        },
    );
    let form = describe(Language::En, &asked);
    let shown = form.shown_text();
    assert!(shown.contains("9 questions") && shown.contains("/approvals/ab12/decline"));
    asked["asked"]["asked"] = json!({ "removes": true, "title": null, "clauses": null });
    let removal = describe(Language::En, &asked).shown_text();
    assert!(
        removal.contains("taken away") && removal != shown,
        "{removal}"
    );
    // Without a restriction none can be taken away.
    let bare =
        json!({ "id": "x", "title": "Bare", "version": "1", "publishedAt": "", "zone": "UTC" });
    let form = describe_guard(&frame(Language::En), "bike_counts", &read(&bare));
    assert_eq!(form.fields().len(), 1);
    let values = BTreeMap::from([("policy".to_owned(), String::new())]);
    assert_eq!(form.find_faults(&values), Vec::<ActFieldFault>::new());
}
