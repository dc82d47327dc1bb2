//! Records that no proof type stands for: what was received, read, configured or seen.

use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, RecordContent};

/// A record of a plain fact.
#[derive(Debug, Clone)]
pub(crate) struct AuditEvent {
    kind: &'static str,
    body: Json,
}

impl AuditEvent {
    /// The same with a member more, where there is one.
    #[must_use]
    pub(crate) fn and(mut self, name: &str, value: Option<String>) -> Self {
        if let (Json::Object(members), Some(value)) = (&mut self.body, value) {
            members.insert(name.to_owned(), Json::Text(value));
        }
        self
    }

    /// This fact with a member more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: Json) -> Self {
        if let Json::Object(members) = &mut self.body {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// A fact of this type, with these members.
    pub(crate) fn new<const N: usize>(kind: &'static str, members: [(&str, Json); N]) -> Self {
        Self {
            kind,
            body: Json::object(members),
        }
    }
}

impl Evidence for AuditEvent {
    fn entry(&self) -> RecordContent {
        RecordContent {
            kind: self.kind,
            body: self.body.clone(),
        }
    }
}

/// Text, or null.
pub(crate) fn maybe(value: Option<impl std::fmt::Display>) -> Json {
    value.map_or(Json::Null, Json::text)
}

/// The kind of the record that a rulebook was installed, or accepted with a statement.
pub(crate) const RULEBOOK: &str = "rulebook";

/// The member of a record that holds the document which it names.
pub(crate) const DOCUMENT: &str = "envelope";
