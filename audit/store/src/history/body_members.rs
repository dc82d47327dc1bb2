//! The members of a record's body.

use hansa_audit_log::json::Json;

/// A text, if there is one that is not empty.
pub(super) fn text(body: &Json, name: &str) -> Option<String> {
    let text = body.get(name)?.as_text()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A count.
pub(super) fn count(body: &Json, name: &str) -> Option<u64> {
    body.get(name)?.as_count()
}

/// A list of texts.
pub(super) fn names(body: &Json, name: &str) -> Vec<String> {
    list(body, name)
        .iter()
        .filter_map(Json::as_text)
        .map(str::to_owned)
        .collect()
}

/// A list.
pub(super) fn list<'a>(body: &'a Json, name: &str) -> &'a [Json] {
    body.get(name).and_then(Json::as_list).unwrap_or_default()
}
