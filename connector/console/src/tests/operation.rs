//! Pages of those who run the connector.

use crate::tests::html_reader::{PageElement, read_page};
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    DeliveryListView, DoctorView, HistorySpan, HistoryView, PageFrame, PeerListView, PersonLabel,
    PersonRole, render_backups, render_deliveries, render_doctor, render_history,
    render_operations, render_overview, render_peers, render_running, render_workers,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn frame(language: Language, address: &str) -> PageFrame<'_> {
    PageFrame {
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Olga Brandt",
            roles: &[PersonRole::Operator],
        }),
        ..PageFrame::new(language, address)
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn links(page: &[PageElement]) -> Vec<String> {
    let links = elements(page, "a").into_iter();
    links
        .filter_map(|link| link.attribute("href").map(str::to_owned))
        .collect()
}

fn sample_health() -> Value {
    json!({
        "health": [
            { "check": "log", "ok": true, "code": null, "fault": null, "help": [] },
            { "check": "state", "ok": true, "code": null, "fault": null, "help": [] },
            { "check": "clock", "ok": false, "code": "CLOCK_UNTRUSTED",
                "fault": "the clock went back by 312 seconds", "help": ["set the clock, then hansa reload"] },
            { "check": "a new check", "ok": true, "code": null, "fault": null, "help": [] },
        ],
        "free_bytes": 71_000_000_000_u64, "memory": 104_857_600, "running": 1, "peers": 4, "records": 48_113,
        "ends": [
            { "what": "trust_bundle", "name": "league.example", "at": "2026-12-27T11:00:00Z", "renew": "hansa league export" },
            { "what": "tls_certificate", "name": "munster.example", "at": "2027-02-18T11:00:00Z", "renew": "hansa join" },
        ],
    })
}

#[test]
fn the_health_of_a_connector_is_told_with_its_remedies() {
    let render = |language, object: &Value| {
        render_operations(&frame(language, "/operations"), &read(object))
    };
    check_view(&sample_health(), &["fault", "help"], render);
    let page = read_page(&render(Language::En, &sample_health()));
    let text = &page[0].text;
    for part in ["71 GB", "27 Dec 2026", "18 Feb 2027", "48,113", "fault"] {
        assert!(text.contains(part), "{part}");
    }
    let links = links(&page);
    for path in [
        "/operations/peers",
        "/operations/doctor",
        "/operations/running",
        "/operations/delivery",
        "/operations/workers",
        "/operations/backup",
        "/help/errors/CLOCK_UNTRUSTED",
    ] {
        assert!(links.contains(&path.to_owned()), "{path}");
    }
}

fn sample_peers() -> Value {
    json!([
        { "participant": "lisbon.example", "alias": "lisbon", "address": "data.lisbon.example:8814", "member": true,
            "name": "Câmara Municipal de Lisboa", "reached_at": "2026-11-27T09:40:00Z", "round_trip_ms": 38,
            "program": "hansa 0.1.0", "failure": null, "contracts": 3, "messages": 0, "forked": false },
        { "participant": "acme.example", "alias": "acme", "address": "acme.example:8814", "member": false, "name": null,
            "reached_at": "2026-11-26T09:40:00Z", "round_trip_ms": 12, "program": null,
            "failure": { "at": "2026-11-27T09:41:00Z", "code": "PEER_UNREACHABLE", "sentence": "`acme.example:8814` accepts no connection" },
            "contracts": 1, "messages": 2, "forked": true },
        { "participant": "ottawa.example", "alias": "ottawa", "address": "ottawa.example:8814", "member": true, "name": "Ottawa",
            "reached_at": null, "round_trip_ms": null, "program": null, "failure": null, "contracts": 0, "messages": 0,
            "forked": false },
    ])
}

