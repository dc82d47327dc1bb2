//! Objects as the commands print them, with members that no page reads.

use serde_json::{Value, json};

pub(super) fn sample_status() -> Value {
    json!({
        "participant": "munster.example",
        "name": "Stadt Münster",
        "contact": "daten@munster.example",
        "waiting": [
            {
                "kind": "dataset", "subject": "munster.example/bike_counts", "since": null, "severity": "fault",
                "text": "SNAPSHOT_DAMAGED: a file of `bike_counts` does not have its digest", "act": null,
                "help": ["hansa dataset publish bike_counts", "hansa restore --check"],
            },
            {
                "kind": "request", "subject": "n-3c51a07be4", "since": "2026-11-24T13:02:11.204Z", "severity": "decision",
                "text": "n-3c51a07be4 from acme.example waits for us", "act": "hansa contract show n-3c51a07be4", "help": [],
            },
            {
                "kind": "request", "subject": "n-77a1b2c3d4", "since": "2026-11-25T13:02:11.204Z", "severity": "decision",
                "negotiation": { "participant": "acme.example", "dataset": "hansa://munster.example/d/bike_counts", "role": "provider" },
                "text": "n-77a1b2c3d4 from acme.example waits for us", "act": "hansa contract show n-77a1b2c3d4", "help": [],
            },
            {
                "kind": "approval", "subject": "7f3a91c2d0e4", "since": "2026-11-27T08:10:00Z", "severity": "decision",
                "text": "contract 7f3a91c2d0e4: one officer wants to withdraw it, a second must say so too",
                "act": "hansa contract withdraw 7f3a91c2d0e4 --from 2027-01-01 --reason TEXT", "help": [],
                "approval": "7f3a91c2d0e4",
            },
            {
                "kind": "validity", "subject": "munster.example", "since": null, "severity": "warning",
                "text": "the TLS certificate ends on 18 December 2026", "act": null, "help": ["hansa join"],
            },
            { "kind": "a_new_kind", "severity": "warning", "text": "something else" },
        ],
        "today": { "answers": 12, "rows": 4310, "refusals": 2 },
        "days": [
            { "day": "2026-11-25", "answers": 40, "rows": 9_000, "refusals": 0 },
            { "day": "2026-11-26", "answers": 31, "rows": 7_120, "refusals": 3 },
        ],
        "datasets": 3, "contracts_in_force": 14, "running": 1, "memory": 104_857_600, "peers": 4,
        "ends": [
            { "what": "tls_certificate", "name": "munster.example", "at": "2026-12-18T11:00:00Z", "renew": "hansa join" },
            { "what": "contract", "name": "7f3a91c2d0e4", "at": "2029-12-31T23:00:00Z",
                "renew": "hansa contract request asks for the next one" },
        ],
        "ends_omitted": 99_998, "records": 48113,
        "time_stamp": {
            "size": 48_000, "existed_before": "2026-11-27T08:14:00Z", "authority": "Zeitstempelstelle Nord",
            "code": "TIME_STAMP_FAILED", "fault": "the authority did not answer within 10 s",
        },
        "bundle": 7, "rulebook": 2, "rulebook_waiting": 3, "demo": true, "clock_offset_s": 691_200,
    })
}

pub(super) fn sample_rows() -> Value {
    json!([
        {
            "negotiation": "n-3c51a07be4", "participant": "acme.example", "dataset": "ticket_validations",
            "role": "provider", "state": "REQUESTED", "turn": "our turn", "title": "Ticket validations",
            "kind": "aggregates", "would_become": "8722aa", "reason": null, "ended_by": null,
        },
        {
            "negotiation": "n-77aa", "participant": "lisbon.example", "dataset": "parking", "role": "consumer",
            "state": "TERMINATED", "turn": "", "title": null, "kind": "rows", "would_become": null,
            "reason": "not for this purpose", "ended_by": "provider",
        },
        sample_contract_summary(),
        {
            "contract": "aa00bb11cc22dd33", "provider": "munster.example", "consumer": null, "dataset": "playgrounds",
            "kind": "rows", "role": "provider", "state": "withdrawn", "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2029-12-31T23:00:00Z", "template": null, "terms": [], "title": "Spielplätze",
            "ended": { "by": "munster.example", "from": "2026-10-01T00:00:00Z", "reason": "doubled rows" },
        },
    ])
}

fn sample_contract_summary() -> Value {
    json!({
        "contract": "7f3a91c2d0e4b5a697887766554433221100ffeeddccbbaa9988776655443322",
        "provider": "munster.example", "consumer": "acme.example", "dataset": "bike_counts", "kind": "aggregates",
        "role": "provider", "state": "in force", "not_before": "2026-05-02T00:00:00Z",
        "not_after": "2029-12-31T23:00:00Z", "template": null, "title": "Fahrradzählungen", "ended": null,
        "terms": [
            { "clause": "c2", "text": "the purpose stated for each question is traffic planning", "enforced": true },
            { "clause": "c9", "text": "the consumer names the source as Stadt Münster", "enforced": false },
        ],
    })
}

