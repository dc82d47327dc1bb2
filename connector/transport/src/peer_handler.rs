//! Handler behind the peer server: the connector, as far as the server needs it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use hansa_audit_log::ledger::Recorded;
use hansa_policy::decision::PendingRefusal;
use hansa_policy::decision::refusal_summary::DisclosableRefusal;
use hansa_policy::decision::row_scope::NoNewDataDecision;
use hansa_policy::peer::{PeerCertificate, VerifiedPeer};
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::catalog_page::{CatalogEntryPage, CatalogPageRequest};
use hansa_proto::peer::greeting::PeerGreeting;
use hansa_proto::peer::message::SequencedMessage;
use hansa_proto::peer::message::compact_ack::SubmittedMessage;
use hansa_proto::peer::proof::{LogProof, LogProofRequest};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_proto::peer::witness::{CosignOutcome, HeadSubmission};

/// Connector as seen by the peer server.
#[async_trait]
pub trait PeerHandler: Send + Sync + 'static {
    /// Identifies the caller by the present trust bundle. Called at every request.
    ///
    /// # Errors
    /// The reason why the caller is not a peer.
    fn recognise(&self, presented: &PeerCertificate) -> Result<VerifiedPeer, Refusal>;

    /// Counts a connection that was rejected before a request. It is not recorded, since strangers must not fill the log.
    fn connection_rejected(&self, rejected: RejectedConnection);

    /// Records a refusal that the server itself found.
    async fn decline(&self, presented: &PeerCertificate, refusal: Refusal) -> QueryRejection;

    /// Responds to a greeting.
    async fn hello(
        &self,
        peer: &VerifiedPeer,
        greeting: PeerGreeting,
    ) -> Result<PeerGreeting, QueryRejection>;

    /// One page of the catalogue that the caller may see.
    async fn catalog_page(
        &self,
        peer: &VerifiedPeer,
        request: CatalogPageRequest,
    ) -> Result<CatalogEntryPage, QueryRejection>;

    /// Takes in one message durably. A repeated message changes nothing.
    async fn accept_message(
        &self,
        peer: &VerifiedPeer,
        message: SubmittedMessage,
    ) -> Result<MessageReceipt, QueryRejection>;

    /// Messages for the caller after this number. Without `once`, also new messages as they arrive. Messages up to the number are
    /// acknowledged.
    async fn inbox(
        &self,
        peer: &VerifiedPeer,
        after: u64,
        once: bool,
    ) -> Result<PeerMessageStream, QueryRejection>;

    /// Proof from the log.
    async fn log_proof(
        &self,
        peer: &VerifiedPeer,
        request: LogProofRequest,
    ) -> Result<LogProof, QueryRejection>;

    /// Cosigns the caller's head, after a check that its log has only grown.
    async fn cosign_head(
        &self,
        peer: &VerifiedPeer,
        submission: HeadSubmission,
    ) -> Result<CosignOutcome, QueryRejection>;

    /// Answers a question.
    async fn answer_query(
        &self,
        peer: &VerifiedPeer,
        asking: QueryRequestEnvelope,
    ) -> Result<AnswerStream, QueryRejection>;
}

/// Result of taking in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageReceipt {
    /// The message is stored durably.
    In,
    /// The message omits a part that is not stored here; it must be sent in full.
    NotWhole,
}

/// Messages as they arrive. Dropping the stream ends the subscription.
pub type PeerMessageStream = BoxStream<'static, Result<SequencedMessage, Refusal>>;

/// Running answer. The server pulls it. Dropping it ends the answer.
pub struct AnswerStream {
    /// First the schema, then batches, then the receipt. An error before the receipt is an internal error; a cut answer has its
    /// receipt first and then its error.
    pub frames: BoxStream<'static, Result<AnswerStreamFrame, Refusal>>,
}

impl std::fmt::Debug for AnswerStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerStream").finish_non_exhaustive()
    }
}

/// One message of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerStreamFrame {
    /// Arrow IPC message.
    Data {
        /// Header, a flatbuffer.
        header: Bytes,
        /// Buffers of the message.
        body: Bytes,
    },
    /// Signed receipt; no rows follow.
    Receipt(Bytes),
}

/// Reason why there is no answer.
#[derive(Debug)]
pub enum QueryRejection {
    /// Recorded refusal.
    Declined(Recorded<PendingRefusal>),
    /// Recorded decision that nothing new came since the earlier answer.
    Quiet(Recorded<NoNewDataDecision>),
    /// Refusal among many with a common record.
    Summed(DisclosableRefusal),
    /// The log can't be written, so nothing is answered. A peer learns only this, a stranger nothing.
    Closed,
    /// The connector is stopping and accepts no questions. The question is not in the log, so it can be repeated.
    Moved,
}

/// Reason of a rejection before the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectedConnection {
    /// The TLS handshake failed.
    Handshake,
    /// The TLS handshake took too long.
    Slow,
    /// The handshake succeeded, but the certificate has no valid identity.
    NoIdentity,
    /// There were too many unproven connections, and this one was ended.
    Crowded,
    /// The identified participant had too many connections, and got a refusal.
    TooMany,
}
