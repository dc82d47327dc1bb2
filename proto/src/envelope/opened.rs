//! Parsed envelope: its payload, and each signature with its parsed header.

use super::header;
use super::kind::StatementKind;
use crate::base64url;
use crate::strict_json;
use hansa_audit_log::json::serialized::from_json;
use hansa_audit_log::json::{Json, JsonLimits};
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};

/// Limits of an envelope: the payload in base64url, two signatures, and the members around them.
pub(super) const LIMITS: JsonLimits = JsonLimits {
    bytes: 512 * 1024,
    depth: 4,
};

/// Members of an envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvelopeForm {
    /// Payload in base64url without padding.
    pub(super) payload: String,
    /// Entries of [`header::SignatureForm`], whose faults have a code of their own.
    pub(super) signatures: Vec<Json>,
}

/// An envelope whose signatures are not checked yet.
pub(crate) struct OpenedEnvelope {
    pub(crate) payload: Vec<u8>,
    pub(crate) signatures: Vec<Signature>,
}

/// Requires one signature of each role, in this order, by different keys.
///
/// # Errors
/// `SIGNATURE_MISSING`, `SIGNATURE_COUNT` or `SIGNER_NOT_PARTY`.
// INVARIANT: every-signature. Every entry of the statement is read, and none may be left out or added.
pub(crate) fn insist_on_roles(
    signatures: &[Signature],
    roles: &[SignatoryRole],
) -> Result<(), Refusal> {
    if signatures.len() < roles.len() {
        return Err(missing_signature_refusal(signatures.len(), roles.len()));
    }
    if signatures.len() > roles.len() {
        return Err(Refusal::new(
            ErrorCode::SignatureCount,
            format!(
                "the statement carries {} signatures instead of {}",
                signatures.len(),
                roles.len()
            ),
        ));
    }
    for (signature, role) in signatures.iter().zip(roles) {
        if signature.role != *role {
            return Err(Refusal::new(
                ErrorCode::SignatureMissing,
                format!(
                    "a signature of the {} is due, but there is one of the {}",
                    role.as_str(),
                    signature.role.as_str()
                ),
            ));
        }
    }
    if let [provider, consumer] = signatures
        && provider.kid == consumer.kid
    {
        return Err(Refusal::new(
            ErrorCode::SignerNotParty,
            "both signatures are by the same key",
        ));
    }
    Ok(())
}

/// Returns the signature of a statement with exactly one.
///
/// # Errors
/// `SIGNATURE_MISSING` or `SIGNATURE_COUNT`.
pub(crate) fn take_only_signature(signatures: Vec<Signature>) -> Result<Signature, Refusal> {
    let count = signatures.len();
    let mut signatures = signatures.into_iter();
    match (signatures.next(), signatures.next()) {
        (Some(signature), None) => Ok(signature),
        (None, _) => Err(missing_signature_refusal(0, 1)),
        (Some(_), Some(_)) => Err(Refusal::new(
            ErrorCode::SignatureCount,
            format!("the statement carries {count} signatures instead of 1"),
        )),
    }
}

fn missing_signature_refusal(found: usize, due: usize) -> Refusal {
    Refusal::new(
        ErrorCode::SignatureMissing,
        format!("the statement carries {found} of {due} signatures"),
    )
}

/// Parses an envelope of that kind.
///
/// # Errors
/// `SIGNATURE_HEADER`, `SIGNATURE_ALG`, `SIGNATURE_INVALID`, or the code of a malformed statement of this kind.
pub(crate) fn open_envelope(bytes: &[u8], kind: StatementKind) -> Result<OpenedEnvelope, Refusal> {
    let code = kind.malformed_code();
    let json = strict_json::read_document(bytes, LIMITS, code)?;
    let form: EnvelopeForm = from_json(&json)
        .map_err(|fault| Refusal::new(code, format!("a signed statement: {fault}")))?;
    let payload = base64url::decode(&form.payload).ok_or_else(|| {
        let sentence = "the payload is not in base64url without padding";
        Refusal::new(code, sentence)
    })?;
    let mut signatures = Vec::new();
    for (index, entry) in form.signatures.iter().enumerate() {
        signatures.push(header::read_signature(entry, index, kind, &form.payload)?);
    }
    Ok(OpenedEnvelope {
        payload,
        signatures,
    })
}
