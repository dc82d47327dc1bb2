//! Messages as they are kept: what kind one is, what negotiation it belongs to, and its bytes on disk.

use crate::envelope;
use crate::peer::message::{MessageContent, PeerMessage, from_wire, to_wire};
use crate::peer::pb;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;

/// The kind of a message that belongs to a negotiation and is no step of it.
pub const COMMENT: &str = "comment";

impl MessageContent {
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

/// A message as its bytes are kept.
#[must_use]
pub fn to_bytes(message: &PeerMessage) -> Vec<u8> {
    prost::Message::encode_to_vec(&to_wire(message))
}

/// A message as its bytes are kept, after they were read by the rules of their reader: whoever gets it, and the own connector
/// when it reads it again.
///
/// # Errors
/// What its reader would have against it; then it must not be recorded or kept.
pub fn to_readable_bytes(message: &PeerMessage) -> Result<Vec<u8>, Refusal> {
    let bytes = to_bytes(message);
    if from_bytes(&bytes)? != *message {
        return Err(Refusal::new(
            ErrorCode::MessageMalformed,
            "the letter is read as another one than was written",
        ));
    }
    match &message.content {
        MessageContent::Comment { statement, .. } => {
            crate::statement::from_envelope::<crate::comment::CommentStatement>(statement)
                .map(drop)?
        }
        MessageContent::Withdrawal { statement } => {
            envelope::parse_withdrawal(statement).map(drop)?
        }
        MessageContent::Statement { statement } => {
            let known =
                crate::statement::from_envelope::<crate::notice::NoticeStatement>(statement)
                    .is_ok()
                    || crate::statement::from_envelope::<crate::incident::IncidentStatement>(
                        statement,
                    )
                    .is_ok();
            if !known {
                crate::statement::from_envelope::<crate::deletion::DeletionStatement>(statement)
                    .map(drop)?;
            }
        }
        // What proposes or signs is read by the step that it makes, a receipt by whoever countersigns it.
        MessageContent::Request { .. }
        | MessageContent::Offer { .. }
        | MessageContent::Acceptance { .. }
        | MessageContent::Agreement { .. }
        | MessageContent::Verification { .. }
        | MessageContent::Finalization { .. }
        | MessageContent::Termination { .. }
        | MessageContent::Acknowledgement { .. } => {}
    }
    Ok(bytes)
}

/// A message that was kept as these bytes and that its reader refuses, with what people wrote in it as it may be; none where
/// that does not mend it.
#[must_use]
pub fn repair_message(bytes: &[u8]) -> Option<PeerMessage> {
    use pb::letter::Content as Wire;
    let mut message = <pb::Letter as prost::Message>::decode(bytes).ok()?;
    if let Some(Wire::Termination(termination)) = &mut message.content {
        termination.reason = SingleLineText::from_any_text(&termination.reason)
            .as_str()
            .to_owned();
    }
    from_wire(Some(message)).ok()
}

/// The message that was kept as these bytes.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_bytes(bytes: &[u8]) -> Result<PeerMessage, Refusal> {
    let message = <pb::Letter as prost::Message>::decode(bytes).map_err(|cause| {
        Refusal::new(ErrorCode::MessageMalformed, "the letter can't be read").caused_by(cause)
    })?;
    from_wire(Some(message))
}
