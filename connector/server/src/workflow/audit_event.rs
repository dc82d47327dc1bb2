//! Records that no proof type stands for: what was received, read, configured or seen.

use crate::participant::Connector;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, RecordContent};
use hansa_policy::refusal::Refusal;

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

impl Connector {
    /// Records two facts of which none is seen without the other.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL`; then nothing may be done.
    pub(crate) async fn record_both(
        &self,
        first: AuditEvent,
        second: AuditEvent,
    ) -> Result<(), Refusal> {
        let both = self.log.record_both(first, second).await;
        both.map(drop)
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))
    }
}

/// Text, or null.
pub(crate) fn maybe(value: Option<impl std::fmt::Display>) -> Json {
    value.map_or(Json::Null, Json::text)
}
