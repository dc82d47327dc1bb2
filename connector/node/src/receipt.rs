//! Receipts: the provider signs what it sent, the consumer countersigns what it received, and both keep the receipt with both
//! signatures.

pub(crate) mod acknowledgement;
pub(crate) mod issuance;
pub(crate) mod issued_receipts;
#[cfg(test)]
mod tests;

use crate::log::audit_event::{AuditEvent, list_texts};
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::record::answers::{ReceiptAcknowledgementRecord, ReceivedRecord};
use hansa_policy::contract::signature::{SignatoryRole, SignatureVerifier as _};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::dispute::DisputeStatement;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_proto::receipt::{Receipt, ResultDigest, SignedReceipt};
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_transport::peer::client::answer_stream::TransferSummary;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Consumer's verdict on an answer and its receipt.
#[derive(Debug)]
pub(crate) struct ReceiptVerdict {
    /// True if the countersigned receipt waits for the provider. False without a receipt, or if it is disputed.
    pub(crate) is_countersigned: bool,
    /// Fault of the receipt, if disputed.
    pub(crate) dispute: Option<Refusal>,
    /// Labels of the snapshots that were read, from a valid receipt.
    pub(crate) read: BTreeMap<DatasetId, String>,
}

/// Sent question, as its receipt must name it.
#[derive(Debug, Clone)]
pub(crate) struct SentQuery {
    /// Identity of the question.
    pub(crate) request: RequestId,
    /// Contracts under which the question was asked.
    pub(crate) contracts: Vec<ContractId>,
    /// Digest of the request as sent.
    pub(crate) digest: Digest,
}

impl SentQuery {
    /// Makes the value from a request.
    pub(crate) fn of(asking: &QueryRequestEnvelope) -> Self {
        Self {
            request: asking.ask.request,
            contracts: asking.ask.contracts.clone(),
            digest: Digest::of(&hansa_proto::peer::query_request::to_ticket(asking)),
        }
    }
}

/// Checks a receipt against the sent question and the received answer, countersigns it, and records both the answer and the
/// acknowledgement.
///
/// # Errors
/// If the log can't be written.
pub(crate) async fn take_in(
    connector: &Arc<Connector>,
    provider: &ParticipantId,
    asked: &SentQuery,
    received: &TransferSummary,
    ended: Option<&Refusal>,
) -> Result<ReceiptVerdict, Refusal> {
    let (signed, fault) = match &received.receipt {
        None => (
            None,
            Some(receipt_mismatch_refusal(
                provider,
                "the answer came without a receipt",
            )),
        ),
        Some(bytes) => match check_receipt(connector, provider, asked, received, bytes) {
            Ok(signed) => (Some((signed, bytes.clone())), None),
            Err(fault) => (None, Some(fault)),
        },
    };
    let countersigned = match (&signed, &fault) {
        (Some((signed, _)), None) => Some(countersign_receipt(connector, signed)?),
        _ => None,
    };
    let file = match countersigned.as_deref().or(received.receipt.as_deref()) {
        Some(bytes) => Some(
            connector
                .records
                .documents
                .keep_document(Document::Receipt, bytes)?,
        ),
        None => None,
    };
    let outcome = match (&signed, ended) {
        (Some((signed, _)), _) => signed.receipt.outcome.to_string(),
        (None, None) => "done".to_owned(),
        (None, Some(refusal)) => format!("failed:{}", refusal.code),
    };
    let state = if countersigned.is_some() {
        "acknowledged"
    } else {
        "disputed"
    };
    let received = AuditEvent::from(ReceivedRecord {
        request_id: asked.request.to_string(),
        peer: provider.to_string(),
        contracts: list_texts(&asked.contracts),
        rows: received.rows,
        bytes: received.bytes,
        result_digest: ResultDigest(received.digest).to_string(),
        outcome,
        state: state.to_owned(),
        receipt: file,
        dispute: fault.as_ref().map(|fault| fault.sentence.clone()),
    });
    let is_countersigned = countersigned.is_some();
    let said = countersigned.and_then(|receipt| {
        let said = acknowledgement::acknowledgement_event(
            connector,
            provider,
            asked.request,
            receipt.into(),
        );
        let report = |refusal: &Refusal| {
            tracing::warn!(code = %refusal.code, "receipt.unacknowledged");
        };
        said.inspect_err(report).ok()
    });
    match said {
        Some(said) => {
            // If recording the pair fails, the first record may still be durable.
            let both = connector.record_both(received, said).await;
            both.inspect_err(|_| connector.peers.delivery_queues.owes_a_word(provider))?;
            connector.peers.outbox_signal.notify_waiters();
        }
        None => {
            let _durable: Recorded<AuditEvent> = connector.record(received).await?;
            // Set after the record, because a search for missing acknowledgements must find it. The acknowledgement is written
            // before the next question.
            if is_countersigned {
                connector.peers.delivery_queues.owes_a_word(provider);
            }
        }
    }
    let read = match (&signed, &fault) {
        (Some((signed, _)), None) => snapshot_labels(&signed.receipt),
        _ => BTreeMap::new(),
    };
    Ok(ReceiptVerdict {
        is_countersigned,
        dispute: fault,
        read,
    })
}

