//! Values of one participant that went out in a question to another.

use super::parts::{count, text};
use evidence::json::Json;
use evidence::record::Record;
use evidence::time::Time;

/// Values of a dataset, sent to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// Where the question stands with which they went.
    pub index: u64,
    /// When.
    pub at: Time,
    /// To whom.
    pub peer: String,
    /// Of which dataset.
    pub dataset: String,
    /// Under which contract they had come; none of own data.
    pub contract: Option<String>,
    /// The clause that lets them; none where they went back to whose they are.
    pub clause: Option<u64>,
    /// Of which column; none where the dataset only had a part in which values there were.
    pub column: Option<String>,
}

impl Lent {
    pub(super) fn all(record: &Record) -> Vec<Self> {
        let peer = text(&record.body, "peer").unwrap_or_default();
        let keys = record.body.get("keys").and_then(Json::as_list);
        let keys = keys.unwrap_or_default().iter();
        keys.map(|one| Self {
            index: record.seq,
            at: record.at,
            peer: peer.clone(),
            dataset: text(one, "dataset").unwrap_or_default(),
            contract: text(one, "contract"),
            clause: count(one, "clause"),
            column: text(one, "column"),
        })
        .collect()
    }
}
