//! Pages of the evidence, with objects as the commands print them.

use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ClauseText, EvidenceView, LogHeadsView, PageFrame, PersonLabel, PersonRole, ReceivedFilter,
    ReceivedLine, ReceivedView, RecordListFilter, RecordListView, RecordLooks, RecordProofView,
    VerificationView, render_evidence, render_heads, render_received, render_record,
    render_records, render_verification,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CONTRACT: &str = "8722aa91c2d0e4b5a697887766554433221100ffeeddccbbaa9988776655443322";

fn frame(language: Language, address: &str) -> PageFrame<'_> {
    PageFrame {
        participant_name: "Stadt Münster",
        participant_domain: "munster.example",
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Auditor],
        }),
        as_of: Some("2026-11-27T09:42:00Z".parse().unwrap()),
        command: Some("hansa audit summary"),
        ..PageFrame::new(language, address)
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn sample_summary() -> Value {
    json!({
        "log": "munster.example/hansa/evidence", "records": 48_130, "covered": 48_113,
        "from": "2026-03-02T08:00:00Z", "to": "2026-11-27T09:41:59.812Z",
        "archived_before": 12_000, "expired_before": 9_000,
        "witnesses": [
            { "by": "hansa://lisbon.example", "size": 48_113 }, { "by": "hansa://uk.example", "size": 47_900 },
        ],
        "time_stamp": {
            "size": 48_000, "existed_before": "2026-11-27T08:14:00Z", "authority": "Zeitstempelstelle Nord",
            "code": null, "fault": null,
        },
        "forks": [
            { "log": "hansa://acme.example", "own": false, "record": 4711 },
            { "log": "hansa://munster.example", "own": true, "record": 4712 },
        ],
        "incidents": 1, "fault": "the disk has 12 MB left",
    })
}

fn sample_permit() -> Value {
    json!({
        "v": 2, "log": "munster.example/hansa/evidence", "seq": 118, "t": "2026-11-27T09:37:54.120Z", "boot": "b-1",
        "mono": 9120, "salt": "00112233445566778899aabbccddeeff", "type": "permit", "prev": "aa".repeat(32),
        "body": {
            "request_id": "019ab2c4", "peer": "hansa://acme.example", "contracts": [CONTRACT],
            "grants": [
                { "dataset": "hansa://munster.example/d/ticket_validations", "contract": CONTRACT,
                  "grant_hash": "aggregates:sha256:00", "clauses_applied": [2, 5, 6, 10] },
            ],
            "purpose": "traffic-planning", "sql_commit": "bb".repeat(32), "plan_digest": "cc".repeat(32),
            "datasets": [{ "id": "hansa://munster.example/d/ticket_validations", "snapshot": "2026-11-01.1" }],
            "reservations": [], "charges": [], "at_most": { "rows": 58, "bytes": 2048 }, "node_version": "0.9.0",
        },
    })
}

fn sample_close() -> Value {
    json!({
        "v": 2, "log": "munster.example/hansa/evidence", "seq": 121, "t": "2026-11-27T09:37:54.470Z", "boot": "b-1",
        "mono": 9470, "salt": "00112233445566778899aabbccddeeff", "type": "close", "prev": "dd".repeat(32),
        "body": { "request_id": "019ab2c4", "opened": 118, "outcome": "done", "rows": 49, "bytes": 1764 },
    })
}

fn sample_records() -> Value {
    json!([
        sample_close(),
        sample_permit(),
        { "v": 2, "seq": 117, "t": "2026-11-27T09:30:00Z", "type": "refuse", "prev": "ee".repeat(32), "body": {
            "code": "GROUP_TOO_SMALL", "stage": "decide", "contract": CONTRACT, "clause": 6, "peer": "hansa://acme.example" } },
        { "v": 2, "seq": 116, "t": "2026-11-27T09:20:00Z", "type": "contract", "prev": "ff".repeat(32), "body": {
            "contract": CONTRACT, "event": "activate", "provider": "hansa://munster.example",
            "consumer": "hansa://acme.example", "dataset": "hansa://munster.example/d/ticket_validations" } },
        { "v": 2, "seq": 115, "t": "2026-11-27T09:10:00Z", "type": "a_new_kind", "body": {} },
    ])
}

fn sample_proof() -> Value {
    json!({
        "place": 118, "record": sample_permit(), "hash": "12".repeat(32),
        "head": {
            "size": 48_113, "note": "munster.example/hansa/evidence\n48113\nq83v\n\n— munster.example abc=\n",
            "witnesses": [{ "by": "hansa://lisbon.example", "size": 48_113 }],
        },
        "proof": ["34".repeat(32), "56".repeat(32)], "permit": null, "close": sample_close(),
    })
}

