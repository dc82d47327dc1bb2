//! A quota belongs to who asks and what is asked for, however many contracts there are.

use crate::binary;
use crate::later_withdrawal::set_zone;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{CommandOutput, TestParticipant};
use hansa_test_support::workflow::{number, text};

/// The first `rows` rows under this contract.
fn take(acme: &TestParticipant, contract: &str, rows: u32) -> CommandOutput {
    let sql = format!("SELECT id FROM lindau.long LIMIT {rows}");
    acme.hansa(&["sql", &sql, "--contract", contract, "--format", "csv"])
}

/// What of the quota on `what` a side says is used.
fn used(side: &TestParticipant, contract: &str, what: &str) -> i64 {
    let shown = side
        .hansa(&["--json", "contract", "show", contract])
        .must()
        .json();
    let budgets = shown["budgets"].as_array().unwrap();
    let budget = budgets.iter().find(|budget| text(budget, "what") == what);
    number(budget.unwrap(), "used")
}

#[test]
fn a_second_contract_on_a_dataset_brings_no_fresh_quota() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(
        2000,
        "rows_per_day = 1000\nbytes_per_day = \"1 GB\"\nqueries_per_day = 8\n\
         valid = { from = 2026-01-01, until = 2029-12-31 }",
    );
    let first = acme.contract("lindau.long");
    let second = acme.contract("lindau.long");
    assert_ne!(first, second);
    take(&acme, &first, 700).must();
    take(&acme, &second, 301).refused("QUOTA_ROWS", 3);
    take(&acme, &second, 200).must();
    for contract in [&first, &second] {
        assert_eq!(used(&lindau, contract, "rows"), 900);
        assert_eq!(used(&lindau, contract, "questions"), 3);
        // The one who asks has receipts for what was answered; what was refused on the way counts with its provider alone.
        assert_eq!(used(&acme, contract, "rows"), 900);
        assert!(used(&acme, contract, "questions") >= 2);
        assert!(used(&acme, contract, "bytes") > 0);
    }

    // Nor does one that is made later, nor a restart, for which everything is read from the log again.
    lindau.kill();
    std::fs::remove_file(lindau.folder().join("state/state.db")).unwrap();
    lindau.serve();
    acme.knows(&lindau);
    let third = acme.contract("lindau.long");
    assert_eq!(used(&lindau, &third, "rows"), 900);
    take(&acme, &third, 101).refused("QUOTA_ROWS", 3);
    take(&acme, &first, 100).must();
    take(&acme, &third, 1).refused("QUOTA_ROWS", 3);
    // The questions are counted together too.
    for contract in [&first, &third] {
        take(&acme, contract, 1).refused("QUOTA_ROWS", 3);
    }
    take(&acme, &second, 1).refused("QUOTA_QUERIES", 3);
}

/// Both sides read the same days: those of the zone of the dataset, or of the one that the policy names.
#[test]
fn days_of_a_quota_begin_at_midnight_of_the_zone() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    set_zone(&lindau, "America/New_York");
    lindau.offers_long(
        100,
        "queries_per_day = 1\nrows_per_day = { max = 1000, zone = \"UTC\" }\nbytes_per_day = \"1 GB\"\n\
         valid = { from = 2026-01-01, until = 2029-12-31 }",
    );
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    take(&acme, &contract, 1).must();
    let refused = take(&acme, &contract, 1).refused("QUOTA_QUERIES", 3);
    assert!(
        refused.err.contains("day (America/New_York)"),
        "{}",
        refused.err
    );
    for side in [&lindau, &acme] {
        let shown = side.hansa(&["--json", "contract", "show", &contract]);
        let shown = shown.must().json();
        for budget in shown["budgets"].as_array().unwrap() {
            let (zone, what) = (text(budget, "zone"), text(budget, "what"));
            let expect = match &what[..] {
                "rows" => "UTC",
                _ => "America/New_York",
            };
            assert_eq!(zone, expect, "{budget}");
            let until: jiff::Timestamp = text(budget, "until").parse().unwrap();
            let in_zone = jiff::tz::TimeZone::get(&zone).unwrap();
            let time = until.to_zoned(in_zone).time();
            assert_eq!(time, jiff::civil::Time::midnight(), "{budget}");
        }
        // What was signed says it, too.
        let page = side.hansa(&["contract", "show", &contract]).must().out;
        for words in ["on each day (UTC)", "America/New_York"] {
            assert!(page.contains(words), "{words} in {page}");
        }
    }
}
