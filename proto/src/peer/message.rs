//! Message between two participants: a step of a negotiation, a withdrawal, or the acknowledgement of a receipt.
//!
//! Contracts, statements and receipts are sent as the signed bytes; other modules parse them.

pub mod compact_ack;
mod content_encoding;

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_policy::id::{ContractId, DatasetId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;

/// Message between two participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerMessage {
    /// Identity of the message. A message is taken in once.
    pub id: PeerMessageId,
    /// Content of the message.
    pub content: MessageContent,
}

/// Identity of 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerMessageId(pub [u8; 16]);

impl fmt::Display for PeerMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Message with its number in the sender's outbox for this participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencedMessage {
    /// Number from 1, without gaps.
    pub number: u64,
    /// The message.
    pub message: PeerMessage,
}

/// Item of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxItem {
    /// Readable message.
    Message(SequencedMessage),
    /// Unreadable message. It must not block the next one.
    Unreadable(UnreadableMessage),
}

impl InboxItem {
    /// Number in the sender's outbox.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::Message(numbered) => numbered.number,
            Self::Unreadable(unreadable) => unreadable.number,
        }
    }
}

/// Unreadable message, to be stored separately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableMessage {
    /// Number from 1, without gaps.
    pub number: u64,
    /// Bytes as received.
    pub bytes: Vec<u8>,
    /// Reason why it is unreadable.
    pub cause: Refusal,
}

/// Content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageContent {
    /// The consumer requests a contract, or makes a counter-request.
    Request {
        /// ID of the negotiation, `n-…`.
        negotiation: String,
        /// Requested dataset.
        dataset: DatasetId,
        /// Provider's name of the offer; absent for own terms.
        offer: Option<String>,
        /// Payload of the contract that the consumer proposes.
        payload: Bytes,
    },
    /// The provider makes an offer.
    Offer {
        /// ID of the negotiation.
        negotiation: String,
        /// Payload of the contract that the provider proposes.
        payload: Bytes,
    },
    /// The consumer accepts.
    Acceptance {
        /// ID of the negotiation.
        negotiation: String,
        /// ID of the accepted payload.
        contract: ContractId,
    },
    /// The provider agrees.
    Agreement {
        /// ID of the negotiation.
        negotiation: String,
        /// Envelope with the provider's signature.
        contract: Bytes,
    },
    /// The consumer verifies.
    Verification {
        /// ID of the negotiation.
        negotiation: String,
        /// Envelope with the consumer's signature.
        contract: Bytes,
    },
    /// The provider finalizes.
    Finalization {
        /// ID of the negotiation.
        negotiation: String,
        /// Envelope with both signatures.
        contract: Bytes,
    },
    /// Either party terminates the negotiation.
    Termination {
        /// ID of the negotiation.
        negotiation: String,
        /// Reason as a code; absent if a person declined.
        code: Option<ErrorCode>,
        /// Reason for people.
        reason: String,
    },
    /// Either party comments on a clause, without effect on the negotiation.
    Comment {
        /// ID of the negotiation.
        negotiation: String,
        /// Signed statement.
        statement: Bytes,
    },
    /// Either party makes a statement under a contract.
    Statement {
        /// Signed statement. Its header names its kind.
        statement: Bytes,
    },
    /// Either party withdraws from a contract.
    Withdrawal {
        /// Signed statement.
        statement: Bytes,
    },
    /// The consumer acknowledges or disputes a receipt.
    Acknowledgement {
        /// Identity of the question.
        request: RequestId,
        /// Receipt with the consumer's signature, or the consumer's dispute statement.
        receipt: Bytes,
        /// True if the received data differs from the receipt.
        disputed: bool,
        /// Head of the provider's log that the consumer has checked and cosigned.
        witnessed: Option<Bytes>,
    },
}

/// Reads a message from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_wire(message: Option<pb::PeerMessage>) -> Result<PeerMessage, Refusal> {
    let pb::PeerMessage { id, content } = field::require_value("message", message)?;
    Ok(PeerMessage {
        id: PeerMessageId(field::read_fixed_bytes("id", &id)?),
        content: content_from_wire(field::require_value("content", content)?)?,
    })
}

/// Writes a message as a wire message.
#[must_use]
pub fn to_wire(message: &PeerMessage) -> pb::PeerMessage {
    let PeerMessage { id, content } = message;
    pb::PeerMessage {
        id: Bytes::copy_from_slice(&id.0),
        content: Some(content_encoding::encode_content(content)),
    }
}

/// Reads an inbox item from its wire message. An unreadable message is a separate kind of item, because others follow it.
///
/// # Errors
/// `MESSAGE_MALFORMED` for a message without a number.
pub fn inbox_from_wire(message: pb::InboxMessage) -> Result<InboxItem, Refusal> {
    let pb::InboxMessage {
        number,
        message: peer_message,
    } = message;
    if number == 0 {
        return Err(field::malformed_message_refusal(
            "the message has no number",
        ));
    }
    let bytes = peer_message.as_ref().map(prost::Message::encode_to_vec);
    Ok(match from_wire(peer_message) {
        Ok(peer_message) => InboxItem::Message(SequencedMessage {
            number,
            message: peer_message,
        }),
        Err(why) => InboxItem::Unreadable(UnreadableMessage {
            number,
            bytes: bytes.unwrap_or_default(),
            cause: why,
        }),
    })
}

