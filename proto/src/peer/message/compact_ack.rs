//! Acknowledgement of a receipt without the receipt. The provider issued the receipt and usually still has it.

use super::{MessageContent, PeerMessage, PeerMessageId, from_wire, to_wire};
use crate::base64url;
use crate::envelope::kind::StatementKind;
use crate::envelope::parts::{EnvelopeParts, SignaturePart};
use crate::envelope::protected_header;
use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::json::{Json, JsonLimits, parse_json};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::Refusal;

/// Message as sent by a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmittedMessage {
    /// Complete message.
    Whole(PeerMessage),
    /// Acknowledgement without its receipt, which the provider has.
    Short(CompactAck),
}

/// Acknowledgement without its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactAck {
    /// Identity of the message.
    pub id: PeerMessageId,
    /// Identity of the question.
    pub request: RequestId,
    /// The consumer's signature on the receipt.
    pub signature: AcknowledgementSignature,
    /// Head of the provider's log that the consumer has checked and cosigned.
    pub witnessed: Option<Bytes>,
}

/// Consumer's signature on a receipt, with a standard header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgementSignature {
    alg: String,
    kid: String,
    issued_at: i64,
    signature: Vec<u8>,
}

impl AcknowledgementSignature {
    fn of(mark: &SignaturePart) -> Option<Self> {
        let header = parse_json(&mark.header, HEADER).ok()?;
        let text = |name: &str| header.get(name).and_then(Json::as_text).map(str::to_owned);
        let word = Self {
            alg: text("alg")?,
            kid: text("kid")?,
            issued_at: header.get("iat").and_then(Json::as_int)?,
            signature: mark.signature.clone(),
        };
        (word.to_signature_part().as_ref() == Some(mark)).then_some(word)
    }

    fn to_signature_part(&self) -> Option<SignaturePart> {
        let (role, kind) = (SignatoryRole::Consumer, StatementKind::Receipt);
        let header = protected_header(kind, role, &self.alg, &self.kid, self.issued_at);
        Some(SignaturePart {
            header: base64url::decode(&header)?,
            signature: self.signature.clone(),
        })
    }
}

impl CompactAck {
    /// Makes the short form of a message. Returns `None` if it is no acknowledgement, or if the receipt can't be restored from the
    /// parts.
    #[must_use]
    pub fn of(message: &PeerMessage) -> Option<Self> {
        let MessageContent::Acknowledgement {
            request,
            receipt,
            disputed: false,
            witnessed,
        } = &message.content
        else {
            return None;
        };
        let mut marks = EnvelopeParts::of(receipt)?.signatures.into_iter();
        let (Some(_provider), Some(mark), None) = (marks.next(), marks.next(), marks.next()) else {
            return None;
        };
        Some(Self {
            id: message.id,
            request: *request,
            signature: AcknowledgementSignature::of(&mark)?,
            witnessed: witnessed.clone(),
        })
    }

    /// Restores the message with the issued receipt. Returns `None` if `issued` is no receipt with one signature.
    #[must_use]
    pub fn with_receipt(self, issued: &[u8]) -> Option<PeerMessage> {
        let mut parts = EnvelopeParts::of(issued)?;
        if parts.signatures.len() != 1 {
            return None;
        }
        parts.signatures.push(self.signature.to_signature_part()?);
        Some(PeerMessage {
            id: self.id,
            content: MessageContent::Acknowledgement {
                request: self.request,
                receipt: parts.assemble().into(),
                disputed: false,
                witnessed: self.witnessed,
            },
        })
    }
}

/// Reads a sent message from its wire message.
///
/// # Errors
/// Same errors as [`from_wire`].
pub fn handed_from_wire(message: Option<pb::PeerMessage>) -> Result<SubmittedMessage, Refusal> {
    match message {
        Some(pb::PeerMessage {
            id,
            content:
                Some(pb::peer_message::Content::Acknowledgement(pb::Acknowledgement {
                    request_id,
                    receipt,
                    disputed,
                    witnessed,
                    countersignature: Some(word),
                })),
        }) => {
            if disputed || !receipt.is_empty() {
                return Err(field::malformed_message_refusal(
                    "a countersignature stands beside a receipt or a dispute",
                ));
            }
            Ok(SubmittedMessage::Short(CompactAck {
                id: PeerMessageId(field::read_fixed_bytes("id", &id)?),
                request: RequestId(field::read_fixed_bytes("request_id", &request_id)?),
                signature: signature_from_wire(word)?,
                witnessed: field::non_empty(witnessed),
            }))
        }
        other => from_wire(other).map(SubmittedMessage::Whole),
    }
}

/// Writes a sent message as a wire message.
#[must_use]
pub fn handed_to_wire(handed: &SubmittedMessage) -> pb::PeerMessage {
    match handed {
        SubmittedMessage::Whole(message) => to_wire(message),
        SubmittedMessage::Short(short) => {
            let CompactAck {
                id,
                request,
                signature: word,
                witnessed,
            } = short;
            pb::PeerMessage {
                id: Bytes::copy_from_slice(&id.0),
                content: Some(pb::peer_message::Content::Acknowledgement(
                    pb::Acknowledgement {
                        request_id: Bytes::copy_from_slice(&request.0),
                        receipt: Bytes::new(),
                        disputed: false,
                        witnessed: witnessed.clone().unwrap_or_default(),
                        countersignature: Some(signature_to_wire(word)),
                    },
                )),
            }
        }
    }
}

