//! Admission request of a participant: its identity, its public keys, and the proofs of possession of the private keys.

use crate::fingerprint::KeyFingerprint;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::serialized::{from_form, from_json, to_form, to_json};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::{CertificateSigningRequestParams, PublicKeyData, SanType};
use serde::{Deserialize, Serialize};

/// Request with three checked proofs of possession: of the TLS key in the certificate request, of the signing key and the note key
/// over the whole request.
#[derive(Debug)]
pub struct AdmissionRequest {
    /// Identity of the applicant.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Future address as host and port; absent for a participant that only asks.
    pub address: Option<String>,
    /// Key that will sign contracts.
    pub signing: PublicKey,
    /// Key that will sign the heads of the log.
    pub note: PublicKey,
    tls: rcgen::PublicKey,
}

/// Applicant for admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// Identity of the applicant.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Future address as host and port.
    pub address: Option<String>,
}

/// Members of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestEnvelope {
    request: Json,
    signed_by_signing_key: String,
    signed_by_note_key: String,
}

/// Signed members.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContent {
    id: ParticipantId,
    name: String,
    address: Option<String>,
    certificate_request: String,
    signing_key: PublicKey,
    note_key: PublicKey,
}

impl AdmissionRequest {
    /// Writes a request.
    ///
    /// # Errors
    /// When a signer fails.
    pub fn write(
        applicant: &Applicant,
        certificate_request: &str,
        signing: &dyn ParticipantSigner,
        note: &dyn ParticipantSigner,
    ) -> Result<Vec<u8>, Refusal> {
        let content = RequestContent {
            id: applicant.id.clone(),
            name: applicant.name.clone(),
            address: applicant.address.clone(),
            certificate_request: certificate_request.to_owned(),
            signing_key: signing.public_key().clone(),
            note_key: note.public_key().clone(),
        };
        let content = to_form(EnvelopeKind::Request.form(), &content);
        let by_signing = signed_envelope::sign_content(EnvelopeKind::Request, &content, signing)?;
        let by_note = signed_envelope::sign_content(EnvelopeKind::Request, &content, note)?;
        Ok(signed_envelope::to_bytes(&to_json(&RequestEnvelope {
            request: content,
            signed_by_signing_key: by_signing,
            signed_by_note_key: by_note,
        })))
    }

    /// Fingerprint of the keys, for comparison by people.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of(&[&self.signing, &self.note])
    }

    /// Parses a request and checks its proofs.
    ///
    /// # Errors
    /// `KEY_INVALID`.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let envelope = signed_envelope::from_bytes(bytes, "the request", ErrorCode::KeyInvalid)?;
        let malformed = |fault: String| invalid_request_refusal(&format!("the request: {fault}"));
        let envelope: RequestEnvelope = from_json(&envelope).map_err(malformed)?;
        let RequestContent {
            id,
            name,
            address,
            certificate_request: csr,
            signing_key: signing,
            note_key: note,
        } = from_form(EnvelopeKind::Request.form(), &envelope.request).map_err(malformed)?;
        let is_signed = |signature: &str, key: &PublicKey| {
            signed_envelope::has_valid_signature(
                EnvelopeKind::Request,
                &envelope.request,
                signature,
                key,
            )
        };
        if !is_signed(&envelope.signed_by_signing_key, &signing) {
            return Err(invalid_request_refusal(
                "the request is not signed by its signing key",
            ));
        }
        if !is_signed(&envelope.signed_by_note_key, &note) {
            return Err(invalid_request_refusal(
                "the request is not signed by its note key",
            ));
        }
        // The library checks the signature in the certificate request.
        let csr = CertificateSigningRequestParams::from_pem(&csr).map_err(|error| {
            invalid_request_refusal(&format!("the certificate request: {error}"))
        })?;
        one_identity(&csr, &id)?;
        let spki = csr.public_key.subject_public_key_info();
        if [&signing, &note].iter().any(|key| key.spki() == spki) || signing == note {
            return Err(invalid_request_refusal(
                "the TLS key, the signing key and the note key must differ",
            ));
        }
        Ok(Self {
            id,
            name,
            address,
            signing,
            note,
            tls: csr.public_key,
        })
    }

    /// Key of the certificate to be issued.
    #[must_use]
    pub const fn tls_key(&self) -> &rcgen::PublicKey {
        &self.tls
    }

    /// Host of the address, without the port.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.address.as_deref().map(host_of)
    }
}

/// Host in `host:port` or `[::1]:port`.
pub(crate) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

fn one_identity(csr: &CertificateSigningRequestParams, id: &ParticipantId) -> Result<(), Refusal> {
    let mut uris = csr
        .params
        .subject_alt_names
        .iter()
        .filter_map(|name| match name {
            SanType::URI(uri) => Some(uri.as_str()),
            _ => None,
        });
    match (uris.next(), uris.next()) {
        (Some(uri), None) if uri == id.as_str() => Ok(()),
        _ => Err(invalid_request_refusal(&format!(
            "the certificate request does not hold exactly the identity {id}"
        ))),
    }
}

fn invalid_request_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::KeyInvalid, sentence)
}
