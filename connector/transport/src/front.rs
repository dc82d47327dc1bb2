//! What stands behind the peer face: the connector, as far as a face needs to know it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use hansa_audit_log::ledger::Recorded;
use hansa_policy::peer::{Presented, VerifiedPeer};
use hansa_policy::refusal::Refusal;
use hansa_policy::ruling::Declined;
use hansa_policy::ruling::since::Quiet;
use hansa_policy::ruling::sum::Summed;
use hansa_proto::peer::ask::Asking;
use hansa_proto::peer::catalogue::{Page, PageRequest};
use hansa_proto::peer::greeting::Greeting;
use hansa_proto::peer::letter::Numbered;
use hansa_proto::peer::letter::short::Handed;
use hansa_proto::peer::proof::{Proof, Wanted};
use hansa_proto::peer::witness::{Seen, Shown};

/// A connector that peers talk to.
#[async_trait]
pub trait Front: Send + Sync + 'static {
    /// Who is calling, by the trust bundle of this moment. Asked at every request.
    ///
    /// # Errors
    /// Why the caller is not a peer, or no longer.
    fn recognise(&self, presented: &Presented) -> Result<VerifiedPeer, Refusal>;

    /// Somebody did not get as far as a request. Counted, not recorded one by one: strangers must not fill the log.
    fn knocked(&self, knock: Knock);

    /// Records a refusal that the face found by itself.
    async fn decline(&self, presented: &Presented, refusal: Refusal) -> NoAnswer;

    /// Greets back.
    async fn hello(&self, peer: &VerifiedPeer, greeting: Greeting) -> Result<Greeting, NoAnswer>;

    /// One page of what the caller may see.
    async fn catalog(&self, peer: &VerifiedPeer, request: PageRequest) -> Result<Page, NoAnswer>;

    /// Takes in one letter, durably; the same letter again changes nothing.
    async fn send(&self, peer: &VerifiedPeer, letter: Handed) -> Result<Taken, NoAnswer>;

    /// The letters for the caller after that number, then, unless only `once`, those that come. Those up to it are
    /// acknowledged.
    async fn inbox(&self, peer: &VerifiedPeer, after: u64, once: bool)
    -> Result<Letters, NoAnswer>;

    /// A proof from the log.
    async fn proof(&self, peer: &VerifiedPeer, wanted: Wanted) -> Result<Proof, NoAnswer>;

    /// Cosigns the caller's head, once it is seen that its log went on.
    async fn witness(&self, peer: &VerifiedPeer, shown: Shown) -> Result<Seen, NoAnswer>;

    /// Answers a question.
    async fn answer(&self, peer: &VerifiedPeer, asking: Asking) -> Result<Rows, NoAnswer>;
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is here, durably.
    In,
    /// What it leaves out is not held here: it has to come whole.
    NotWhole,
}

/// Letters as they come; dropping it ends the wait for more.
pub type Letters = BoxStream<'static, Result<Numbered, Refusal>>;

/// An answer under way. The face pulls; dropping it ends the answer.
pub struct Rows {
    /// First the schema, then batches, then the receipt. An error before the receipt is a fault of the connector;
    /// a cut answer gives its receipt first and its error after.
    pub frames: BoxStream<'static, Result<RowsFrame, Refusal>>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

/// One message of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsFrame {
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
pub enum NoAnswer {
    /// It was refused, and that is on the books.
    Declined(Recorded<Declined>),
    /// Nothing came since the answer that it goes on from, and that is on the books.
    Quiet(Recorded<Quiet>),
    /// It was refused as one of many, which are on the books together.
    Summed(Summed),
    /// The log can't be written, so nothing is answered, and no reason is given.
    Closed,
}

/// How somebody failed before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knock {
    /// The TLS handshake failed.
    Handshake,
    /// The TLS handshake took too long.
    Slow,
    /// The handshake held, but what was presented is no identity.
    NoIdentity,
    /// There were too many connections, and this one made way.
    Crowded,
}
