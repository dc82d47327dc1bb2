//! The form of everything that a league and its participants send one another: canonical JSON of a content and one or
//! more signatures over it, told apart by what it is for.

use crate::jwk;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use hansa_audit_log::json::{Json, JsonLimits, canonical, parse};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// What an envelope is for. A signature over one kind never counts for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvelopeKind {
    /// A league's trust bundle.
    Bundle,
    /// A participant's request for admission.
    Request,
    /// A key of a participant for contracts alone.
    ContractKey,
    /// A league's rulebook.
    Rulebook,
}

impl EnvelopeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "hansa-bundle/1",
            Self::Request => "hansa-request/1",
            Self::ContractKey => "hansa-contract-key/1",
            Self::Rulebook => "hansa-rulebook/1",
        }
    }

    /// The bytes that are signed.
    fn message(self, content: &Json) -> Vec<u8> {
        [self.as_str().as_bytes(), b"\n", &canonical(content)].concat()
    }
}

/// The signature of `signer` over `content`, in base64url.
///
/// # Errors
/// When the signer does not sign.
pub fn sign(
    kind: EnvelopeKind,
    content: &Json,
    signer: &dyn ParticipantSigner,
) -> Result<Json, Refusal> {
    let signature = signer.sign(&kind.message(content))?;
    Ok(Json::Text(jwk::encode(&signature)))
}

/// Whether `signature` in base64url is by `key` over `content`.
#[must_use]
pub fn signed(kind: EnvelopeKind, content: &Json, signature: &str, key: &PublicKey) -> bool {
    jwk::decode(signature).is_ok_and(|signature| key.matches(&kind.message(content), &signature))
}

/// The bytes of an envelope: canonical JSON and a line feed.
#[must_use]
pub fn to_bytes(envelope: &Json) -> Vec<u8> {
    let mut bytes = canonical(envelope);
    bytes.push(b'\n');
    bytes
}

/// Reads an envelope, which must be in its canonical form.
///
/// # Errors
/// `code` when it is malformed, too large or spelled differently.
pub fn from_bytes(bytes: &[u8], what: &str, code: ErrorCode) -> Result<Json, Refusal> {
    let envelope = parse(bytes, LIMITS)
        .map_err(|fault| Refusal::new(code, format!("{what} can't be read: {fault}")))?;
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if body != canonical(&envelope) {
        return Err(Refusal::new(
            code,
            format!("{what} is not in its canonical form: it was edited"),
        ));
    }
    Ok(envelope)
}

/// A bundle of some thousand participants fits.
const LIMITS: JsonLimits = JsonLimits {
    bytes: 8 * 1024 * 1024,
    depth: 12,
};
