//! A record as an object, and as a line of a table.

use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;
use serde_json::Value;

/// What stands over the cells of a record.
pub(super) const HEADER: [&str; 7] = ["NO", "TIME", "TYPE", "WITH", "WHAT", "ROWS", "OUTCOME"];

/// A record as it stands in the log.
pub(super) fn record_json(record: &Record) -> Value {
    serde_json::from_slice(&record.to_bytes()).unwrap_or(Value::Null)
}

/// What most people want to know of a record.
pub(super) fn record_cells(record: &Record) -> Vec<String> {
    let first = |names: &[&str]| names.iter().find_map(|name| record_field(record, name));
    let with = first(&["peer", "consumer", "party"]).unwrap_or_default();
    let what = listed_dataset_names(record).unwrap_or_else(|| {
        first(&["dataset", "what", "kind", "event", "path"])
            .map(|what| last_segment(&what).to_owned())
            .unwrap_or_default()
    });
    vec![
        record.seq.to_string(),
        record.at.to_string().chars().take(19).collect(),
        record.kind.clone(),
        with.trim_start_matches("hansa://").to_owned(),
        what,
        record_field(record, "rows").unwrap_or_default(),
        first(&["code", "outcome", "state", "purpose"]).unwrap_or_default(),
    ]
}

/// A text or number of a record's body, as text.
pub(super) fn record_field(record: &Record, name: &str) -> Option<String> {
    match record.body.get(name) {
        Some(Json::Text(text)) => Some(text.clone()),
        Some(Json::Int(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// The names of the datasets that a record lists.
fn listed_dataset_names(record: &Record) -> Option<String> {
    let listed = record.body.get("datasets")?.as_list()?;
    let names: Vec<&str> = listed
        .iter()
        .filter_map(|dataset| dataset.get("id")?.as_text())
        .map(last_segment)
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What stands behind the last slash.
fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
