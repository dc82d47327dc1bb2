//! Issuance of receipts by the provider: signed while the close of the answer becomes durable, issued afterwards.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
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

/// Facts that are fixed when an answer is admitted.
#[derive(Debug, Clone)]
pub(crate) struct AdmittedQuery {
    /// Identity of the question.
    pub(crate) request: RequestId,
    /// Consumer that asked.
    pub(crate) consumer: ParticipantId,
    /// Dataset, contract and snapshot label of each read.
    pub(crate) reads: Vec<(DatasetId, Option<ContractId>, String)>,
    /// Digest of the request as received.
    pub(crate) request_digest: Digest,
    /// Commitment to the SQL text.
    pub(crate) sql_commit: Digest,
    /// Digest of the plan.
    pub(crate) plan_digest: Digest,
    /// Time of the admission.
    pub(crate) admitted_at: UtcTimestamp,
    /// Record of the decision.
    pub(crate) leaf: LogLeaf,
}

/// Receipt before the close of its answer.
#[derive(Debug)]
pub(crate) struct ReceiptDraft {
    admitted: AdmittedQuery,
    sent: DeliveredTotals,
    outcome: AnswerOutcome,
    one_sided: bool,
}

impl ReceiptDraft {
    /// Makes the draft for an answer that is about to be closed. Nobody countersigns a one-sided receipt.
    pub(crate) fn new(sealed: &SealedAnswer, admitted: AdmittedQuery, one_sided: bool) -> Self {
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

    /// Signs the receipt for a close record with this time. It leaves only when it is issued.
    ///
    /// # Errors
    /// If the log can't sign a head, or the key can't be used.
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
            .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))?;
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
            bytes: Bytes::from(envelope::assemble_statement(&payload, &[signature])),
        })
    }
}

/// Signed receipt that was not issued yet.
#[derive(Debug)]
pub(crate) struct UnissuedReceipt {
    consumer: ParticipantId,
    request: RequestId,
    bytes: Bytes,
}

impl UnissuedReceipt {
    /// Issues the receipt, because the close record that it names is durable.
    pub(crate) fn issue(self, connector: &Connector, _closed: &Recorded<SealedAnswer>) -> Bytes {
        // Its content is in the log. The stored file is the countersigned receipt that returns.
        connector
            .accounting
            .issued_receipts
            .keep(&self.consumer, self.request, &self.bytes);
        self.bytes
    }

    /// Issues a receipt that nobody countersigns. No receipt returns, so this one is stored, and the log names it.
    ///
    /// # Errors
    /// If the receipt can't be stored or recorded.
    pub(crate) async fn issue_one_sided(
        self,
        connector: &Connector,
        _closed: &Recorded<SealedAnswer>,
    ) -> Result<Bytes, Refusal> {
        let documents = &connector.records.documents;
        let file =
            run_waiting(|| documents.keep_document(StoredDocumentKind::Receipt, &self.bytes))?;
        let given = AuditEvent::from(OneSidedReceiptRecord {
            request_id: self.request.to_string(),
            peer: self.consumer.to_string(),
            receipt: file,
        });
        let _durable: Recorded<AuditEvent> = connector.record(given).await?;
        Ok(self.bytes)
    }
}
