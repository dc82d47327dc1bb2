//! Results of a partner's request, and its errors.

use hansa_dataspace::{ErrorBody, ErrorKind, MessageError, NegotiationAck, ProcessId, TransferAck};
use hansa_policy::refusal::{ErrorClass, Refusal};
use hansa_transport::DataspaceResponse;

/// Most bytes of a message ID.
const ID: usize = 256;

/// Result of a request.
pub(super) enum Answered {
    Nothing,
    Negotiation(NegotiationAck),
    NegotiationMade(NegotiationAck),
    Transfer(TransferAck),
    TransferMade(TransferAck),
}

/// Error of a request.
#[derive(Debug, Clone)]
pub(super) struct RequestFault {
    status: u16,
    reason: String,
    consumer_pid: Option<ProcessId>,
    provider_pid: Option<ProcessId>,
}

impl RequestFault {
    pub(super) fn new(status: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            consumer_pid: None,
            provider_pid: None,
        }
    }

    /// The message is wrong, or comes in a wrong state.
    pub(super) fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(400, reason)
    }

    /// The message can't be parsed.
    pub(super) fn of(error: MessageError) -> Self {
        Self::bad_request(error.to_string())
    }

    /// The subject of the message is unknown.
    pub(super) fn unknown_subject(reason: impl Into<String>) -> Self {
        Self::new(404, reason)
    }

    /// There are too many processes already.
    pub(super) fn too_many_processes() -> Self {
        Self::new(503, "too many processes of yours are open")
    }

    /// The partner requests its catalog too often.
    pub(super) fn too_often() -> Self {
        Self::new(429, "too many requests for the catalogue in a minute")
    }

    /// Refuses an excessively long message ID, because it is stored as long as its process.
    pub(super) fn check_id(id: Option<&String>) -> Result<(), Self> {
        match id {
            Some(id) if id.len() > ID => Err(Self::bad_request("the @id is too long")),
            _ => Ok(()),
        }
    }

    /// Reason as sent to the partner.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Internal error, without details for the partner.
    pub(super) fn internal_error() -> Self {
        Self::new(500, "the request could not be answered")
    }

    /// Converts a refusal. A partner gets only the code; a temporary error becomes a server error, which is retried.
    pub(super) fn from_refusal(refusal: Refusal) -> Self {
        tracing::warn!(%refusal, "dataspace.refused");
        let status = match refusal.code.kind() {
            ErrorClass::Unknown => 404,
            ErrorClass::OutOfReach | ErrorClass::Failed => 503,
            _ => 400,
        };
        Self::new(status, refusal.code.as_str())
    }

    /// True for a temporary error, after which the sender retries.
    pub(super) const fn is_passing(&self) -> bool {
        self.status >= 500
    }

    /// Answer to a sender that does not use the protocol's error messages.
    pub(super) fn plain_response(self) -> DataspaceResponse {
        let body = serde_json::json!({"error": self.reason});
        DataspaceResponse::json(self.status, body.to_string().into_bytes())
    }

    /// Adds the IDs of the process.
    pub(super) fn with_pids(
        mut self,
        consumer: Option<&ProcessId>,
        provider: Option<&ProcessId>,
    ) -> Self {
        self.consumer_pid = consumer.cloned().or(self.consumer_pid);
        self.provider_pid = provider.cloned().or(self.provider_pid);
        self
    }

    pub(super) fn into_error_response(self, kind: ErrorKind) -> DataspaceResponse {
        let body = ErrorBody {
            kind,
            consumer_pid: self.consumer_pid,
            provider_pid: self.provider_pid,
            code: Some(self.status.to_string()),
            reasons: vec![self.reason],
        };
        DataspaceResponse::json(self.status, body.to_json().to_string().into_bytes())
    }
}
