//! The statement `dispute/1` of a consumer that received something else than the provider's receipt says. It takes the
//! place of the countersignature, and both sides keep both.

use crate::receipt::ResultDigest;
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::Signature;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "dispute/1";

/// What the consumer says that it received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeStatement {
    /// The question.
    pub request: RequestId,
    /// SHA-256 of the payload of the receipt that it disputes.
    pub receipt: Digest,
    /// Who answered.
    pub provider: ParticipantId,
    /// Who asked, and signs.
    pub consumer: ParticipantId,
    /// Rows received.
    pub rows: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Digest of what was received.
    pub result: ResultDigest,
    /// When it was written.
    pub issued_at: UtcTimestamp,
}

/// A dispute as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDispute {
    /// What it says.
    pub dispute: DisputeStatement,
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// The consumer's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(dispute: &DisputeStatement) -> Vec<u8> {
    let DisputeStatement {
        request,
        receipt,
        provider,
        consumer,
        rows,
        bytes,
        result,
        issued_at,
    } = dispute;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("request_id", Json::text(request)),
        ("receipt", Json::text(receipt)),
        ("provider", Json::text(provider)),
        ("consumer", Json::text(consumer)),
        ("rows", Json::count(*rows)),
        ("bytes", Json::count(*bytes)),
        ("result_digest", Json::text(result)),
        ("issuedAt", Json::text(issued_at)),
    ]))
}

/// The dispute that the payload states.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<DisputeStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let dispute = DisputeStatement {
        request: payload.parsed("request_id")?,
        receipt: payload.parsed("receipt")?,
        provider: payload.parsed("provider")?,
        consumer: payload.parsed("consumer")?,
        rows: payload.count("rows")?,
        bytes: payload.count("bytes")?,
        result: payload.parsed("result_digest")?,
        issued_at: payload.parsed("issuedAt")?,
    };
    payload.finish()?;
    if to_bytes(&dispute) != bytes {
        return Err(codes.wrong("a value of the dispute is not in its one spelling"));
    }
    Ok(dispute)
}
