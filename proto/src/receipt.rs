//! Receipt `receipt/1`: the data of one answer, its contracts and its outcome. The provider signs it as the last message of an
//! answer, the consumer countersigns it, and both store it.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

#[cfg(test)]
pub(crate) mod tests;

/// Receipt of one answer, as both parties store it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Identity of the question.
    #[serde(rename = "request_id")]
    pub request: RequestId,
    /// Provider that answered.
    pub provider: ParticipantId,
    /// Consumer that asked.
    pub consumer: ParticipantId,
    /// Datasets that were read, in order; at least one.
    pub reads: Vec<DatasetRead>,
    /// Digest of the request as sent.
    pub request_digest: Digest,
    /// Salted digest of the SQL text.
    pub sql_commit: Digest,
    /// Digest of the executed plan.
    pub plan_out_digest: Digest,
    /// Sent rows.
    pub rows: u64,
    /// Sent bytes.
    pub bytes: u64,
    /// Digest of the sent data.
    #[serde(rename = "result_digest")]
    pub result: ResultDigest,
    /// Outcome of the answer.
    pub outcome: AnswerOutcome,
    /// Time of the admission, by the provider's clock.
    #[serde(rename = "t_admit")]
    pub admitted_at: UtcTimestamp,
    /// Time when the last byte was handed out.
    #[serde(rename = "t_last")]
    pub last_at: UtcTimestamp,
    /// Record of the decision in the provider's log.
    #[serde(rename = "provider_leaf")]
    pub leaf: LogLeaf,
    /// Digest of a head of the provider's log that covers the record.
    #[serde(rename = "provider_checkpoint_digest")]
    pub checkpoint: Digest,
    /// True if a program without a connector received the answer. Nobody countersigns the receipt, as a clause of each contract
    /// permits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_sided: bool,
}

/// Dataset of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetRead {
    /// ID of the dataset.
    pub dataset: DatasetId,
    /// Contract under which it was read.
    pub contract: ContractId,
    /// Public label of the snapshot, never a digest of stored data, which would reveal changes of hidden rows.
    pub snapshot: String,
}

/// Record of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLeaf {
    /// Number of the record.
    pub index: u64,
    /// Hash of the record in the tree.
    pub hash: Digest,
}

/// BLAKE3 over the Arrow IPC messages as sent; written `blake3:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultDigest(pub [u8; 32]);

hansa_audit_log::serialize_as_text!(ResultDigest, AnswerOutcome);

impl fmt::Display for ResultDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blake3:{}", Digest::from_bytes(self.0))
    }
}

impl FromStr for ResultDigest {
    type Err = ReceiptValueError;

    fn from_str(text: &str) -> Result<Self, ReceiptValueError> {
        let digits = text
            .strip_prefix("blake3:")
            .ok_or(ReceiptValueError::Digest)?;
        // The inner error holds no more than that it is no digest.
        let digest: Digest = digits.parse().map_err(|_| ReceiptValueError::Digest)?;
        Ok(Self(*digest.as_bytes()))
    }
}

/// Outcome of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// Complete.
    Done,
    /// Cut by the provider, for this reason.
    Cut(ErrorCode),
    /// Cancelled by the consumer.
    Cancelled,
    /// Failed after its first row.
    Failed(ErrorCode),
}

impl fmt::Display for AnswerOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Cut(code) => write!(f, "cut:{code}"),
            Self::Failed(code) => write!(f, "failed:{code}"),
        }
    }
}

impl FromStr for AnswerOutcome {
    type Err = ReceiptValueError;

    fn from_str(text: &str) -> Result<Self, ReceiptValueError> {
        let code = |text: &str| {
            text.parse::<ErrorCode>()
                .map_err(|_| ReceiptValueError::Outcome)
        };
        match text.split_once(':') {
            None if text == "done" => Ok(Self::Done),
            None if text == "cancelled" => Ok(Self::Cancelled),
            Some(("cut", reason)) => code(reason).map(Self::Cut),
            Some(("failed", reason)) => code(reason).map(Self::Failed),
            None | Some(_) => Err(ReceiptValueError::Outcome),
        }
    }
}

/// Error of a value in a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptValueError {
    /// Not a digest of a result.
    #[error("the digest of a result is written `blake3:` and 64 hexadecimal digits")]
    Digest,
    /// Not an outcome.
    #[error("an outcome is done, cancelled, cut:CODE or failed:CODE")]
    Outcome,
}

/// Receipt as read from its envelope, with unverified signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    /// Content of the receipt.
    pub receipt: Receipt,
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// The provider's signature and, after the countersignature, the consumer's.
    pub signatures: Vec<Signature>,
}

impl SignedReceipt {
    /// Verifies every signature with the key of its party.
    ///
    /// # Errors
    /// The errors of `keys`.
    pub fn verify_signatures(&self, keys: &impl SignatureVerifier) -> Result<(), Refusal> {
        self.signatures.iter().try_for_each(|signature| {
            let signer = match signature.role {
                SignatoryRole::Provider => &self.receipt.provider,
                SignatoryRole::Consumer => &self.receipt.consumer,
            };
            keys.check_signature(signer, signature, SignaturePurpose::Statement)
        })
    }

    /// Returns true if the consumer has countersigned.
    #[must_use]
    pub fn is_countersigned(&self) -> bool {
        self.signatures
            .iter()
            .any(|signature| signature.role == SignatoryRole::Consumer)
    }
}

/// The provider signs; [`crate::envelope::parse_receipt`] also accepts the consumer's countersignature.
impl Statement for Receipt {
    const FORM: &'static str = "receipt/1";
    const KIND: StatementKind = StatementKind::Receipt;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check_rules(&self) -> Result<(), String> {
        if self.reads.is_empty() {
            return Err("it names no dataset".to_owned());
        }
        Ok(())
    }
}