/// Labels of the snapshots that were read. They are shown to people, so only valid labels are accepted.
fn snapshot_labels(receipt: &Receipt) -> BTreeMap<DatasetId, String> {
    let fits = |label: &str| {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-');
        label.len() <= 40 && label.chars().all(plain)
    };
    let reads = receipt.reads.iter().filter(|read| fits(&read.snapshot));
    reads
        .map(|read| (read.dataset.clone(), read.snapshot.clone()))
        .collect()
}

fn check_receipt(
    connector: &Connector,
    provider: &ParticipantId,
    asked: &SentQuery,
    received: &TransferSummary,
    bytes: &[u8],
) -> Result<SignedReceipt, Refusal> {
    let signed = envelope::parse_receipt(bytes)?;
    signed.verify_signatures(&connector.identity.trust.bundle().keys(connector.now()))?;
    let receipt = &signed.receipt;
    if receipt.provider != *provider
        || receipt.consumer != connector.id()
        || receipt.request != asked.request
    {
        return Err(receipt_mismatch_refusal(
            provider,
            "the receipt is for another answer",
        ));
    }
    // INVARIANT: receipt-of-the-question. An answer to a wider question is no answer to this one, even if it is true.
    if receipt.request_digest != asked.digest {
        return Err(receipt_mismatch_refusal(
            provider,
            "the receipt is for another question",
        ));
    }
    if receipt.rows != received.rows
        || receipt.bytes != received.bytes
        || receipt.result != ResultDigest(received.digest)
    {
        return Err(receipt_mismatch_refusal(
            provider,
            "the receipt is not for what was received",
        ));
    }
    Ok(signed)
}

fn countersign_receipt(connector: &Connector, signed: &SignedReceipt) -> Result<Vec<u8>, Refusal> {
    let payload = statement::to_bytes(&signed.receipt);
    let (header, signature) =
        connector.sign(StatementKind::Receipt, SignatoryRole::Consumer, &payload)?;
    let mut signatures: Vec<(String, Vec<u8>)> = signed
        .signatures
        .iter()
        .filter_map(|signature| {
            let text = std::str::from_utf8(&signature.signing_input).ok()?;
            let (header, _) = text.split_once('.')?;
            Some((header.to_owned(), signature.signature.clone()))
        })
        .collect();
    signatures.push((header, signature));
    Ok(envelope::assemble_statement(&payload, &signatures))
}

fn receipt_mismatch_refusal(provider: &ParticipantId, sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::ReceiptMismatch, sentence).with_participant(provider.clone())
}

/// Checks that a dispute is the consumer's signed statement about this answer.
fn check_dispute(
    connector: &Connector,
    consumer: &ParticipantId,
    request: RequestId,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let signed = statement::from_envelope::<DisputeStatement>(bytes)?;
    let dispute = &signed.content;
    if dispute.request != request
        || dispute.consumer != *consumer
        || dispute.provider != connector.id()
    {
        return Err(receipt_mismatch_refusal(
            consumer,
            "the dispute is about another answer",
        ));
    }
    connector
        .identity
        .trust
        .bundle()
        .keys(connector.now())
        .check_signature(consumer, &signed.signature, SignaturePurpose::Statement)
}

/// Takes in the consumer's acknowledgement of an issued receipt. Returns the record to write.
///
/// # Errors
/// If it is not for an answer to this consumer, is not verified, or can't be stored.
pub(crate) fn take_acknowledgement(
    connector: &Arc<Connector>,
    consumer: &ParticipantId,
    request: RequestId,
    bytes: &[u8],
    disputed: bool,
) -> Result<AuditEvent, Refusal> {
    let known = connector
        .records
        .index_fast(|state| state.issued_receipt(&request.to_string(), consumer))?;
    let Some(known) = known else {
        return Err(Refusal::new(
            ErrorCode::ReceiptMismatch,
            "there is no answer of that identity",
        ));
    };
    let signed = if disputed {
        check_dispute(connector, consumer, request, bytes)?;
        None
    } else {
        let signed = envelope::parse_receipt(bytes)?;
        signed.verify_signatures(&connector.identity.trust.bundle().keys(connector.now()))?;
        let receipt = &signed.receipt;
        let ours = receipt.request == request
            && receipt.consumer == *consumer
            && receipt.rows == known.rows
            && receipt.bytes == known.bytes
            && receipt.result.to_string() == known.digest;
        (ours && signed.is_countersigned()).then_some(signed)
    };
    let file = run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Receipt, bytes)
    })?;
    Ok(AuditEvent::from(ReceiptAcknowledgementRecord {
        request_id: request.to_string(),
        peer: consumer.to_string(),
        receipt: file,
        matches: signed.is_some(),
    }))
}
