//! What a message of a negotiation leaves in the log, sent or received.

use super::{Content, Message, Side, State};
use crate::id::{ContractId, ParticipantId};
use evidence::digest::Digest;
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence};

/// A message about to be recorded: before it is sent, or before it takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The negotiation.
    pub negotiation: String,
    /// The other participant.
    pub peer: ParticipantId,
    /// Whether it came in.
    pub incoming: bool,
    /// Its identity.
    pub message: super::MessageId,
    /// What it is, in one word.
    pub what: &'static str,
    /// The contract that it is about.
    pub contract: Option<ContractId>,
    /// Digest of its bytes as they are sent and kept.
    pub bytes: Digest,
    /// For a message of our own: whether our officer has allowed to sign beforehand.
    pub sign_beforehand: bool,
    /// The state that it leads to.
    pub leads_to: &'static str,
}

impl Noted {
    /// The note of the message that led to `state`.
    #[must_use]
    pub fn of(state: &State, message: &Message, own: Side, bytes: Digest) -> Self {
        let parties = state.parties();
        let contract = match &message.content {
            Content::Request { proposal, .. } | Content::Offer { proposal } => {
                Some(proposal.contract)
            }
            Content::Acceptance { contract } => Some(*contract),
            Content::Agreement { signed }
            | Content::Verification { signed }
            | Content::Finalization { signed } => Some(signed.id),
            Content::Termination { .. } => None,
        };
        Self {
            negotiation: parties.negotiation.clone(),
            peer: match own {
                Side::Provider => parties.consumer.clone(),
                Side::Consumer => parties.provider.clone(),
            },
            incoming: message.from != own,
            message: message.id,
            what: message.content.as_str(),
            contract,
            bytes,
            sign_beforehand: contract.is_some() && state.consent() == contract,
            leads_to: state.phase().as_str(),
        }
    }
}

impl Evidence for Noted {
    fn entry(&self) -> Entry {
        Entry {
            kind: "negotiation",
            body: Json::object([
                ("negotiation", Json::text(&self.negotiation)),
                ("peer", Json::text(&self.peer)),
                ("incoming", Json::Bool(self.incoming)),
                ("message", Json::text(self.message)),
                ("what", Json::text(self.what)),
                ("contract", self.contract.map_or(Json::Null, Json::text)),
                ("bytes", Json::text(self.bytes)),
                ("sign_beforehand", Json::Bool(self.sign_beforehand)),
                ("state", Json::text(self.leads_to)),
            ]),
        }
    }
}
