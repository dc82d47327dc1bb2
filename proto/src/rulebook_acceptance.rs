//! The statement `rulebook-acceptance/1` by which a participant accepts a version of the rulebook of its league.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::RulebookAcceptance;
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "rulebook-acceptance/1";

/// Content of an acceptance, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulebookAcceptanceStatement {
    /// Who accepts.
    pub participant: ParticipantId,
    /// SHA-256 of the rulebook as the league signed it.
    pub rulebook: Digest,
    /// The version of the rulebook.
    pub version: u64,
    /// When it was written.
    pub accepted_at: UtcTimestamp,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(statement: &RulebookAcceptanceStatement) -> Vec<u8> {
    let RulebookAcceptanceStatement {
        participant,
        rulebook,
        version,
        accepted_at,
    } = statement;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("participant", Json::text(participant)),
        ("rulebook", Json::text(rulebook)),
        ("version", Json::count(*version)),
        ("acceptedAt", Json::text(accepted_at)),
    ]))
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<RulebookAcceptanceStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let statement = RulebookAcceptanceStatement {
        participant: payload.parsed("participant")?,
        rulebook: payload.parsed("rulebook")?,
        version: payload.count("version")?,
        accepted_at: payload.parsed("acceptedAt")?,
    };
    payload.finish()?;
    if to_bytes(&statement) != bytes {
        return Err(codes.wrong("a value of the acceptance is not in its one spelling"));
    }
    Ok(statement)
}

/// Reads an acceptance in its envelope: exactly one signature, that of the participant. The role in its header is that of a provider,
/// as in every statement that a participant makes by itself.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<RulebookAcceptance, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::RulebookAcceptance)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    let statement = from_bytes(&payload)?;
    Ok(RulebookAcceptance {
        statement: Digest::of(&payload),
        participant: statement.participant,
        rulebook: statement.rulebook,
        version: statement.version,
        accepted_at: statement.accepted_at,
        signature: envelope::only(signatures)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acceptance_has_one_spelling() {
        let statement = RulebookAcceptanceStatement {
            participant: "lindau.example".parse().unwrap(),
            rulebook: Digest::of(b"a rulebook"),
            version: 2,
            accepted_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&statement);
        assert_eq!(from_bytes(&bytes), Ok(statement));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("rulebook-acceptance/1", "rulebook-acceptance/2"),
            ("\"version\":2", "\"version\":2.0"),
            ("hansa://lindau.example", "lindau.example"),
            ("\"version\"", "\"more\":1,\"version\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert!(from_bytes(other.as_bytes()).is_err(), "{other}");
        }
    }

    /// A signature over one kind of statement is none over another kind.
    #[test]
    fn an_acceptance_is_taken_for_nothing_else() {
        let statement = RulebookAcceptanceStatement {
            participant: "lindau.example".parse().unwrap(),
            rulebook: Digest::of(b"a rulebook"),
            version: 1,
            accepted_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let payload = to_bytes(&statement);
        for kind in [
            StatementKind::Agreement,
            StatementKind::Group,
            StatementKind::RulebookAcceptance,
        ] {
            let role = SignatoryRole::Provider;
            let header =
                envelope::protected_header(kind, role, "EdDSA", &"k".repeat(43), 1_780_000_000);
            let bytes = envelope::assemble(&payload, &[(header, vec![7; 64])]);
            let taken = from_envelope(&bytes);
            let same = kind == StatementKind::RulebookAcceptance;
            assert_eq!(taken.is_ok(), same, "{kind:?}: {taken:?}");
        }
    }
}
