//! Tests of questions and answers: shape, safety with any text, and what stands before the rows.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{AnswerView, AskView, PageFrame, PersonLabel, PersonRole, render_answer, render_ask};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

const SQL: &str = "SELECT municipality, sum(validations)\nFROM lisbon.validations\nGROUP BY 1";
const CONTRACT: &str = "8722cf1c1f6d6fb1ad15cbcb71e8ae2ab52b5d1f8e0c7c8e1ad9d7d84a18a1b3";

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        participant_name: "Acme Mobility",
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Maria",
            roles: &[PersonRole::Analyst],
        }),
        command: Some("hansa contract tables"),
        ..PageFrame::new(language, "/ask")
    }
}

fn sample_ask() -> Value {
    json!({
        "key": "00ff",
        "sql": SQL,
        "purpose": "traffic-planning",
        "is_partial": true,
        "purposes": ["mobility-research", "traffic-planning"],
        "has_more_tables": true,
        "tables": [
            {
                "table": "lisbon.validations", "participant": "lisbon.example", "dataset": "validations",
                "contract": CONTRACT, "kind": "aggregates", "purposes": ["traffic-planning"],
                "columns": null, "group_by": ["municipality", "day"], "measures": ["validations"],
                "functions": ["count", "sum"], "until": "2029-12-31T23:00:00Z"
            },
            {
                "table": null, "participant": "munster.example", "dataset": "bikes",
                "contract": CONTRACT, "kind": "rows", "purposes": null, "columns": ["site", "bikes"],
                "group_by": [], "measures": [], "functions": [], "until": "2029-12-31T23:00:00Z"
            }
        ],
        "fault": {
            "code": "QUOTA_EXCEEDED", "sentence": "the rows of today are used up", "contract": CONTRACT,
            "clause": "#c9", "allowed": "10000 rows a day", "help": ["ask again after midnight"]
        },
        "explanation": {
            "remote_queries": [
                {
                    "participant": "lisbon.example",
                    "reads": [{
                        "dataset": "validations", "contract": CONTRACT, "snapshot": "2026-11-27.1",
                        "clauses": [{"clause": "#c6", "effect": "sums and counts alone"}]
                    }],
                    "purpose": "traffic-planning", "sql": "SELECT municipality AS c0 FROM validations",
                    "most_rows": 58, "most_bytes": 2048, "guessed": false, "relies_on_own_keys": [], "keys": []
                },
                {
                    "participant": "acme.example",
                    "reads": [{"dataset": "sites", "contract": null, "snapshot": "1", "clauses": []}],
                    "purpose": null, "sql": "SELECT c0 FROM sites", "most_rows": 0, "most_bytes": 0,
                    "guessed": false, "relies_on_own_keys": [], "keys": []
                },
                {
                    "participant": "bremen.example", "reads": [], "purpose": null, "sql": "SELECT 1",
                    "most_rows": 9, "most_bytes": 90, "guessed": true, "relies_on_own_keys": [], "keys": []
                }
            ],
            "here": [{"depth": 0, "step": "Sort: c0"}, {"depth": 1, "step": "Union"}],
            "missing": [{"participant": "ottawa.example", "code": "PEER_UNREACHABLE", "sentence": "it does not answer"}],
            "budgets": [
                {
                    "contract": CONTRACT, "clause": "#c9", "kind": "rows", "used": 690, "left": 9310,
                    "this_at_most": 58, "until": "2026-12-01T00:00:00Z", "by": "receipts", "would_fail": false
                },
                {
                    "contract": CONTRACT, "clause": "#c10", "kind": "questions", "used": 5, "left": 0,
                    "this_at_most": 1, "until": "2026-12-01T00:00:00Z", "by": "receipts", "would_fail": true
                },
                {
                    "contract": CONTRACT, "clause": "#c11", "kind": "rows of an answer", "used": 0, "left": 10,
                    "this_at_most": 58, "until": null, "by": "counters", "would_fail": false
                },
                {
                    "contract": CONTRACT, "clause": "#c12", "kind": "bytes", "used": 0, "left": 10,
                    "this_at_most": null, "until": null, "by": "counters", "would_fail": false
                }
            ],
            "would_fail": true
        },
        "answers": [
            {"id": "00ff12", "sql": SQL, "at": "2026-11-27T10:42:00Z", "state": "running", "rows": 50000},
            {"id": "00ff13", "sql": SQL, "at": "2026-11-27T10:41:00Z", "state": "complete", "rows": 49},
            {"id": "00ff14", "sql": SQL, "at": "2026-11-27T10:40:00Z", "state": "incomplete", "rows": 7}
        ]
    })
}

