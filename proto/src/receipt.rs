//! The receipt `receipt/1`: what left, under which contracts, and how it ended. The provider signs it as the last message
//! of an answer, the consumer countersigns what it received, and both keep it.

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

/// What one answer was, as both sides keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The question.
    #[serde(rename = "request_id")]
    pub request: RequestId,
    /// Who answered.
    pub provider: ParticipantId,
    /// Who asked.
    pub consumer: ParticipantId,
    /// What was read, in the order of the datasets; at least one.
    pub reads: Vec<DatasetRead>,
    /// Digest of the request as it was asked.
    pub request_digest: Digest,
    /// Salted digest of the SQL text.
    pub sql_commit: Digest,
    /// Digest of what was executed.
    pub plan_out_digest: Digest,
    /// Rows sent.
    pub rows: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Digest of what was sent.
    #[serde(rename = "result_digest")]
    pub result: ResultDigest,
    /// How it ended.
    pub outcome: AnswerOutcome,
    /// When it was admitted, by the provider's clock.
    #[serde(rename = "t_admit")]
    pub admitted_at: UtcTimestamp,
    /// When its last byte was handed out.
    #[serde(rename = "t_last")]
    pub last_at: UtcTimestamp,
    /// The record of the ruling in the provider's log.
    #[serde(rename = "provider_leaf")]
    pub leaf: LogLeaf,
    /// Digest of a head of the provider's log that covers it.
    #[serde(rename = "provider_checkpoint_digest")]
    pub checkpoint: Digest,
    /// Whether a program got it that has no connector: nobody countersigns it, as a clause of each contract permits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_sided: bool,
}

/// One dataset of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetRead {
    /// The dataset.
    pub dataset: DatasetId,
    /// The contract that gave it.
    pub contract: ContractId,
    /// The public label of what was read, never a digest of stored data: it must not tell that hidden rows changed.
    pub snapshot: String,
}

/// A record of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLeaf {
    /// Its number.
    pub index: u64,
    /// Its hash in the tree.
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
        // That it is no digest is all that the other error says.
        let digest: Digest = digits.parse().map_err(|_| ReceiptValueError::Digest)?;
        Ok(Self(*digest.as_bytes()))
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// With its last row.
    Done,
    /// The provider cut it, for this reason.
    Cut(ErrorCode),
    /// The consumer hung up.
    Cancelled,
    /// It failed after its first row.
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

/// What is wrong with a value of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptValueError {
    /// No digest of a result.
    #[error("the digest of a result is written `blake3:` and 64 hexadecimal digits")]
    Digest,
    /// No outcome.
    #[error("an outcome is done, cancelled, cut:CODE or failed:CODE")]
    Outcome,
}

/// A receipt as read from its envelope, its signatures not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    /// What it says.
    pub receipt: Receipt,
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// The provider's signature, and the consumer's once it has countersigned.
    pub signatures: Vec<Signature>,
}

impl SignedReceipt {
    /// Checks every signature against the key of the party for which it stands.
    ///
    /// # Errors
    /// Whatever `keys` refuses.
    pub fn check(&self, keys: &impl SignatureVerifier) -> Result<(), Refusal> {
        self.signatures.iter().try_for_each(|signature| {
            let signer = match signature.role {
                SignatoryRole::Provider => &self.receipt.provider,
                SignatoryRole::Consumer => &self.receipt.consumer,
            };
            keys.check(signer, signature, SignaturePurpose::Statement)
        })
    }

    /// Whether the consumer has countersigned.
    #[must_use]
    pub fn is_countersigned(&self) -> bool {
        self.signatures
            .iter()
            .any(|signature| signature.role == SignatoryRole::Consumer)
    }
}

/// The provider signs; [`crate::envelope::parse_receipt`] also takes the countersignature of the consumer.
impl Statement for Receipt {
    const FORM: &'static str = "receipt/1";
    const KIND: StatementKind = StatementKind::Receipt;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check(&self) -> Result<(), String> {
        if self.reads.is_empty() {
            return Err("it names no dataset".to_owned());
        }
        Ok(())
    }
}
