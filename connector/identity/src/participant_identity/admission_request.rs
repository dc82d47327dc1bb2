//! A participant's request for admission: who it is, its public keys, and the proof that it has the private ones.

use crate::fingerprint::KeyFingerprint;
use crate::jwk;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{StrictObject, StrictObjectError};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::{CertificateSigningRequestParams, PublicKeyData, SanType};
use std::collections::BTreeMap;

/// A request whose three proofs of possession were checked: the TLS key's in the certificate request, the signing key's
/// and the note key's over the whole.
#[derive(Debug)]
pub struct AdmissionRequest {
    /// Who asks.
    pub id: ParticipantId,
    /// Its name for people.
    pub name: String,
    /// Where it will listen, as host and port; absent for one that only asks.
    pub address: Option<String>,
    /// The key that will sign contracts.
    pub signing: PublicKey,
    /// The key that will sign the heads of its log.
    pub note: PublicKey,
    tls: rcgen::PublicKey,
}

/// Who applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// Its identity.
    pub id: ParticipantId,
    /// Its name for people.
    pub name: String,
    /// Where it will listen, as host and port.
    pub address: Option<String>,
}

impl AdmissionRequest {
    /// Writes a request.
    ///
    /// # Errors
    /// When a signer does not sign.
    pub fn write(
        applicant: &Applicant,
        certificate_request: &str,
        signing: &dyn ParticipantSigner,
        note: &dyn ParticipantSigner,
    ) -> Result<Vec<u8>, Refusal> {
        let mut content = BTreeMap::from([
            ("hansa".to_owned(), FORM.into()),
            ("id".to_owned(), Json::text(&applicant.id)),
            ("name".to_owned(), Json::text(&applicant.name)),
            (
                "certificateRequest".to_owned(),
                Json::text(certificate_request),
            ),
            ("signingKey".to_owned(), jwk::to_json(signing.public())),
            ("noteKey".to_owned(), jwk::to_json(note.public())),
        ]);
        if let Some(address) = &applicant.address {
            content.insert("address".to_owned(), Json::text(address));
        }
        let content = Json::Object(content);
        let by_signing = signed_envelope::sign(EnvelopeKind::Request, &content, signing)?;
        let by_note = signed_envelope::sign(EnvelopeKind::Request, &content, note)?;
        Ok(signed_envelope::to_bytes(&Json::object([
            ("request", content),
            ("signedBySigningKey", by_signing),
            ("signedByNoteKey", by_note),
        ])))
    }

    /// What people compare of its keys.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of(&[&self.signing, &self.note])
    }

    /// Reads a request and checks its proofs.
    ///
    /// # Errors
    /// `KEY_INVALID`.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let envelope = signed_envelope::from_bytes(bytes, "the request", ErrorCode::KeyInvalid)?;
        let mut outer = StrictObject::of(envelope, "", fault)?;
        let content = outer.take("request")?;
        let by_signing = outer.text("signedBySigningKey")?;
        let by_note = outer.text("signedByNoteKey")?;
        outer.finish()?;

        let mut fields = StrictObject::of(content.clone(), "", fault)?;
        if fields.text("hansa")? != FORM {
            return Err(invalid("the request is of another version"));
        }
        let id: ParticipantId = fields.text("id")?.parse().map_err(
            |malformed: hansa_policy::id::IdentifierError| invalid(&malformed.to_string()),
        )?;
        let name = fields.text("name")?;
        let address = match fields.optional("address") {
            None => None,
            Some(Json::Text(address)) => Some(address),
            Some(_) => return Err(invalid("the address is no text")),
        };
        let csr = fields.text("certificateRequest")?;
        let signing = jwk::from_json(fields.take("signingKey")?)?;
        let note = jwk::from_json(fields.take("noteKey")?)?;
        fields.finish()?;

        if !signed_envelope::signed(EnvelopeKind::Request, &content, &by_signing, &signing) {
            return Err(invalid("the request is not signed by its signing key"));
        }
        if !signed_envelope::signed(EnvelopeKind::Request, &content, &by_note, &note) {
            return Err(invalid("the request is not signed by its note key"));
        }
        // The library checks the signature in the certificate request.
        let csr = CertificateSigningRequestParams::from_pem(&csr)
            .map_err(|error| invalid(&format!("the certificate request: {error}")))?;
        one_identity(&csr, &id)?;
        let spki = csr.public_key.subject_public_key_info();
        if [&signing, &note].iter().any(|key| key.spki() == spki) || signing == note {
            return Err(invalid(
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

    /// The key that its certificate is to be for.
    #[must_use]
    pub const fn tls_key(&self) -> &rcgen::PublicKey {
        &self.tls
    }

    /// The host of its address, without the port.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.address.as_deref().map(host_of)
    }
}

/// The host of `host:port` or `[::1]:port`.
pub(crate) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

const FORM: &str = "request/1";

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
        _ => Err(invalid(&format!(
            "the certificate request does not hold exactly the identity {id}"
        ))),
    }
}

fn fault(fault: StrictObjectError) -> Refusal {
    invalid(&format!("the request: {fault}"))
}

fn invalid(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::KeyInvalid, sentence)
}
