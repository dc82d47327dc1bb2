//! Strict Base64 with padding (RFC 4648, section 4): each byte string has one encoding.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let padded: [u32; 3] = std::array::from_fn(|i| chunk.get(i).copied().map_or(0, u32::from));
        let [a, b, c] = padded;
        let group = a << 16 | b << 8 | c;
        for place in 0..4 {
            let value = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or_default();
            let wanted = usize::try_from(place).is_ok_and(|place| place <= chunk.len());
            let letter = ALPHABET.get(value).copied().unwrap_or(b'=');
            out.push(char::from(if wanted { letter } else { b'=' }));
        }
    }
    out
}

/// Bytes of `text`; none if it is not their canonical encoding.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut group: u32 = 0;
        let mut letters = 0;
        for byte in chunk {
            let value = match byte {
                b'=' => 0,
                _ => ALPHABET.iter().position(|letter| letter == byte)?,
            };
            letters += usize::from(*byte != b'=');
            group = group << 6 | u32::try_from(value).ok()?;
        }
        let [_, a, b, c] = group.to_be_bytes();
        out.extend([a, b, c].into_iter().take(letters.saturating_sub(1)));
    }
    (encode(&out) == text).then_some(out)
}

/// Writes bytes that are a member of a document, for the attribute `with` of serde.
///
/// # Errors
/// That of the serializer.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(bytes))
}

/// Reads bytes that are a member of a document, for the attribute `with` of serde.
///
/// # Errors
/// When the member is no base64 in its one spelling.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| D::Error::custom("this is no base64 with padding"))
}
