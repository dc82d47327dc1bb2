//! Tests: prohibitions of a contract, from its policy file to the answer.

use crate::participant::testing::{
    DAY, TERMS, TestFederation, ask_for_bikes, make_contract, record_text, records_of_kind,
    verified_caller,
};
use hansa_audit_log::json::Json;
use hansa_policy::refusal::ErrorCode;

/// Number of rows that are answered after `days`, or the refusal code.
async fn answered(more: &str, days: i64) -> Result<i64, ErrorCode> {
    let mut federation = TestFederation::new();
    federation.settle_two(&format!("{TERMS}{more}"), TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    federation.advance_time(days * DAY);
    let who = verified_caller(&provider, "acme");
    if let Err(code) = ask_for_bikes(&provider, who, &[contract]).await {
        let refused = records_of_kind(&provider, "refuse").pop().unwrap();
        assert_eq!(record_text(&refused, "code"), code.as_str());
        return Err(code);
    }
    let close = records_of_kind(&provider, "close").pop().unwrap();
    match close.body.get("rows") {
        Some(Json::Int(rows)) => Ok(*rows),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_refused_where_a_prohibition_holds() {
    let later = "prohibit = [{ from = 2026-06-02T00:00:00Z }]\n";
    assert_eq!(answered(later, 0).await, Ok(2));
    assert_eq!(answered(later, 1).await, Err(ErrorCode::Prohibited));
}

#[tokio::test(flavor = "multi_thread")]
async fn prohibited_rows_are_not_there() {
    let rows = "prohibit = [{ rows = \"site = 'Hafen'\" }]\n";
    assert_eq!(answered(rows, 0).await, Ok(1));
    // With a start date, the rows are visible until then.
    let later = "prohibit = [{ rows = \"site = 'Hafen'\", from = 2026-06-02T00:00:00Z }]\n";
    assert_eq!(answered(later, 0).await, Ok(2));
    assert_eq!(answered(later, 1).await, Ok(1));
}