fn sample_answer() -> Value {
    json!({
        "id": "00ff12",
        "sql": SQL,
        "purpose": "traffic-planning",
        "is_partial": true,
        "at": "2026-11-27T10:42:00Z",
        "state": "incomplete",
        "rows": 588,
        "page": 2,
        "pages": 12,
        "first_row": 51,
        "columns": ["municipality", "sum(validations)"],
        "has_coordinates": true,
        "kind": ["text", "number"],
        "more_columns": 3,
        "cells": [["Amadora", "812"], ["=HYPERLINK(\"x\")", "-2392"]],
        "report": {
            "complete": false,
            "rows": 588,
            "participants": [
                {
                    "participant": "lisbon.example", "sql": "SELECT 1", "keys": [], "rows": 49, "bytes": 2048, "status": "answered",
                    "reads": [{
                        "dataset": "validations", "title": "Ticket validations", "contract": CONTRACT,
                        "snapshot": "2026-11-27.1", "licence": "ODbL-1.0", "attribution": ["Carris Metropolitana"]
                    }]
                },
                {
                    "participant": "acme.example", "sql": "SELECT 1", "keys": [], "rows": 0, "bytes": 0, "status": "not_asked",
                    "reads": [{
                        "dataset": "sites", "title": "Sites", "contract": null, "snapshot": "1", "licence": "", "attribution": []
                    }]
                }
            ],
            "missing": [{"participant": "ottawa.example", "code": "PEER_UNREACHABLE", "sentence": "it does not answer"}],
            "notices": ["its contract shows groups alone"]
        },
        "notices": ["lisbon is 3 seconds ahead"],
        "owed": [
            {
                "contract": CONTRACT, "participant": "lisbon.example", "dataset": "validations", "state": "withdrawn",
                "duties": [{"clause": "#c13", "text": "delete after 30 days"}]
            },
            {"contract": CONTRACT, "participant": "ottawa.example", "dataset": "bikes", "state": "in force", "duties": []}
        ],
        "fault": null,
        "minutes_kept": 15
    })
}

fn show_ask(language: Language, value: &Value) -> String {
    let view: AskView = serde_json::from_value(value.clone()).unwrap();
    render_ask(&frame(language), &view)
}

fn show_answer(language: Language, value: &Value) -> String {
    let view: AnswerView = serde_json::from_value(value.clone()).unwrap();
    render_answer(&frame(language), &view)
}

#[test]
fn a_form_for_a_question_has_its_shape_with_any_text() {
    let names = [
        "sql", "clause", "effect", "step", "sentence", "code", "help",
    ];
    check_view(&sample_ask(), &names, show_ask);
    let empty = json!({ "key": "00ff" });
    check_view(&empty, &[], show_ask);
}

#[test]
fn an_answer_has_its_shape_with_any_text() {
    let mut sample = sample_answer();
    // Members that the page does not show.
    for part in sample["report"]["participants"].as_array_mut().unwrap() {
        part.as_object_mut().unwrap().remove("sql");
    }
    let names = [
        "sql",
        "sentence",
        "notices",
        "attribution",
        "licence",
        "dataset",
        "text",
        "clause",
        "columns",
    ];
    check_view(&sample, &names, show_answer);
    let mut failed = sample.clone();
    failed["state"] = json!("failed");
    failed["fault"] = sample_ask()["fault"].clone();
    check_view(&failed, &["sql", "sentence", "help"], show_answer);
}

#[test]
fn a_question_is_sent_by_a_form_and_never_stands_in_an_address() {
    let text = show_ask(Language::En, &sample_ask());
    let page = check_page(&text);
    let forms = elements(&page, "form");
    let form = forms
        .iter()
        .find(|form| form.attribute("action") == Some("/ask"))
        .unwrap();
    assert_eq!(form.attribute("method"), Some("post"));
    let area = elements(&page, "textarea");
    assert_eq!(area[0].text, SQL);
    for element in &page {
        for name in ["href", "action"] {
            let address = element.attribute(name).unwrap_or_default();
            assert!(!address.contains("SELECT"), "{address}");
        }
    }
    let page = read_page(&show_answer(Language::En, &sample_answer()));
    let buttons = elements(&page, "button");
    assert!(!buttons.iter().any(|button| button.text == "Ask"));
}

#[test]
fn what_an_answer_lacks_stands_before_its_rows() {
    let text = show_answer(Language::En, &sample_answer());
    let lacks = text.find("This answer is not complete").unwrap();
    let missing = text.find("ottawa.example is missing").unwrap();
    let rows = text.find("Rows 51 to 52 of 588").unwrap();
    assert!(lacks < missing && missing < rows);
    assert!(text.contains("delete after 30 days"));
    assert!(text.contains("not in force any more"));
    assert!(text.contains("href=\"/answers/00ff12/csv\""));
    assert!(text.contains("href=\"/answers/00ff12?page=3\""));
}