fn sample_received() -> Value {
    json!([
        { "recipient": "hansa://acme.example", "dataset": "hansa://munster.example/d/ticket_validations",
          "contract": CONTRACT, "clauses": "#c2 #c5 #c6", "purposes": "traffic-planning", "answers": 12, "rows": 588,
          "bytes": 21_504, "first": "2026-11-03T08:00:00Z", "last": "2026-11-26T15:30:00Z", "cut": 0, "acknowledged": 12 },
        { "recipient": "hansa://lisbon.example", "dataset": "hansa://munster.example/d/bike_counts",
          "contract": "7f3a", "clauses": "", "purposes": "", "answers": 3, "rows": { "at_most": 900 },
          "bytes": { "at_most": 65_536 }, "first": "2026-11-04T08:00:00Z", "last": "2026-11-05T08:00:00Z", "cut": 1,
          "acknowledged": 2 },
        { "recipient": "anybody on the web", "dataset": "hansa://munster.example/d/playgrounds", "contract": "aa00",
          "clauses": "", "purposes": "", "answers": 64, "rows": null, "bytes": { "at_most": 1000 },
          "first": "2026-11-04T08:00:00Z", "last": "2026-11-04T08:00:00Z", "cut": 0, "acknowledged": 0 },
        { "recipient": "all", "dataset": "", "contract": "", "clauses": "", "answers": 79, "rows": null,
          "bytes": { "at_most": 88_040 }, "first": "2026-11-03T08:00:00Z", "last": "2026-11-26T15:30:00Z", "cut": 1,
          "acknowledged": 14 },
    ])
}

fn sample_heads() -> Value {
    json!([
        { "log": "hansa://acme.example", "size": 812, "proven": false, "is": "shown to us", "forked": true },
        { "log": "hansa://lisbon.example", "size": 9020, "proven": true, "is": "shown to us", "forked": false },
        { "log": "hansa://uk.example", "size": 77, "proven": false, "is": "passed on", "forked": false,
          "via": "hansa://lisbon.example" },
        { "log": "hansa://munster.example", "size": 48_113, "proven": true, "is": "cosigned",
          "by": "hansa://lisbon.example", "record": 48_114 },
        { "log": "hansa://acme.example", "size": null, "proven": false, "is": "LOG_FORK", "record": 4711 },
        { "log": "hansa://munster.example", "size": null, "proven": false, "is": "LOG_FORK", "record": 4712 },
        { "log": "hansa://uk.example", "size": null, "proven": false, "is": "incident", "record": 300,
          "cause": "copied-folder", "from": 70, "upto": 77, "late": 0 },
        { "log": "hansa://uk.example", "size": null, "proven": false, "is": "a new origin" },
    ])
}

fn records_view(records: &Value) -> RecordListView {
    RecordListView {
        records: read(records),
        filter: RecordListFilter {
            participant: "acme".to_owned(),
            outcome: "GROUP_TOO_SMALL".to_owned(),
            ..RecordListFilter::default()
        },
        before: Some(122),
        continues_before: Some(115),
    }
}

fn received_view(lines: &Value) -> ReceivedView {
    let mut lines: Vec<ReceivedLine> = read(lines);
    let sum = lines.pop();
    ReceivedView {
        after: lines.last().map(ReceivedLine::key),
        lines,
        sum,
        filter: ReceivedFilter {
            from: "2026-11-01".to_owned(),
            ..ReceivedFilter::default()
        },
        clauses: BTreeMap::new(),
    }
}

