//! One message between two participants: a step of a negotiation, a withdrawal, or the acknowledgement of a receipt.
//!
//! Contracts, statements and receipts travel as the very bytes that were signed; the formats read them.

pub mod compact_ack;
mod content_encoding;

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_policy::id::{ContractId, DatasetId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerMessage {
    /// Its identity; a message is taken in once.
    pub id: PeerMessageId,
    /// What it says.
    pub content: MessageContent,
}

/// 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerMessageId(pub [u8; 16]);

impl fmt::Display for PeerMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A message with its number in the sender's outbox for this participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencedMessage {
    /// From 1, without gaps.
    pub number: u64,
    /// The message.
    pub message: PeerMessage,
}

/// What comes from an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxItem {
    /// A message.
    Letter(SequencedMessage),
    /// One that can't be read. It must not hold up the next one.
    Unreadable(UnreadableMessage),
}

impl InboxItem {
    /// Its place in the sender's outbox.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::Letter(numbered) => numbered.number,
            Self::Unreadable(unreadable) => unreadable.number,
        }
    }
}

/// A message that can't be read, to be kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableMessage {
    /// From 1, without gaps.
    pub number: u64,
    /// As it came.
    pub bytes: Vec<u8>,
    /// What is wrong with it.
    pub cause: Refusal,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageContent {
    /// The consumer asks for a contract, or counters.
    Request {
        /// The negotiation, `n-…`.
        negotiation: String,
        /// The dataset.
        dataset: DatasetId,
        /// The provider's name of the offer; absent: terms of its own.
        offer: Option<String>,
        /// The contract's payload as the consumer proposes it.
        payload: Bytes,
    },
    /// The provider offers.
    Offer {
        /// The negotiation.
        negotiation: String,
        /// The contract's payload as the provider proposes it.
        payload: Bytes,
    },
    /// The consumer accepts.
    Acceptance {
        /// The negotiation.
        negotiation: String,
        /// The payload that it accepts.
        contract: ContractId,
    },
    /// The provider agrees.
    Agreement {
        /// The negotiation.
        negotiation: String,
        /// The envelope with its signature.
        contract: Bytes,
    },
    /// The consumer verifies.
    Verification {
        /// The negotiation.
        negotiation: String,
        /// The envelope with its signature.
        contract: Bytes,
    },
    /// The provider finalises.
    Finalization {
        /// The negotiation.
        negotiation: String,
        /// The envelope with both signatures.
        contract: Bytes,
    },
    /// Either side ends the negotiation.
    Termination {
        /// The negotiation.
        negotiation: String,
        /// Why, as a code; absent: somebody declined.
        code: Option<ErrorCode>,
        /// Why, for people.
        reason: String,
    },
    /// Either side says something of a clause; it changes nothing.
    Comment {
        /// The negotiation.
        negotiation: String,
        /// The signed statement.
        statement: Bytes,
    },
    /// Either party states something under a contract.
    Statement {
        /// The signed statement; what it is stands in its header.
        statement: Bytes,
    },
    /// Either party ends a contract.
    Withdrawal {
        /// The signed statement.
        statement: Bytes,
    },
    /// The consumer acknowledges a receipt, or disputes it.
    Acknowledgement {
        /// The question.
        request: RequestId,
        /// The receipt with the consumer's signature, or its statement of what differs.
        receipt: Bytes,
        /// It received something else than the receipt says.
        disputed: bool,
        /// A head of the provider's log that the consumer has checked and cosigned.
        witnessed: Option<Bytes>,
    },
}

/// Takes a message apart.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_wire(message: Option<pb::Letter>) -> Result<PeerMessage, Refusal> {
    let pb::Letter { id, content } = field::present("letter", message)?;
    Ok(PeerMessage {
        id: PeerMessageId(field::read_fixed_bytes("id", &id)?),
        content: content_from_wire(field::present("content", content)?)?,
    })
}

/// Puts a message together.
#[must_use]
pub fn to_wire(message: &PeerMessage) -> pb::Letter {
    let PeerMessage { id, content } = message;
    pb::Letter {
        id: Bytes::copy_from_slice(&id.0),
        content: Some(content_encoding::content(content)),
    }
}

