//! Signed heads of a log as C2SP checkpoint notes, which tools for transparency logs can read.
//!
//! A note is text, an empty line, and one line for each signature: `— name base64(key hash ‖ signature)`. Signing and verification
//! are two small traits, so that this crate contains no keys and no signature algorithm.

use crate::digest::Digest;
use std::fmt;
use std::str::FromStr;

pub mod base64;
#[cfg(test)]
mod tests;

/// Algorithm byte of an Ed25519 note key.
pub const ED25519: u8 = 1;

/// Algorithm byte of a timestamped Ed25519 cosignature.
pub const COSIGNATURE: u8 = 4;

/// Origin of a participant's log: `<domain>/hansa/evidence`.
#[must_use]
pub fn log_origin(domain: &str) -> String {
    format!("{domain}/hansa/evidence")
}

/// Checkpoint: origin, size and root of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Origin of the log.
    pub origin: String,
    /// Number of records.
    pub size: u64,
    /// Root of the hash tree over the records.
    pub root: Digest,
}

impl Checkpoint {
    /// Signed text.
    #[must_use]
    pub fn to_signed_text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            base64::encode(self.root.as_bytes())
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let root: [u8; 32] = base64::decode(root)?.try_into().ok()?;
        let read = Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: Digest::from_bytes(root),
        };
        // Canonical form: no leading zeros, no sign, no extension lines.
        (is_name(origin) && read.to_signed_text() == text).then_some(read)
    }
}

/// Signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// Name of the key.
    pub name: String,
    /// First four bytes of the key's hash.
    pub key_hash: [u8; 4],
    /// Signature; a cosignature has eight bytes of time before it.
    pub signature: Vec<u8>,
}

/// Head with its signatures: the log's own first, then those of witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// Content of the head.
    pub checkpoint: Checkpoint,
    /// Signatures of the head.
    pub signatures: Vec<SignatureLine>,
}

/// Signer of notes.
pub trait NoteSigner: Send + Sync {
    /// Public key of the signer.
    fn key(&self) -> NoteKey;

    /// Signature over `message`.
    ///
    /// # Errors
    /// When the key can't be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteSigningError>;
}

/// Verifier of note signatures.
pub trait NoteVerifier {
    /// True if `signature` is by `key` over `message`; `false` for an unknown algorithm.
    fn accepts_signature(&self, key: &NoteKey, message: &[u8], signature: &[u8]) -> bool;
}

/// Error of a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the head can't be signed: {reason}")]
pub struct NoteSigningError {
    /// Reason given by the signer.
    pub reason: String,
}

impl SignedHead {
    /// Signs `checkpoint`.
    ///
    /// # Errors
    /// When the signer fails.
    pub fn sign(checkpoint: Checkpoint, signer: &dyn NoteSigner) -> Result<Self, NoteSigningError> {
        let key = signer.key();
        let signature = signer.sign(checkpoint.to_signed_text().as_bytes())?;
        let line = SignatureLine {
            name: key.name.clone(),
            key_hash: key.key_id(),
            signature,
        };
        Ok(Self {
            checkpoint,
            signatures: vec![line],
        })
    }

    /// Adds a witness's timestamped signature. The signer's key must have the algorithm [`COSIGNATURE`].
    ///
    /// # Errors
    /// When the signer fails.
    pub fn cosign(
        &mut self,
        signer: &dyn NoteSigner,
        seconds: u64,
    ) -> Result<(), NoteSigningError> {
        let key = signer.key();
        let mut signature = seconds.to_be_bytes().to_vec();
        signature.extend(signer.sign(&self.cosigned_message(seconds))?);
        self.signatures.push(SignatureLine {
            name: key.name.clone(),
            key_hash: key.key_id(),
            signature,
        });
        Ok(())
    }

    /// True if one of the signatures is by `key`.
    #[must_use]
    pub fn is_signed_by(&self, key: &NoteKey, checker: &dyn NoteVerifier) -> bool {
        let text = self.checkpoint.to_signed_text();
        self.lines_of(key)
            .any(|line| checker.accepts_signature(key, text.as_bytes(), &line.signature))
    }

    /// Head with the signature by `key` alone, if there is a valid one.
    #[must_use]
    pub fn only_by(mut self, key: &NoteKey, checker: &dyn NoteVerifier) -> Option<Self> {
        let text = self.checkpoint.to_signed_text();
        let good = self
            .lines_of(key)
            .find(|line| checker.accepts_signature(key, text.as_bytes(), &line.signature))
            .cloned()?;
        self.signatures = vec![good];
        Some(self)
    }

