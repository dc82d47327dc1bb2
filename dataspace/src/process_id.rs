//! Ids of negotiations and transfers.

use std::fmt;
use thiserror::Error;

/// Longest process id, in characters.
const LENGTH_LIMIT: usize = 200;

/// Stand-in for a process id that is not known, in errors (RFC 9562, section 5.9).
pub(crate) const NIL_PID: &str = "urn:uuid:00000000-0000-0000-0000-000000000000";

/// Id of a negotiation or a transfer at one party (Dataspace Protocol 2025-1, `consumerPid` and `providerPid`).
///
/// It stands in paths as it is. So it holds at most 200 characters, all of which may stand in one segment of a path without an
/// escape (RFC 3986, `pchar` without percent signs), and it is neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(String);

/// Text that is no process id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a process id has 1 to 200 characters that may stand in a path without an escape")]
pub struct ProcessIdError;

impl ProcessId {
    /// The process id with this text.
    ///
    /// # Errors
    ///
    /// For a text that can not stand in a path without an escape.
    pub fn new(text: &str) -> Result<Self, ProcessIdError> {
        let is_dots = text == "." || text == "..";
        let is_short = (1..=LENGTH_LIMIT).contains(&text.len());
        if is_short && !is_dots && text.bytes().all(may_stand_in_a_segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProcessIdError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn may_stand_in_a_segment(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

/// Ids of one process at both parties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessPids {
    /// Id at the consumer.
    pub consumer: ProcessId,
    /// Id at the provider.
    pub provider: ProcessId,
}
