//! Error bodies of failed requests.

use crate::document::{self, message_members, put_reasons};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::process_id::{NIL_PID, ProcessId};
use serde_json::{Value, json};

/// Kind of an error, by the part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Dataspace Protocol 2025-1, Catalog Protocol, "ERROR - Catalog Error". It has no process ids.
    Catalog,
    /// Dataspace Protocol 2025-1, Contract Negotiation Protocol, "ERROR - Contract Negotiation Error".
    Negotiation,
    /// Dataspace Protocol 2025-1, Transfer Process Protocol, "ERROR - Transfer Error".
    Transfer,
}

/// Error body of a failed request (Dataspace Protocol 2025-1, "ERROR" of each of its three parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// Part of the protocol.
    pub kind: ErrorKind,
    /// Process id at the consumer; EDC leaves it out.
    pub consumer_pid: Option<ProcessId>,
    /// Process id at the provider; EDC leaves it out.
    pub provider_pid: Option<ProcessId>,
    /// Reason for programs.
    pub code: Option<String>,
    /// Reasons for people.
    pub reasons: Vec<String>,
}

impl ErrorKind {
    const ALL: [Self; 3] = [Self::Catalog, Self::Negotiation, Self::Transfer];

    /// Type of the message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "CatalogError",
            Self::Negotiation => "ContractNegotiationError",
            Self::Transfer => "TransferError",
        }
    }
}

impl ErrorBody {
    /// Parses an error of any kind.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let named = value.get("@type").and_then(Value::as_str);
        let known = ErrorKind::ALL
            .into_iter()
            .find(|kind| Some(kind.name()) == named);
        // The kind does not matter for a message of another type, which is refused next.
        let kind = known.unwrap_or(ErrorKind::Catalog);
        let node = document::open_message(&value, kind.name())?;
        Ok(Self {
            kind,
            consumer_pid: known_pid(&node, "consumerPid")?,
            provider_pid: known_pid(&node, "providerPid")?,
            code: node.code(),
            reasons: node.reasons(),
        })
    }

    /// Error as JSON. It has both process ids, the nil UUID for an unknown one; an error of the catalogue has none.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members(self.kind.name(), None);
        if self.kind != ErrorKind::Catalog {
            let text = |pid: &Option<ProcessId>| match pid {
                Some(pid) => json!(pid.as_str()),
                None => json!(NIL_PID),
            };
            members.insert("consumerPid".to_owned(), text(&self.consumer_pid));
            members.insert("providerPid".to_owned(), text(&self.provider_pid));
        }
        put_reasons(&mut members, self.code.as_deref(), &self.reasons);
        Value::Object(members)
    }
}

fn known_pid(node: &Node<'_>, name: &'static str) -> Result<Option<ProcessId>, MessageError> {
    let pid = node.pid(name)?;
    Ok(pid.filter(|pid| pid.as_str() != NIL_PID))
}
