//! Messages of a contract negotiation.

use crate::document::{self, message_members, process_message, put_member, put_pid, put_reasons};
use crate::message_error::MessageError;
use crate::policy_document::{AgreementDocument, OfferDocument};
use crate::process_id::{ProcessId, ProcessPids};
use crate::vocabulary;
use serde_json::{Map, Value};

const CONTRACT_REQUEST: &str = "ContractRequestMessage";
const CONTRACT_OFFER: &str = "ContractOfferMessage";
const CONTRACT_AGREEMENT: &str = "ContractAgreementMessage";
const AGREEMENT_VERIFICATION: &str = "ContractAgreementVerificationMessage";
const NEGOTIATION_EVENT: &str = "ContractNegotiationEventMessage";
const NEGOTIATION_TERMINATION: &str = "ContractNegotiationTerminationMessage";

/// Request of a consumer for a contract (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Request Message").
///
/// The first request of a negotiation has a callback address, a later one the provider's process id; never both.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractRequest {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process id at the consumer.
    pub consumer_pid: ProcessId,
    /// Process id at the provider.
    pub provider_pid: Option<ProcessId>,
    /// Offer that the consumer accepts or proposes.
    pub offer: OfferDocument,
    /// Callback address of the consumer.
    pub callback: Option<String>,
}

impl ContractRequest {
    /// Parses the request.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, CONTRACT_REQUEST)?;
        let request = Self {
            message_id: node.text("@id")?,
            consumer_pid: node.required_pid("consumerPid")?,
            provider_pid: node.pid("providerPid")?,
            offer: OfferDocument::read_in_message(node.required_member("offer")?)?,
            callback: node.text("callbackAddress")?,
        };
        check_one_of(
            CONTRACT_REQUEST,
            request.callback.as_ref(),
            request.provider_pid.as_ref(),
        )?;
        Ok(request)
    }

    /// Request as JSON. With a process id of the provider it has no callback address.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members(CONTRACT_REQUEST, self.message_id.as_deref());
        put_pid(&mut members, "consumerPid", &self.consumer_pid);
        put_pid_or_callback(
            &mut members,
            "providerPid",
            self.provider_pid.as_ref(),
            self.callback.as_deref(),
        );
        put_member(&mut members, "offer", Some(self.offer.to_json()));
        Value::Object(members)
    }
}

/// Offer of a provider (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Offer Message").
///
/// The first offer of a negotiation has a callback address, a later one the consumer's process id; never both.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractOffer {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process id at the provider.
    pub provider_pid: ProcessId,
    /// Process id at the consumer.
    pub consumer_pid: Option<ProcessId>,
    /// Offer with a target.
    pub offer: OfferDocument,
    /// Callback address of the provider.
    pub callback: Option<String>,
}

impl ContractOffer {
    /// Parses the offer.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, CONTRACT_OFFER)?;
        let message = Self {
            message_id: node.text("@id")?,
            provider_pid: node.required_pid("providerPid")?,
            consumer_pid: node.pid("consumerPid")?,
            offer: OfferDocument::read_in_message(node.required_member("offer")?)?,
            callback: node.text("callbackAddress")?,
        };
        if message.offer.target.is_none() {
            return Err(MessageError::MemberMissing {
                place: "offer",
                member: "target",
            });
        }
        check_one_of(
            CONTRACT_OFFER,
            message.callback.as_ref(),
            message.consumer_pid.as_ref(),
        )?;
        Ok(message)
    }

    /// Offer as JSON. With a process id of the consumer it has no callback address.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members(CONTRACT_OFFER, self.message_id.as_deref());
        put_pid(&mut members, "providerPid", &self.provider_pid);
        put_pid_or_callback(
            &mut members,
            "consumerPid",
            self.consumer_pid.as_ref(),
            self.callback.as_deref(),
        );
        put_member(&mut members, "offer", Some(self.offer.to_json()));
        Value::Object(members)
    }
}

/// Agreement of a provider (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Agreement Message").
#[derive(Debug, Clone, PartialEq)]
pub struct ContractAgreement {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the negotiation.
    pub pids: ProcessPids,
    /// Agreement with its rules.
    pub agreement: AgreementDocument,
}

impl ContractAgreement {
    /// Parses the agreement.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, CONTRACT_AGREEMENT)?;
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
            agreement: AgreementDocument::read(node.required_member("agreement")?)?,
        })
    }

    /// Agreement as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members =
            process_message(CONTRACT_AGREEMENT, self.message_id.as_deref(), &self.pids);
        put_member(&mut members, "agreement", Some(self.agreement.to_json()));
        Value::Object(members)
    }
}

/// Consent of a consumer to an agreement (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Agreement Verification
/// Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementVerification {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the negotiation.
    pub pids: ProcessPids,
}

impl AgreementVerification {
    /// Parses the verification.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, AGREEMENT_VERIFICATION)?;
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
        })
    }

    /// Verification as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(process_message(
            AGREEMENT_VERIFICATION,
            self.message_id.as_deref(),
            &self.pids,
        ))
    }
}

/// Kind of a negotiation event (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Negotiation Event Message").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegotiationEventKind {
    /// The consumer accepts the provider's offer.
    Accepted,
    /// The provider ends the negotiation with a contract.
    Finalized,
}

/// Event of a negotiation (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Negotiation Event Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationEvent {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the negotiation.
    pub pids: ProcessPids,
    /// Kind of the event.
    pub event: NegotiationEventKind,
}

impl NegotiationEvent {
    /// Parses the event.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, NEGOTIATION_EVENT)?;
        let name = vocabulary::to_canonical_name(&node.required_text("eventType")?);
        let event = match name.as_str() {
            "ACCEPTED" => NegotiationEventKind::Accepted,
            "FINALIZED" => NegotiationEventKind::Finalized,
            _ => {
                return Err(
                    node.invalid_member_error("eventType", "is neither ACCEPTED nor FINALIZED")
                );
            }
        };
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
            event,
        })
    }

    /// Event as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members =
            process_message(NEGOTIATION_EVENT, self.message_id.as_deref(), &self.pids);
        let event = match self.event {
            NegotiationEventKind::Accepted => "ACCEPTED",
            NegotiationEventKind::Finalized => "FINALIZED",
        };
        put_member(&mut members, "eventType", Some(event));
        Value::Object(members)
    }
}

/// End of a negotiation without a contract (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Negotiation
/// Termination Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationTermination {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the negotiation.
    pub pids: ProcessPids,
    /// Reason for programs.
    pub code: Option<String>,
    /// Reasons for people.
    pub reasons: Vec<String>,
}

impl NegotiationTermination {
    /// Parses the termination.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, NEGOTIATION_TERMINATION)?;
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
            code: node.code(),
            reasons: node.reasons(),
        })
    }

    /// Termination as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = process_message(
            NEGOTIATION_TERMINATION,
            self.message_id.as_deref(),
            &self.pids,
        );
        put_reasons(&mut members, self.code.as_deref(), &self.reasons);
        Value::Object(members)
    }
}

fn check_one_of(
    message: &'static str,
    callback: Option<&String>,
    pid_of_other: Option<&ProcessId>,
) -> Result<(), MessageError> {
    if callback.is_some() == pid_of_other.is_some() {
        return Err(MessageError::CallbackOrPid(message));
    }
    Ok(())
}

fn put_pid_or_callback(
    members: &mut Map<String, Value>,
    name: &str,
    pid: Option<&ProcessId>,
    callback: Option<&str>,
) {
    match pid {
        Some(pid) => put_pid(members, name, pid),
        None => put_member(members, "callbackAddress", callback),
    }
}
