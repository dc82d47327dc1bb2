//! Between letters and the machine: what a letter says, and the letter that says a step.

use crate::node::Node;
use crate::walk::negotiate::Open;
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::Role;
use hansa_policy::id::ContractId;
use hansa_policy::negotiate::{Content as Step, Proposal, Send};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::contract;
use hansa_proto::envelope::{self, Kind};
use hansa_proto::peer::letter::Content;

/// What the letter says to the machine.
pub(super) fn read(content: &Content) -> Result<Step, Refusal> {
    let proposal = |payload: &[u8]| -> Result<Proposal, Refusal> {
        Ok(Proposal {
            contract: ContractId(Digest::of(payload)),
            agreement: contract::from_bytes(payload)?,
        })
    };
    Ok(match content {
        Content::Request { offer, payload, .. } => Step::Request {
            offer: match offer {
                None => None,
                Some(offer) => Some(offer.parse().map_err(|_| {
                    Refusal::new(Code::OfferUnknown, "there is no such offer to you")
                })?),
            },
            proposal: proposal(payload)?,
        },
        Content::Offer { payload, .. } => Step::Offer {
            proposal: proposal(payload)?,
        },
        Content::Acceptance { contract, .. } => Step::Acceptance {
            contract: *contract,
        },
        Content::Agreement { contract, .. } => Step::Agreement {
            signed: envelope::parse_half(contract, Role::Provider)?,
        },
        Content::Verification { contract, .. } => Step::Verification {
            signed: envelope::parse_half(contract, Role::Consumer)?,
        },
        Content::Finalization { contract, .. } => Step::Finalization {
            signed: envelope::parse_contract(contract)?,
        },
        Content::Termination { code, reason, .. } => Step::Termination {
            code: *code,
            reason: reason.clone(),
        },
        Content::Comment { .. }
        | Content::Statement { .. }
        | Content::Withdrawal { .. }
        | Content::Acknowledgement { .. } => {
            return Err(Refusal::new(
                Code::NegotiationState,
                "the letter is no step of a negotiation",
            ));
        }
    })
}

/// Said where our signature is due and the connector can't make it.
pub(crate) fn elsewhere() -> Refusal {
    Refusal::new(
        Code::SignerNotParty,
        "contracts of this participant are concluded with a key that does not lie here",
    )
    .with_help("write what waits for the signature: hansa contract export n-… --output n.draft")
    .with_help("sign it where the key lies: hansa contract sign --offline n.draft --key FILE")
    .with_help("bring the signature: hansa contract attach n-… n.draft.signed")
}

/// Signs what has to be signed and writes the letter.
pub(super) fn written(node: &Node, open: &Open, send: Send) -> Result<Content, Refusal> {
    let negotiation = open.state.parties().negotiation.clone();
    let payload = contract::to_bytes(&open.state.proposal().agreement);
    Ok(match send {
        Send::Acceptance(contract) => Content::Acceptance {
            negotiation,
            contract,
        },
        Send::Agreement(_) => Content::Agreement {
            negotiation,
            contract: half(node, Role::Provider, &payload)?,
        },
        Send::Verification(_) => Content::Verification {
            negotiation,
            contract: half(node, Role::Consumer, &payload)?,
        },
        Send::Finalization(_) => {
            let signed = open.state.signed().ok_or_else(|| {
                Refusal::new(Code::SignatureMissing, "the signatures are not here")
            })?;
            Content::Finalization {
                negotiation,
                contract: envelope::assemble_signed(&payload, &signed.signatures).into(),
            }
        }
    })
}

fn half(node: &Node, role: Role, payload: &[u8]) -> Result<bytes::Bytes, Refusal> {
    if !node.concludes() {
        return Err(elsewhere());
    }
    let signature = node.sign(Kind::Agreement, role, payload)?;
    Ok(envelope::assemble(payload, &[signature]).into())
}
