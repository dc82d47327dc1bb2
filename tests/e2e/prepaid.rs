//! What was paid beforehand, over processes: spent to the last row, also when the connector is killed in mid-stream.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text};
use serde_json::Value;

/// In thousandths of a euro, which is what a row costs.
fn thousandths(value: &Value, name: &str) -> i64 {
    let euros: f64 = text(value, name).parse().unwrap();
    (euros * 1000.0).round() as i64
}

fn prepaid(city: &TestParticipant, contract: &str) -> Value {
    let output = city.hansa(&["--json", "contract", "show", contract]);
    output.must().json()["prepaid"].clone()
}

#[test]
fn what_was_paid_is_spent_and_no_row_more() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let price = "{ amount = 0.001, currency = \"EUR\", per = \"row\", prepaid = 100 }";
    lindau.offers_long(150_000, &format!("{ALL}\nprice = {price}"));
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    let reader = acme.begins();
    lindau.kill();
    drop(reader);
    lindau.serve();
    acme.knows(&lindau);
    // Of the answer that was killed nobody knows what left: all that was reserved counts.
    let reserved: i64 = lindau
        .records("progress")
        .iter()
        .filter_map(|record| record["body"]["charges"].as_array().cloned())
        .flatten()
        .map(|charge| number(&charge, "count"))
        .sum();
    let before = prepaid(&lindau, &contract);
    assert!(reserved > 0);
    assert_eq!(thousandths(&before, "spent"), reserved);

    let closes = lindau.records("close").len();
    let cut = acme.ask("SELECT * FROM lindau.long");
    assert!(cut.err.contains("PREPAID_SPENT"), "{}", cut.err);
    let close = lindau.records("close").remove(closes);
    let spent = thousandths(&prepaid(&lindau, &contract), "spent");
    assert_eq!(spent, reserved + number(&close["body"], "rows"));
    assert!(spent <= 100_000, "{spent}");
    // An amendment finds what was spent before.
    let request = ["--json", "contract", "request", "lindau.long", "--sign"];
    let amended = acme.hansa(&[&request[..], &["--replaces", &contract]].concat());
    let amended = text(&amended.must().json(), "contract");
    assert_eq!(thousandths(&prepaid(&lindau, &amended), "spent"), spent);
    lindau.hansa(&["contract", "top-up", &amended, "50"]).must();
    acme.ask("SELECT * FROM lindau.long LIMIT 40000").must();
    let left = prepaid(&lindau, &amended);
    assert_eq!(thousandths(&left, "paid"), 150_000);
    assert_eq!(thousandths(&left, "spent"), spent + 40_000);
    let args = ["--json", "contract", "usage", &amended];
    let usage = lindau.hansa(&args).must().json()["usage"].clone();
    assert_eq!(usage["prepaid"]["spent"], left["spent"]);
    assert_eq!(usage["lines"].as_array().unwrap().len(), 2);
    lindau.verifies();
}
