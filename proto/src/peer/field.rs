//! Checked readers of single message fields.

use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Most bytes of one document in a message: a contract, a statement, a receipt.
const DOCUMENT: usize = 512 * 1024;

/// Refusal of a malformed message.
pub(crate) fn malformed_message_refusal(what: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::MessageMalformed, what)
}

/// Required message or choice.
pub(crate) fn require_value<T>(field: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| malformed_message_refusal(format!("the message lacks `{field}`")))
}

/// Field of exactly `N` bytes.
pub(crate) fn read_fixed_bytes<const N: usize>(
    field: &str,
    bytes: &Bytes,
) -> Result<[u8; N], Refusal> {
    bytes.as_ref().try_into().map_err(|_| {
        malformed_message_refusal(format!(
            "`{field}` holds {} bytes instead of {N}",
            bytes.len()
        ))
    })
}

/// SHA-256 digest.
pub(crate) fn read_digest(field: &str, bytes: &Bytes) -> Result<Digest, Refusal> {
    read_fixed_bytes(field, bytes).map(Digest::from_bytes)
}

/// Digests of a proof, at most 64.
pub(crate) fn read_digests(field: &str, list: Vec<Bytes>) -> Result<Vec<Digest>, Refusal> {
    if list.len() > 64 {
        return Err(malformed_message_refusal(format!(
            "`{field}` holds {} hashes; a proof has at most 64",
            list.len()
        )));
    }
    list.iter().map(|bytes| read_digest(field, bytes)).collect()
}

/// Digests as bytes.
pub(crate) fn digests_to_bytes(list: &[Digest]) -> Vec<Bytes> {
    list.iter().map(digest_to_bytes).collect()
}

/// Digest as bytes.
pub(crate) fn digest_to_bytes(digest: &Digest) -> Bytes {
    Bytes::copy_from_slice(digest.as_bytes())
}

/// Required document of limited size. Its content is parsed elsewhere.
pub(crate) fn require_document(field: &str, bytes: Bytes) -> Result<Bytes, Refusal> {
    if bytes.is_empty() {
        return Err(malformed_message_refusal(format!(
            "the message lacks `{field}`"
        )));
    }
    if bytes.len() > DOCUMENT {
        return Err(Refusal::new(
            ErrorCode::MessageTooLarge,
            format!(
                "`{field}` holds {} bytes; at most {DOCUMENT} are read",
                bytes.len()
            ),
        ));
    }
    Ok(bytes)
}

/// Line of text from the other side, safe for a terminal: at most `most` bytes, no control characters.
pub(crate) fn read_line(field: &str, text: String, most: usize) -> Result<String, Refusal> {
    if text.len() > most {
        return Err(malformed_message_refusal(format!(
            "`{field}` holds {} bytes; at most {most} are read",
            text.len()
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(malformed_message_refusal(format!(
            "`{field}` holds control characters"
        )));
    }
    Ok(text)
}

/// Optional value of a field that is empty if absent.
pub(crate) fn non_empty(bytes: Bytes) -> Option<Bytes> {
    (!bytes.is_empty()).then_some(bytes)
}
