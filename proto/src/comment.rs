//! Statement `comment/1`: a party's comment on a clause during a negotiation. It is no part of the contract.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::signed_line;
use serde::{Deserialize, Serialize};

/// Most characters of one comment.
pub const LONGEST: usize = 2_000;

/// Content of a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommentStatement {
    /// ID of the negotiation, `n-…`.
    pub negotiation: String,
    /// Contract ID that the commented proposal would get.
    pub contract: ContractId,
    /// Commented clause.
    pub clause: ClauseId,
    /// Party that comments.
    pub party: ParticipantId,
    /// Time of writing.
    pub issued_at: UtcTimestamp,
    /// Text in one line.
    pub text: String,
}

impl Statement for CommentStatement {
    const FORM: &'static str = "comment/1";
    const KIND: StatementKind = StatementKind::Comment;
    const SIGNER: Option<SignatoryRole> = None;

    fn check_rules(&self) -> Result<(), String> {
        check_text(&self.text).map_err(|refusal| refusal.sentence)
    }
}

/// Checks that a text is one line, safe for a terminal, and not too long.
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
    use crate::statement::{from_bytes, to_bytes};
    use crate::strict_json::LIMITS;
    use hansa_audit_log::digest::Digest;
    use hansa_audit_log::json::to_canonical_bytes;

    fn comment(text: &str) -> CommentStatement {
        let agreement = samples::sample_agreement();
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
            assert_eq!(
                from_bytes::<CommentStatement>(&to_bytes(&made)).unwrap(),
                made
            );
        }
        for text in ["", "  ", "a\nb", "a\u{1b}[2J", &"ü".repeat(LONGEST + 1)] {
            let refusal = from_bytes::<CommentStatement>(&to_bytes(&comment(text))).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::StatementMalformed, "{text:?}");
        }
        let json = hansa_audit_log::json::parse_json(&to_bytes(&comment("a")), LIMITS).unwrap();
        for (place, spoilt) in samples::spoilt_documents(&json) {
            assert!(
                from_bytes::<CommentStatement>(&to_canonical_bytes(&spoilt)).is_err(),
                "{place}"
            );
        }
    }
}