#[test]
fn an_incomplete_answer_says_so_at_each_place() {
    let text = show_answer(Language::En, &sample_answer());
    let page = check_page(&text);
    let facts = text.find("Missing:").unwrap();
    assert!(text.get(facts..).unwrap().contains("ottawa.example"));
    assert!(text.contains("not complete</span>"), "{text}");
    for name in ["caption", "figcaption"] {
        let titles = elements(&page, name);
        let marked = |title: &str| title.ends_with("not the whole answer");
        assert!(titles.iter().any(|title| marked(&title.text)), "{name}");
    }
    for format in ["csv", "xlsx", "parquet", "arrow", "geojson"] {
        let address = format!("href=\"/answers/00ff12/{format}\"");
        assert!(text.contains(&address), "{format}");
    }
    assert!(text.contains("-incomplete"), "{text}");
    let list = show_ask(Language::En, &sample_ask());
    assert!(list.contains("not complete</span>"), "{list}");
    let mut whole = sample_answer();
    whole["state"] = json!("complete");
    whole["report"]["complete"] = json!(true);
    whole["report"]["missing"] = json!([]);
    whole["has_coordinates"] = json!(false);
    let text = show_answer(Language::En, &whole);
    check_page(&text);
    for part in [
        "not the whole",
        "not complete",
        "incomplete",
        "Missing:",
        "/geojson",
    ] {
        assert!(!text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_running_answer_can_be_stopped_and_has_no_files() {
    let mut running = sample_answer();
    running["state"] = json!("running");
    running["report"] = Value::Null;
    let text = show_answer(Language::En, &running);
    check_page(&text);
    assert!(text.contains("action=\"/answers/00ff12/stop\""));
    assert!(!text.contains("/csv"), "{text}");
    running["state"] = json!("stopped");
    let text = show_answer(Language::En, &running);
    assert!(text.contains("not the whole answer") && !text.contains("/csv"));
    running["state"] = json!("failed");
    running["fault"] = json!({"code": "STREAM_CUT", "sentence": "cut"});
    let text = show_answer(Language::En, &running);
    assert!(text.contains("STREAM_CUT") && !text.contains("Amadora"));
}

#[test]
fn rows_with_numbers_have_a_chart_beside_their_table() {
    let text = show_answer(Language::En, &sample_answer());
    let page = check_page(&text);
    assert_eq!(elements(&page, "rect").len(), 2);
    let mut days = sample_answer();
    days["kind"] = json!(["time", "number"]);
    days["cells"] = json!([
        ["2026-11-01", "3"],
        ["2026-11-02", ""],
        ["2026-11-03", "9.5"]
    ]);
    let page = check_page(&show_answer(Language::De, &days));
    assert!(show_answer(Language::En, &days).contains("which the chart leaves out: 1"));
    assert!(!text.contains("which the chart leaves out"));
    let line = elements(&page, "polyline");
    assert_eq!(line[0].attribute("points"), Some("85.0,212.0 616.0,24.0"));
    // Days that are out of order are no line.
    days["cells"] = json!([["2026-11-03", "3"], ["2026-11-01", "9"]]);
    let page = check_page(&show_answer(Language::De, &days));
    assert_eq!(elements(&page, "rect").len(), 2);
    let mut texts = sample_answer();
    texts["kind"] = json!(["text", "text"]);
    assert!(!show_answer(Language::De, &texts).contains("<svg"));
}

#[test]
fn numbers_of_an_answer_are_aligned_and_measures_written_by_language() {
    let mut sample = sample_answer();
    sample["columns"] = json!(["municipality", "year", "mean"]);
    sample["kind"] = json!(["text", "number", "number"]);
    sample["cells"] = json!([["Amadora", "2026", "1234.50"], ["Lisboa", "2027", "-2.5"]]);
    let page = check_page(&show_answer(Language::De, &sample));
    let cells: Vec<_> = elements(&page, "td")
        .into_iter()
        .filter(|cell| cell.attribute("class") == Some("number"))
        .map(|cell| cell.text.clone())
        .collect();
    assert_eq!(cells, ["2026", "1.234,50", "2027", "-2,5"]);
    let heads = elements(&page, "th").into_iter();
    let aligned = heads.filter(|head| head.attribute("class") == Some("number"));
    assert_eq!(aligned.count(), 2);
}

#[test]
fn a_long_cell_is_cut_and_keeps_no_control() {
    let mut sample = sample_answer();
    sample["cells"] = json!([["\u{202e}".repeat(10_000), "a"]]);
    let text = show_answer(Language::Pt, &sample);
    check_page(&text);
    assert_eq!(text.matches("⟨U+202E⟩").count(), 300);
}
