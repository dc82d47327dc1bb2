//! Records of passkeys, and of acts at the console, of one log.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{ConfigurationBody, RecordBody};
use hansa_audit_log::record::console::{ConsoleActRecord, ConsolePasskeyRecord};
use hansa_audit_log::time::UtcTimestamp;

/// Records of passkeys and acts, in the order of the log.
#[derive(Debug, Default)]
pub(crate) struct PasskeyRecords(pub(crate) Vec<PasskeyEvent>);

/// Record of a passkey or an act.
#[derive(Debug)]
pub(crate) struct PasskeyEvent {
    /// Number of the record.
    pub(crate) index: u64,
    /// Time of the record.
    pub(crate) at: UtcTimestamp,
    /// Content of the record.
    pub(crate) body: PasskeyEventBody,
}

/// Content of a record of a passkey or an act.
#[derive(Debug)]
pub(crate) enum PasskeyEventBody {
    /// Passkey that was added or removed.
    Change(ConsolePasskeyRecord),
    /// Act of a person.
    Act(ConsoleActRecord),
}

impl PasskeyRecords {
    /// Adds a record, if it is about a passkey or an act at the console.
    pub(crate) fn add_record(&mut self, record: &Record, body: &RecordBody) {
        let body = match body {
            RecordBody::Configuration(ConfigurationBody::ConsolePasskey(change)) => {
                PasskeyEventBody::Change((**change).clone())
            }
            RecordBody::Configuration(ConfigurationBody::ConsoleAct(act)) => {
                PasskeyEventBody::Act((**act).clone())
            }
            _ => return,
        };
        self.0.push(PasskeyEvent {
            index: record.seq,
            at: record.at,
            body,
        });
    }
}
