//! The members of a record's body.

use super::Read;
use evidence::json::Json;

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

fn list<'a>(body: &'a Json, name: &str) -> &'a [Json] {
    body.get(name).and_then(Json::as_list).unwrap_or_default()
}

/// What a permit grants, with the snapshots that were read.
pub(super) fn reads(body: &Json) -> Vec<Read> {
    let snapshot = |dataset: &str| {
        let found = list(body, "datasets")
            .iter()
            .find(|one| text(one, "id").as_deref() == Some(dataset));
        found.and_then(|one| text(one, "snapshot"))
    };
    list(body, "grants")
        .iter()
        .map(|grant| {
            let dataset = text(grant, "dataset").unwrap_or_default();
            Read {
                snapshot: snapshot(&dataset),
                contract: text(grant, "contract"),
                grant: text(grant, "grant_hash").unwrap_or_default(),
                clauses: list(grant, "clauses_applied")
                    .iter()
                    .filter_map(Json::as_count)
                    .collect(),
                dataset,
            }
        })
        .collect()
}
