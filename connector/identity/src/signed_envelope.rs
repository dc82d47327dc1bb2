//! The form of everything that a league and its participants send one another: canonical JSON of a content and one or
//! more signatures over it, told apart by what it is for.

use crate::jwk;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use hansa_audit_log::json::serialized::{from_form, from_json, to_form};
use hansa_audit_log::json::{Json, JsonLimits, canonical, parse};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
    /// The form of the content.
    pub(crate) const fn form(self) -> &'static str {
        match self {
            Self::Bundle => "bundle/1",
            Self::Request => "request/1",
            Self::ContractKey => "contract-key/1",
            Self::Rulebook => "rulebook/1",
        }
    }

    /// The member of an envelope that holds the content.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Request => "request",
            Self::ContractKey => "contractKey",
            Self::Rulebook => "rulebook",
        }
    }

    /// The bytes that are signed.
    fn message(self, content: &Json) -> Vec<u8> {
        let form = self.form().as_bytes();
        [b"hansa-", form, b"\n", &canonical(content)].concat()
    }
}

/// A content that names the one key by which it is signed.
pub(crate) trait SignedContent: Serialize + DeserializeOwned {
    /// The kind of its envelope.
    const KIND: EnvelopeKind;

    /// Its name, for sentences.
    const NAME: &'static str;

    /// The name of who signs it, for sentences.
    const SIGNER: &'static str;

    /// The code of what is wrong with it.
    const CODE: ErrorCode;

    /// The key that signs it.
    fn key(&self) -> &PublicKey;

    /// Its envelope.
    ///
    /// # Errors
    /// When the signer does not sign.
    fn seal(&self, signer: &dyn ParticipantSigner) -> Result<Json, Refusal> {
        let content = to_form(Self::KIND.form(), self);
        let signature = sign(Self::KIND, &content, signer)?;
        Ok(Json::object([
            (Self::KIND.member(), content),
            ("signature", Json::Text(signature)),
        ]))
    }

    /// The content of an envelope, which is taken completely apart, under a signature that holds.
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
        if signed(Self::KIND, &content, &signature, read.key()) {
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
/// When the signer does not sign.
pub fn sign(
    kind: EnvelopeKind,
    content: &Json,
    signer: &dyn ParticipantSigner,
) -> Result<String, Refusal> {
    let signature = signer.sign(&kind.message(content))?;
    Ok(jwk::encode(&signature))
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
