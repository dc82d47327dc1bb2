//! Reasons for which a message is not read.

use thiserror::Error;

/// Longest part of a message that an error text contains, characters.
const EXCERPT: usize = 80;

/// Reason why a message of the Dataspace Protocol 2025-1 is not accepted.
///
/// Excerpts of the message in error texts are short and escaped, since they appear in logs and in responses.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Message larger than [`crate::MESSAGE_LIMIT`].
    #[error("the message is {0} bytes long, over the limit of 1 MiB")]
    TooLarge(usize),
    /// Nesting of lists and objects deeper than [`crate::DEPTH_LIMIT`].
    #[error("the message is nested deeper than 32 levels")]
    TooDeep,
    /// Duplicate name in one object, bare or in two forms.
    #[error("the member {0:?} stands twice in one object")]
    DuplicateMember(String),
    /// Bytes that are not one JSON value.
    #[error("the message is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Value that is not an object.
    #[error("{0} is not an object")]
    NotAnObject(&'static str),
    /// Absent `@context`, or one without the context of 2025-1.
    #[error("@context does not hold https://w3id.org/dspace/2025/1/context.jsonld")]
    ContextMissing,
    /// Context that is neither that of 2025-1 nor that of EDC.
    #[error("the context {0:?} is not known")]
    ContextUnknown(String),
    /// `@context` that is neither a text nor a list of texts. An object could rename keywords.
    #[error("@context is neither a text nor a list of texts")]
    ContextShape,
    /// `@context` below the top of the message.
    #[error("@context stands below the top of the message")]
    NestedContext,
    /// Keyword of JSON-LD that would change the meaning of other members.
    #[error("the keyword {0} is not supported")]
    KeywordUnsupported(&'static str),
    /// Message or nested object of another type.
    #[error("@type of {place} is {found:?}, not the plain name {expected}")]
    TypeUnexpected {
        /// Object with the type.
        place: &'static str,
        /// Expected type.
        expected: &'static str,
        /// Actual type; empty where there is none.
        found: String,
    },
    /// Missing required member.
    #[error("{place} has no {member}")]
    MemberMissing {
        /// Object without the member.
        place: &'static str,
        /// Name of the member.
        member: &'static str,
    },
    /// Member with an invalid value.
    #[error("{member} of {place} {defect}")]
    MemberInvalid {
        /// Object with the member.
        place: &'static str,
        /// Name of the member.
        member: &'static str,
        /// Defect, as the rest of the sentence.
        defect: &'static str,
    },
    /// Filter of a catalogue request that is not empty.
    #[error("the filter is not supported")]
    FilterUnsupported,
    /// First message of a negotiation with the other party's process id, or a later one without it; `oneOf` of the schemas.
    #[error("{0} must have either callbackAddress or the process id of the other party")]
    CallbackOrPid(&'static str),
    /// Policy with neither a permission nor a prohibition.
    #[error("{0} has neither a permission nor a prohibition")]
    PolicyEmpty(&'static str),
}

/// Short excerpt of a text in the message, for a sentence.
pub(crate) fn text_excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}
