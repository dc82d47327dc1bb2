//! The statement `deletion/1` by which a consumer says that what it received with some answers is deleted.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use std::collections::BTreeSet;

const FORMAT: &str = "deletion/1";

/// The most answers of one statement, so that it fits into a record.
pub const MOST: usize = 500;

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionStatement {
    /// Who gave it.
    pub provider: ParticipantId,
    /// Who states.
    pub consumer: ParticipantId,
    /// Under which contract.
    pub contract: ContractId,
    /// The questions with whose answers it came; at least one, at most [`MOST`].
    pub requests: BTreeSet<RequestId>,
    /// When it is stated; what is named is deleted by then.
    pub stated_at: UtcTimestamp,
}

/// A deletion as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDeletion {
    /// What is stated.
    pub deletion: DeletionStatement,
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// The consumer's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(deletion: &DeletionStatement) -> Vec<u8> {
    let DeletionStatement {
        provider,
        consumer,
        contract,
        requests,
        stated_at,
    } = deletion;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("provider", Json::text(provider)),
        ("consumer", Json::text(consumer)),
        ("contract", Json::text(contract)),
        (
            "requests",
            Json::List(requests.iter().map(Json::text).collect()),
        ),
        ("statedAt", Json::text(stated_at)),
    ]))
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<DeletionStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let mut requests = BTreeSet::new();
    for request in payload.list("requests")? {
        let request = request.as_text().and_then(|text| text.parse().ok());
        requests.insert(request.ok_or_else(|| codes.wrong("a request can't be read"))?);
    }
    if requests.is_empty() || requests.len() > MOST {
        return Err(codes.wrong(format!("a statement is about 1 to {MOST} answers")));
    }
    let deletion = DeletionStatement {
        provider: payload.parsed("provider")?,
        consumer: payload.parsed("consumer")?,
        contract: payload.parsed("contract")?,
        requests,
        stated_at: payload.parsed("statedAt")?,
    };
    payload.finish()?;
    if to_bytes(&deletion) != bytes {
        return Err(codes.wrong("a value of the statement is not in its one spelling"));
    }
    Ok(deletion)
}

/// Reads a statement in its envelope: exactly one signature, the consumer's.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedDeletion, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::Deletion)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Consumer])?;
    Ok(SignedDeletion {
        deletion: from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signature: envelope::only(signatures)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_one_spelling() {
        let deletion = DeletionStatement {
            provider: "lindau.example".parse().unwrap(),
            consumer: "acme.example".parse().unwrap(),
            contract: ContractId(Digest::of(b"contract")),
            requests: [RequestId([1; 16]), RequestId([2; 16])].into(),
            stated_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&deletion);
        assert_eq!(from_bytes(&bytes), Ok(deletion));
        let text = String::from_utf8(bytes).unwrap();
        let (one, two) = ("01".repeat(16), "02".repeat(16));
        for (from, to) in [
            ("deletion/1".to_owned(), "deletion/2".to_owned()),
            (
                format!("[\"{one}\",\"{two}\"]"),
                format!("[\"{two}\",\"{one}\"]"),
            ),
            (format!("[\"{one}\",\"{two}\"]"), "[]".to_owned()),
            (one, "x".repeat(32)),
            (
                "\"statedAt\"".to_owned(),
                "\"more\":1,\"statedAt\"".to_owned(),
            ),
        ] {
            let other = text.replacen(&from, &to, 1);
            assert_ne!(other, text, "{from}");
            assert!(from_bytes(other.as_bytes()).is_err(), "{other}");
        }
    }
}
