//! Records that no proof type stands for: what was received, read, configured or seen.

use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;

/// A record of a plain fact.
#[derive(Debug, Clone)]
pub struct AuditEvent(RecordBody);

impl<B: Into<RecordBody>> From<B> for AuditEvent {
    fn from(body: B) -> Self {
        Self(body.into())
    }
}

impl Evidence for AuditEvent {
    fn entry(&self) -> RecordBody {
        self.0.clone()
    }
}

/// Values as records write them.
pub fn list_texts<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

/// A value as records write it, where there is one.
pub fn maybe(value: Option<impl std::fmt::Display>) -> Option<String> {
    value.map(|value| value.to_string())
}
