//! Conversion between messages and steps of the negotiation's state machine.

use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::negotiation::{NegotiationContent as Step, NextMessage, Proposal};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::contract;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::message::MessageContent;

/// Converts a message to a step.
pub(super) fn to_step(content: &MessageContent) -> Result<Step, Refusal> {
    let proposal = |payload: &[u8]| -> Result<Proposal, Refusal> {
        Ok(Proposal {
            contract: ContractId(Digest::of(payload)),
            agreement: contract::from_bytes(payload)?,
        })
    };
    Ok(match content {
        MessageContent::Request { offer, payload, .. } => Step::Request {
            offer: match offer {
                None => None,
                Some(offer) => Some(offer.parse().map_err(|cause| {
                    Refusal::new(ErrorCode::OfferUnknown, "there is no such offer to you")
                        .caused_by(cause)
                })?),
            },
            proposal: proposal(payload)?,
        },
        MessageContent::Offer { payload, .. } => Step::Offer {
            proposal: proposal(payload)?,
        },
        MessageContent::Acceptance { contract, .. } => Step::Acceptance {
            contract: *contract,
        },
        MessageContent::Agreement { contract, .. } => Step::Agreement {
            signed: envelope::parse_half(contract, SignatoryRole::Provider)?,
        },
        MessageContent::Verification { contract, .. } => Step::Verification {
            signed: envelope::parse_half(contract, SignatoryRole::Consumer)?,
        },
        MessageContent::Finalization { contract, .. } => Step::Finalization {
            signed: envelope::parse_contract(contract)?,
        },
        MessageContent::Termination { code, reason, .. } => Step::Termination {
            code: *code,
            reason: reason.clone(),
        },
        MessageContent::Comment { .. }
        | MessageContent::Statement { .. }
        | MessageContent::Withdrawal { .. }
        | MessageContent::Acknowledgement { .. } => {
            return Err(Refusal::new(
                ErrorCode::NegotiationState,
                "the message is not a step of a negotiation",
            ));
        }
    })
}

/// Refusal if a signature of this participant is due and the connector does not hold the key.
pub fn absent_key_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SignerNotParty,
        "the key that concludes contracts of this participant is not stored here",
    )
    .with_help("export the draft: hansa contract export n-… --output n.draft")
    .with_help("sign it where the key is stored: hansa contract sign --offline n.draft --key FILE")
    .with_help("attach the signature: hansa contract attach n-… n.draft.signed")
}

/// Makes the due signatures and writes the message.
pub(super) fn write_message(
    connector: &Connector,
    open: &OpenNegotiation,
    send: NextMessage,
) -> Result<MessageContent, Refusal> {
    let negotiation = open.state.parties().negotiation.clone();
    let payload = contract::to_bytes(&open.state.proposal().agreement);
    Ok(match send {
        NextMessage::Acceptance(contract) => MessageContent::Acceptance {
            negotiation,
            contract,
        },
        NextMessage::Agreement(_) => MessageContent::Agreement {
            negotiation,
            contract: sign_half(connector, SignatoryRole::Provider, &payload)?,
        },
        NextMessage::Verification(_) => MessageContent::Verification {
            negotiation,
            contract: sign_half(connector, SignatoryRole::Consumer, &payload)?,
        },
        NextMessage::Finalization(_) => {
            let signed = open.state.signed_contract().ok_or_else(|| {
                Refusal::new(ErrorCode::SignatureMissing, "the signatures are not here")
            })?;
            MessageContent::Finalization {
                negotiation,
                contract: envelope::assemble_signed(&payload, &signed.signatures).into(),
            }
        }
    })
}

fn sign_half(
    connector: &Connector,
    role: SignatoryRole,
    payload: &[u8],
) -> Result<bytes::Bytes, Refusal> {
    if !connector.concludes_contracts() {
        return Err(absent_key_refusal());
    }
    let signature = connector.sign(StatementKind::Agreement, role, payload)?;
    Ok(envelope::assemble_statement(payload, &[signature]).into())
}