pub(super) fn sample_contract() -> Value {
    let mut contract = sample_contract_summary();
    let members = json!({
        "prepaid": { "currency": "EUR", "paid": "250.00", "spent": "12.50" },
        "statements_owed": { "count": 2, "first_due": "2026-12-20T00:00:00Z" },
        "shown": { "form": "page/1", "language": "de", "zone": "Europe/Berlin", "sha256": "e7a2e3a7" },
        "page": "Vertrag über den Datensatz bike_counts\n\n1 Vertragsparteien\n  Anbieter  Stadt Münster (munster.example)\n  Nutzer    Acme Mobility (acme.example)\n\n2 Klauseln\n  #c2  Zweck jeder Abfrage: Verkehrsplanung\n  #c9  der Nutzer nennt als Quelle: Stadt Münster",
        "blocks": sample_blocks(), "timeline": sample_timeline(),
        "withdrawal": {
            "by": "acme.example", "at": "2026-11-26T09:00:00Z", "from": "2027-01-01T00:00:00Z", "reason": "the pilot is over",
        },
        "officers": [
            { "action": "withdraw", "first": "p-81c2", "first_user": null, "second": null, "second_user": null,
                "at": "2026-11-25T09:00:00Z" },
            { "action": "sign", "first": "p-81c2", "first_user": null, "second": "p-11d0", "second_user": null },
        ],
        "declined_steps": [
            { "action": "sign", "first": "p-81c2", "declined": "p-11d0", "at": "2026-11-24T09:00:00Z",
                "reason": "the limits are too wide" },
        ],
        "signatures": [
            { "role": "provider", "key": "munster.example#sign-1", "algorithm": "EdDSA", "issued_at": 1_777_680_000,
                "sealed_for": "Stadt Münster", "mandate": null, "valid": true, "fault": null },
            { "role": "consumer", "key": "acme.example#sign-1", "algorithm": "ES256", "issued_at": i64::MAX,
                "sealed_for": null, "mandate": null, "valid": false, "fault": "KEY_UNKNOWN: no key of this name" },
        ],
        "budgets": [
            { "clause": "c10", "what": "rows", "used": 690, "of": 10_000, "zone": "Europe/Berlin",
                "until": "2026-11-27T23:00:00Z", "by": "counters" },
            { "clause": "c11", "what": "questions", "used": 7, "of": 5, "zone": null,
                "until": "2026-11-27T23:00:00Z", "by": "receipts" },
        ],
    });
    let (Value::Object(all), Value::Object(more)) = (&mut contract, members) else {
        panic!("both are objects");
    };
    all.extend(more);
    contract
}

pub(super) fn sample_negotiation() -> Value {
    json!({
        "negotiation": "n-3c51a07be4", "participant": "acme.example", "dataset": "ticket_validations", "role": "provider",
        "state": "REQUESTED", "would_become": "8722aa", "turn": "our turn",
        "comments": [
            { "clause": "c10", "participant": "munster.example", "on": "8722aa", "at": "2026-11-24T13:30:00Z",
                "text": "why ten thousand rows?", "valid": true },
            { "clause": "c10", "participant": "acme.example", "on": "8722aa", "at": "2026-11-24T14:10:00Z",
                "text": "for each of the 58 municipalities, see https://acme.example", "valid": false },
        ],
        "terms": [{ "clause": "c10", "text": "at most 10,000 rows a day", "enforced": true }],
        "shown": { "form": "page/1", "language": "en", "zone": "Europe/Berlin", "sha256": "e7a2e3a7" },
        "page": "Contract on the dataset ticket_validations\n\n  #c10  at most 10,000 rows a day",
        "blocks": [], "timeline": sample_timeline(), "officers": [], "diff": "c10: looser",
    })
}

pub(super) fn sample_fault() -> Value {
    json!({
        "code": "GROUP_TOO_SMALL", "sentence": "the answer would show groups of fewer than 20", "contract": "7f3a91c2d0e4",
        "clause": "c6", "allowed": "sums by site, for groups of at least 20", "help": ["group by month"], "trace": "a1b2c3",
    })
}

/// Lines of a page in each form.
fn sample_blocks() -> Value {
    let block = |part: &str, form: &str, text: &str| json!({ "part": part, "form": form, "name": null, "clause": null, "text": text, "enforced": null });
    let mut fact = block("parties", "fact", "Stadt Münster (hansa://munster.example)");
    fact["name"] = json!("Anbieter");
    let mut clause = block("enforced", "clause", "Zweck jeder Abfrage: Verkehrsplanung");
    clause["clause"] = json!("#c2");
    json!([
        block("parties", "heading", "Vertragsparteien"),
        fact,
        block("enforced", "heading", "Technisch durchgesetzt"),
        block("enforced", "subheading", "wofür, wann und wie viel"),
        clause,
        block("enforced", "clause_note", "geprüft wird die Angabe"),
        block("agreed", "heading", "Nur vereinbart"),
        block("agreed", "note", "nichts"),
        block("open", "heading", "Nicht geregelt"),
        block("open", "item", "Weiterverkauf der Daten"),
    ])
}

/// Events of each kind.
fn sample_timeline() -> Value {
    let event = |step: &str, text: Option<&str>| json!({ "at": "2026-11-24T13:02:11Z", "step": step, "by": "acme.example", "pseudonym": null, "text": text });
    let mut approval = event("approval", Some("withdraw"));
    approval["pseudonym"] = json!("7d2a90cc1b3f5e64");
    json!([
        event("request", None),
        event("comment", Some("why not the small site?")),
        approval,
        event("signature", None),
        event("refusal:2026-11-25", Some("FILTER_NOT_ON_GRID")),
        event("a-new-step", None),
    ])
}
