//! Statements that are signed: documents in an envelope with one signature.

use crate::canonical_document::{self, CanonicalDocument};
use crate::envelope::kind::StatementKind;
use crate::envelope::opened::{
    OpenedEnvelope, insist_on_roles, open_envelope, take_only_signature,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    fn check_rules(&self) -> Result<(), String> {
        Ok(())
    }
}

impl<S: Statement> CanonicalDocument for S {
    const FORM: &'static str = S::FORM;
    const MALFORMED: ErrorCode = ErrorCode::StatementMalformed;

    fn check_rules(&self) -> Result<(), String> {
        Statement::check_rules(self)
    }
}

/// A statement as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement<S> {
    /// The statement itself.
    pub content: S,
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// The signature.
    pub signature: Signature,
}

/// The payload: canonical JSON (RFC 8785).
#[must_use]
pub fn to_bytes<S: Statement>(statement: &S) -> Vec<u8> {
    canonical_document::to_bytes(statement)
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes<S: Statement>(bytes: &[u8]) -> Result<S, Refusal> {
    canonical_document::from_bytes(bytes)
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
