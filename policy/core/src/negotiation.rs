//! Negotiation of a contract: a pure state machine with the states of the Dataspace Protocol.
//!
//! Both sides run the same machine over all messages. A message to be sent is a step like a received one. Sending, signing and
//! storing are done elsewhere.

pub mod comment;
mod transition;
pub mod transition_table;

use crate::contract::signature::SignatureVerifier;
use crate::contract::{Agreement, SignedContract};
use crate::id::{ContractId, DatasetId, ParticipantId};
use crate::negotiation::transition::ProposalCheck;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::Taxonomy;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;
use std::fmt;

/// Side of a negotiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartyRole {
    /// Owner of the dataset.
    Provider,
    /// Participant that asks for the contract.
    Consumer,
}

/// State of a negotiation, by the Dataspace Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The consumer has requested; the provider is next.
    Requested,
    /// The provider has offered; the consumer is next.
    Offered,
    /// The consumer has accepted the offer.
    Accepted,
    /// The provider has signed.
    Agreed,
    /// The consumer has signed too.
    Verified,
    /// The contract is in force; a final state.
    Finalized,
    /// One side has ended the negotiation; a final state.
    Terminated,
}

/// Negotiation as known to one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationState {
    parties: NegotiationParties,
    phase: Phase,
    proposal: Proposal,
    proposed_by: PartyRole,
    signed: Option<SignedContract>,
    consent: Option<ContractId>,
    ended: Option<NegotiationTermination>,
    handled: BTreeMap<(PartyRole, NegotiationMessageId), HandledMessage>,
}

/// Parties and dataset of a negotiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationParties {
    /// Identifier `n-…`, chosen by the side that opened the negotiation.
    pub negotiation: String,
    /// Dataset to be shared.
    pub dataset: DatasetId,
    /// Owner of the dataset.
    pub provider: ParticipantId,
    /// Participant that asks for the contract.
    pub consumer: ParticipantId,
}

/// Unsigned agreement with the hash of its payload. The hash is the identity of the later contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// SHA-256 of the payload bytes.
    pub contract: ContractId,
    /// Content of the payload.
    pub agreement: Agreement,
}

/// Termination of a negotiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationTermination {
    /// Side that ended the negotiation.
    pub by: PartyRole,
    /// Reason as a code; absent: a person declined.
    pub code: Option<ErrorCode>,
    /// Reason for people.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HandledMessage {
    content: NegotiationContent,
    sends: Vec<NextMessage>,
}

/// Identity of a message: 16 random bytes. Each message is processed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NegotiationMessageId(pub [u8; 16]);

impl fmt::Display for NegotiationMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Message of a negotiation, sent or received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationMessage {
    /// Identity of the message.
    pub id: NegotiationMessageId,
    /// Side of the sender. For a received message, the side of the verified peer.
    pub from: PartyRole,
    /// Content of the message.
    pub content: NegotiationContent,
}

/// Content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NegotiationContent {
    /// Unsigned request of the consumer; within a negotiation a counter-request.
    Request {
        /// Digest of the requested offer; absent: the consumer proposes own terms.
        offer: Option<Digest>,
        /// Proposed agreement.
        proposal: Proposal,
    },
    /// Unsigned offer of the provider; within a negotiation a counter-offer.
    Offer {
        /// Proposed agreement.
        proposal: Proposal,
    },
    /// Acceptance of the present offer by the consumer.
    Acceptance {
        /// Identity of the accepted proposal.
        contract: ContractId,
    },
    /// Agreement and signature of the provider.
    Agreement {
        /// Contract with the provider's signature.
        signed: SignedContract,
    },
    /// Verification and signature of the consumer.
    Verification {
        /// Contract with the consumer's signature.
        signed: SignedContract,
    },
    /// Finalization by the provider.
    Finalization {
        /// Contract with both signatures.
        signed: SignedContract,
    },
    /// Termination by either side.
    Termination {
        /// Reason as a code; absent: a person declined.
        code: Option<ErrorCode>,
        /// Reason for people.
        reason: String,
    },
}

/// Facts that a step may depend on.
#[derive(Clone, Copy)]
pub struct NegotiationContext<'a> {
    /// Present instant.
    pub now: UtcTimestamp,
    /// Side of this participant.
    pub own: PartyRole,
    /// Known purposes.
    pub taxonomy: &'a Taxonomy,
    /// Verifier with the registered keys.
    pub keys: &'a dyn SignatureVerifier,
    /// As provider: result of the comparison with the catalogue, for the proposal in the message or else for the present one.
    pub offer_match: OfferMatch,
    /// Contract that the proposal is to replace, if the registry holds it.
    pub replaces: Option<&'a Agreement>,
    /// First error of the lint against the proposal, where the dataset is known.
    pub objection: Option<&'a Refusal>,
    /// For a message of this side: true if the officer has agreed in advance that exactly this proposal is signed.
    pub sign_beforehand: bool,
}

impl fmt::Debug for NegotiationContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Facts {{ {} {:?} {:?} }}",
            self.now, self.own, self.offer_match
        )
    }
}

