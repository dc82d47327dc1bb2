//! The statement `credential/1` by which an issuer says what a participant is.

use crate::envelope::kind::StatementKind;
use crate::statement::{self, Statement};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::attribute::{Credential, ParticipantAttribute};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// The most attributes of one credential.
const MOST: usize = 64;

/// What a credential says, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialStatement {
    /// Who states it.
    pub issuer: ParticipantId,
    /// Of whom.
    pub subject: ParticipantId,
    /// What; sorted, none twice, at least one.
    pub attributes: Vec<ParticipantAttribute>,
    /// When it was written, and from when it counts.
    pub issued_at: UtcTimestamp,
    /// First instant at which it no longer counts.
    pub until: UtcTimestamp,
}

/// The issuer gives it, and so signs as a provider does.
impl Statement for CredentialStatement {
    const FORM: &'static str = "credential/1";
    const KIND: StatementKind = StatementKind::Credential;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check(&self) -> Result<(), String> {
        let attributes = &self.attributes;
        if attributes.is_empty()
            || attributes.len() > MOST
            || !attributes.is_sorted_by(|one, next| one < next)
        {
            return Err(format!(
                "it states 1 to {MOST} attributes in their order, none twice"
            ));
        }
        Ok(())
    }
}

/// Reads a credential in its envelope: exactly one signature, the issuer's.
///
/// # Errors
/// As [`statement::from_envelope`].
pub fn from_envelope(bytes: &[u8]) -> Result<Credential, Refusal> {
    let signed = statement::from_envelope::<CredentialStatement>(bytes)?;
    Ok(Credential {
        statement: signed.statement,
        issuer: signed.content.issuer,
        subject: signed.content.subject,
        attributes: signed.content.attributes,
        issued_at: signed.content.issued_at,
        until: signed.content.until,
        signature: signed.signature,
    })
}
