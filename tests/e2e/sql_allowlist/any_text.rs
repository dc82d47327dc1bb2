//! The allowlist of SQL as a reader of foreign bytes: any text is a plan over the view, or a refusal that says why.

use arrow_schema::{DataType, Field, Schema, TimeUnit};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::{QueryView, ViewShape, ViewTable};
use hansa_policy::refusal::ErrorCode;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::plan_query;
use std::sync::Arc;

/// What is wrong with what becomes of a statement, if anything is.
pub(crate) fn sql(bytes: &[u8]) -> Result<(), String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    match plan_query(
        text,
        &view(),
        &SqlStatementLimits::default(),
        UtcTimestamp::EARLIEST,
    ) {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.code == ErrorCode::Internal => {
            Err(format!("an inner fault: {refusal}"))
        }
        Err(refusal) if refusal.sentence.is_empty() => Err("a refusal without a reason".to_owned()),
        Err(_) => Ok(()),
    }
}

fn view() -> QueryView {
    let at = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Arc::new(Schema::new(vec![
        Field::new("trip_id", DataType::Utf8, false),
        Field::new("district", DataType::Utf8, true),
        Field::new("started_at", at, true),
        Field::new("fare", DataType::Int64, true),
        Field::new("lon", DataType::Float64, true),
    ]));
    let dataset = "hansa://lindau.example/d/trips".parse().expect("a dataset");
    let table = ViewTable {
        dataset,
        contract: None,
        stored: Arc::clone(&schema),
        shape: ViewShape::Rows(schema),
    };
    QueryView::new([("trips".parse().expect("a name"), table)].into())
}