/// Result of the comparison of a proposal with the provider's catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferMatch {
    /// The dataset does not exist for the consumer.
    Nothing,
    /// The dataset is offered to the consumer on other terms.
    OtherTerms,
    /// The proposal equals an offer to the consumer that an officer signs.
    Officer,
    /// The proposal equals an offer to the consumer that the connector signs.
    Auto,
}

/// Next message of a side. The caller signs where needed, makes the step and sends the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextMessage {
    /// Acceptance by the consumer.
    Acceptance(ContractId),
    /// Signed agreement of the provider.
    Agreement(ContractId),
    /// Signed verification by the consumer.
    Verification(ContractId),
    /// Finalization by the provider, with both signatures.
    Finalization(ContractId),
}

/// Largest number of messages in one negotiation, as a limit against a peer that never stops.
pub const MOST_MESSAGES: usize = 100;

/// Opens a negotiation with its first message: a request of the consumer, or an offer of the provider.
///
/// # Errors
/// As [`take_step`].
pub fn open_negotiation(
    parties: NegotiationParties,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::open_negotiation(parties, message, facts, ProposalCheck::Now)
}

/// Opens a recorded negotiation again from its first message. The order and the message are checked. The proposal is not judged
/// again, since a newer version of this program might judge otherwise.
///
/// # Errors
/// As [`step_again`].
pub fn open_again(
    parties: NegotiationParties,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::open_negotiation(parties, message, facts, ProposalCheck::Then)
}

/// Repeats the step for a recorded message. Signatures are checked again.
///
/// # Errors
/// `NEGOTIATION_STATE` or the code of the signature check. Then the messages differ from the recorded ones.
pub fn step_again(
    state: &NegotiationState,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::take_step(state, message, facts, ProposalCheck::Then)
}

/// Makes the step for the next message, sent or received. A refused message changes nothing. A repeated message gives the result of
/// the first time and changes nothing.
///
/// The returned messages must be sent by this side without a person's decision. [`NegotiationState::next_message`] gives the step that a
/// person of this side may decide on.
///
/// # Errors
/// `NEGOTIATION_STATE` for a message that is out of turn; `OFFER_UNKNOWN`; the code of a check of the proposal or of a signature;
/// `REQUEST_ID_REUSED` for another message under a known identity.
pub fn take_step(
    state: &NegotiationState,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::take_step(state, message, facts, ProposalCheck::Now)
}

impl NegotiationState {
    /// Parties and dataset of the negotiation.
    #[must_use]
    pub const fn parties(&self) -> &NegotiationParties {
        &self.parties
    }

    /// State of the negotiation.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Present proposal.
    #[must_use]
    pub const fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// Side that made the present proposal.
    #[must_use]
    pub const fn proposed_by(&self) -> PartyRole {
        self.proposed_by
    }

    /// Contract with its present signatures; both after the finalization.
    #[must_use]
    pub const fn signed_contract(&self) -> Option<&SignedContract> {
        self.signed.as_ref()
    }

    /// Proposal that the local officer has agreed in advance to sign.
    #[must_use]
    pub const fn consent(&self) -> Option<ContractId> {
        self.consent
    }

    /// Termination of the negotiation, if it was terminated.
    #[must_use]
    pub const fn termination(&self) -> Option<&NegotiationTermination> {
        self.ended.as_ref()
    }

    /// Side that is next; none in a final state.
    #[must_use]
    pub const fn next_side(&self) -> Option<PartyRole> {
        self.phase.next_side()
    }

    /// Next message of `own` if that side continues with the present proposal: the step of `hansa contract sign`.
    #[must_use]
    pub fn next_message(&self, own: PartyRole) -> Option<NextMessage> {
        let contract = self.proposal.contract;
        if self.next_side() != Some(own) {
            return None;
        }
        match self.phase {
            Phase::Requested | Phase::Accepted => Some(NextMessage::Agreement(contract)),
            Phase::Offered => Some(NextMessage::Acceptance(contract)),
            Phase::Agreed => Some(NextMessage::Verification(contract)),
            Phase::Verified => Some(NextMessage::Finalization(contract)),
            Phase::Finalized | Phase::Terminated => None,
        }
    }
}

impl PartyRole {
    /// Other side of the negotiation.
    #[must_use]
    pub const fn other_side(self) -> Self {
        match self {
            Self::Provider => Self::Consumer,
            Self::Consumer => Self::Provider,
        }
    }

    /// Word of the side: `provider` or `consumer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

impl Phase {
    /// All states, in the order of a successful negotiation.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Offered,
        Self::Accepted,
        Self::Agreed,
        Self::Verified,
        Self::Finalized,
        Self::Terminated,
    ];

    /// Name of the state in the protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Offered => "OFFERED",
            Self::Accepted => "ACCEPTED",
            Self::Agreed => "AGREED",
            Self::Verified => "VERIFIED",
            Self::Finalized => "FINALIZED",
            Self::Terminated => "TERMINATED",
        }
    }
}

#[cfg(test)]
mod tests;
