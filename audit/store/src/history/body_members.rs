//! The members of a record's body.

use super::{AnswerEnd, DatasetRead, ObservedHead, ReceivedAnswer};
use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;

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

/// What a permit grants, with the snapshots that were read.
pub(super) fn reads(body: &Json) -> Vec<DatasetRead> {
    let said = |dataset: &str, name: &str| {
        let found = list(body, "datasets")
            .iter()
            .find(|one| text(one, "id").as_deref() == Some(dataset));
        found.and_then(|one| text(one, name))
    };
    list(body, "grants")
        .iter()
        .map(|grant| {
            let dataset = text(grant, "dataset").unwrap_or_default();
            DatasetRead {
                snapshot: said(&dataset, "snapshot"),
                after: said(&dataset, "after"),
                as_of: text(body, "as_of").and_then(|at| at.parse().ok()),
                contract: text(grant, "contract"),
                grant: text(grant, "grant_hash").unwrap_or_default(),
                clauses: list(grant, "clauses_applied")
                    .iter()
                    .filter_map(Json::as_count)
                    .collect(),
                relied_on: names(grant, "relied_on"),
                guard: text(grant, "guard"),
                dataset,
            }
        })
        .collect()
}

/// How an answer ended.
pub(super) fn end(record: &Record) -> AnswerEnd {
    let body = &record.body;
    AnswerEnd {
        index: record.seq,
        at: record.at,
        outcome: text(body, "outcome").unwrap_or_default(),
        code: text(body, "code"),
        rows: count(body, "rows"),
        bytes: count(body, "bytes"),
        digest: text(body, "result_digest").unwrap_or_default(),
    }
}

/// What came, and from whom.
pub(super) fn received(record: &Record) -> ReceivedAnswer {
    let body = &record.body;
    ReceivedAnswer {
        request: text(body, "request_id").unwrap_or_default(),
        index: record.seq,
        at: record.at,
        peer: text(body, "peer").unwrap_or_default(),
        rows: count(body, "rows").unwrap_or_default(),
        bytes: count(body, "bytes").unwrap_or_default(),
        digest: text(body, "result_digest").unwrap_or_default(),
        outcome: text(body, "outcome").unwrap_or_default(),
        receipt: text(body, "receipt"),
    }
}

/// A signed head, and whose log or cosignature it is.
pub(super) fn observed_head(record: &Record) -> ObservedHead {
    let body = &record.body;
    ObservedHead {
        index: record.seq,
        peer: text(body, "peer").unwrap_or_default(),
        note: text(body, "note").unwrap_or_default(),
    }
}
