//! What a verb sends back, as it travels: objects with their text for people, rows, progress, or the refusal that ends it.

use bytes::Bytes;
use hansa_policy::refusal::Refusal;
use serde_json::Value;

/// One thing that a verb sends back.
#[derive(Debug, Clone)]
pub(crate) enum CommandEvent {
    /// An object of the result, and the same facts as text for people.
    Object {
        /// The object; its field names are stable.
        data: Value,
        /// The text; may be empty.
        text: String,
    },
    /// An object of the result, and the same as a document that a program may read, exact where it goes to a file or a pipe.
    Document {
        /// The object; its field names are stable.
        data: Value,
        /// The document.
        text: String,
    },
    /// The next piece of an Arrow IPC stream.
    Rows(Bytes),
    /// How far it is.
    Progress {
        /// With what.
        label: String,
        /// Done.
        done: u64,
        /// Of so many; 0: not known.
        total: u64,
    },
    /// A result as text, where the objects before it said the same.
    Text(String),
    /// A line for people that is no result.
    Notice(String),
    /// A part of it was refused or failed; the rest goes on.
    Fault {
        /// The refusal with stable field names.
        data: Value,
        /// The same as text.
        text: String,
    },
    /// It failed; nothing follows.
    Failed(Refusal),
    /// It is done, with this exit status; nothing follows.
    Done(u8),
}
