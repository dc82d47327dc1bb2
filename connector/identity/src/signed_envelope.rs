//! Signed envelopes between a league and its participants: canonical JSON of a content and one or more signatures over it, with the
//! kind of the content.

use crate::jwk;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use hansa_audit_log::json::serialized::{from_form, from_json, to_form};
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Kind of an envelope. A signature over one kind is invalid for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvelopeKind {
    /// Trust bundle of a league.
    Bundle,
    /// Admission request of a participant.
    Request,
    /// Key of a participant for contracts alone.
    ContractKey,
    /// Rulebook of a league.
    Rulebook,
}

impl EnvelopeKind {
    /// Form of the content.
    pub(crate) const fn form(self) -> &'static str {
        match self {
            Self::Bundle => "bundle/1",
            Self::Request => "request/1",
            Self::ContractKey => "contract-key/1",
            Self::Rulebook => "rulebook/1",
        }
    }

    /// Member of an envelope that contains the content.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Request => "request",
            Self::ContractKey => "contractKey",
            Self::Rulebook => "rulebook",
        }
    }

    /// Signed bytes.
    fn signed_bytes(self, content: &Json) -> Vec<u8> {
        let form = self.form().as_bytes();
        [b"hansa-", form, b"\n", &to_canonical_bytes(content)].concat()
    }
}

/// Content that names the key by which it is signed.
pub(crate) trait SignedContent: Serialize + DeserializeOwned {
    /// Kind of its envelope.
    const KIND: EnvelopeKind;

    /// Name of the content, for error texts.
    const NAME: &'static str;

    /// Name of the signer, for error texts.
    const SIGNER: &'static str;

    /// Code of its errors.
    const CODE: ErrorCode;

    /// Key that signs the content.
    fn key(&self) -> &PublicKey;

    /// Signs the content and returns the envelope.
    ///
    /// # Errors
    /// When the signer fails.
    fn seal(&self, signer: &dyn ParticipantSigner) -> Result<Json, Refusal> {
        let content = to_form(Self::KIND.form(), self);
        let signature = sign_content(Self::KIND, &content, signer)?;
        Ok(Json::object([
            (Self::KIND.member(), content),
            ("signature", Json::Text(signature)),
        ]))
    }

    /// Content of an envelope, parsed completely, with a valid signature.
    ///
    /// # Errors
    /// With [`Self::CODE`].
    fn open(envelope: &Json) -> Result<Self, Refusal> {
        let malformed =
            |fault: String| Refusal::new(Self::CODE, format!("{}: {fault}", Self::NAME));
        let mut members = envelope
            .as_object()
            .ok_or_else(|| malformed("it is no object".to_owned()))?
            .clone();
        let content = members
            .remove(Self::KIND.member())
            .ok_or_else(|| malformed(format!("`{}` is missing", Self::KIND.member())))?;
        let SignatureForm { signature } = from_json(&Json::Object(members)).map_err(malformed)?;
        let read: Self = from_form(Self::KIND.form(), &content).map_err(malformed)?;
        if has_valid_signature(Self::KIND, &content, &signature, read.key()) {
            return Ok(read);
        }
        let sentence = format!("{} is not signed by {}", Self::NAME, Self::SIGNER);
        Err(Refusal::new(Self::CODE, sentence))
    }
}

/// The members of an envelope beside its content, whose member has a name of its own in each kind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureForm {
    signature: String,
}

/// The signature of `signer` over `content`, in base64url.
///
/// # Errors
/// When the signer fails.
pub fn sign_content(
    kind: EnvelopeKind,
    content: &Json,
    signer: &dyn ParticipantSigner,
) -> Result<String, Refusal> {
    let signature = signer.sign(&kind.signed_bytes(content))?;
    Ok(jwk::encode(&signature))
}

/// True if `signature` in base64url is by `key` over `content`.
#[must_use]
pub fn has_valid_signature(
    kind: EnvelopeKind,
    content: &Json,
    signature: &str,
    key: &PublicKey,
) -> bool {
    jwk::decode(signature)
        .is_ok_and(|signature| key.accepts_signature(&kind.signed_bytes(content), &signature))
}

/// Bytes of an envelope: canonical JSON and a line feed.
#[must_use]
pub fn to_bytes(envelope: &Json) -> Vec<u8> {
    let mut bytes = to_canonical_bytes(envelope);
    bytes.push(b'\n');
    bytes
}

/// Parses an envelope in canonical form.
///
/// # Errors
/// `code` when it is malformed, too large or not canonical.
pub fn from_bytes(bytes: &[u8], what: &str, code: ErrorCode) -> Result<Json, Refusal> {
    let envelope = parse_json(bytes, LIMITS)
        .map_err(|fault| Refusal::new(code, format!("{what} can't be read: {fault}")))?;
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if body != to_canonical_bytes(&envelope) {
        return Err(Refusal::new(
            code,
            format!("{what} is not in its canonical form: it was edited"),
        ));
    }
    Ok(envelope)
}

/// Limits of an envelope; enough for a bundle of some thousand participants.
const LIMITS: JsonLimits = JsonLimits {
    bytes: 8 * 1024 * 1024,
    depth: 12,
};
