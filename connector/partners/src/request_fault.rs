//! What a request of a partner leads to, and why it has no answer.

use hansa_dataspace::{ErrorBody, ErrorKind, MessageError, NegotiationAck, ProcessId, TransferAck};
use hansa_policy::refusal::{ErrorClass, Refusal};
use hansa_transport::DataspaceResponse;

/// Bytes of the id of a message.
const ID: usize = 256;

/// What a request leads to.
pub(super) enum Answered {
    Nothing,
    Negotiation(NegotiationAck),
    NegotiationMade(NegotiationAck),
    Transfer(TransferAck),
    TransferMade(TransferAck),
}

/// Why a request has no answer.
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

    /// The message is wrong, or comes at a wrong time.
    pub(super) fn bad(reason: impl Into<String>) -> Self {
        Self::new(400, reason)
    }

    /// It can't be read.
    pub(super) fn of(error: MessageError) -> Self {
        Self::bad(error.to_string())
    }

    /// What it is about is not there.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self::new(404, reason)
    }

    /// There are too many processes already.
    pub(super) fn busy() -> Self {
        Self::new(503, "too many processes of yours are open")
    }

    /// The partner looks at what it is offered more often than anybody needs.
    pub(super) fn too_often() -> Self {
        Self::new(429, "too many requests for the catalogue in a minute")
    }

    /// Refuses the id of a message that is longer than any that a program makes: it is kept as long as its process.
    pub(super) fn check_id(id: Option<&String>) -> Result<(), Self> {
        match id {
            Some(id) if id.len() > ID => Err(Self::bad("the @id is too long")),
            _ => Ok(()),
        }
    }

    /// What the partner is told.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// A fault of this participant, which is no business of the partner.
    pub(super) fn internal() -> Self {
        Self::new(500, "the request could not be answered")
    }

    /// A refusal. Whoever may not know more is told its code alone; a passing fault is one of the server, which is tried again.
    pub(super) fn from_refusal(refusal: Refusal) -> Self {
        tracing::warn!(%refusal, "dataspace.refused");
        let status = match refusal.code.kind() {
            ErrorClass::Unknown => 404,
            ErrorClass::OutOfReach | ErrorClass::Failed => 503,
            _ => 400,
        };
        Self::new(status, refusal.code.as_str())
    }

    /// Whether it may pass, so that the sender tries again.
    pub(super) const fn is_passing(&self) -> bool {
        self.status >= 500
    }

    /// The answer to somebody who speaks no protocol of messages about errors.
    pub(super) fn plain_response(self) -> DataspaceResponse {
        let body = serde_json::json!({"error": self.reason});
        DataspaceResponse::json(self.status, body.to_string().into_bytes())
    }

    /// Names the process.
    pub(super) fn between(
        mut self,
        consumer: Option<&ProcessId>,
        provider: Option<&ProcessId>,
    ) -> Self {
        self.consumer_pid = consumer.cloned().or(self.consumer_pid);
        self.provider_pid = provider.cloned().or(self.provider_pid);
        self
    }

    pub(super) fn response(self, kind: ErrorKind) -> DataspaceResponse {
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
