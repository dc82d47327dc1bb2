//! SHA-256 digests. They identify everything that is signed or recorded.

use crate::hexadecimal::write_hex;
use sha2::Digest as _;
use std::fmt;
use std::str::FromStr;

/// SHA-256 digest (FIPS 180-4), 32 bytes; displayed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Digest of the concatenation of `parts`, without building it.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = sha2::Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Digest from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// First twelve hexadecimal digits, enough for people to distinguish digests.
    #[must_use]
    pub fn to_short_text(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

/// Digest that is computed incrementally.
#[derive(Debug, Clone, Default)]
pub struct IncrementalDigest(sha2::Sha256);

impl IncrementalDigest {
    /// Digest of no bytes so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds further bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Digest of all added bytes.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written in one step, since a catalogue page has hundreds of digests.
        let mut text = String::with_capacity(64);
        write_hex(&self.0, &mut text);
        f.write_str(&text)
    }
}

crate::serialize_as_text!(Digest);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, DigestParseError> {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DigestParseError);
        }
        let mut bytes = [0_u8; 32];
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| DigestParseError)?;
            *slot = u8::from_str_radix(pair, 16).map_err(|_| DigestParseError)?;
        }
        Ok(Self(bytes))
    }
}

/// Error of a text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct DigestParseError;