    /// Time of the cosignature of the witness with `key`, seconds since 1970-01-01, if there is a valid one.
    #[must_use]
    pub fn cosigned_by(&self, key: &NoteKey, checker: &dyn NoteVerifier) -> Option<u64> {
        self.lines_of(key).find_map(|line| {
            let (seconds, signature) = line.signature.split_first_chunk::<8>()?;
            let seconds = u64::from_be_bytes(*seconds);
            checker
                .accepts_signature(key, &self.cosigned_message(seconds), signature)
                .then_some(seconds)
        })
    }

    fn cosigned_message(&self, seconds: u64) -> Vec<u8> {
        format!(
            "cosignature/v1\ntime {seconds}\n{}",
            self.checkpoint.to_signed_text()
        )
        .into_bytes()
    }

    fn lines_of<'a>(&'a self, key: &'a NoteKey) -> impl Iterator<Item = &'a SignatureLine> {
        let hash = key.key_id();
        self.signatures
            .iter()
            .filter(move |line| line.name == key.name && line.key_hash == hash)
    }

    /// SHA-256 of the complete note with its signatures. Time stamps cover this digest.
    #[must_use]
    pub fn note_digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }

    /// SHA-256 of the signed text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.checkpoint.to_signed_text().as_bytes())
    }
}

crate::serialize_as_text!(SignedHead);

impl fmt::Display for SignedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.checkpoint.to_signed_text())?;
        for line in &self.signatures {
            let mut bytes = line.key_hash.to_vec();
            bytes.extend(&line.signature);
            writeln!(f, "— {} {}", line.name, base64::encode(&bytes))?;
        }
        Ok(())
    }
}

impl FromStr for SignedHead {
    type Err = NoteParseError;

    fn from_str(text: &str) -> Result<Self, NoteParseError> {
        let (body, signatures) = text.split_once("\n\n").ok_or(NoteParseError)?;
        let checkpoint = Checkpoint::parse(&format!("{body}\n")).ok_or(NoteParseError)?;
        let signatures: Option<Vec<SignatureLine>> = signatures
            .strip_suffix('\n')
            .ok_or(NoteParseError)?
            .split('\n')
            .map(signature_line)
            .collect();
        Ok(Self {
            checkpoint,
            signatures: signatures.ok_or(NoteParseError)?,
        })
    }
}

/// Parses the complete notes of a file in which each note is followed by an empty line.
///
/// # Errors
/// The number, from 0, of the first complete note that can't be parsed.
pub fn read_all(text: &str) -> Result<Vec<SignedHead>, usize> {
    let mut heads = Vec::new();
    let mut rest = text;
    // A note itself contains one empty line, between its text and its signatures.
    while let Some(end) = rest
        .find("\n\n")
        .and_then(|body| Some(body + 2 + rest.get(body + 2..)?.find("\n\n")?))
    {
        let note = rest.get(..=end).unwrap_or_default();
        heads.push(note.parse().map_err(|NoteParseError| heads.len())?);
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    Ok(heads)
}

fn signature_line(line: &str) -> Option<SignatureLine> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = base64::decode(encoded)?;
    let (key_hash, signature) = bytes.split_first_chunk::<4>()?;
    (is_name(name) && !signature.is_empty()).then(|| SignatureLine {
        name: name.to_owned(),
        key_hash: *key_hash,
        signature: signature.to_vec(),
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// Public note key; as text `name+hash+base64(algorithm ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    /// Name of the key; for a log's own key the origin.
    pub name: String,
    /// Algorithm: [`ED25519`], [`COSIGNATURE`] or an unknown one.
    pub algorithm: u8,
    /// Bytes of the public key.
    pub public: Vec<u8>,
}

impl NoteKey {
    /// First four bytes of the hash, by which a signature line names its key.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let digest =
            Digest::of_parts(&[self.name.as_bytes(), b"\n", &[self.algorithm], &self.public]);
        let [a, b, c, d, ..] = *digest.as_bytes();
        [a, b, c, d]
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.algorithm];
        bytes.extend(&self.public);
        let hash = u32::from_be_bytes(self.key_id());
        write!(f, "{}+{hash:08x}+{}", self.name, base64::encode(&bytes))
    }
}

impl FromStr for NoteKey {
    type Err = NoteParseError;

    fn from_str(text: &str) -> Result<Self, NoteParseError> {
        let read = || {
            let (name, rest) = text.split_once('+')?;
            let (_, encoded) = rest.split_once('+')?;
            let bytes = base64::decode(encoded)?;
            let (algorithm, public) = bytes.split_first()?;
            let key = Self {
                name: name.to_owned(),
                algorithm: *algorithm,
                public: public.to_vec(),
            };
            (is_name(name) && key.to_string() == text).then_some(key)
        };
        read().ok_or(NoteParseError)
    }
}

crate::serialize_as_text!(NoteKey);

/// The text is not a note, or not a note key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no signed head of a log")]
pub struct NoteParseError;
