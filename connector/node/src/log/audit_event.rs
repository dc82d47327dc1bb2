//! Records of plain facts without a proof type: received, read, configured or seen data.

use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;

/// Record of a plain fact.
#[derive(Debug, Clone)]
pub struct AuditEvent(RecordBody);

impl<B: Into<RecordBody>> From<B> for AuditEvent {
    fn from(body: B) -> Self {
        Self(body.into())
    }
}

impl Evidence for AuditEvent {
    fn to_record_body(&self) -> RecordBody {
        self.0.clone()
    }
}

/// Formats values as records write them.
pub fn list_texts<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

/// Formats an optional value as records write it.
pub fn optional_text(value: Option<impl std::fmt::Display>) -> Option<String> {
    value.map(|value| value.to_string())
}