/// Writes an inbox item as a wire message.
#[must_use]
pub fn numbered_to_wire(numbered: &SequencedMessage) -> pb::InboxMessage {
    let SequencedMessage { number, message } = numbered;
    pb::InboxMessage {
        number: *number,
        message: Some(to_wire(message)),
    }
}

fn content_from_wire(message: pb::peer_message::Content) -> Result<MessageContent, Refusal> {
    use pb::peer_message::Content as Wire;
    match message {
        Wire::Request(message) => read_request(message),
        Wire::Offer(message) => {
            let pb::Offer {
                negotiation,
                payload,
            } = message;
            Ok(MessageContent::Offer {
                negotiation: self::read_negotiation(negotiation)?,
                payload: field::require_document("payload", payload)?,
            })
        }
        Wire::Acceptance(message) => {
            let pb::Acceptance {
                negotiation,
                contract,
            } = message;
            Ok(MessageContent::Acceptance {
                negotiation: self::read_negotiation(negotiation)?,
                contract: ContractId(field::read_digest("contract", &contract)?),
            })
        }
        Wire::Agreement(message) => {
            let pb::Agreement {
                negotiation,
                contract,
            } = message;
            let (negotiation, contract) = read_envelope(negotiation, contract)?;
            Ok(MessageContent::Agreement {
                negotiation,
                contract,
            })
        }
        Wire::Verification(message) => {
            let pb::Verification {
                negotiation,
                contract,
            } = message;
            let (negotiation, contract) = read_envelope(negotiation, contract)?;
            Ok(MessageContent::Verification {
                negotiation,
                contract,
            })
        }
        Wire::Finalization(message) => {
            let pb::Finalization {
                negotiation,
                contract,
            } = message;
            let (negotiation, contract) = read_envelope(negotiation, contract)?;
            Ok(MessageContent::Finalization {
                negotiation,
                contract,
            })
        }
        Wire::Termination(message) => read_termination(message),
        Wire::Comment(message) => {
            let pb::Comment {
                negotiation,
                statement,
            } = message;
            Ok(MessageContent::Comment {
                negotiation: self::read_negotiation(negotiation)?,
                statement: field::require_document("statement", statement)?,
            })
        }
        Wire::Statement(message) => {
            let pb::Statement { statement } = message;
            Ok(MessageContent::Statement {
                statement: field::require_document("statement", statement)?,
            })
        }
        Wire::Withdrawal(message) => {
            let pb::Withdrawal { statement } = message;
            Ok(MessageContent::Withdrawal {
                statement: field::require_document("statement", statement)?,
            })
        }
        Wire::Acknowledgement(message) => {
            let pb::Acknowledgement {
                request_id,
                receipt,
                disputed,
                witnessed,
                countersignature,
            } = message;
            if countersignature.is_some() {
                return Err(field::malformed_message_refusal(
                    "the message leaves out the receipt",
                ));
            }
            Ok(MessageContent::Acknowledgement {
                request: RequestId(field::read_fixed_bytes("request_id", &request_id)?),
                receipt: field::require_document("receipt", receipt)?,
                disputed,
                witnessed: field::non_empty(witnessed),
            })
        }
    }
}

fn read_request(message: pb::Request) -> Result<MessageContent, Refusal> {
    let pb::Request {
        negotiation,
        dataset,
        offer,
        payload,
    } = message;
    let offer = field::read_line("offer", offer, 200)?;
    Ok(MessageContent::Request {
        negotiation: self::read_negotiation(negotiation)?,
        dataset: match dataset.parse::<DatasetId>() {
            Ok(dataset) => dataset,
            Err(problem) => return Err(field::malformed_message_refusal(problem.to_string())),
        },
        offer: (!offer.is_empty()).then_some(offer),
        payload: field::require_document("payload", payload)?,
    })
}

fn read_termination(message: pb::Termination) -> Result<MessageContent, Refusal> {
    let pb::Termination {
        negotiation,
        code,
        reason,
    } = message;
    Ok(MessageContent::Termination {
        negotiation: self::read_negotiation(negotiation)?,
        code: match code.as_str() {
            "" => None,
            text => match text.parse::<ErrorCode>() {
                Ok(code) => Some(code),
                Err(cause) => {
                    let what = "`code` is not a code of the registry";
                    return Err(field::malformed_message_refusal(what).caused_by(cause));
                }
            },
        },
        reason: field::read_line("reason", reason, 2000)?,
    })
}

fn read_envelope(negotiation: String, contract: Bytes) -> Result<(String, Bytes), Refusal> {
    Ok((
        self::read_negotiation(negotiation)?,
        field::require_document("contract", contract)?,
    ))
}

fn read_negotiation(text: String) -> Result<String, Refusal> {
    let ok = text.strip_prefix("n-").is_some_and(|rest| {
        (1..=64).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    });
    if ok {
        Ok(text)
    } else {
        Err(field::malformed_message_refusal(
            "a negotiation is written `n-` and up to 64 of a-z, 0-9 and -",
        ))
    }
}

#[cfg(test)]
mod tests;
