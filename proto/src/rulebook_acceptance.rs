//! Statement `rulebook-acceptance/1` by which a participant accepts a version of its league's rulebook.

use crate::envelope::kind::StatementKind;
use crate::statement::{self, Statement};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_policy::rulebook::RulebookAcceptance;
use serde::{Deserialize, Serialize};

/// Content of an acceptance before its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulebookAcceptanceStatement {
    /// Participant that accepts.
    pub participant: ParticipantId,
    /// SHA-256 of the rulebook as the league signed it.
    pub rulebook: Digest,
    /// Version of the rulebook.
    pub version: u64,
    /// Time of writing.
    pub accepted_at: UtcTimestamp,
}

/// The participant signs in the role of a provider, as in every statement that it makes alone.
impl Statement for RulebookAcceptanceStatement {
    const FORM: &'static str = "rulebook-acceptance/1";
    const KIND: StatementKind = StatementKind::RulebookAcceptance;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);
}

/// Reads an acceptance in its envelope. It must have exactly one signature, the participant's.
///
/// # Errors
/// Same errors as [`statement::from_envelope`].
pub fn from_envelope(bytes: &[u8]) -> Result<RulebookAcceptance, Refusal> {
    let signed = statement::from_envelope::<RulebookAcceptanceStatement>(bytes)?;
    Ok(RulebookAcceptance {
        statement: signed.statement,
        participant: signed.content.participant,
        rulebook: signed.content.rulebook,
        version: signed.content.version,
        accepted_at: signed.content.accepted_at,
        signature: signed.signature,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope;
    use crate::statement::{from_bytes, to_bytes};
    use hansa_audit_log::digest::Digest;

    #[test]
    fn an_acceptance_has_one_spelling() {
        let statement = RulebookAcceptanceStatement {
            participant: "lindau.example".parse().unwrap(),
            rulebook: Digest::of(b"a rulebook"),
            version: 2,
            accepted_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&statement);
        assert_eq!(
            from_bytes::<RulebookAcceptanceStatement>(&bytes),
            Ok(statement)
        );
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("rulebook-acceptance/1", "rulebook-acceptance/2"),
            ("\"version\":2", "\"version\":2.0"),
            ("hansa://lindau.example", "lindau.example"),
            ("\"version\"", "\"more\":1,\"version\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert!(
                from_bytes::<RulebookAcceptanceStatement>(other.as_bytes()).is_err(),
                "{other}"
            );
        }
    }

    /// A signature over one kind of statement is invalid for another kind.
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
            let bytes = envelope::assemble_statement(&payload, &[(header, vec![7; 64])]);
            let taken = from_envelope(&bytes);
            let same = kind == StatementKind::RulebookAcceptance;
            assert_eq!(taken.is_ok(), same, "{kind:?}: {taken:?}");
        }
    }
}
