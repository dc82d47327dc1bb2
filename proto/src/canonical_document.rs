//! The one form of documents: the members of a struct beside the name of the form, in canonical JSON (RFC 8785).

use crate::strict_json;
use hansa_audit_log::json::serialized::{from_form, to_form};
use hansa_audit_log::json::{Json, JsonLimits, canonical};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The content of a document.
pub trait CanonicalDocument: Serialize + DeserializeOwned {
    /// The name of the form and its version, such as `withdrawal/1`.
    const FORM: &'static str;

    /// The code for a document that is not in its form.
    const MALFORMED: ErrorCode;

    /// The largest document, and its deepest nesting.
    const LIMITS: JsonLimits = strict_json::LIMITS;

    /// Checks what the types of the members leave open.
    ///
    /// # Errors
    /// The fault, as a sentence.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The document as JSON.
#[must_use]
pub fn to_json<D: CanonicalDocument>(document: &D) -> Json {
    to_form(D::FORM, document)
}

/// The document as bytes.
#[must_use]
pub fn to_bytes<D: CanonicalDocument>(document: &D) -> Vec<u8> {
    canonical(&to_json(document))
}

/// The document that the JSON makes.
///
/// # Errors
/// [`CanonicalDocument::MALFORMED`], when it is not in the one accepted form.
pub fn from_json<D: CanonicalDocument>(json: &Json) -> Result<D, Refusal> {
    let malformed = |fault: String| {
        let sentence = format!("a document `{}`: {fault}", D::FORM);
        Refusal::new(D::MALFORMED, sentence)
    };
    let document: D = from_form(D::FORM, json).map_err(&malformed)?;
    document.check().map_err(&malformed)?;
    Ok(document)
}

/// The document that the bytes make.
///
/// # Errors
/// [`CanonicalDocument::MALFORMED`], when they are not in the one accepted form.
pub fn from_bytes<D: CanonicalDocument>(bytes: &[u8]) -> Result<D, Refusal> {
    from_json(&strict_json::document(bytes, D::LIMITS, D::MALFORMED)?)
}
