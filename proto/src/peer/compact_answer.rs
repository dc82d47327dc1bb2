//! Small message of an answer before compression.

use crate::envelope::parts::{EnvelopeParts, SignaturePart};
use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_policy::refusal::Refusal;
use prost::Message as _;

/// Zstandard dictionary for small messages, with their common parts. Both ends need equal dictionaries, so it is fixed for the
/// protocol version.
pub const DICTIONARY: &[u8] = include_bytes!("../../data/small.dict");

/// Byte before a compressed message.
pub const MARK: u8 = 1;

/// Small message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompactAnswerMessage {
    /// Schema or rows: header and body of the Arrow IPC message.
    Rows {
        /// Header of the message.
        header: Bytes,
        /// Buffers of the message.
        body: Bytes,
    },
    /// Receipt, in parts.
    Receipt(EnvelopeParts),
}

/// Writes a small message.
#[must_use]
pub fn to_bytes(small: &CompactAnswerMessage) -> Vec<u8> {
    let message = match small.clone() {
        CompactAnswerMessage::Rows { header, body } => pb::Small {
            header,
            body,
            receipt: None,
        },
        CompactAnswerMessage::Receipt(EnvelopeParts {
            payload,
            signatures: marks,
        }) => pb::Small {
            header: Bytes::new(),
            body: Bytes::new(),
            receipt: Some(pb::Signed {
                payload: payload.into(),
                marks: marks.into_iter().map(mark_to_wire).collect(),
            }),
        },
    };
    message.encode_to_vec()
}

/// Reads a small message. Its bytes must equal the canonical encoding of its content, so no part of it is ignored.
///
/// # Errors
/// `MESSAGE_MALFORMED`.
pub fn from_bytes(bytes: &[u8]) -> Result<CompactAnswerMessage, Refusal> {
    let message = pb::Small::decode(bytes).map_err(|cause| {
        field::malformed_message_refusal("what is packed is no message of an answer")
            .caused_by(cause)
    })?;
    if message.encode_to_vec() != bytes {
        return Err(field::malformed_message_refusal(
            "a packed message holds something that this version does not know",
        ));
    }
    let pb::Small {
        header,
        body,
        receipt,
    } = message;
    match receipt {
        None if header.is_empty() => Err(field::malformed_message_refusal(
            "a packed message is empty",
        )),
        None => Ok(CompactAnswerMessage::Rows { header, body }),
        Some(pb::Signed { payload, marks }) if header.is_empty() && body.is_empty() => {
            Ok(CompactAnswerMessage::Receipt(EnvelopeParts {
                payload: payload.into(),
                signatures: marks.into_iter().map(mark_from_wire).collect(),
            }))
        }
        Some(_) => Err(field::malformed_message_refusal(
            "a packed receipt stands beside rows",
        )),
    }
}

fn mark_from_wire(mark: pb::Mark) -> SignaturePart {
    let pb::Mark { header, signature } = mark;
    SignaturePart {
        header: header.into(),
        signature: signature.into(),
    }
}

fn mark_to_wire(mark: SignaturePart) -> pb::Mark {
    let SignaturePart { header, signature } = mark;
    pb::Mark {
        header: header.into(),
        signature: signature.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CompactAnswerMessage, from_bytes, to_bytes};
    use crate::envelope::parts::{EnvelopeParts, SignaturePart};
    use crate::peer::pb;
    use prost::Message as _;

    #[test]
    fn small_messages_survive_the_round_trip() {
        let rows = CompactAnswerMessage::Rows {
            header: "header".into(),
            body: "body".into(),
        };
        let receipt = CompactAnswerMessage::Receipt(EnvelopeParts {
            payload: b"{}".to_vec(),
            signatures: vec![SignaturePart {
                header: b"{}".to_vec(),
                signature: vec![7; 64],
            }],
        });
        for small in [rows, receipt] {
            let bytes = to_bytes(&small);
            assert_eq!(from_bytes(&bytes).unwrap(), small);
            // Unknown field.
            let more = [&bytes[..], &[0x7a, 1, 1]].concat();
            assert!(from_bytes(&more).is_err());
            assert!(from_bytes(&bytes[..bytes.len() - 1]).is_err());
        }
        let both = pb::Small {
            header: "header".into(),
            body: bytes::Bytes::new(),
            receipt: Some(pb::Signed::default()),
        };
        assert!(from_bytes(&both.encode_to_vec()).is_err());
        assert!(from_bytes(&[]).is_err());
    }
}