fn signature_from_wire(word: pb::Countersignature) -> Result<AcknowledgementSignature, Refusal> {
    let pb::Countersignature {
        alg,
        kid,
        issued_at,
        signature,
    } = word;
    Ok(AcknowledgementSignature {
        alg: field::read_line("alg", alg, 20)?,
        kid: field::read_line("kid", kid, 200)?,
        issued_at,
        signature: signature.into(),
    })
}

fn signature_to_wire(word: &AcknowledgementSignature) -> pb::Countersignature {
    let AcknowledgementSignature {
        alg,
        kid,
        issued_at,
        signature,
    } = word;
    pb::Countersignature {
        alg: alg.clone(),
        kid: kid.clone(),
        issued_at: *issued_at,
        signature: signature.clone().into(),
    }
}

/// Limits of a protected header.
const HEADER: JsonLimits = JsonLimits {
    bytes: 4 * 1024,
    depth: 4,
};

#[cfg(test)]
mod tests {
    use super::{CompactAck, SubmittedMessage, handed_from_wire, handed_to_wire};
    use crate::base64url;
    use crate::envelope::kind::StatementKind;
    use crate::envelope::parts::{EnvelopeParts, SignaturePart};
    use crate::envelope::protected_header;
    use crate::peer::message::{MessageContent, PeerMessage, PeerMessageId};
    use hansa_policy::contract::signature::SignatoryRole;
    use hansa_policy::id::RequestId;

    /// The first signature is a provider's, the others are consumers'. The fourth has a nonstandard header.
    fn mark(n: u8) -> SignaturePart {
        let role = if n == 1 {
            SignatoryRole::Provider
        } else {
            SignatoryRole::Consumer
        };
        let header = protected_header(
            StatementKind::Receipt,
            role,
            "EdDSA",
            "a key",
            1_800_000_000,
        );
        let mut header = String::from_utf8(base64url::decode(&header).unwrap()).unwrap();
        if n == 4 {
            header = header.replacen('{', "{\"a\":1,", 1);
        }
        SignaturePart {
            header: header.into_bytes(),
            signature: vec![n; 64],
        }
    }

    fn receipt(marks: &[u8]) -> Vec<u8> {
        let parts = EnvelopeParts {
            payload: b"what left".to_vec(),
            signatures: marks.iter().copied().map(mark).collect(),
        };
        parts.assemble()
    }

    fn acknowledgement(receipt: Vec<u8>, disputed: bool) -> PeerMessage {
        PeerMessage {
            id: PeerMessageId([3; 16]),
            content: MessageContent::Acknowledgement {
                request: RequestId([9; 16]),
                receipt: receipt.into(),
                disputed,
                witnessed: Some("a head".into()),
            },
        }
    }

    #[test]
    fn the_receipt_that_was_issued_makes_it_whole() {
        let whole = acknowledgement(receipt(&[1, 2]), false);
        let short = CompactAck::of(&whole).unwrap();
        let wire = handed_to_wire(&SubmittedMessage::Short(short.clone()));
        assert_eq!(
            handed_from_wire(Some(wire)).unwrap(),
            SubmittedMessage::Short(short.clone())
        );
        assert_eq!(
            short.clone().with_receipt(&receipt(&[1])),
            Some(whole.clone())
        );
        // Other bytes than a receipt with one signature give no message.
        for other in [receipt(&[]), receipt(&[1, 2]), b"{}".to_vec()] {
            assert_eq!(short.clone().with_receipt(&other), None);
        }
        // A complete message stays complete.
        let wire = handed_to_wire(&SubmittedMessage::Whole(whole.clone()));
        assert_eq!(
            handed_from_wire(Some(wire)).unwrap(),
            SubmittedMessage::Whole(whole)
        );
    }

    #[test]
    fn what_is_no_word_of_two_signatures_goes_whole() {
        let others = [
            acknowledgement(receipt(&[1, 2]), true),
            acknowledgement(receipt(&[1]), false),
            acknowledgement(receipt(&[1, 2, 3]), false),
            acknowledgement(receipt(&[1, 1]), false),
            acknowledgement(receipt(&[1, 4]), false),
            acknowledgement(b"{}".to_vec(), false),
            PeerMessage {
                id: PeerMessageId([3; 16]),
                content: MessageContent::Withdrawal {
                    statement: receipt(&[1, 2]).into(),
                },
            },
        ];
        for other in others {
            assert_eq!(CompactAck::of(&other), None);
        }
    }

    #[test]
    fn a_signature_beside_what_it_is_on_is_refused() {
        let short = CompactAck::of(&acknowledgement(receipt(&[1, 2]), false)).unwrap();
        let wire = handed_to_wire(&SubmittedMessage::Short(short));
        let change = |change: fn(&mut crate::peer::pb::Acknowledgement)| {
            let mut wire = wire.clone();
            match &mut wire.content {
                Some(crate::peer::pb::peer_message::Content::Acknowledgement(message)) => {
                    change(message)
                }
                other => panic!("{other:?}"),
            }
            handed_from_wire(Some(wire)).unwrap_err()
        };
        for refusal in [
            change(|message| message.receipt = "whole".into()),
            change(|message| message.disputed = true),
            change(|message| message.request_id = "short".into()),
            change(|message| {
                let word = message.countersignature.get_or_insert_default();
                word.kid = "two\nlines".to_owned();
            }),
        ] {
            assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED", "{refusal}");
        }
        // In a file, or on its way to a consumer, a message is complete.
        let refusal = crate::peer::message::from_wire(Some(wire.clone())).unwrap_err();
        assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED", "{refusal}");
    }
}