#[test]
fn each_page_of_the_evidence_holds_with_any_text() {
    check_view(
        &sample_summary(),
        &["fault", "authority", "by"],
        |language, object| render_evidence(&frame(language, "/evidence"), &read(object)),
    );
    check_view(
        &sample_records(),
        &["type", "peer", "id"],
        |language, object| {
            render_records(&frame(language, "/evidence/records"), &records_view(object))
        },
    );
    check_view(
        &sample_proof(),
        &["hash", "note", "purpose", "sql_commit", "t", "by"],
        |language, object| {
            render_record(
                &frame(language, "/evidence/records/118"),
                &read(object),
                &RecordLooks::default(),
            )
        },
    );
    check_view(&sample_received(), &["purposes"], |language, object| {
        let mut view = received_view(object);
        // Any text can be the sentence of a clause.
        let line = view.lines[0].clone();
        let clause = line.clauses.split_whitespace().next();
        let clause = ClauseText {
            clause: clause.unwrap_or_default().to_owned(),
            text: line.purposes,
            enforced: true,
        };
        view.clauses.insert(line.contract, vec![clause]);
        render_received(&frame(language, "/evidence/received"), &view)
    });
    check_view(&sample_heads(), &["log"], |language, object| {
        let view = LogHeadsView { rows: read(object) };
        render_heads(&frame(language, "/evidence/heads"), &view)
    });
    check_view(
        &sample_heads(),
        &["cause", "by", "via"],
        |language, object| {
            let mut view = LogHeadsView { rows: read(object) };
            // The origin decides the table of a row.
            for (row, as_printed) in view.rows.iter_mut().zip(sample_heads().as_array().unwrap()) {
                row.origin = as_printed["is"].as_str().unwrap().to_owned();
            }
            render_heads(&frame(language, "/evidence/heads"), &view)
        },
    );
    let mut verification = json!({
        "running": { "began": "2026-11-27T09:14:00Z", "records": 48_113, "checked": 12_000 },
        "last": { "at": "2026-11-26T09:14:00Z", "records": 47_000, "faults": [
            { "code": "EVIDENCE_BROKEN", "sentence": "record 48 was edited" },
            { "code": "LOG_FORK", "sentence": "two histories" },
        ] },
    });
    for _ in 0..2 {
        check_view(&verification, &["code", "sentence"], |language, object| {
            let view = VerificationView {
                verification: read(object),
                key: Some("key-of-form".to_owned()),
            };
            render_verification(&frame(language, "/evidence/verify"), &view)
        });
        verification["running"] = Value::Null;
    }
}

#[test]
fn the_start_warns_of_forks_and_of_a_log_that_cannot_be_written() {
    let view: EvidenceView = read(&sample_summary());
    let page = check_page(&render_evidence(&frame(Language::En, "/evidence"), &view));
    let alerts = page
        .iter()
        .filter(|element| element.attribute("role") == Some("alert"));
    assert_eq!(alerts.count(), 1);
    for text in [
        "FORKED",
        "acme.example has two histories",
        "12 MB left",
        "48,130",
    ] {
        assert!(page[0].text.contains(text), "{text}");
    }
    let quiet = EvidenceView {
        forks: Vec::new(),
        fault: None,
        ..view
    };
    let page = check_page(&render_evidence(&frame(Language::En, "/evidence"), &quiet));
    assert!(!page[0].text.contains("FORKED"));
    for target in ["received", "records", "heads", "verify"] {
        let address = format!("/evidence/{target}");
        let links = elements(&page, "a");
        assert!(
            links
                .iter()
                .any(|link| link.attribute("href") == Some(address.as_str())),
            "{address}"
        );
    }
}

#[test]
fn the_list_of_records_goes_back_with_its_conditions() {
    let view = records_view(&sample_records());
    let text = render_records(&frame(Language::En, "/evidence/records"), &view);
    assert!(
        text.contains(
            "/evidence/records?participant=acme&amp;outcome=GROUP_TOO_SMALL&amp;before=115"
        )
    );
    assert!(text.contains("<a href=\"/evidence/records/118\">118</a>"));
    assert!(text.contains(&format!("/contracts/{CONTRACT}")));
    let page = check_page(&text);
    for word in [
        "Question admitted",
        "End of an answer",
        "a_new_kind",
        "complete",
    ] {
        assert!(page[0].text.contains(word), "{word}");
    }
    // A search that has found nothing yet goes on.
    let nothing = RecordListView {
        records: Vec::new(),
        ..view
    };
    let page = check_page(&render_records(
        &frame(Language::En, "/evidence/records"),
        &nothing,
    ));
    assert!(page[0].text.contains("Search older records"));
    let end = RecordListView {
        continues_before: None,
        before: None,
        ..nothing
    };
    let page = check_page(&render_records(
        &frame(Language::En, "/evidence/records"),
        &end,
    ));
    assert!(page[0].text.contains("No record meets these conditions."));
}

