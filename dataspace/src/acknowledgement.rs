//! Acknowledgements with the state of a process.

use crate::document::{self, process_message, put_member};
use crate::message_error::MessageError;
use crate::process_id::ProcessPids;
use crate::transfer_state::TransferState;
use crate::vocabulary;
use hansa_policy::negotiation::Phase;
use serde_json::Value;

const CONTRACT_NEGOTIATION: &str = "ContractNegotiation";
const TRANSFER_PROCESS: &str = "TransferProcess";

/// State of a negotiation with this name (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "State Machine").
fn phase_of(name: &str) -> Option<Phase> {
    let mut phases = Phase::ALL.into_iter();
    phases.find(|phase| phase.as_str() == name)
}

/// Acknowledgement with the state of a negotiation (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "ACK - Contract
/// Negotiation").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationAck {
    /// Process ids of the negotiation.
    pub pids: ProcessPids,
    /// State of the negotiation.
    pub state: Phase,
}

impl NegotiationAck {
    /// Parses the acknowledgement.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, CONTRACT_NEGOTIATION)?;
        let name = vocabulary::to_canonical_name(&node.required_text("state")?);
        Ok(Self {
            pids: node.pids()?,
            state: phase_of(&name)
                .ok_or(node.invalid_member_error("state", "is no state of a negotiation"))?,
        })
    }

    /// Acknowledgement as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = process_message(CONTRACT_NEGOTIATION, None, &self.pids);
        put_member(&mut members, "state", Some(self.state.as_str()));
        Value::Object(members)
    }
}

/// Acknowledgement with the state of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "ACK - Transfer Process").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferAck {
    /// Process ids of the transfer.
    pub pids: ProcessPids,
    /// State of the transfer.
    pub state: TransferState,
}

impl TransferAck {
    /// Parses the acknowledgement.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, TRANSFER_PROCESS)?;
        let name = vocabulary::to_canonical_name(&node.required_text("state")?);
        Ok(Self {
            pids: node.pids()?,
            state: TransferState::of_name(&name)
                .ok_or(node.invalid_member_error("state", "is no state of a transfer"))?,
        })
    }

    /// Acknowledgement as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = process_message(TRANSFER_PROCESS, None, &self.pids);
        put_member(&mut members, "state", Some(self.state.name()));
        Value::Object(members)
    }
}
