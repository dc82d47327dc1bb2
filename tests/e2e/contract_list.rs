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
