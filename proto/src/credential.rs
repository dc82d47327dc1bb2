//! The statement `credential/1` by which an issuer says what a participant is.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::attribute::{AttributeKind, Credential, ParticipantAttribute};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "credential/1";

/// The most attributes of one credential.
const MOST: usize = 64;

/// What a credential says, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(statement: &CredentialStatement) -> Vec<u8> {
    let CredentialStatement {
        issuer,
        subject,
        attributes,
        issued_at,
        until,
    } = statement;
    let attributes = attributes.iter().map(|attribute| {
        Json::object([
            ("kind", Json::text(attribute.kind().as_str())),
            ("value", Json::text(attribute.value())),
        ])
    });
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("issuer", Json::text(issuer)),
        ("subject", Json::text(subject)),
        ("attributes", Json::List(attributes.collect())),
        ("issuedAt", Json::text(issued_at)),
        ("until", Json::text(until)),
    ]))
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form or hold an attribute that is not known.
pub fn from_bytes(bytes: &[u8]) -> Result<CredentialStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let mut attributes = Vec::new();
    for (at, item) in payload.items("attributes")? {
        let mut item = StrictObjectReader::of(item, at, codes)?;
        let kind = item.text("kind")?;
        let kind = AttributeKind::named(&kind)
            .ok_or_else(|| codes.unknown(format!("the attribute `{kind}` is not known")))?;
        attributes.push(match kind {
            AttributeKind::Sector => ParticipantAttribute::Sector(item.parsed("value")?),
            AttributeKind::Region => ParticipantAttribute::Region(item.parsed("value")?),
        });
        item.finish()?;
    }
    let ascending = attributes.iter().zip(attributes.iter().skip(1));
    if attributes.is_empty()
        || attributes.len() > MOST
        || ascending.into_iter().any(|(one, next)| one >= next)
    {
        return Err(codes.wrong(format!(
            "a credential states 1 to {MOST} attributes in their order, none twice"
        )));
    }
    let statement = CredentialStatement {
        issuer: payload.parsed("issuer")?,
        subject: payload.parsed("subject")?,
        attributes,
        issued_at: payload.parsed("issuedAt")?,
        until: payload.parsed("until")?,
    };
    payload.finish()?;
    if to_bytes(&statement) != bytes {
        return Err(codes.wrong("a value of the credential is not in its one spelling"));
    }
    Ok(statement)
}

/// Reads a credential in its envelope: exactly one signature, the issuer's, who gives it and so signs as a provider does.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<Credential, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::Credential)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    let statement = from_bytes(&payload)?;
    Ok(Credential {
        statement: Digest::of(&payload),
        issuer: statement.issuer,
        subject: statement.subject,
        attributes: statement.attributes,
        issued_at: statement.issued_at,
        until: statement.until,
        signature: envelope::only(signatures)?,
    })
}
