//! The provider's end of a receipt: signed while the close of its answer becomes durable, issued when it is.

use crate::node::Node;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::Time;
use hansa_policy::contract::Role;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::envelope::{self, Kind};
use hansa_proto::receipt::{self, Leaf, Outcome, Read, Receipt, ResultDigest};
use hansa_query::answer::sealed::{Outcome as Ended, Sealed, Sent};

/// What was fixed when an answer was admitted.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    /// The question.
    pub(crate) request: RequestId,
    /// Who asked.
    pub(crate) consumer: ParticipantId,
    /// Dataset, contract and snapshot label of each read.
    pub(crate) reads: Vec<(DatasetId, Option<ContractId>, String)>,
    /// Digest of the request as it came.
    pub(crate) request_digest: Digest,
    /// Commitment to the SQL text.
    pub(crate) sql_commit: Digest,
    /// Digest of the plan.
    pub(crate) plan_digest: Digest,
    /// When it was admitted.
    pub(crate) admitted_at: Time,
    /// The ruling's record.
    pub(crate) leaf: Leaf,
}

/// A receipt before its answer is closed.
#[derive(Debug)]
pub(crate) struct Draft {
    admitted: Admitted,
    sent: Sent,
    outcome: Outcome,
}

impl Draft {
    /// That of an answer that is about to be closed.
    pub(crate) fn of(sealed: &Sealed, admitted: Admitted) -> Self {
        Self {
            admitted,
            sent: sealed.sent().clone(),
            outcome: match sealed.outcome() {
                Ended::Done => Outcome::Done,
                Ended::Cancelled => Outcome::Cancelled,
                Ended::Cut(code) => Outcome::Cut(code),
                Ended::Failed(code) => Outcome::Failed(code),
            },
        }
    }

    /// Signs it for a close that was written at this time. Nobody has it until it is issued.
    ///
    /// # Errors
    /// When the log can't sign a head, or the key is out of reach.
    pub(crate) async fn signed(self, node: &Node, closed_at: Time) -> Result<Signed, Refusal> {
        let Self {
            admitted,
            sent,
            outcome,
        } = self;
        let head = node
            .log
            .head_over(admitted.leaf.index.saturating_add(1))
            .await
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))?;
        let result: ResultDigest = sent
            .digest
            .parse()
            .map_err(|_| Refusal::new(Code::Internal, "the digest of the answer can't be read"))?;
        let read = |(dataset, contract, snapshot): (DatasetId, Option<ContractId>, String)| {
            contract.map(|contract| Read {
                dataset,
                contract,
                snapshot,
            })
        };
        let receipt = Receipt {
            request: admitted.request,
            provider: node.id(),
            consumer: admitted.consumer.clone(),
            reads: admitted.reads.into_iter().filter_map(read).collect(),
            request_digest: admitted.request_digest,
            sql_commit: admitted.sql_commit,
            plan_out_digest: admitted.plan_digest,
            rows: sent.rows,
            bytes: sent.bytes,
            result,
            outcome,
            admitted_at: admitted.admitted_at,
            last_at: closed_at,
            leaf: admitted.leaf,
            checkpoint: head.digest(),
        };
        let payload = receipt::to_bytes(&receipt);
        let signature = node.sign(Kind::Receipt, Role::Provider, &payload)?;
        Ok(Signed {
            consumer: admitted.consumer,
            request: admitted.request,
            bytes: Bytes::from(envelope::assemble(&payload, &[signature])),
        })
    }
}

/// A signed receipt.
#[derive(Debug)]
pub(crate) struct Signed {
    consumer: ParticipantId,
    request: RequestId,
    bytes: Bytes,
}

impl Signed {
    /// Hands it out, since the close that it tells of is durable.
    pub(crate) fn issue(self, node: &Node, _closed: &Recorded<Sealed>) -> Bytes {
        // What it says is in the log; the file that is kept is the one that comes back countersigned.
        node.issued.keep(&self.consumer, self.request, &self.bytes);
        self.bytes
    }
}
