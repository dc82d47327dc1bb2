//! JSON files that contain a digest of all their other bytes, so that a change is detected when they are read.

use hansa_audit_log::digest::Digest;

/// Placeholder for the digest during its computation.
pub(crate) fn blank_digest() -> String {
    "0".repeat(DIGITS)
}

/// Replaces the placeholder [`blank_digest`] by the digest of the text.
pub(crate) fn insert_digest(text: Vec<u8>) -> Vec<u8> {
    let digest = Digest::of(&text).to_string();
    replace_digest(&text, &blank_digest(), &digest).unwrap_or(text)
}

/// Checks that `sum` in the text is the digest of the text.
pub(crate) fn is_whole(text: &[u8], sum: &str) -> bool {
    let made_of = replace_digest(text, sum, &blank_digest());
    made_of.is_some_and(|text| Digest::of(&text).to_string() == sum)
}

fn replace_digest(text: &[u8], old: &str, new: &str) -> Option<Vec<u8>> {
    // A quotation mark within a JSON string is escaped, so this match is the member itself.
    let (old, new) = (format!("\"sum\": \"{old}\""), format!("\"sum\": \"{new}\""));
    let at = text
        .windows(old.len())
        .rposition(|part| part == old.as_bytes())?;
    let (before, rest) = text.split_at_checked(at)?;
    let after = rest.get(old.len()..)?;
    Some([before, new.as_bytes(), after].concat())
}

/// Number of hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_other_byte_is_noticed() {
        let text = format!(
            "{{\"title\": \"a \\\"sum\\\": \\\"b\", \"sum\": \"{}\"}}",
            blank_digest()
        );
        let whole = insert_digest(text.into_bytes());
        let sum = |text: &[u8]| {
            let read: serde_json::Value = serde_json::from_slice(text).ok()?;
            Some(read.get("sum")?.as_str()?.to_owned())
        };
        assert!(is_whole(&whole, &sum(&whole).unwrap()));
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut other = whole.clone();
                other[at] ^= 1 << bit;
                let passes = sum(&other).is_some_and(|sum| is_whole(&other, &sum));
                assert!(!passes, "byte {at}, bit {bit}");
            }
        }
    }
}
