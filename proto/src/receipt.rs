//! The receipt `receipt/1`: what left, under which contracts, and how it ended. The provider signs it as the last message
//! of an answer, the consumer countersigns what it received, and both keep it.

use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use std::fmt;
use std::str::FromStr;

#[cfg(test)]
pub(crate) mod tests;

const FORMAT: &str = "receipt/1";

/// What one answer was, as both sides keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The question.
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
    pub result: ResultDigest,
    /// How it ended.
    pub outcome: AnswerOutcome,
    /// When it was admitted, by the provider's clock.
    pub admitted_at: UtcTimestamp,
    /// When its last byte was handed out.
    pub last_at: UtcTimestamp,
    /// The record of the ruling in the provider's log.
    pub leaf: LogLeaf,
    /// Digest of a head of the provider's log that covers it.
    pub checkpoint: Digest,
    /// Whether a program got it that has no connector: nobody countersigns it, as a clause of each contract permits.
    pub one_sided: bool,
}

/// One dataset of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRead {
    /// The dataset.
    pub dataset: DatasetId,
    /// The contract that gave it.
    pub contract: ContractId,
    /// The public label of what was read, never a digest of stored data: it must not tell that hidden rows changed.
    pub snapshot: String,
}

/// A record of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLeaf {
    /// Its number.
    pub index: u64,
    /// Its hash in the tree.
    pub hash: Digest,
}

/// BLAKE3 over the Arrow IPC messages as sent; written `blake3:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultDigest(pub [u8; 32]);

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

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(receipt: &Receipt) -> Vec<u8> {
    let Receipt {
        request,
        provider,
        consumer,
        reads,
        request_digest,
        sql_commit,
        plan_out_digest,
        rows,
        bytes,
        result,
        outcome,
        admitted_at,
        last_at,
        leaf,
        checkpoint,
        one_sided,
    } = receipt;
    let members = [
        ("hansa", Json::text(FORMAT)),
        ("request_id", Json::text(request)),
        ("provider", Json::text(provider)),
        ("consumer", Json::text(consumer)),
        ("reads", Json::List(reads.iter().map(read_json).collect())),
        ("request_digest", Json::text(request_digest)),
        ("sql_commit", Json::text(sql_commit)),
        ("plan_out_digest", Json::text(plan_out_digest)),
        ("rows", Json::count(*rows)),
        ("bytes", Json::count(*bytes)),
        ("result_digest", Json::text(result)),
        ("outcome", Json::text(outcome)),
        ("t_admit", Json::text(admitted_at)),
        ("t_last", Json::text(last_at)),
        (
            "provider_leaf",
            Json::object([
                ("index", Json::count(leaf.index)),
                ("hash", Json::text(leaf.hash)),
            ]),
        ),
        ("provider_checkpoint_digest", Json::text(checkpoint)),
    ];
    // Only where it is so: receipts of connectors stay as they are.
    let one_sided = one_sided.then_some(("one_sided", Json::Bool(true)));
    canonical(&Json::object(members.into_iter().chain(one_sided)))
}

/// The receipt that the payload states.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<Receipt, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let mut reads = Vec::new();
    for (at, item) in payload.items("reads")? {
        reads.push(read(StrictObjectReader::of(item, at, codes)?)?);
    }
    if reads.is_empty() {
        return Err(codes.wrong("the receipt names no dataset"));
    }
    let mut leaf = payload.object("provider_leaf")?;
    let receipt = Receipt {
        request: payload.parsed("request_id")?,
        provider: payload.parsed("provider")?,
        consumer: payload.parsed("consumer")?,
        reads,
        request_digest: payload.parsed("request_digest")?,
        sql_commit: payload.parsed("sql_commit")?,
        plan_out_digest: payload.parsed("plan_out_digest")?,
        rows: payload.count("rows")?,
        bytes: payload.count("bytes")?,
        result: payload.parsed("result_digest")?,
        outcome: payload.parsed("outcome")?,
        admitted_at: payload.parsed("t_admit")?,
        last_at: payload.parsed("t_last")?,
        leaf: LogLeaf {
            index: leaf.count("index")?,
            hash: leaf.parsed("hash")?,
        },
        checkpoint: payload.parsed("provider_checkpoint_digest")?,
        one_sided: payload.has("one_sided") && payload.flag("one_sided")?,
    };
    leaf.finish()?;
    payload.finish()?;
    if to_bytes(&receipt) != bytes {
        return Err(codes.wrong("a value of the receipt is not in its one spelling"));
    }
    Ok(receipt)
}

fn read_json(read: &DatasetRead) -> Json {
    Json::object([
        ("dataset", Json::text(&read.dataset)),
        ("contract", Json::text(read.contract)),
        ("snapshot", Json::text(&read.snapshot)),
    ])
}

fn read(mut members: StrictObjectReader) -> Result<DatasetRead, Refusal> {
    let read = DatasetRead {
        dataset: members.parsed("dataset")?,
        contract: members.parsed("contract")?,
        snapshot: members.text("snapshot")?,
    };
    members.finish()?;
    Ok(read)
}