#[test]
fn peers_are_told_as_they_are_known() {
    let render = |language, object: &Value| {
        let view = PeerListView {
            rows: read(object),
            after: Some("ottawa".to_owned()),
        };
        render_peers(&frame(language, "/operations/peers"), &view)
    };
    let names = [
        "participant",
        "alias",
        "address",
        "name",
        "program",
        "sentence",
        "code",
    ];
    check_view(&sample_peers(), &names, render);
    let page = read_page(&render(Language::De, &sample_peers()));
    let links = links(&page);
    assert!(links.contains(&"/operations/doctor/lisbon.example".to_owned()));
    assert!(links.contains(&"/operations/peers?after=ottawa".to_owned()));
    let text = &page[0].text;
    for part in ["38 ms", "nicht erreicht", "kein Mitglied des Verbunds"] {
        assert!(text.contains(part), "{part}");
    }
    let empty = PeerListView::default();
    check_page(&render_peers(
        &frame(Language::Pt, "/operations/peers"),
        &empty,
    ));
}

fn sample_findings() -> Value {
    json!([
        { "at": "here", "check": "log", "ok": true, "found": "118 records, writable" },
        { "at": "acme.example", "check": "port", "ok": false, "code": "PEER_UNREACHABLE",
            "found": "`acme.example:8814` accepts no connection", "help": "check that the connector there is running" },
    ])
}

#[test]
fn a_check_is_begun_by_a_form_and_shows_its_findings() {
    let render = |language, object: &Value| {
        let view = DoctorView {
            participant: Some("acme.example".to_owned()),
            findings: Some(read(object)),
        };
        render_doctor(&frame(language, "/operations/doctor/acme.example"), &view)
    };
    check_view(
        &sample_findings(),
        &["check", "found", "help", "code"],
        render,
    );
    let page = read_page(&render(Language::En, &sample_findings()));
    assert!(page[0].text.contains("Faults: 1"));
    for (participant, action) in [
        (None, "/operations/doctor"),
        (Some("acme.example"), "/operations/doctor/acme.example"),
        (Some("../x"), "/operations/doctor"),
        (Some("a/b"), "/operations/doctor"),
    ] {
        let view = DoctorView {
            participant: participant.map(str::to_owned),
            findings: None,
        };
        for language in Language::ALL {
            let page = check_page(&render_doctor(
                &frame(language, "/operations/doctor"),
                &view,
            ));
            let forms = elements(&page, "form");
            let actions: Vec<_> = forms.iter().map(|form| form.attribute("action")).collect();
            assert!(actions.contains(&Some(action)), "{actions:?}");
        }
    }
}

fn sample_running() -> Value {
    json!([
        { "question": "4f1c0a9b22d74f1c0a9b22d74f1c0a9b", "participant": "acme.example", "by": "peer",
            "datasets": ["bike_counts"], "contracts": ["7f3a91c2d0e4b5a6"], "purpose": "traffic-planning", "rows": 4_310,
            "age_ms": 12_400 },
        { "question": "00112233445566778899aabbccddeeff", "participant": "munster.example", "by": "house", "datasets": [],
            "contracts": [], "purpose": null, "rows": 0, "age_ms": 20 },
        { "question": "ff112233445566778899aabbccddeeff", "participant": "munster.example", "by": "web",
            "datasets": ["trees", "benches"], "contracts": ["aa", "bb"], "purpose": null, "rows": 9, "age_ms": 200_000 },
    ])
}

#[test]
fn running_answers_are_told_with_the_way_to_end_each() {
    let render = |language, object: &Value| {
        let rows: Vec<crate::RunningRow> = read(object);
        render_running(&frame(language, "/operations/running"), &rows)
    };
    check_view(
        &sample_running(),
        &["question", "datasets", "purpose"],
        render,
    );
    let text = render(Language::En, &sample_running());
    for part in ["12 s", "3 min", "4,310", "/cancel\"", "anybody"] {
        assert!(text.contains(part), "{part}");
    }
    let none: Vec<crate::RunningRow> = Vec::new();
    let empty = render_running(&frame(Language::En, "/operations/running"), &none);
    assert!(elements(&check_page(&empty), "table").is_empty());
    let row: crate::RunningRow = read(&sample_running()[0]);
    let many = vec![row; 150];
    let page = check_page(&render_running(&frame(Language::De, "/"), &many));
    assert!(page[0].text.contains("insgesamt: 150"));
}

