//! Messages of a transfer.

use crate::data_address::DataAddress;
use crate::document::{self, message_members, process_message, put_member, put_pid, put_reasons};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::process_id::{ProcessId, ProcessPids};
use serde_json::Value;

const TRANSFER_REQUEST: &str = "TransferRequestMessage";
const TRANSFER_START: &str = "TransferStartMessage";
const TRANSFER_SUSPENSION: &str = "TransferSuspensionMessage";
const TRANSFER_COMPLETION: &str = "TransferCompletionMessage";
const TRANSFER_TERMINATION: &str = "TransferTerminationMessage";

/// Request of a consumer for a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "Transfer Request Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRequest {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process id at the consumer.
    pub consumer_pid: ProcessId,
    /// Agreement of the transfer.
    pub agreement_id: String,
    /// Format of a distribution of the dataset.
    pub format: String,
    /// Destination of a push by the provider; absent for a pull.
    pub data_address: Option<DataAddress>,
    /// Callback address of the consumer.
    pub callback: String,
}

impl TransferRequest {
    /// Parses the request.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, TRANSFER_REQUEST)?;
        Ok(Self {
            message_id: node.text("@id")?,
            consumer_pid: node.required_pid("consumerPid")?,
            agreement_id: node.required_text("agreementId")?,
            format: node.required_text("format")?,
            data_address: data_address(&node)?,
            callback: node.required_text("callbackAddress")?,
        })
    }

    /// Request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members(TRANSFER_REQUEST, self.message_id.as_deref());
        put_pid(&mut members, "consumerPid", &self.consumer_pid);
        put_member(
            &mut members,
            "agreementId",
            Some(self.agreement_id.as_str()),
        );
        put_member(&mut members, "format", Some(self.format.as_str()));
        let address = self.data_address.as_ref().map(DataAddress::to_json);
        put_member(&mut members, "dataAddress", address);
        put_member(
            &mut members,
            "callbackAddress",
            Some(self.callback.as_str()),
        );
        Value::Object(members)
    }
}

/// Start or resumption of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "Transfer Start Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferStart {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the transfer.
    pub pids: ProcessPids,
    /// Address from which the consumer pulls.
    pub data_address: Option<DataAddress>,
}

impl TransferStart {
    /// Parses the start message.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, TRANSFER_START)?;
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
            data_address: data_address(&node)?,
        })
    }

    /// Start message as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = process_message(TRANSFER_START, self.message_id.as_deref(), &self.pids);
        let address = self.data_address.as_ref().map(DataAddress::to_json);
        put_member(&mut members, "dataAddress", address);
        Value::Object(members)
    }
}

/// Suspension of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "Transfer Suspension Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSuspension {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the transfer.
    pub pids: ProcessPids,
    /// Reason for programs.
    pub code: Option<String>,
    /// Reasons for people.
    pub reasons: Vec<String>,
}

impl TransferSuspension {
    /// Parses the suspension.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, TRANSFER_SUSPENSION)?;
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
            code: node.code(),
            reasons: node.reasons(),
        })
    }

    /// Suspension as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members =
            process_message(TRANSFER_SUSPENSION, self.message_id.as_deref(), &self.pids);
        put_reasons(&mut members, self.code.as_deref(), &self.reasons);
        Value::Object(members)
    }
}

/// Successful end of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "Transfer Completion Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferCompletion {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the transfer.
    pub pids: ProcessPids,
}

impl TransferCompletion {
    /// Parses the completion.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, TRANSFER_COMPLETION)?;
        Ok(Self {
            message_id: node.text("@id")?,
            pids: node.pids()?,
        })
    }

    /// Completion as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(process_message(
            TRANSFER_COMPLETION,
            self.message_id.as_deref(),
            &self.pids,
        ))
    }
}

/// Unsuccessful end of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "Transfer Termination Message").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferTermination {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Process ids of the transfer.
    pub pids: ProcessPids,
    /// Reason for programs.
    pub code: Option<String>,
    /// Reasons for people.
    pub reasons: Vec<String>,
}

impl TransferTermination {
    /// Parses the termination.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, TRANSFER_TERMINATION)?;
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
        let mut members =
            process_message(TRANSFER_TERMINATION, self.message_id.as_deref(), &self.pids);
        put_reasons(&mut members, self.code.as_deref(), &self.reasons);
        Value::Object(members)
    }
}

fn data_address(node: &Node<'_>) -> Result<Option<DataAddress>, MessageError> {
    node.member("dataAddress")
        .map(DataAddress::read)
        .transpose()
}
