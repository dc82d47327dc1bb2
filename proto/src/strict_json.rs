//! Strict reader of signed and foreign documents: text in NFC, bytes in the canonical form of JSON.

use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_policy::refusal::{ErrorCode, Refusal};
use unicode_normalization::is_nfc;

/// Size and nesting limits of a payload.
pub const LIMITS: JsonLimits = JsonLimits {
    bytes: 256 * 1024,
    depth: 32,
};

/// Reads a document that must be in canonical form.
///
/// # Errors
/// `code` if the document is too large, not strict JSON, not in NFC, or not in canonical form.
pub fn read_document(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    let json = parse_canonical(bytes, limits, code)?;
    require_normal_text(&json, code)?;
    Ok(json)
}

/// Reads an unsigned document in canonical form, with any Unicode normalization.
///
/// # Errors
/// `code` if the document is too large, not strict JSON, or not in canonical form.
pub fn parse_canonical(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    let json = parse_strict_json(bytes, limits, code)?;
    if to_canonical_bytes(&json) != bytes {
        return Err(Refusal::new(
            code,
            "the bytes are not in the canonical form of JSON (RFC 8785)",
        ));
    }
    Ok(json)
}

/// Reads a document with optional white space and members in any order.
///
/// # Errors
/// `code` if the document is too large, not strict JSON, or not in NFC.
pub fn loose_document(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    let json = parse_strict_json(bytes, limits, code)?;
    require_normal_text(&json, code)?;
    Ok(json)
}

fn parse_strict_json(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    parse_json(bytes, limits)
        .map_err(|fault| Refusal::new(code, format!("no strict JSON: {fault}")))
}

fn require_normal_text(json: &Json, code: ErrorCode) -> Result<(), Refusal> {
    if has_normal_text(json) {
        return Ok(());
    }
    let sentence = "the document holds text that is not in Unicode normal form C";
    Err(Refusal::new(code, sentence))
}

fn has_normal_text(json: &Json) -> bool {
    match json {
        Json::Null | Json::Bool(_) | Json::Int(_) => true,
        Json::Text(text) => is_nfc(text),
        Json::List(items) => items.iter().all(has_normal_text),
        Json::Object(members) => members
            .iter()
            .all(|(name, value)| is_nfc(name) && has_normal_text(value)),
    }
}
