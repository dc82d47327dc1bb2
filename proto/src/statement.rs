//! The one form of statements that are signed: the members of a struct and the name of the form, in canonical JSON.

use crate::envelope::kind::StatementKind;
use crate::envelope::opened::{
    OpenedEnvelope, insist_on_roles, open_envelope, take_only_signature,
};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::serialized::{from_json, to_json};
use hansa_audit_log::json::{Json, canonical};
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The member that names the form.
const FORM_MEMBER: &str = "hansa";

/// The content of a statement. Its members are those of the payload, beside `hansa`.
pub trait Statement: Serialize + DeserializeOwned {
    /// The name of the form and its version, such as `withdrawal/1`.
    const FORM: &'static str;

    /// The kind that its protected headers name.
    const KIND: StatementKind;

    /// The role of its one signer; absent where either party may sign.
    const SIGNER: Option<SignatoryRole>;

    /// Checks what the types of the members leave open.
    ///
    /// # Errors
    /// The fault, as a sentence.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A statement as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement<S> {
    /// What is stated.
    pub content: S,
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// The signature.
    pub signature: Signature,
}

/// The payload: canonical JSON (RFC 8785).
#[must_use]
pub fn to_bytes<S: Statement>(statement: &S) -> Vec<u8> {
    let form = (FORM_MEMBER.to_owned(), Json::text(S::FORM));
    canonical(&match to_json(statement) {
        Json::Object(members) => Json::Object(members.into_iter().chain([form]).collect()),
        // A struct is an object.
        other => other,
    })
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes<S: Statement>(bytes: &[u8]) -> Result<S, Refusal> {
    let malformed = |fault: String| {
        let sentence = format!("a statement `{}`: {fault}", S::FORM);
        Refusal::new(ErrorCode::StatementMalformed, sentence)
    };
    let Json::Object(mut members) =
        strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?
    else {
        return Err(malformed("it is no object".to_owned()));
    };
    let form = members.remove(FORM_MEMBER);
    if form.as_ref().and_then(Json::as_text) != Some(S::FORM) {
        return Err(malformed(format!("`{FORM_MEMBER}` names another form")));
    }
    let statement: S = from_json(&Json::Object(members)).map_err(&malformed)?;
    statement.check().map_err(&malformed)?;
    // What was left out, or may be written in two ways, is another spelling.
    if to_bytes(&statement) != bytes {
        return Err(malformed("a value is not in its one spelling".to_owned()));
    }
    Ok(statement)
}

/// Reads a statement in its envelope: exactly one signature, that of its signer.
///
/// # Errors
/// As [`crate::envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope<S: Statement>(bytes: &[u8]) -> Result<SignedStatement<S>, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open_envelope(bytes, S::KIND)?;
    if let Some(signer) = S::SIGNER {
        insist_on_roles(&signatures, &[signer])?;
    }
    Ok(SignedStatement {
        content: from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signature: take_only_signature(signatures)?,
    })
}
