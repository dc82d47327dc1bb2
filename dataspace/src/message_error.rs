//! Reasons for which a message is not read.

use thiserror::Error;

/// Longest part of a message that an error repeats, in characters.
const EXCERPT: usize = 80;

/// Reason for which a message of Dataspace Protocol 2025-1 is not read.
///
/// Parts of the message in the sentences are short and escaped: they end up in logs and in answers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Message over [`crate::MESSAGE_LIMIT`].
    #[error("the message is {0} bytes long, over the limit of 1 MiB")]
    TooLarge(usize),
    /// Lists and objects in each other over [`crate::DEPTH_LIMIT`].
    #[error("the message is nested deeper than 32 levels")]
    TooDeep,
    /// Name that stands twice in one object, bare or in two forms of one name.
    #[error("the member {0:?} stands twice in one object")]
    DuplicateMember(String),
    /// Bytes that are not one JSON value.
    #[error("the message is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Value that should be an object.
    #[error("{0} is not an object")]
    NotAnObject(&'static str),
    /// Absent `@context`, or one without the context of 2025-1.
    #[error("@context does not hold https://w3id.org/dspace/2025/1/context.jsonld")]
    ContextMissing,
    /// Context that is neither that of 2025-1 nor that of EDC.
    #[error("the context {0:?} is not known")]
    ContextUnknown(String),
    /// `@context` that is neither a text nor a list of texts. An object could give keywords other names.
    #[error("@context is neither a text nor a list of texts")]
    ContextShape,
    /// `@context` below the top of the message.
    #[error("@context stands below the top of the message")]
    NestedContext,
    /// Keyword of JSON-LD that would give the members around it another meaning.
    #[error("the keyword {0} is not supported")]
    KeywordUnsupported(&'static str),
    /// Message or nested object of another type.
    #[error("@type of {place} is {found:?}, not the plain name {expected}")]
    TypeUnexpected {
        /// Object with that type.
        place: &'static str,
        /// Type that is due.
        expected: &'static str,
        /// Type that stands there; empty where there is none.
        found: String,
    },
    /// Absent member that is due.
    #[error("{place} has no {member}")]
    MemberMissing {
        /// Object without it.
        place: &'static str,
        /// Name of the member.
        member: &'static str,
    },
    /// Member with a value that it can not have.
    #[error("{member} of {place} {defect}")]
    MemberInvalid {
        /// Object that has it.
        place: &'static str,
        /// Name of the member.
        member: &'static str,
        /// Rest of the sentence.
        defect: &'static str,
    },
    /// Filter of a catalogue request that is not empty.
    #[error("the filter is not supported")]
    FilterUnsupported,
    /// First message of a negotiation with the other party's process id, or a later one without; `oneOf` of the schemas.
    #[error("{0} must have either callbackAddress or the process id of the other party")]
    CallbackOrPid(&'static str),
    /// Policy with neither a permission nor a prohibition.
    #[error("{0} has neither a permission nor a prohibition")]
    PolicyEmpty(&'static str),
}

/// Short part of a text of the message, for a sentence.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}
