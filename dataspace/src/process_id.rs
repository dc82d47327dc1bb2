//! Ids of negotiations and transfers.

use std::fmt;
use thiserror::Error;

/// Longest process id, in characters.
const LENGTH_LIMIT: usize = 200;

/// Placeholder for an unknown process id, in errors (RFC 9562, section 5.9).
pub(crate) const NIL_PID: &str = "urn:uuid:00000000-0000-0000-0000-000000000000";

/// Id of a negotiation or a transfer at one party (Dataspace Protocol 2025-1, `consumerPid` and `providerPid`).
///
/// It is a path segment without escaping. So it has at most 200 characters, all of them permitted in a segment (RFC 3986, `pchar`
/// without percent signs), and is neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(String);

/// Error of a text that is not a process id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a process id has 1 to 200 characters that may stand in a path without an escape")]
pub struct ProcessIdError;

impl ProcessId {
    /// Process id with this text.
    ///
    /// # Errors
    ///
    /// For a text that is not a valid path segment without escaping.
    pub fn new(text: &str) -> Result<Self, ProcessIdError> {
        let is_dots = text == "." || text == "..";
        let is_short = (1..=LENGTH_LIMIT).contains(&text.len());
        if is_short && !is_dots && text.bytes().all(may_stand_in_a_segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProcessIdError)
        }
    }

    /// Text of the id.
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
    /// Process id at the consumer.
    pub consumer: ProcessId,
    /// Process id at the provider.
    pub provider: ProcessId,
}
