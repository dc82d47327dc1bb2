//! Reading signed and foreign documents strictly: text in NFC, bytes in the one canonical form of JSON.

use hansa_audit_log::json::{Json, JsonLimits, canonical, parse};
use hansa_policy::refusal::{ErrorCode, Refusal};
use unicode_normalization::is_nfc;

/// The largest payload, and its deepest nesting.
pub const LIMITS: JsonLimits = JsonLimits {
    bytes: 256 * 1024,
    depth: 32,
};

/// Reads a document that must stand in its canonical form.
///
/// # Errors
/// `code`, when it is too large, no strict JSON, not in NFC, or spelled in another way than the canonical one.
pub fn document(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    let json = parse_canonical(bytes, limits, code)?;
    require_normal_text(&json, code)?;
    Ok(json)
}

/// Reads a document in its canonical form, whatever form its text has: one that nobody signs.
///
/// # Errors
/// `code`, when it is too large, no strict JSON, or spelled in another way than the canonical one.
pub fn parse_canonical(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    let json = strict(bytes, limits, code)?;
    if canonical(&json) != bytes {
        return Err(Refusal::new(
            code,
            "the bytes are not in the canonical form of JSON (RFC 8785)",
        ));
    }
    Ok(json)
}

/// Reads a document that may be spelled with white space and members in any order.
///
/// # Errors
/// `code`, when it is too large, no strict JSON, or not in NFC.
pub fn loose_document(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    let json = strict(bytes, limits, code)?;
    require_normal_text(&json, code)?;
    Ok(json)
}

fn strict(bytes: &[u8], limits: JsonLimits, code: ErrorCode) -> Result<Json, Refusal> {
    parse(bytes, limits).map_err(|fault| Refusal::new(code, format!("no strict JSON: {fault}")))
}

fn require_normal_text(json: &Json, code: ErrorCode) -> Result<(), Refusal> {
    if normal(json) {
        return Ok(());
    }
    let sentence = "the document holds text that is not in Unicode normal form C";
    Err(Refusal::new(code, sentence))
}

fn normal(json: &Json) -> bool {
    match json {
        Json::Null | Json::Bool(_) | Json::Int(_) => true,
        Json::Text(text) => is_nfc(text),
        Json::List(items) => items.iter().all(normal),
        Json::Object(members) => members
            .iter()
            .all(|(name, value)| is_nfc(name) && normal(value)),
    }
}
