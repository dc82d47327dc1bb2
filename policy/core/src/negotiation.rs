//! The negotiation of a contract: a pure state machine with the states of the Dataspace Protocol.
//!
//! Both sides run the same machine over the same messages, their own ones included: a message about to be sent is a step
//! like one that came in. Nothing is sent, signed or stored here.

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

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartyRole {
    /// Who owns the dataset.
    Provider,
    /// Who wants it.
    Consumer,
}

/// The states of the Dataspace Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The consumer has asked; it is the provider's turn.
    Requested,
    /// The provider has offered; it is the consumer's turn.
    Offered,
    /// The consumer has accepted the offer.
    Accepted,
    /// The provider has signed.
    Agreed,
    /// The consumer has signed too.
    Verified,
    /// The contract is in force; nothing follows.
    Finalized,
    /// One side has ended the negotiation; nothing follows.
    Terminated,
}

/// A negotiation as one side knows it.
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

/// Between whom, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationParties {
    /// `n-…`, as its opener named it.
    pub negotiation: String,
    /// The dataset.
    pub dataset: DatasetId,
    /// Who owns it.
    pub provider: ParticipantId,
    /// Who wants it.
    pub consumer: ParticipantId,
}

/// An unsigned agreement and the hash of its payload: what it would become when both sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// SHA-256 of the payload bytes.
    pub contract: ContractId,
    /// What the payload says.
    pub agreement: Agreement,
}

/// How a negotiation was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationTermination {
    /// By whom.
    pub by: PartyRole,
    /// Why, as a code; absent: somebody declined.
    pub code: Option<ErrorCode>,
    /// Why, for people.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HandledMessage {
    content: NegotiationContent,
    sends: Vec<NextMessage>,
}

/// A message's identity, 16 random bytes; a message is taken in once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NegotiationMessageId(pub [u8; 16]);

impl fmt::Display for NegotiationMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A message, sent or received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationMessage {
    /// Its identity.
    pub id: NegotiationMessageId,
    /// Which side sends it; for one that came in, the side of the peer that was recognised.
    pub from: PartyRole,
    /// What it says.
    pub content: NegotiationContent,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NegotiationContent {
    /// The consumer asks, unsigned; within a negotiation: it counters.
    Request {
        /// The offer that it asks for; absent: terms of its own.
        offer: Option<Digest>,
        /// What it proposes.
        proposal: Proposal,
    },
    /// The provider offers, unsigned; within a negotiation: it counters.
    Offer {
        /// What it proposes.
        proposal: Proposal,
    },
    /// The consumer accepts exactly what is offered.
    Acceptance {
        /// What it accepts.
        contract: ContractId,
    },
    /// The provider agrees and signs.
    Agreement {
        /// The contract with the provider's signature.
        signed: SignedContract,
    },
    /// The consumer verifies and signs.
    Verification {
        /// The contract with the consumer's signature.
        signed: SignedContract,
    },
    /// The provider finalises.
    Finalization {
        /// The contract with both signatures.
        signed: SignedContract,
    },
    /// Either side ends the negotiation.
    Termination {
        /// Why, as a code; absent: somebody declined.
        code: Option<ErrorCode>,
        /// Why, for people.
        reason: String,
    },
}

/// What a step may depend on; what is not in here is not known.
#[derive(Clone, Copy)]
pub struct NegotiationContext<'a> {
    /// Now.
    pub now: UtcTimestamp,
    /// Which side we are.
    pub own: PartyRole,
    /// The purposes that there are.
    pub taxonomy: &'a Taxonomy,
    /// The registered keys.
    pub keys: &'a dyn SignatureVerifier,
    /// As provider: what our catalogue says of the proposal in the message, or of the one on the table.
    pub offer_match: OfferMatch,
    /// The contract that the proposal names as the one it replaces, if our registry holds it.
    pub replaces: Option<&'a Agreement>,
    /// What the lint says against the proposal, where we know the dataset: the first error.
    pub objection: Option<&'a Refusal>,
    /// For a message of our own: whether our officer has said that we sign exactly this when it is our turn.
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

/// What a provider's catalogue says of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferMatch {
    /// The dataset does not exist for the consumer.
    Nothing,
    /// The dataset is offered to the consumer, but not on these terms.
    OtherTerms,
    /// It is exactly an offer to the consumer, and the officer signs.
    Officer,
    /// It is exactly an offer to the consumer, and the connector signs.
    Auto,
}

