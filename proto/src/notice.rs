//! The statement `notice/1` by which a provider tells a consumer of something that happened under their contract.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "notice/1";

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeStatement {
    /// Who tells.
    pub provider: ParticipantId,
    /// Who is told.
    pub consumer: ParticipantId,
    /// Under which contract.
    pub contract: ContractId,
    /// What, such as `first-use` or `refusal:2026-06-01`: of each topic people are told once.
    pub topic: String,
    /// More of it, such as a code.
    pub detail: String,
    /// When it happened.
    pub at: UtcTimestamp,
}

/// A notice as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNotice {
    /// What happened.
    pub notice: NoticeStatement,
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// The provider's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(notice: &NoticeStatement) -> Vec<u8> {
    let NoticeStatement {
        provider,
        consumer,
        contract,
        topic,
        detail,
        at,
    } = notice;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("provider", Json::text(provider)),
        ("consumer", Json::text(consumer)),
        ("contract", Json::text(contract)),
        ("topic", Json::text(topic)),
        ("detail", Json::text(detail)),
        ("at", Json::text(at)),
    ]))
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<NoticeStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let notice = NoticeStatement {
        provider: payload.parsed("provider")?,
        consumer: payload.parsed("consumer")?,
        contract: payload.parsed("contract")?,
        topic: payload.text("topic")?,
        detail: payload.text("detail")?,
        at: payload.parsed("at")?,
    };
    payload.finish()?;
    let plain = |text: &str| {
        text.len() <= 100
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    if !plain(&notice.topic) || !plain(&notice.detail) || notice.topic.contains('/') {
        return Err(codes.wrong("a notice says what happened in a few plain characters"));
    }
    if to_bytes(&notice) != bytes {
        return Err(codes.wrong("a value of the notice is not in its one spelling"));
    }
    Ok(notice)
}

/// Reads a notice in its envelope: exactly one signature, the provider's.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedNotice, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::Notice)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    Ok(SignedNotice {
        notice: from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signature: envelope::only(signatures)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_has_one_spelling() {
        let notice = NoticeStatement {
            provider: "lindau.example".parse().unwrap(),
            consumer: "acme.example".parse().unwrap(),
            contract: ContractId(Digest::of(b"contract")),
            topic: "refusal:2026-06-01".to_owned(),
            detail: "QUOTA_ROWS".to_owned(),
            at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&notice);
        assert_eq!(from_bytes(&bytes), Ok(notice));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("notice/1", "notice/2"),
            ("refusal:", "../"),
            ("QUOTA_ROWS", "QUOTA\u{202e}"),
            ("\"topic\"", "\"more\":1,\"topic\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert!(from_bytes(other.as_bytes()).is_err(), "{other}");
        }
    }
}
