//! The statement `comment/1`: what a party says of a clause while a contract is negotiated. It is no part of the contract.

use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::Signature;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::signed_line;
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "comment/1";

/// The most characters of one comment.
pub const LONGEST: usize = 2_000;

/// What a comment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentStatement {
    /// The negotiation, `n-…`.
    pub negotiation: String,
    /// What the proposal that it is about would become.
    pub contract: ContractId,
    /// Which clause of it.
    pub clause: ClauseId,
    /// Who says so.
    pub party: ParticipantId,
    /// When it was written.
    pub issued_at: UtcTimestamp,
    /// One line of text.
    pub text: String,
}

/// A comment as read, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedComment {
    /// What it says.
    pub comment: CommentStatement,
    /// SHA-256 of the statement's bytes.
    pub statement: Digest,
    /// The party's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(comment: &CommentStatement) -> Vec<u8> {
    let CommentStatement {
        negotiation,
        contract,
        clause,
        party,
        issued_at,
        text,
    } = comment;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("negotiation", Json::text(negotiation)),
        ("contract", Json::text(contract)),
        ("clause", Json::Int(i64::from(clause.0))),
        ("party", Json::text(party)),
        ("issuedAt", Json::text(issued_at)),
        ("text", Json::text(text)),
    ]))
}

/// The comment that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form, or the text is none, too long, or more than a
/// line that is safe to show.
pub fn from_bytes(bytes: &[u8]) -> Result<CommentStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let clause = payload.count("clause")?;
    let comment = CommentStatement {
        negotiation: payload.text("negotiation")?,
        contract: payload.parsed("contract")?,
        clause: u32::try_from(clause).map(ClauseId).map_err(|cause| {
            codes
                .wrong("`clause` is no number of a clause")
                .caused_by(cause)
        })?,
        party: payload.parsed("party")?,
        issued_at: payload.parsed("issuedAt")?,
        text: payload.text("text")?,
    };
    payload.finish()?;
    check_text(&comment.text)?;
    if to_bytes(&comment) != bytes {
        return Err(codes.wrong("a value of the statement is not in its one spelling"));
    }
    Ok(comment)
}

/// Checks that a text is one line that is safe to show, and not too long.
///
/// # Errors
/// `STATEMENT_MALFORMED`
pub fn check_text(text: &str) -> Result<(), Refusal> {
    let length = text.chars().count();
    let fault = if text.trim().is_empty() {
        "a comment says something".to_owned()
    } else if length > LONGEST {
        format!("the comment has {length} characters, and {LONGEST} is the most")
    } else if signed_line(text) != text {
        "a comment is one line without control characters".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::new(ErrorCode::StatementMalformed, fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn comment(text: &str) -> CommentStatement {
        let agreement = samples::agreement();
        CommentStatement {
            negotiation: "n-3c51".to_owned(),
            contract: ContractId(Digest::of(b"payload")),
            clause: ClauseId(3),
            party: agreement.provider.id,
            issued_at: agreement.proposed_at,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_comment_survives_the_round_trip_and_is_bounded() {
        for text in ["too much", &"ü".repeat(LONGEST)] {
            let made = comment(text);
            assert_eq!(from_bytes(&to_bytes(&made)).unwrap(), made);
        }
        for text in ["", "  ", "a\nb", "a\u{1b}[2J", &"ü".repeat(LONGEST + 1)] {
            let refusal = from_bytes(&to_bytes(&comment(text))).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::StatementMalformed, "{text:?}");
        }
        let json = hansa_audit_log::json::parse(&to_bytes(&comment("a")), LIMITS).unwrap();
        for (place, spoilt) in samples::spoilt(&json) {
            assert!(from_bytes(&canonical(&spoilt)).is_err(), "{place}");
        }
    }
}
