//! Answers that say in which state a process is.

use crate::document::{self, process_message, put};
use crate::message_error::MessageError;
use crate::process_id::ProcessPids;
use crate::transfer_state::TransferState;
use crate::vocabulary;
use serde_json::Value;

const CONTRACT_NEGOTIATION: &str = "ContractNegotiation";
const TRANSFER_PROCESS: &str = "TransferProcess";

/// State of a negotiation (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "State Machine").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NegotiationState {
    /// The consumer has asked.
    Requested,
    /// The provider has offered.
    Offered,
    /// The consumer has accepted the offer.
    Accepted,
    /// The provider has sent an agreement.
    Agreed,
    /// The consumer has agreed to it.
    Verified,
    /// There is a contract.
    Finalized,
    /// Ended without a contract.
    Terminated,
}

impl NegotiationState {
    /// Each state, in the order of a negotiation.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Offered,
        Self::Accepted,
        Self::Agreed,
        Self::Verified,
        Self::Finalized,
        Self::Terminated,
    ];

    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
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

    /// The state with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// State of a negotiation as an answer (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "ACK - Contract Negotiation").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationAck {
    /// Ids of the negotiation.
    pub pids: ProcessPids,
    /// State of the negotiation.
    pub state: NegotiationState,
}

impl NegotiationAck {
    /// The answer that the bytes are.
    ///
    /// # Errors
    ///
    /// For a message that is not valid.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read(bytes)?;
        let node = document::open(&value, CONTRACT_NEGOTIATION)?;
        let name = vocabulary::canonical(&node.required_text("state")?);
        Ok(Self {
            pids: node.pids()?,
            state: NegotiationState::of_name(&name)
                .ok_or(node.invalid("state", "is no state of a negotiation"))?,
        })
    }

    /// The message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = process_message(CONTRACT_NEGOTIATION, None, &self.pids);
        put(&mut members, "state", Some(self.state.name()));
        Value::Object(members)
    }
}

/// State of a transfer as an answer (Dataspace Protocol 2025-1, Transfer Process Protocol, "ACK - Transfer Process").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferAck {
    /// Ids of the transfer.
    pub pids: ProcessPids,
    /// State of the transfer.
    pub state: TransferState,
}

impl TransferAck {
    /// The answer that the bytes are.
    ///
    /// # Errors
    ///
    /// For a message that is not valid.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read(bytes)?;
        let node = document::open(&value, TRANSFER_PROCESS)?;
        let name = vocabulary::canonical(&node.required_text("state")?);
        Ok(Self {
            pids: node.pids()?,
            state: TransferState::of_name(&name)
                .ok_or(node.invalid("state", "is no state of a transfer"))?,
        })
    }

    /// The message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = process_message(TRANSFER_PROCESS, None, &self.pids);
        put(&mut members, "state", Some(self.state.name()));
        Value::Object(members)
    }
}