fn sample_deliveries() -> Value {
    json!([
        { "key": "acme.example/12", "participant": "acme.example", "number": 12, "kind": "offer",
            "negotiation": "n-3c51a07be4", "question": null, "since": "2026-11-27T09:41:00Z", "fault": null },
        { "key": "acme.example/13", "participant": "acme.example", "number": 13, "kind": "acknowledgement", "negotiation": null,
            "question": "4f1c0a9b22d74f1c", "since": null, "fault": null },
        { "key": "lisbon.example/1", "participant": "lisbon.example", "number": 1, "kind": null, "negotiation": null,
            "question": null, "since": null, "fault": "MESSAGE_MALFORMED" },
    ])
}

#[test]
fn waiting_messages_are_told_in_words() {
    let render = |language, object: &Value| {
        let view = DeliveryListView {
            rows: read(object),
            after: Some("lisbon.example/1".to_owned()),
        };
        render_deliveries(&frame(language, "/operations/delivery"), &view)
    };
    check_view(
        &sample_deliveries(),
        &["participant", "question", "fault"],
        render,
    );
    let page = read_page(&render(Language::Pt, &sample_deliveries()));
    assert!(page[0].text.contains("confirmação de um recibo"));
    let links = links(&page);
    assert!(links.contains(&"/contracts/n-3c51a07be4".to_owned()));
    assert!(links.contains(&"/operations/delivery?after=lisbon.example%2F1".to_owned()));
    let empty = DeliveryListView::default();
    check_page(&render_deliveries(&frame(Language::De, "/"), &empty));
}

#[test]
fn workers_are_told_as_they_were_at_the_last_question() {
    let sample = json!([
        { "worker": "one", "address": "10.0.0.1:8815", "state": "connected" },
        { "worker": "two", "address": "10.0.0.2:8815", "state": "unreachable" },
        { "worker": "three", "address": "10.0.0.3:8815", "state": "not asked" },
    ]);
    let render = |language, object: &Value| {
        let rows: Vec<crate::WorkerRow> = read(object);
        render_workers(&frame(language, "/operations/workers"), &rows)
    };
    check_view(&sample, &["worker", "address"], render);
    let text = render(Language::En, &sample);
    assert!(text.contains("not reached") && text.contains("not asked lately"));
    check_page(&render_workers(&frame(Language::De, "/"), &[]));
}

#[test]
fn a_backup_without_a_rehearsal_is_pointed_out() {
    let sample = json!([
        { "file": "/backup/munster-2026-11-27.hansa", "made_at": "2026-11-27T02:00:00Z", "files": 61, "bytes": 48_000_000,
            "rehearsed_at": "2026-11-27T03:00:00Z", "good": true, "records": 118 },
        { "file": "/backup/munster-2026-11-26.hansa", "made_at": "2026-11-26T02:00:00Z", "files": 61, "bytes": 47_000_000,
            "rehearsed_at": null, "good": null, "records": null },
        { "file": "/mnt/copy", "made_at": null, "files": null, "bytes": null, "rehearsed_at": "2026-11-25T03:00:00Z",
            "good": false, "records": 9 },
    ]);
    let render = |language, object: &Value| {
        let rows: Vec<crate::BackupRow> = read(object);
        render_backups(&frame(language, "/operations/backup"), &rows)
    };
    check_view(&sample, &["file"], render);
    let warning = "No backup has been rehearsed";
    assert!(!render(Language::En, &sample).contains(warning));
    let unrehearsed = Value::Array(sample.as_array().unwrap()[1..].to_vec());
    assert!(render(Language::En, &unrehearsed).contains(warning));
    check_page(&render_backups(&frame(Language::Pt, "/"), &[]));
}

