//! The statement `withdrawal/1` by which a party ends a contract.

use crate::strict_json::{self, LIMITS};
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "withdrawal/1";

/// What a withdrawal says, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalStatement {
    /// The contract that ends.
    pub contract: ContractId,
    /// Who withdraws.
    pub party: ParticipantId,
    /// From when; never before it is received.
    pub effective_at: UtcTimestamp,
    /// When it was written.
    pub issued_at: UtcTimestamp,
    /// Why, for people.
    pub reason: String,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(statement: &WithdrawalStatement) -> Vec<u8> {
    let WithdrawalStatement {
        contract,
        party,
        effective_at,
        issued_at,
        reason,
    } = statement;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("contract", Json::text(contract)),
        ("party", Json::text(party)),
        ("effectiveAt", Json::text(effective_at)),
        ("issuedAt", Json::text(issued_at)),
        ("reason", Json::text(reason)),
        ("refs", Json::List(Vec::new())),
    ]))
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<WithdrawalStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    payload.exactly("refs", &Json::List(Vec::new()))?;
    let statement = WithdrawalStatement {
        contract: payload.parsed("contract")?,
        party: payload.parsed("party")?,
        effective_at: payload.parsed("effectiveAt")?,
        issued_at: payload.parsed("issuedAt")?,
        reason: payload.text("reason")?,
    };
    payload.finish()?;
    if to_bytes(&statement) != bytes {
        return Err(codes.wrong("a value of the statement is not in its one spelling"));
    }
    Ok(statement)
}
