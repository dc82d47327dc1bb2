//! Tests of the pages of a folder: the result of `hansa-verify`.

use crate::tests::html_reader::{PageElement, read_page};
use crate::tests::page_check::{
    LinkRule, check_length, check_page_with, check_view_with, elements,
};
use crate::{
    AnswerGroup, CheckView, ComparisonView, ContractEvidence, FolderFrame, FolderPage, FolderStyle,
    MonthLine, RecipientView, render_comparison, render_contract_evidence, render_contract_list,
    render_findings, render_language_choice, render_limits, render_month, render_recipients,
    render_verdict_page,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

const PROGRAM: &str = "hansa-verify 1.0.0";

/// Names of files without a folder, or in the folder of a language beside.
const FOLDER: LinkRule = LinkRule(|address| {
    let language = Language::ALL.into_iter().find_map(|language| {
        let above = format!("../{}/", language.tag());
        let below = format!("{}/", language.tag());
        address
            .strip_prefix(&above)
            .or_else(|| address.strip_prefix(&below))
    });
    let name = language.unwrap_or(address).strip_suffix(".html");
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(is_plain))
});

fn sample_check() -> Value {
    json!({
        "verdict": "broken",
        "league": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "answers": [
            {
                "file": "lindau.bundle", "sha256": "ab".repeat(32), "log": "lindau.example/hansa/evidence", "part": false,
                "records": 48_113, "covered": 48_113, "from": "2026-01-01T00:00:00Z", "to": "2026-11-27T10:42:00Z",
                "permitted": 10, "one_sided": 1, "refused": 2, "refusals": {}, "received": 0,
                "witnesses": [{"by": "hansa://acme.example", "size": 48_000, "at": "2026-11-27T08:00:00Z"}],
                "time_stamps": [{"size": 48_000, "existed_before": "2026-11-27T08:14:00Z", "authority": "Zeitstempelstelle"}],
                "time_stamps_not_judged": 2, "unseen": ["the last head is incomplete"],
            },
            {
                "file": "acme-log", "sha256": null, "log": "acme.example/hansa/evidence", "part": true, "records": 12,
                "covered": 12, "from": null, "to": null, "permitted": 0, "refused": 0, "received": 10,
            },
        ],
        "findings": [
            {"verdict": "broken", "about": "record", "file": "lindau.bundle", "record": 48, "what": "record 48 was edited", "proof": []},
            {"verdict": "broken", "about": "head", "file": "lindau.bundle", "record": null, "what": "two histories", "proof": ["a head\n8\n"]},
            {"verdict": "broken", "about": "answer", "file": "lindau.bundle", "record": null, "what": "it differs", "proof": [],
                "versions": {"request": "01989f", "provider": "lindau.example", "consumer": "acme.example", "fields": [
                    {"field": "rows", "provider": "49", "consumer": "48"}, {"field": "digest", "provider": "ab", "consumer": "ab"},
                ]}},
            {"verdict": "not known here", "about": "document", "file": "contract 7f3a", "record": null, "what": "SIGNATURE_ALG", "proof": []},
            {"verdict": "incomplete", "about": "receipt", "file": "acme-log", "record": 7, "what": "its receipt is not in the files", "proof": []},
            {"verdict": "incident", "about": "a new subject", "file": "acme-log", "record": null, "what": "it was stated", "proof": []},
        ],
    })
}

fn sample_groups() -> Value {
    let sent = json!({
        "record": 48, "rows": 49, "bytes": 2_310, "digest": "cd".repeat(32), "outcome": "done",
        "receipt": "ef".repeat(32), "state": "countersigned",
    });
    json!([
        {
            "provider": "lindau.example", "recipient": "acme.example", "dataset": "hansa://lindau.example/d/bikes",
            "contract": "7f3a".repeat(16),
            "clauses": [{"clause": "#c2", "text": "only the columns site and count"}, {"clause": "#c9", "text": null}],
            "months": [
                {
                    "month": "2026-11", "answers": 3, "rows": 49, "bytes": 2_310,
                    "lines": [
                        {
                            "at": "2026-11-02T10:00:00Z", "request": "01989f", "purpose": "h:planning", "snapshot": "2026-11-01.1",
                            "further": ["hansa://lindau.example/d/sites"], "finding": "matched",
                            "sent": sent, "received": {"record": 7, "rows": 49, "bytes": 2_310, "receipt": "ef", "state": "held"},
                        },
                        {
                            "at": "2026-11-03T10:00:00Z", "request": "0198a0", "finding": "provider only",
                            "sent": {"record": 50, "rows_at_most": 100, "bytes_at_most": 4_000, "state": "none"}, "received": null,
                        },
                    ],
                },
                {
                    "month": "2026-12", "answers": 1, "rows": 1, "bytes": 1,
                    "lines": [{
                        "at": "soon", "request": "0198a1", "finding": null,
                        "received": {"record": 9, "outcome": "failed:PEER_LOST", "state": "none"},
                    }],
                },
            ],
        },
        {
            "provider": "lindau.example", "recipient": "acme.example", "dataset": "hansa://lindau.example/d/sites",
            "contract": null, "clauses": [], "months": [],
        },
    ])
}

