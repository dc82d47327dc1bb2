//! Tests: prohibitions of a contract, from its policy file to the answer.

use crate::participant::testing::{
    DAY, TERMS, TestFederation, agree, ask, caller, record_text, records,
};
use hansa_audit_log::json::Json;
use hansa_policy::refusal::ErrorCode;

/// Number of rows that are answered after `days`, or the refusal code.
async fn answered(more: &str, days: i64) -> Result<i64, ErrorCode> {
    let mut federation = TestFederation::new();
    federation.settle_two(&format!("{TERMS}{more}"), TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = agree(&provider, &consumer).await;
    federation.pass(days * DAY);
    let who = caller(&provider, "acme");
    if let Err(code) = ask(&provider, who, &[contract]).await {
        let refused = records(&provider, "refuse").pop().unwrap();
        assert_eq!(record_text(&refused, "code"), code.as_str());
        return Err(code);
    }
    let close = records(&provider, "close").pop().unwrap();
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
