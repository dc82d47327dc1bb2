//! Values of one participant that went out in a question to another.

use super::body_members::{count, text};
use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// A list of values that was sent to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysSent {
    /// Where the question stands with which they went.
    pub index: u64,
    /// When.
    pub at: UtcTimestamp,
    /// The question.
    pub request: String,
    /// To whom.
    pub peer: String,
    /// The datasets of which they tell something.
    pub of: Vec<KeySource>,
}

/// A dataset of which values tell something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySource {
    /// Which.
    pub dataset: String,
    /// Under which contract they had come; none of own data.
    pub contract: Option<String>,
    /// The clause that lets them; none where they went back to whose they are.
    pub clause: Option<u64>,
    /// Of which column; none where the dataset only had a part in which values there were.
    pub column: Option<String>,
}

/// The questions of the log's owner to others, as far as values went with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteQueries {
    /// What went, in order.
    pub keys_sent: Vec<KeysSent>,
    /// Where each contract was first asked under.
    pub asked: BTreeMap<String, u64>,
}

impl RemoteQueries {
    /// A question before it was sent.
    pub(super) fn sent(&mut self, record: &Record) {
        let body = &record.body;
        for list in lists(body) {
            let of = list.get("of").and_then(Json::as_list).unwrap_or_default();
            self.keys_sent.push(KeysSent {
                index: record.seq,
                at: record.at,
                request: text(body, "request_id").unwrap_or_default(),
                peer: text(body, "peer").unwrap_or_default(),
                of: of.iter().map(key_source).collect(),
            });
        }
        for contract in super::body_members::names(body, "contracts") {
            self.asked.entry(contract).or_insert(record.seq);
        }
    }

    /// A question of which nothing came: values in one that did not go were sent to nobody.
    pub(super) fn failed(&mut self, record: &Record) {
        if record.body.get("sent").and_then(Json::as_bool) == Some(false) {
            let request = text(&record.body, "request_id").unwrap_or_default();
            let peer = text(&record.body, "peer").unwrap_or_default();
            self.keys_sent
                .retain(|one| one.request != request || one.peer != peer);
        }
    }
}

fn key_source(one: &Json) -> KeySource {
    KeySource {
        dataset: text(one, "dataset").unwrap_or_default(),
        contract: text(one, "contract"),
        clause: count(one, "clause"),
        column: text(one, "column"),
    }
}

fn lists(body: &Json) -> &[Json] {
    body.get("keys").and_then(Json::as_list).unwrap_or_default()
}

/// A member of each dataset of which values go out with a question.
pub(crate) fn named<'a>(body: &'a Json, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = lists(body).iter();
    let all = all.flat_map(|list| list.get("of").and_then(Json::as_list).unwrap_or_default());
    all.filter_map(move |one| one.get(name)?.as_text())
}
