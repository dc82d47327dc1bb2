//! Whoever has several contracts sees which is which: its title, what it lets out, and who ended it and why.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text, wait_for};
use serde_json::Value;
use std::time::Duration;

#[test]
fn contracts_are_told_apart_by_their_titles() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200, ALL);
    lindau.offers(
        "long",
        "numbers",
        "columns = [\"id\"]",
        "\"league\"",
        "auto",
    );
    lindau.hansa(&["reload"]).must();
    let whole = acme.contract_on("lindau.long", "all");
    let numbers = acme.contract_on("lindau.long", "numbers");
    let asked = acme.ask("SELECT count(*) FROM lindau.long");
    let asked = asked.refused("CONTRACT_AMBIGUOUS", 2);
    for title in ["\\\"all\\\" (rows)", "\\\"numbers\\\" (rows)"] {
        assert!(asked.err.contains(title), "{title}: {}", asked.err);
    }

    let end = [
        "--yes",
        "contract",
        "withdraw",
        &whole,
        "--reason",
        "the columns were too many",
    ];
    lindau.hansa(&end).must();
    for city in [&lindau, &acme] {
        let listed = |contract: &str| -> Value {
            let lines = city.hansa(&["--json", "contract", "list"]).must().lines();
            let mut all = lines.into_iter();
            all.find(|line| text(line, "contract") == contract).unwrap()
        };
        let ended = wait_for("the end is told", Duration::from_secs(30), || {
            Some(listed(&whole)).filter(|one| text(one, "state") == "withdrawn")
        });
        assert_eq!(text(&ended, "title"), "all", "{ended}");
        assert_eq!(text(&ended["ended"], "by"), "lindau.example", "{ended}");
        let why = text(&ended["ended"], "reason");
        assert_eq!(why, "the columns were too many", "{ended}");
        let open = listed(&numbers);
        assert_eq!(text(&open, "title"), "numbers", "{open}");
        assert_eq!(text(&open, "kind"), "rows", "{open}");
        assert!(open["ended"].is_null(), "{open}");
        let table = city.hansa(&["contract", "list"]).must().out;
        for part in ["TITLE", "numbers", "by lindau.example", "too many"] {
            assert!(table.contains(part), "{part}: {table}");
        }
    }
}

#[test]
fn a_list_is_read_page_by_page_without_the_post() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(20, ALL);
    for (policy, most, sign) in [("b", 7, "auto"), ("c", 8, "auto"), ("d", 9, "officer")] {
        let terms = format!("queries_per_day = {most}\n{ALL}");
        lindau.offers("long", policy, &terms, "\"league\"", sign);
    }
    lindau.hansa(&["reload"]).must();
    for policy in ["all", "b", "c"] {
        let _ = acme.contract_on("lindau.long", policy);
    }
    let ask = [
        "contract",
        "request",
        "lindau.long",
        "--offer",
        "d",
        "--sign",
    ];
    acme.hansa(&ask).must();
    let list = |city: &hansa_test_support::participant::TestParticipant, more: &[&str]| {
        let args = [
            &["--json", "contract", "list", "--as-known", "--brief"],
            more,
        ]
        .concat();
        city.hansa(&args).must().lines()
    };
    let id = |line: &Value| match line["contract"].as_str() {
        Some(contract) => contract.to_owned(),
        None => text(line, "negotiation"),
    };
    let all: Vec<String> = list(&lindau, &[]).iter().map(id).collect();
    assert_eq!(all.len(), 4, "{all:?}");
    // Pages of one, each behind the last, are the list.
    let mut paged: Vec<String> = Vec::new();
    loop {
        let page = match paged.last() {
            None => list(&lindau, &["--limit", "1"]),
            Some(last) => list(&lindau, &["--limit", "1", "--after", last]),
        };
        let Some(one) = page.first() else { break };
        assert!(one["terms"].is_null(), "{one}");
        paged.push(id(one));
    }
    assert_eq!(paged, all);
    let count = |more: &[&str]| list(&lindau, more).len();
    assert_eq!(count(&["--needs-me"]), 1, "{:#?}", list(&lindau, &[]));
    assert_eq!(count(&["--state", "in-force"]), 3);
    assert_eq!(count(&["--state", "requested"]), 1);
    assert_eq!(count(&["--with", "ACME"]), 4);
    assert_eq!(count(&["--with", "acme", "--text", "b"]), 1);
    assert_eq!(count(&["--dataset", "lon"]), 0);
    assert_eq!(count(&["--dataset", "long", "--state", "in force"]), 3);
    lindau
        .hansa(&["contract", "list", "--after", "7f3a"])
        .refused("USAGE", 2);
    // Terms are compared: the whole table beside one column of it.
    let of = |title: &str| {
        let found = list(&lindau, &["--text", title, "--state", "in-force"]);
        let one = found.iter().find(|line| text(line, "title") == title);
        text(one.unwrap(), "contract")
    };
    let (whole, column) = (of("all"), of("b"));
    let open = text(&list(&lindau, &["--needs-me"])[0], "negotiation");
    for (old, new, verdict) in [
        (&whole, &column, "tighter"),
        (&column, &whole, "looser"),
        (&column, &column, "same"),
        (&whole, &open, "tighter"),
    ] {
        let found = lindau.hansa(&["--json", "contract", "diff", old, new]);
        let found = found.must().json();
        assert_eq!(text(&found, "verdict"), verdict, "{found}");
        let has_changes = !found["changes"].as_array().unwrap().is_empty();
        assert_eq!(has_changes, verdict != "same", "{found}");
    }
    // Nobody is asked: what the firm knows is told at once, though the city is away.
    lindau.kill();
    let held = list(&acme, &["--state", "in-force", "--limit", "1"]);
    let shown = acme
        .hansa(&["contract", "show", "--as-known", &id(&held[0])])
        .must();
    assert!(!shown.err.contains("not reached"), "{}", shown.err);
    let listed = acme.hansa(&["contract", "list", "--as-known"]).must();
    assert!(!listed.err.contains("not reached"), "{}", listed.err);
    let asked = acme.hansa(&["contract", "list"]).must();
    assert!(asked.err.contains("not reached"), "{}", asked.err);
}