/// A message that a side has to send next: it signs what has to be signed, makes the step and sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextMessage {
    /// The consumer accepts.
    Acceptance(ContractId),
    /// The provider signs and agrees.
    Agreement(ContractId),
    /// The consumer signs and verifies.
    Verification(ContractId),
    /// The provider puts both signatures together and finalises.
    Finalization(ContractId),
}

/// The most messages of one negotiation, so that a peer can't let it grow without end.
pub const MOST_MESSAGES: usize = 100;

/// Opens a negotiation with its first message: a request of the consumer, or an offer of the provider.
///
/// # Errors
/// As [`step`].
pub fn open(
    parties: NegotiationParties,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::open(parties, message, facts, ProposalCheck::Now)
}

/// Opens a negotiation again from its first message, as it was taken in then: the turn and the message are checked, what
/// is proposed is not judged anew, since a newer version of this program might judge otherwise.
///
/// # Errors
/// As [`step_again`].
pub fn open_again(
    parties: NegotiationParties,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::open(parties, message, facts, ProposalCheck::Then)
}

/// Takes in a message again, as it was taken in then. Signatures are checked as ever.
///
/// # Errors
/// `NEGOTIATION_STATE` or the fault of a signature: then the messages are not those that were recorded.
pub fn step_again(
    state: &NegotiationState,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::step(state, message, facts, ProposalCheck::Then)
}

/// Takes in the next message, sent or received. A refused message changes nothing; a repeated one gives the same as the
/// first time and changes nothing.
///
/// The messages returned are those that this side must send without asking anybody; [`NegotiationState::due`] says what its people
/// may do.
///
/// # Errors
/// `NEGOTIATION_STATE` for a message that is not this side's turn; `OFFER_UNKNOWN`; whatever is wrong with a proposal;
/// the fault of a signature; `REQUEST_ID_REUSED` for another message under a known id.
pub fn step(
    state: &NegotiationState,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    transition::step(state, message, facts, ProposalCheck::Now)
}

impl NegotiationState {
    /// Between whom, and about what.
    #[must_use]
    pub const fn parties(&self) -> &NegotiationParties {
        &self.parties
    }

    /// The protocol's state.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What is on the table.
    #[must_use]
    pub const fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// Whose proposal it is.
    #[must_use]
    pub const fn proposed_by(&self) -> PartyRole {
        self.proposed_by
    }

    /// The contract with the signatures that it has so far; both of them when finalised.
    #[must_use]
    pub const fn signed_contract(&self) -> Option<&SignedContract> {
        self.signed.as_ref()
    }

    /// What our officer has allowed to sign beforehand.
    #[must_use]
    pub const fn consent(&self) -> Option<ContractId> {
        self.consent
    }

    /// How it was ended, if it was terminated.
    #[must_use]
    pub const fn termination(&self) -> Option<&NegotiationTermination> {
        self.ended.as_ref()
    }

    /// Whose turn it is; nobody's at the end.
    #[must_use]
    pub const fn turn(&self) -> Option<PartyRole> {
        self.phase.turn()
    }

    /// What `own` would send next if it goes on with what is on the table: the step that `contract sign` does.
    #[must_use]
    pub fn due(&self, own: PartyRole) -> Option<NextMessage> {
        let contract = self.proposal.contract;
        if self.turn() != Some(own) {
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
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Provider => Self::Consumer,
            Self::Consumer => Self::Provider,
        }
    }

    /// `provider` or `consumer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

impl Phase {
    /// Every state, in the order of a negotiation that succeeds.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Offered,
        Self::Accepted,
        Self::Agreed,
        Self::Verified,
        Self::Finalized,
        Self::Terminated,
    ];

    /// The state as the protocol writes it.
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