#[test]
fn the_last_day_is_told_in_charts_with_one_table() {
    let minute = |number: u64| {
        json!({
            "at": format!("2026-11-27T{:02}:{:02}:00Z", 8 + number / 60, number % 60), "answers": number % 3,
            "p50_ms": (!number.is_multiple_of(3)).then_some(12), "p95_ms": (!number.is_multiple_of(3)).then_some(40 + number),
            "p99_ms": null, "rows": number * 10, "refusals": 1, "memory": 104_857_600 + number,
            "free_bytes": 71_000_000_000_u64,
        })
    };
    let minutes: Vec<Value> = (0..180).map(minute).collect();
    let render = |language, span, minutes: &Value| {
        let view = HistoryView {
            minutes: read(minutes),
            span,
        };
        render_history(&frame(language, "/operations/history"), &view)
    };
    for span in [HistorySpan::Day, HistorySpan::Hour] {
        check_view(&json!(minutes), &[], |language, object| {
            render(language, span, object)
        });
    }
    let page = check_page(&render(Language::En, HistorySpan::Day, &json!(minutes)));
    // Without a known value a figure has no chart, and its cells say so.
    assert_eq!(elements(&page, "svg").len(), 7);
    assert_eq!(elements(&page, "tr").len(), 4, "three hours");
    for part in ["60", "219", "71 GB", "104 MB", "11:59", "–"] {
        assert!(page[0].text.contains(part), "{part}: {}", page[0].text);
    }
    assert!(links(&page).contains(&"/operations/history?span=hour".to_owned()));
    let page = check_page(&render(Language::En, HistorySpan::Hour, &json!(minutes)));
    assert_eq!(elements(&page, "tr").len(), 61);
    assert_eq!(HistorySpan::from_word("hour"), HistorySpan::Hour);
    assert_eq!(HistorySpan::from_word("../x"), HistorySpan::Day);
    let page = check_page(&render(Language::En, HistorySpan::Day, &json!([])));
    assert!(elements(&page, "svg").is_empty());
    assert!(page[0].text.contains("No minute has ended"));
}

#[test]
fn the_overview_has_two_weeks_and_the_next_ends() {
    let status = json!({
        "waiting": [], "today": { "answers": 12, "rows": 4_310, "refusals": 2 },
        "days": [
            { "day": "2026-11-25", "answers": 40, "rows": 9_000, "refusals": 0 },
            { "day": "2026-11-26", "answers": 31, "rows": 7_120, "refusals": 3 },
        ],
        "datasets": 3, "contracts_in_force": 14, "running": 1, "peers": 4, "records": 48_113, "bundle": 7,
        "ends": [
            { "what": "contract", "name": "7f3a", "at": "2026-12-07T12:00:00Z", "renew": "ask" },
            { "what": "tls_certificate", "name": "munster.example", "at": "2027-02-18T11:00:00Z", "renew": "hansa join" },
            { "what": "contract", "name": "8c21", "at": "2029-12-31T23:00:00Z", "renew": "ask" },
            { "what": "contract", "name": "9d00", "at": "2026-11-01T23:00:00Z", "renew": "ask" },
        ],
    });
    let page_of = |status: &Value| {
        let frame = PageFrame {
            as_of: Some("2026-11-27T09:42:00Z".parse().unwrap()),
            ..frame(Language::En, "/")
        };
        check_page(&render_overview(&frame, &read(status)))
    };
    let page = page_of(&status);
    let labels: Vec<&str> = elements(&page, "svg")
        .iter()
        .filter_map(|chart| chart.attribute("aria-label"))
        .collect();
    assert_eq!(
        labels,
        [
            "Answers given",
            "Questions refused",
            "Days until the next ends"
        ]
    );
    // Three days twice; of the ends, those that come within twelve months.
    assert_eq!(elements(&page, "rect").len(), 3 + 3 + 2);
    for part in ["days: 10", "days: 83", "9,000", "Today"] {
        assert!(page[0].text.contains(part), "{part}: {}", page[0].text);
    }
    // Steps stand once for each kind, and a kind that nobody knows keeps its own words.
    assert_eq!(page[0].text.matches("hansa join FILE").count(), 1);
    assert_eq!(page[0].text.matches("hansa contract request").count(), 1);
    let mut other = status.clone();
    other["ends"][0]["what"] = "licence".into();
    assert!(page_of(&other)[0].text.contains("ask"));
    let mut waiting = status.clone();
    waiting["ends"] = json!([]);
    waiting["waiting"] = json!([{
        "kind": "validity", "subject": "munster.example", "severity": "warning", "text": "it ends", "help": ["hansa join"],
        "document": { "what": "tls_certificate", "name": "munster.example", "at": "2026-12-18T11:00:00Z" },
    }]);
    let text = &page_of(&waiting)[0].text;
    for part in [
        "TLS certificate munster.example: its end is near",
        "18 Dec 2026",
        "hansa request",
        "hansa join FILE",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("it ends"), "{text}");
    let mut bare = status;
    bare["days"] = json!([]);
    bare["ends"] = json!([]);
    assert!(elements(&page_of(&bare), "svg").is_empty());
}