#[test]
fn a_record_is_told_with_its_answer_and_its_proof() {
    let view: RecordProofView = read(&sample_proof());
    let page = check_page(&render_record(
        &frame(Language::En, "/evidence/records/118"),
        &view,
        &RecordLooks::default(),
    ));
    let text = &page[0].text;
    for part in [
        "Record 118: Question admitted",
        "#c2 #c5 #c6 #c10",
        "rows: 49",
        "signed head over 48,113 records",
        "lisbon.example",
        "grants.1.clauses_applied",
        "are kept apart from the log",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let expired = RecordProofView {
        record: None,
        close: None,
        ..view.clone()
    };
    let page = check_page(&render_record(
        &frame(Language::En, "/evidence/records/118"),
        &expired,
        &RecordLooks::default(),
    ));
    assert!(page[0].text.contains("Record 118: past its retention"));
    assert!(page[0].text.contains("signed head over 48,113 records"));
    let fresh = RecordProofView {
        head: None,
        proof: Vec::new(),
        ..view
    };
    let page = check_page(&render_record(
        &frame(Language::En, "/evidence/records/118"),
        &fresh,
        &RecordLooks::default(),
    ));
    assert!(
        page[0]
            .text
            .contains("No signed head covers this record yet")
    );
}

#[test]
fn the_sum_and_the_bounds_of_what_was_received_are_told() {
    let view = received_view(&sample_received());
    let page = check_page(&render_received(
        &frame(Language::En, "/evidence/received"),
        &view,
    ));
    let text = &page[0].text;
    for part in [
        "12 of 12",
        "at most 900",
        "unknown",
        "anybody on the web",
        "14 of 79",
        "an upper limit",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("What the applied clauses say"));
    let mut view = view;
    let clause = |number: u64, text: &str| ClauseText {
        clause: format!("#c{number}"),
        text: text.to_owned(),
        enforced: true,
    };
    let clauses = vec![
        clause(2, "only the column hour"),
        clause(3, "only for research"),
    ];
    view.clauses.insert(CONTRACT.to_owned(), clauses);
    let page = check_page(&render_received(
        &frame(Language::En, "/evidence/received"),
        &view,
    ));
    let text = &page[0].text;
    assert!(text.contains("What the applied clauses say"));
    assert!(text.contains("#c2 only the column hour"), "{text}");
    assert!(!text.contains("only for research"), "it was not applied");
    let nobody = ReceivedView {
        lines: Vec::new(),
        sum: None,
        after: None,
        ..view
    };
    let page = check_page(&render_received(
        &frame(Language::En, "/evidence/received"),
        &nobody,
    ));
    assert!(page[0].text.contains("Nobody else received anything"));
}

#[test]
fn a_fork_stands_first_with_the_steps_of_each_side() {
    let mut view = LogHeadsView {
        rows: read(&sample_heads()),
    };
    let text = render_heads(&frame(Language::En, "/evidence/heads"), &view);
    let page = check_page(&text);
    let place = |part: &str| page[0].text.find(part).unwrap_or_else(|| panic!("{part}"));
    assert!(place("Two histories under one signature") < place("Who holds heads of this log"));
    place("What this participant does");
    place("What a partner does");
    place("passed on by lisbon.example");
    place("a new origin");
    view.rows.retain(|row| row.origin != "LOG_FORK");
    let page = check_page(&render_heads(
        &frame(Language::En, "/evidence/heads"),
        &view,
    ));
    assert!(
        page[0]
            .text
            .contains("No contradiction between heads is known.")
    );
    assert!(!page[0].text.contains("What a partner does"));
}

#[test]
fn the_last_verification_is_told_with_its_instant_and_its_records() {
    let mut summary = sample_summary();
    let read_text = |summary: &Value| {
        let view: EvidenceView = read(summary);
        let page = render_evidence(&frame(Language::En, "/evidence"), &view);
        check_page(&page)[0].text.clone()
    };
    assert!(read_text(&summary).contains("not verified since the connector was started"));
    summary["verification"] = json!({
        "running": null,
        "last": { "at": "2026-11-27T08:14:00Z", "records": 47_900, "faults": [] },
    });
    let text = read_text(&summary);
    for part in ["27 Nov 2026, 09:14", "records: 47,900", "in order"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let view = |key: Option<&str>, summary: &Value| VerificationView {
        verification: read(&summary["verification"]),
        key: key.map(str::to_owned),
    };
    let page = |view| render_verification(&frame(Language::En, "/evidence/verify"), &view);
    assert!(page(view(Some("key-of-form"), &summary)).contains("key-of-form"));
    assert!(!page(view(None, &summary)).contains("<button class=\"main\""));
    // While one runs, none is begun.
    summary["verification"]["running"] =
        json!({ "began": "2026-11-27T09:40:00Z", "records": 48_113, "checked": 12_000 });
    let running = page(view(Some("key-of-form"), &summary));
    assert!(!running.contains("key-of-form"), "{running}");
    assert!(
        running.contains("Records checked: 12,000 of 48,113"),
        "{running}"
    );
    summary["verification"]["last"]["faults"] =
        json!([{ "code": "EVIDENCE_BROKEN", "sentence": "record 48 was edited" }]);
    let text = read_text(&summary);
    assert!(
        text.contains("Faults: 1") && !text.contains("in order"),
        "{text}"
    );
}
