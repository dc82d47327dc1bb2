//! Statement `credential/1` by which an issuer attests attributes of a participant.

use crate::envelope::kind::StatementKind;
use crate::statement::{self, Statement};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::attribute::{Credential, ParticipantAttribute};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// Most attributes of one credential.
const MOST: usize = 64;

/// Content of a credential before its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialStatement {
    /// Issuer of the credential.
    pub issuer: ParticipantId,
    /// Participant with the attributes.
    pub subject: ParticipantId,
    /// Attributes, sorted and unique, at least one.
    pub attributes: Vec<ParticipantAttribute>,
    /// Time of writing, and start of the validity.
    pub issued_at: UtcTimestamp,
    /// First instant after the validity.
    pub until: UtcTimestamp,
}

/// The issuer signs in the role of a provider.
impl Statement for CredentialStatement {
    const FORM: &'static str = "credential/1";
    const KIND: StatementKind = StatementKind::Credential;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check_rules(&self) -> Result<(), String> {
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

/// Reads a credential in its envelope. It must have exactly one signature, the issuer's.
///
/// # Errors
/// Same errors as [`statement::from_envelope`].
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
