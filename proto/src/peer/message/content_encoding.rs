//! Encoding of a message's content.

use super::MessageContent;
use crate::peer::{field, pb};
use bytes::Bytes;

/// Writes the content as a wire message.
pub(super) fn encode_content(content: &MessageContent) -> pb::peer_message::Content {
    use pb::peer_message::Content as Wire;
    match content.clone() {
        MessageContent::Request {
            negotiation,
            dataset,
            offer,
            payload,
        } => Wire::Request(pb::Request {
            negotiation,
            dataset: dataset.to_string(),
            offer: offer.unwrap_or_default(),
            payload,
        }),
        MessageContent::Offer {
            negotiation,
            payload,
        } => Wire::Offer(pb::Offer {
            negotiation,
            payload,
        }),
        MessageContent::Acceptance {
            negotiation,
            contract,
        } => Wire::Acceptance(pb::Acceptance {
            negotiation,
            contract: field::digest_to_bytes(&contract.0),
        }),
        MessageContent::Agreement {
            negotiation,
            contract,
        } => Wire::Agreement(pb::Agreement {
            negotiation,
            contract,
        }),
        MessageContent::Verification {
            negotiation,
            contract,
        } => Wire::Verification(pb::Verification {
            negotiation,
            contract,
        }),
        MessageContent::Finalization {
            negotiation,
            contract,
        } => Wire::Finalization(pb::Finalization {
            negotiation,
            contract,
        }),
        MessageContent::Termination {
            negotiation,
            code,
            reason,
        } => Wire::Termination(pb::Termination {
            negotiation,
            code: code
                .map(|code| code.as_str().to_owned())
                .unwrap_or_default(),
            reason,
        }),
        MessageContent::Comment {
            negotiation,
            statement,
        } => Wire::Comment(pb::Comment {
            negotiation,
            statement,
        }),
        MessageContent::Statement { statement } => Wire::Statement(pb::Statement { statement }),
        MessageContent::Withdrawal { statement } => Wire::Withdrawal(pb::Withdrawal { statement }),
        MessageContent::Acknowledgement {
            request,
            receipt,
            disputed,
            witnessed,
        } => Wire::Acknowledgement(pb::Acknowledgement {
            request_id: Bytes::copy_from_slice(&request.0),
            receipt,
            disputed,
            witnessed: witnessed.unwrap_or_default(),
            countersignature: None,
        }),
    }
}
