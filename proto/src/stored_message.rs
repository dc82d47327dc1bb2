//! Stored messages: kind, negotiation, and bytes on disk.

use crate::envelope;
use crate::peer::message::{MessageContent, PeerMessage, from_wire, to_wire};
use crate::peer::pb;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;

/// Kind of a message that belongs to a negotiation but makes no step.
pub const COMMENT: &str = "comment";

impl MessageContent {
    /// Returns the kind of the message as one word.
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

    /// Returns the negotiation of the message's step.
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

/// Returns the stored bytes of a message.
#[must_use]
pub fn to_bytes(message: &PeerMessage) -> Vec<u8> {
    prost::Message::encode_to_vec(&to_wire(message))
}

/// Returns the stored bytes of a message after reading them as its receiver will, and as the own connector will when it reads the
/// file again.
///
/// # Errors
/// The refusal of the reader; the message must not be recorded or stored then.
pub fn to_readable_bytes(message: &PeerMessage) -> Result<Vec<u8>, Refusal> {
    let bytes = to_bytes(message);
    if from_bytes(&bytes)? != *message {
        return Err(Refusal::new(
            ErrorCode::MessageMalformed,
            "the stored message reads back differently than it was written",
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
        // The step of a proposal or signature reads its content, and the countersigning party reads a receipt.
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

/// Repairs a stored message that its reader refuses, by correcting the texts that people wrote. Returns `None` if that is not
/// enough.
#[must_use]
pub fn repair_message(bytes: &[u8]) -> Option<PeerMessage> {
    use pb::peer_message::Content as Wire;
    let mut message = <pb::PeerMessage as prost::Message>::decode(bytes).ok()?;
    if let Some(Wire::Termination(termination)) = &mut message.content {
        termination.reason = SingleLineText::from_any_text(&termination.reason)
            .as_str()
            .to_owned();
    }
    from_wire(Some(message)).ok()
}

/// Reads a stored message.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_bytes(bytes: &[u8]) -> Result<PeerMessage, Refusal> {
    let message = <pb::PeerMessage as prost::Message>::decode(bytes).map_err(|cause| {
        Refusal::new(ErrorCode::MessageMalformed, "the message can't be read").caused_by(cause)
    })?;
    from_wire(Some(message))
}
