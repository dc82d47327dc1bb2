//! The provider's end of a receipt: signed while the close of its answer becomes durable, issued when it is.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::process::blocking_work::waiting;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::record::answers::OneSidedReceiptRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::receipt::{AnswerOutcome, DatasetRead, LogLeaf, Receipt, ResultDigest};
use hansa_proto::statement;
use hansa_query::answer::sealed_answer::{DeliveredTotals, SealedAnswer, StreamOutcome as Ended};
use hansa_store::document_folder::StoredDocumentKind;

/// What was fixed when an answer was admitted.
#[derive(Debug, Clone)]
pub(crate) struct AdmittedQuery {
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
    pub(crate) admitted_at: UtcTimestamp,
    /// The ruling's record.
    pub(crate) leaf: LogLeaf,
}

/// A receipt before its answer is closed.
#[derive(Debug)]
pub(crate) struct ReceiptDraft {
    admitted: AdmittedQuery,
    sent: DeliveredTotals,
    outcome: AnswerOutcome,
    one_sided: bool,
}

impl ReceiptDraft {
    /// That of an answer that is about to be closed; a one-sided one is countersigned by nobody.
    pub(crate) fn of(sealed: &SealedAnswer, admitted: AdmittedQuery, one_sided: bool) -> Self {
        Self {
            admitted,
            one_sided,
            sent: sealed.delivered_totals().clone(),
            outcome: match sealed.outcome() {
                Ended::Done => AnswerOutcome::Done,
                Ended::Cancelled => AnswerOutcome::Cancelled,
                Ended::Cut(code) => AnswerOutcome::Cut(code),
                Ended::Failed(code) => AnswerOutcome::Failed(code),
            },
        }
    }

    /// Signs it for a close that was written at this time. Nobody has it until it is issued.
    ///
    /// # Errors
    /// When the log can't sign a head, or the key is out of reach.
    pub(crate) async fn sign(
        self,
        connector: &Connector,
        closed_at: UtcTimestamp,
    ) -> Result<UnissuedReceipt, Refusal> {
        let Self {
            admitted,
            sent,
            outcome,
            one_sided,
        } = self;
        let head = connector
            .records
            .log
            .head_over(admitted.leaf.index.saturating_add(1))
            .await
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))?;
        let result: ResultDigest = sent.digest.parse().map_err(|cause| {
            Refusal::new(
                ErrorCode::Internal,
                "the digest of the answer can't be read",
            )
            .caused_by(cause)
        })?;
        let read = |(dataset, contract, snapshot): (DatasetId, Option<ContractId>, String)| {
            contract.map(|contract| DatasetRead {
                dataset,
                contract,
                snapshot,
            })
        };
        let receipt = Receipt {
            request: admitted.request,
            provider: connector.id(),
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
            one_sided,
        };
        let payload = statement::to_bytes(&receipt);
        let signature =
            connector.sign(StatementKind::Receipt, SignatoryRole::Provider, &payload)?;
        Ok(UnissuedReceipt {
            consumer: admitted.consumer,
            request: admitted.request,
            bytes: Bytes::from(envelope::assemble(&payload, &[signature])),
        })
    }
}

/// A signed receipt.
#[derive(Debug)]
pub(crate) struct UnissuedReceipt {
    consumer: ParticipantId,
    request: RequestId,
    bytes: Bytes,
}

impl UnissuedReceipt {
    /// Hands it out, since the close that it tells of is durable.
    pub(crate) fn issue(self, connector: &Connector, _closed: &Recorded<SealedAnswer>) -> Bytes {
        // What it says is in the log; the file that is kept is the one that comes back countersigned.
        connector
            .accounting
            .issued_receipts
            .keep(&self.consumer, self.request, &self.bytes);
        self.bytes
    }

    /// The same of one that nobody countersigns: no file comes back, so that ours is kept, and the log names it.
    ///
    /// # Errors
    /// When it can't be kept or recorded.
    pub(crate) async fn issue_one_sided(
        self,
        connector: &Connector,
        _closed: &Recorded<SealedAnswer>,
    ) -> Result<Bytes, Refusal> {
        let documents = &connector.records.documents;
        let file = waiting(|| documents.keep(StoredDocumentKind::Receipt, &self.bytes))?;
        let given = AuditEvent::from(OneSidedReceiptRecord {
            request_id: self.request.to_string(),
            peer: self.consumer.to_string(),
            receipt: file,
        });
        let _durable: Recorded<AuditEvent> = connector.record(given).await?;
        Ok(self.bytes)
    }
}
