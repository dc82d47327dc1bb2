//! Files of JSON that hold the digest of all their other bytes, so that a changed one is noticed wherever it is read.

use hansa_audit_log::digest::Digest;

/// What stands in the place of the digest while it is made.
pub(crate) fn blank() -> String {
    "0".repeat(DIGITS)
}

/// The text with its digest in the place of [`blank`].
pub(crate) fn insert_digest(text: Vec<u8>) -> Vec<u8> {
    let digest = Digest::of(&text).to_string();
    replace_digest(&text, &blank(), &digest).unwrap_or(text)
}

/// Whether the text is the one of which the digest `sum` in it was made.
pub(crate) fn is_whole(text: &[u8], sum: &str) -> bool {
    let made_of = replace_digest(text, sum, &blank());
    made_of.is_some_and(|text| Digest::of(&text).to_string() == sum)
}

fn replace_digest(text: &[u8], old: &str, new: &str) -> Option<Vec<u8>> {
    // Within a text of JSON a quotation mark has a backslash before it, so this is the member and nothing else.
    let (old, new) = (format!("\"sum\": \"{old}\""), format!("\"sum\": \"{new}\""));
    let at = text
        .windows(old.len())
        .rposition(|part| part == old.as_bytes())?;
    let (before, rest) = text.split_at_checked(at)?;
    let after = rest.get(old.len()..)?;
    Some([before, new.as_bytes(), after].concat())
}

/// Of SHA-256, in hexadecimal digits.
const DIGITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_other_byte_is_noticed() {
        let text = format!(
            "{{\"title\": \"a \\\"sum\\\": \\\"b\", \"sum\": \"{}\"}}",
            blank()
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