/// Takes a message of an inbox apart; one that can't be read is told apart, since others follow it.
///
/// # Errors
/// `MESSAGE_MALFORMED` for one without a number.
pub fn inbox_from_wire(message: pb::InboxLetter) -> Result<InboxItem, Refusal> {
    let pb::InboxLetter {
        number,
        letter: peer_message,
    } = message;
    if number == 0 {
        return Err(field::malformed_message_refusal("the letter has no number"));
    }
    let bytes = peer_message.as_ref().map(prost::Message::encode_to_vec);
    Ok(match from_wire(peer_message) {
        Ok(peer_message) => InboxItem::Letter(SequencedMessage {
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

/// Puts a message of an inbox together.
#[must_use]
pub fn numbered_to_wire(numbered: &SequencedMessage) -> pb::InboxLetter {
    let SequencedMessage { number, message } = numbered;
    pb::InboxLetter {
        number: *number,
        letter: Some(to_wire(message)),
    }
}

fn content_from_wire(message: pb::letter::Content) -> Result<MessageContent, Refusal> {
    use pb::letter::Content as Wire;
    match message {
        Wire::Request(message) => request(message),
        Wire::Offer(message) => {
            let pb::Offer {
                negotiation,
                payload,
            } = message;
            Ok(MessageContent::Offer {
                negotiation: self::negotiation(negotiation)?,
                payload: field::document("payload", payload)?,
            })
        }
        Wire::Acceptance(message) => {
            let pb::Acceptance {
                negotiation,
                contract,
            } = message;
            Ok(MessageContent::Acceptance {
                negotiation: self::negotiation(negotiation)?,
                contract: ContractId(field::digest("contract", &contract)?),
            })
        }
        Wire::Agreement(message) => {
            let pb::Agreement {
                negotiation,
                contract,
            } = message;
            let (negotiation, contract) = envelope(negotiation, contract)?;
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
            let (negotiation, contract) = envelope(negotiation, contract)?;
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
            let (negotiation, contract) = envelope(negotiation, contract)?;
            Ok(MessageContent::Finalization {
                negotiation,
                contract,
            })
        }
        Wire::Termination(message) => termination(message),
        Wire::Comment(message) => {
            let pb::Comment {
                negotiation,
                statement,
            } = message;
            Ok(MessageContent::Comment {
                negotiation: self::negotiation(negotiation)?,
                statement: field::document("statement", statement)?,
            })
        }
        Wire::Statement(message) => {
            let pb::Statement { statement } = message;
            Ok(MessageContent::Statement {
                statement: field::document("statement", statement)?,
            })
        }
        Wire::Withdrawal(message) => {
            let pb::Withdrawal { statement } = message;
            Ok(MessageContent::Withdrawal {
                statement: field::document("statement", statement)?,
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
                    "the letter leaves out the receipt",
                ));
            }
            Ok(MessageContent::Acknowledgement {
                request: RequestId(field::read_fixed_bytes("request_id", &request_id)?),
                receipt: field::document("receipt", receipt)?,
                disputed,
                witnessed: field::non_empty(witnessed),
            })
        }
    }
}

fn request(message: pb::Request) -> Result<MessageContent, Refusal> {
    let pb::Request {
        negotiation,
        dataset,
        offer,
        payload,
    } = message;
    let offer = field::line("offer", offer, 200)?;
    Ok(MessageContent::Request {
        negotiation: self::negotiation(negotiation)?,
        dataset: match dataset.parse::<DatasetId>() {
            Ok(dataset) => dataset,
            Err(problem) => return Err(field::malformed_message_refusal(problem.to_string())),
        },
        offer: (!offer.is_empty()).then_some(offer),
        payload: field::document("payload", payload)?,
    })
}

fn termination(message: pb::Termination) -> Result<MessageContent, Refusal> {
    let pb::Termination {
        negotiation,
        code,
        reason,
    } = message;
    Ok(MessageContent::Termination {
        negotiation: self::negotiation(negotiation)?,
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
        reason: field::line("reason", reason, 2000)?,
    })
}

fn envelope(negotiation: String, contract: Bytes) -> Result<(String, Bytes), Refusal> {
    Ok((
        self::negotiation(negotiation)?,
        field::document("contract", contract)?,
    ))
}

fn negotiation(text: String) -> Result<String, Refusal> {
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