fn sample_recipients() -> Value {
    json!({
        "answers": 3,
        "lines": [
            {
                "provider": "lindau.example", "recipient": "acme.example", "dataset": "hansa://lindau.example/d/bikes",
                "contract": "7f3a".repeat(16), "answers": 2, "rows": 149, "bytes": 6_310,
                "first": "2026-11-02T10:00:00Z", "last": "2026-11-03T10:00:00Z",
            },
            {
                "provider": "lindau.example", "recipient": "acme.example", "dataset": "hansa://lindau.example/d/sites",
                "contract": null, "answers": 1, "rows": 1, "bytes": 1, "first": "2026-11-02T10:00:00Z", "last": "x",
            },
        ],
        "omitted": 3,
        "months": [{"month": "2026-11", "pages": 2, "answers": 3, "rows": 49, "bytes": 2_310}],
        "groups": sample_groups(),
        "web": [{"provider": "lindau.example", "requests": 1_000, "bytes": 1_000_000}],
    })
}

fn sample_contract() -> Value {
    json!({
        "contract": "7f3a".repeat(16), "provider": "hansa://lindau.example", "consumer": "hansa://acme.example",
        "dataset": "hansa://lindau.example/d/bikes", "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z",
        "page": "Contract 7f3a\n\n1. Only the columns site and count",
        "signatures": [
            {"role": "provider", "party": "hansa://lindau.example", "key": "k1", "at": "2026-01-01T08:00:00Z"},
            {"role": "consumer", "party": "hansa://acme.example", "key": "k2", "at": "2026-01-01T09:00:00Z"},
        ],
        "standing": [
            {"log": "lindau.example/hansa/evidence", "at": "2026-11-27T10:42:00Z", "state": "withdrawn", "record": 3,
                "activated": "2026-01-01T09:01:00Z"},
            {"log": "acme.example/hansa/evidence", "at": "2026-11-27T10:42:00Z", "state": "not in the log"},
        ],
        "withdrawals": [{"log": "lindau.example/hansa/evidence", "record": 40, "at": "2026-10-01T00:00:00Z",
            "effective": "2026-11-01T00:00:00Z", "by": "hansa://acme.example"}],
    })
}

fn sample_comparisons() -> Value {
    json!([{
        "provider": "lindau.example", "consumer": "acme.example", "since": "2026-02-01T00:00:00Z", "older_not_compared": [3, 2],
        "answers": 12, "matched": 9, "not_taken": 1, "one_sided": 0, "cut_off": 0, "interrupted": 0, "unacknowledged": 1,
        "rows_sent": 490, "rows_received": 441, "bytes_sent": 23_100, "bytes_received": 20_790,
        "differing": [
            {"request": "01989f", "kind": "mismatch", "fields": [{"field": "rows", "provider": "49", "consumer": "48"}]},
            {"request": "0198a0", "kind": "provider only", "fields": []},
        ],
        "differing_omitted": 5,
    }])
}

fn check_of(value: &Value) -> CheckView {
    serde_json::from_value(value.clone()).unwrap()
}

