//! Key values of one participant that were sent in a question to another.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{self, NotReceivedRecord, RemoteQueryRecord};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// List of key values sent to a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysSent {
    /// Place of the question's record.
    pub index: u64,
    /// Time of the question.
    pub at: UtcTimestamp,
    /// Identity of the question.
    pub request: String,
    /// Recipient of the values.
    pub peer: String,
    /// Datasets about which the values disclose something.
    pub of: Vec<KeySource>,
}

/// Dataset about which values disclose something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySource {
    /// Identity of the dataset.
    pub dataset: String,
    /// Contract under which the values were received; none for own data.
    pub contract: Option<String>,
    /// Clause that permits the transfer; none where the values went back to their owner.
    pub clause: Option<u64>,
    /// Column of the values; none where the dataset only influenced the list of values.
    pub column: Option<String>,
}

/// Questions of the log's owner to others, with the sent values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteQueries {
    /// Sent values, in order.
    pub keys_sent: Vec<KeysSent>,
    /// Place of the first question under each contract.
    pub asked: BTreeMap<String, u64>,
}

impl RemoteQueries {
    /// Adds a question that is about to be sent.
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

    /// Removes the values of a question that was not sent.
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
