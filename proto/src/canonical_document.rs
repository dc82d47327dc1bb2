//! Canonical form of documents: the members of a struct and the name of the form, in canonical JSON (RFC 8785).

use crate::strict_json;
use hansa_audit_log::json::serialized::{from_form, to_form};
use hansa_audit_log::json::{Json, JsonLimits, to_canonical_bytes};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Content of a document.
pub trait CanonicalDocument: Serialize + DeserializeOwned {
    /// Name of the form with its version, such as `withdrawal/1`.
    const FORM: &'static str;

    /// Error code of a malformed document.
    const MALFORMED: ErrorCode;

    /// Size and nesting limits of a document.
    const LIMITS: JsonLimits = strict_json::LIMITS;

    /// Checks rules that the types of the members do not enforce.
    ///
    /// # Errors
    /// The fault, as a sentence.
    fn check_rules(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Converts a document to JSON.
#[must_use]
pub fn to_json<D: CanonicalDocument>(document: &D) -> Json {
    to_form(D::FORM, document)
}

/// Converts a document to bytes.
#[must_use]
pub fn to_bytes<D: CanonicalDocument>(document: &D) -> Vec<u8> {
    to_canonical_bytes(&to_json(document))
}

/// Reads a document from JSON.
///
/// # Errors
/// [`CanonicalDocument::MALFORMED`] if the JSON is not in the canonical form.
pub fn from_json<D: CanonicalDocument>(json: &Json) -> Result<D, Refusal> {
    let malformed = |fault: String| {
        let sentence = format!("a document `{}`: {fault}", D::FORM);
        Refusal::new(D::MALFORMED, sentence)
    };
    let document: D = from_form(D::FORM, json).map_err(&malformed)?;
    document.check_rules().map_err(&malformed)?;
    Ok(document)
}

/// Reads a document from bytes.
///
/// # Errors
/// [`CanonicalDocument::MALFORMED`] if the bytes are not in the canonical form.
pub fn from_bytes<D: CanonicalDocument>(bytes: &[u8]) -> Result<D, Refusal> {
    from_json(&strict_json::read_document(bytes, D::LIMITS, D::MALFORMED)?)
}
