//! Looks of people at what the console shows only after a record: texts beside the log, persons behind pseudonyms, rows about persons.

use crate::console::{SignedInPerson, pseudonym_of};
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use hansa_audit_log::record::console::ConsoleViewRecord;
use hansa_policy::refusal::Refusal;

/// Content that is shown only after a record of the look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardedContent {
    /// Text of a question.
    Question,
    /// Text of a reason.
    Reason,
    /// Person behind a pseudonym.
    Person,
    /// Rows of the source of a dataset about persons.
    Sample,
    /// Profile of a dataset about persons.
    Profile,
}

impl GuardedContent {
    /// Word of the content in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Reason => "reason",
            Self::Person => "person",
            Self::Sample => "sample",
            Self::Profile => "profile",
        }
    }
}

/// Proof that a look is recorded. Only [`record_look`] makes one.
#[derive(Debug)]
pub struct RecordedLook(u64);

impl RecordedLook {
    /// Number of the record.
    pub const fn record(&self) -> u64 {
        self.0
    }
}

/// Records a look before its page is made.
///
/// # Errors
/// Why it can't be recorded; then nothing must be shown.
pub async fn record_look(
    connector: &Connector,
    person: &SignedInPerson,
    content: GuardedContent,
    subject: &str,
) -> Result<RecordedLook, Refusal> {
    let record = ConsoleViewRecord {
        actor: pseudonym_of(connector, &person.person)?,
        content: content.as_str().to_owned(),
        subject: subject.to_owned(),
    };
    // INVARIANT: console-look. The record is durable before a byte of the content is read.
    let recorded = connector.record(AuditEvent::from(record)).await?;
    Ok(RecordedLook(recorded.receipt().index()))
}
