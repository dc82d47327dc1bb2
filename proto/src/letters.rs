//! Letters as they are kept: what kind one is, what negotiation it belongs to, and its bytes on disk.

use crate::peer::letter::{Content, Letter, from_wire, to_wire};
use crate::peer::pb;
use policy::refusal::{Code, Refusal};

/// The kind of a letter that belongs to a negotiation and is no step of it.
pub const COMMENT: &str = "comment";

impl Content {
    /// What it is, in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::Offer { .. } => "offer",
            Self::Acceptance { .. } => "acceptance",
            Self::Agreement { .. } => "agreement",
            Self::Verification { .. } => "verification",
            Self::Finalization { .. } => "finalization",
            Self::Termination { .. } => "termination",
            Self::Comment { .. } => COMMENT,
            Self::Statement { .. } => "statement",
            Self::Withdrawal { .. } => "withdrawal",
            Self::Acknowledgement { .. } => "acknowledgement",
        }
    }

    /// The negotiation that it is a step of.
    #[must_use]
    pub fn negotiation(&self) -> Option<&str> {
        match self {
            Self::Request { negotiation, .. }
            | Self::Offer { negotiation, .. }
            | Self::Acceptance { negotiation, .. }
            | Self::Agreement { negotiation, .. }
            | Self::Verification { negotiation, .. }
            | Self::Finalization { negotiation, .. }
            | Self::Termination { negotiation, .. }
            | Self::Comment { negotiation, .. } => Some(negotiation),
            Self::Statement { .. } | Self::Withdrawal { .. } | Self::Acknowledgement { .. } => None,
        }
    }
}

/// A letter as its bytes are kept.
#[must_use]
pub fn to_bytes(letter: &Letter) -> Vec<u8> {
    prost::Message::encode_to_vec(&to_wire(letter))
}

/// The letter that was kept as these bytes.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_bytes(bytes: &[u8]) -> Result<Letter, Refusal> {
    let message = <pb::Letter as prost::Message>::decode(bytes)
        .map_err(|_| Refusal::new(Code::MessageMalformed, "the letter can't be read"))?;
    from_wire(Some(message))
}
