//! Values of one participant that went out in a question to another.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{self, NotReceivedRecord, RemoteQueryRecord};
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
    pub(super) fn add_query(&mut self, record: &Record, query: RemoteQueryRecord) {
        for keys in query.keys {
            self.keys_sent.push(KeysSent {
                index: record.seq,
                at: record.at,
                request: query.request_id.clone(),
                peer: query.peer.clone(),
                of: keys.of.into_iter().map(KeySource::from).collect(),
            });
        }
        for contract in query.contracts {
            self.asked.entry(contract).or_insert(record.seq);
        }
    }

    /// A question of which nothing came: values in one that did not go were sent to nobody.
    pub(super) fn remove_unsent_keys(&mut self, end: &NotReceivedRecord) {
        if end.sent == Some(false) {
            self.keys_sent
                .retain(|one| one.request != end.request_id || one.peer != end.peer);
        }
    }
}

impl From<answers::KeySource> for KeySource {
    fn from(source: answers::KeySource) -> Self {
        Self {
            dataset: source.dataset,
            contract: source.contract,
            clause: source.clause.map(u64::from),
            column: source.column,
        }
    }
}
