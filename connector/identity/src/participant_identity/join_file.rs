//! What a league sends back to one that it admits: its certificate chain and the trust bundle.

use crate::bundle::TrustBundle;
use crate::{jwk, signed_envelope};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{StrictObject, StrictObjectError};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::CertificateDer;

/// A join file as read; whether it fits a participant is checked when it is installed.
#[derive(Debug)]
pub struct JoinFile {
    /// Whom it is for.
    pub id: ParticipantId,
    /// Its certificate and those between it and the anchor.
    pub chain: Vec<CertificateDer<'static>>,
    /// The bundle, with the addresses of the others.
    pub bundle: TrustBundle,
}

impl JoinFile {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let chain = self.chain.iter().map(|one| Json::Text(jwk::encode(one)));
        signed_envelope::to_bytes(&Json::object([
            ("hansa", FORM.into()),
            ("id", Json::text(&self.id)),
            ("certificates", Json::List(chain.collect())),
            ("trust", self.bundle.envelope().clone()),
        ]))
    }

    /// Reads it.
    ///
    /// # Errors
    /// `KEY_INVALID`, or `BUNDLE_INVALID` for the bundle inside.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let envelope = signed_envelope::from_bytes(bytes, "the join file", ErrorCode::KeyInvalid)?;
        let mut fields = StrictObject::of(envelope, "", fault)?;
        if fields.text("hansa")? != FORM {
            return Err(invalid("the join file is of another version"));
        }
        let id = fields.text("id")?.parse().map_err(
            |malformed: hansa_policy::id::IdentifierError| invalid(&malformed.to_string()),
        )?;
        let chain = fields
            .list("certificates")?
            .iter()
            .map(|one| {
                let text = one
                    .as_text()
                    .ok_or_else(|| invalid("a certificate of the join file is no text"))?;
                Ok(CertificateDer::from(jwk::decode(text)?))
            })
            .collect::<Result<Vec<_>, Refusal>>()?;
        let bundle = TrustBundle::from_json(fields.take("trust")?)?;
        fields.finish()?;
        Ok(Self { id, chain, bundle })
    }
}

const FORM: &str = "join/1";

fn fault(fault: StrictObjectError) -> Refusal {
    invalid(&format!("the join file: {fault}"))
}

fn invalid(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::KeyInvalid, sentence)
}