/// Page of a folder with the result of a check.
fn render_with(
    language: Language,
    check: &Value,
    page: &str,
    render: impl Fn(&FolderFrame<'_>) -> String,
) -> String {
    let check = check_of(check);
    let style = FolderStyle::new(language, &check, PROGRAM);
    render(&FolderFrame {
        language,
        page,
        check: &check,
        program: PROGRAM,
        style: &style,
    })
}

#[test]
fn any_text_in_the_result_of_a_check_comes_out_as_text() {
    let names = ["file", "what", "authority", "sha256", "by"];
    check_view_with(FOLDER, &sample_check(), &names, |language, value| {
        render_with(language, value, "index.html", |frame| {
            let whole = [
                render_verdict_page(frame),
                render_findings(frame),
                render_limits(frame),
                render_language_choice(frame),
            ];
            for page in &whole {
                check_length(page);
                check_page_with(FOLDER, page);
            }
            join_pages(&whole)
        })
    });
}

/// The first page, with the text of the others in its content: a view is shown by several pages.
fn join_pages(pages: &[String]) -> String {
    let (head, tail) = pages[0].split_once("</main>").unwrap();
    let rest: String = pages[1..]
        .iter()
        .map(|page| {
            let text: String = read_page(page)[0].text.clone();
            maud::html! { p { (text) } }.into_string()
        })
        .collect();
    format!("{head}{rest}</main>{tail}")
}

#[test]
fn any_text_about_recipients_comes_out_as_text() {
    let names = [
        "provider",
        "recipient",
        "dataset",
        "request",
        "purpose",
        "snapshot",
        "clause",
        "text",
    ];
    check_view_with(FOLDER, &sample_recipients(), &names, |language, value| {
        let view: RecipientView = serde_json::from_value(value.clone()).unwrap();
        render_with(language, &sample_check(), "recipients.html", |frame| {
            render_recipients(frame, &view)
        })
    });
    let month = MonthLine {
        month: "2026-11".to_owned(),
        pages: 3,
        ..MonthLine::default()
    };
    check_view_with(FOLDER, &sample_groups(), &names, |language, value| {
        let groups: Vec<AnswerGroup> = serde_json::from_value(value.clone()).unwrap();
        render_with(
            language,
            &sample_check(),
            "recipients-2026-11-2.html",
            |frame| render_month(frame, &month, 2, &groups),
        )
    });
}

#[test]
fn any_text_of_a_contract_comes_out_as_text() {
    let names = [
        "contract", "provider", "consumer", "dataset", "page", "party", "key",
    ];
    check_view_with(FOLDER, &sample_contract(), &names, |language, value| {
        let contract: ContractEvidence = serde_json::from_value(value.clone()).unwrap();
        let list = render_with(language, &sample_check(), "contracts.html", |frame| {
            render_contract_list(frame, &[contract.clone(), contract.clone()], 4)
        });
        check_page_with(FOLDER, &list);
        render_with(language, &sample_check(), "contract-7f3a.html", |frame| {
            render_contract_evidence(frame, &contract)
        })
    });
}

#[test]
fn any_text_of_a_comparison_comes_out_as_text() {
    let names = ["consumer", "request", "provider"];
    check_view_with(FOLDER, &sample_comparisons(), &names, |language, value| {
        let views: Vec<ComparisonView> = serde_json::from_value(value.clone()).unwrap();
        render_with(language, &sample_check(), "comparison.html", |frame| {
            render_comparison(frame, &views)
        })
    });
}

#[test]
fn a_page_permits_its_own_style_sheet_and_nothing_else() {
    let text = render_with(Language::De, &sample_check(), "index.html", |frame| {
        render_verdict_page(frame)
    });
    let page = check_page_with(FOLDER, &text);
    assert!(elements(&page, "link").is_empty());
    let is_policy =
        |element: &&PageElement| element.attribute("http-equiv") == Some("Content-Security-Policy");
    let policy = page.iter().find(is_policy).unwrap();
    let policy = policy.attribute("content").unwrap();
    let style = &elements(&page, "style")[0].text;
    let digest = Digest::of(style.as_bytes());
    let before = policy
        .strip_prefix("default-src 'none'; style-src 'sha256-")
        .unwrap();
    let (encoded, after) = before.split_once('\'').unwrap();
    assert_eq!(encoded.len(), 44, "{digest}");
    assert_eq!(after, "; base-uri 'none'; form-action 'none'");
    assert!(!text.contains("style=") && !text.contains("<script"));
    // Files and program stand at the foot of the page and of each printed sheet.
    let foot = &elements(&page, "footer")[0].text;
    assert!(
        foot.contains("lindau.bundle") && foot.contains(&"ab".repeat(32)),
        "{foot}"
    );
    assert!(
        foot.contains(PROGRAM) && foot.contains("✗ Etwas stimmt nicht"),
        "{foot}"
    );
    assert!(style.contains(&"ab".repeat(32)) && style.contains("@bottom-left"));
}

#[test]
fn links_lead_from_each_page_to_the_other_languages() {
    let text = render_with(
        Language::Pt,
        &sample_check(),
        "contract-7f3a.html",
        render_findings,
    );
    let page = read_page(&text);
    let links: Vec<_> = page
        .iter()
        .filter(|element| element.attribute("hreflang").is_some())
        .map(|element| element.attribute("href").unwrap().to_owned())
        .collect();
    assert_eq!(
        links,
        [
            "../en/contract-7f3a.html",
            "../de/contract-7f3a.html",
            "../pt/contract-7f3a.html"
        ]
    );
    let current: Vec<_> = page
        .iter()
        .filter(|element| element.attribute("aria-current") == Some("true"))
        .map(|element| element.attribute("href").unwrap())
        .collect();
    assert_eq!(current, ["../pt/contract-7f3a.html", "contracts.html"]);
    for page in FolderPage::ALL {
        assert!(text.contains(&format!("href=\"{}\"", page.file_name())));
    }
}

#[test]
fn a_verdict_is_said_in_words_and_by_a_sign() {
    for (verdict, sign, word) in [
        ("good", "✓", "nothing is missing"),
        ("incomplete", "✗", "a part is missing"),
        ("not known here", "✗", "does not know"),
        ("broken", "✗", "does not hold"),
        ("a new word", "✗", "does not know"),
    ] {
        let mut check = sample_check();
        check["verdict"] = verdict.into();
        let text = render_with(Language::En, &check, "index.html", |frame| {
            render_verdict_page(frame)
        });
        let page = read_page(&text);
        assert!(elements(&page, "h1")[0].text.starts_with(sign), "{verdict}");
        assert!(elements(&page, "main")[0].text.contains(word), "{verdict}");
    }
}

#[test]
fn the_first_fault_is_named_and_a_differing_field_marked() {
    let render = |check: &Value| {
        let text = render_with(Language::En, check, "findings.html", |frame| {
            render_findings(frame)
        });
        check_page_with(FOLDER, &text)
    };
    let texts = |page: &[PageElement], name: &str| -> Vec<String> {
        let found = elements(page, name).into_iter();
        found.map(|element| element.text.clone()).collect()
    };
    let mut check = sample_check();
    let page = render(&check);
    assert_eq!(texts(&page, "h3"), ["First fault"]);
    let rows = texts(&page, "tr");
    assert!(
        rows[1].starts_with("Rows") && rows[1].contains("✗ differs"),
        "{rows:?}"
    );
    assert!(rows[2].contains("the same in both"), "{rows:?}");
    assert!(!elements(&page, "main")[0].text.contains("it differs"));
    let first = check["findings"][0].clone();
    check["findings"].as_array_mut().unwrap().insert(1, first);
    let headings = texts(&render(&check), "h3");
    assert_eq!(headings, ["First fault", "Further faults of this kind"]);
    // A part that is missing is no fault.
    check["findings"] = json!([{
        "verdict": "incomplete", "about": "receipt", "file": "x", "record": 1, "what": "it is so", "proof": [],
    }]);
    assert!(elements(&render(&check), "h3").is_empty());
}

#[test]
fn each_finding_says_its_meaning_and_whom_to_ask() {
    let subjects = [
        "record",
        "file",
        "trust",
        "document",
        "permit",
        "key_values",
        "receipt",
        "answer",
        "head",
        "time_stamp",
        "statement",
        "act",
    ];
    let mut meanings = std::collections::BTreeSet::new();
    for about in subjects {
        let mut check = sample_check();
        check["findings"] = json!([{
            "verdict": "broken", "about": about, "file": "x", "record": 1, "what": "it is so", "proof": [],
        }]);
        let text = render_with(Language::En, &check, "findings.html", |frame| {
            render_findings(frame)
        });
        let page = read_page(&text);
        let facts: Vec<_> = elements(&page, "dd")
            .iter()
            .map(|fact| fact.text.clone())
            .collect();
        assert_eq!(facts.len(), 2);
        assert!(!facts[0].contains("Something in the files"), "{about}");
        assert!(
            facts[1].contains(" the owner of the log") || facts[1].starts_with("Ask"),
            "{about}: {}",
            facts[1]
        );
        meanings.insert(facts);
    }
    assert_eq!(meanings.len(), subjects.len());
}
