//! What stands behind the peer face: the connector, as far as a face needs to know it.

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

/// A connector that peers talk to.
#[async_trait]
pub trait PeerHandler: Send + Sync + 'static {
    /// Who is calling, by the trust bundle of this moment. Asked at every request.
    ///
    /// # Errors
    /// Why the caller is not a peer, or no longer.
    fn recognise(&self, presented: &PeerCertificate) -> Result<VerifiedPeer, Refusal>;

    /// Somebody did not get as far as a request. Counted, not recorded one by one: strangers must not fill the log.
    fn connection_rejected(&self, rejected: RejectedConnection);

    /// Records a refusal that the face found by itself.
    async fn decline(&self, presented: &PeerCertificate, refusal: Refusal) -> QueryRejection;

    /// Greets back.
    async fn hello(
        &self,
        peer: &VerifiedPeer,
        greeting: PeerGreeting,
    ) -> Result<PeerGreeting, QueryRejection>;

    /// One page of what the caller may see.
    async fn catalog(
        &self,
        peer: &VerifiedPeer,
        request: CatalogPageRequest,
    ) -> Result<CatalogEntryPage, QueryRejection>;

    /// Takes in one message, durably; the same message again changes nothing.
    async fn send(
        &self,
        peer: &VerifiedPeer,
        message: SubmittedMessage,
    ) -> Result<MessageReceipt, QueryRejection>;

    /// The messages for the caller after that number, then, unless only `once`, those that come. Those up to it are
    /// acknowledged.
    async fn inbox(
        &self,
        peer: &VerifiedPeer,
        after: u64,
        once: bool,
    ) -> Result<PeerMessageStream, QueryRejection>;

    /// A proof from the log.
    async fn proof(
        &self,
        peer: &VerifiedPeer,
        request: LogProofRequest,
    ) -> Result<LogProof, QueryRejection>;

    /// Cosigns the caller's head, once it is seen that its log went on.
    async fn witness(
        &self,
        peer: &VerifiedPeer,
        submission: HeadSubmission,
    ) -> Result<CosignOutcome, QueryRejection>;

    /// Answers a question.
    async fn answer(
        &self,
        peer: &VerifiedPeer,
        asking: QueryRequestEnvelope,
    ) -> Result<AnswerStream, QueryRejection>;
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageReceipt {
    /// It is here, durably.
    In,
    /// What it leaves out is not held here: it has to come whole.
    NotWhole,
}

/// Messages as they come; dropping it ends the wait for more.
pub type PeerMessageStream = BoxStream<'static, Result<SequencedMessage, Refusal>>;

/// An answer under way. The face pulls; dropping it ends the answer.
pub struct AnswerStream {
    /// First the schema, then batches, then the receipt. An error before the receipt is a fault of the connector;
    /// a cut answer gives its receipt first and its error after.
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
    /// An Arrow IPC message.
    Data {
        /// Its header, a flatbuffer.
        header: Bytes,
        /// Its buffers.
        body: Bytes,
    },
    /// The signed receipt; no rows follow.
    Receipt(Bytes),
}

/// Why there is no answer.
#[derive(Debug)]
pub enum QueryRejection {
    /// It was refused, and that is in the log.
    Declined(Recorded<PendingRefusal>),
    /// Nothing came since the answer that it goes on from, and that is in the log.
    Quiet(Recorded<NoNewDataDecision>),
    /// It was refused as one of many, which are in the log together.
    Summed(DisclosableRefusal),
    /// The log can't be written, so nothing is answered. A peer learns this alone, a stranger nothing.
    Closed,
    /// The connector is being stopped and takes no more questions. Nothing of the question is in the log, so it can be asked again.
    Moved,
}

/// How somebody failed before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectedConnection {
    /// The TLS handshake failed.
    Handshake,
    /// The TLS handshake took too long.
    Slow,
    /// The handshake held, but what was presented is no identity.
    NoIdentity,
    /// There were too many connections, and this one made way.
    Crowded,
    /// Whoever has proven who it is held as many connections as one may, and was told so.
    TooMany,
}
