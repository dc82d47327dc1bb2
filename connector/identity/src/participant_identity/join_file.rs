//! Join file: a league's response to an admitted participant, with its certificate chain and the trust bundle.

use crate::bundle::TrustBundle;
use crate::jwk::Base64Url;
use crate::signed_envelope;
use hansa_audit_log::json::Json;
use hansa_audit_log::json::serialized::{from_form, to_form};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

/// Parsed join file. The installation checks that it fits the participant.
#[derive(Debug)]
pub struct JoinFile {
    /// Identity of the participant.
    pub id: ParticipantId,
    /// Certificate and its intermediate authorities.
    pub chain: Vec<CertificateDer<'static>>,
    /// Bundle, with the addresses of the other participants.
    pub bundle: TrustBundle,
}

impl JoinFile {
    /// Bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let chain = self.chain.iter().map(|one| Base64Url(one.to_vec()));
        let content = JoinFileForm {
            id: self.id.clone(),
            certificates: chain.collect(),
            trust: self.bundle.envelope().clone(),
        };
        signed_envelope::to_bytes(&to_form(FORM, &content))
    }

    /// Parses a join file.
    ///
    /// # Errors
    /// `KEY_INVALID`, or `BUNDLE_INVALID` for the bundle inside.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let invalid = ErrorCode::KeyInvalid;
        let envelope = signed_envelope::from_bytes(bytes, "the join file", invalid)?;
        let content: JoinFileForm = from_form(FORM, &envelope)
            .map_err(|fault| Refusal::new(invalid, format!("the join file: {fault}")))?;
        let chain = content.certificates.into_iter().map(|one| one.0.into());
        Ok(Self {
            id: content.id,
            chain: chain.collect(),
            bundle: TrustBundle::from_json(content.trust)?,
        })
    }
}

/// Members of the file.
#[derive(Serialize, Deserialize)]
struct JoinFileForm {
    id: ParticipantId,
    certificates: Vec<Base64Url>,
    trust: Json,
}

const FORM: &str = "join/1";
