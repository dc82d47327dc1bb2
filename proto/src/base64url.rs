//! base64url without padding, in its single canonical spelling: unused bits after the last byte must be zero.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a text, if it has the canonical spelling.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[track_caller]
    fn check(text: &str, expect: Option<&[u8]>) {
        assert_eq!(decode(text).as_deref(), expect, "{text}");
        if let Some(bytes) = expect {
            assert_eq!(encode(bytes), text);
        }
    }

    #[test]
    fn each_byte_string_has_one_text() {
        check("", Some(b""));
        check("Zg", Some(b"f"));
        check("Zm8", Some(b"fo"));
        check("_-8", Some(&[0xff, 0xef]));
        check("Zg==", None);
        check("Zh", None);
        check("Zm9", None);
        check("Z", None);
        check("Zm8\n", None);
        check("/+8", None);
    }
}
