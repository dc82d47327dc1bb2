//! Records that no proof type stands for: what was received, read, configured or seen.

use evidence::json::Json;
use evidence::ledger::{Entry, Evidence};

/// A record of a plain fact.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    kind: &'static str,
    body: Json,
}

impl Fact {
    /// A fact of this type, with these members.
    pub(crate) fn new<const N: usize>(kind: &'static str, members: [(&str, Json); N]) -> Self {
        Self {
            kind,
            body: Json::object(members),
        }
    }
}

impl Evidence for Fact {
    fn entry(&self) -> Entry {
        Entry {
            kind: self.kind,
            body: self.body.clone(),
        }
    }
}

/// Text, or null.
pub(crate) fn maybe(value: Option<impl std::fmt::Display>) -> Json {
    value.map_or(Json::Null, Json::text)
}
