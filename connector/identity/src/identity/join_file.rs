//! What a league sends back to one that it admits: its certificate chain and the trust bundle.

use crate::bundle::Bundle;
use crate::{jwk, letter};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::fields::{FieldFault, Fields};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{Code, Refusal};
use rustls_pki_types::CertificateDer;

/// A join file as read; whether it fits a participant is checked when it is installed.
#[derive(Debug)]
pub struct JoinFile {
    /// Whom it is for.
    pub id: ParticipantId,
    /// Its certificate and those between it and the anchor.
    pub chain: Vec<CertificateDer<'static>>,
    /// The bundle, with the addresses of the others.
    pub bundle: Bundle,
}

impl JoinFile {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let chain = self.chain.iter().map(|one| Json::Text(jwk::encode(one)));
        letter::to_bytes(&Json::object([
            ("hansa", FORM.into()),
            ("id", Json::text(&self.id)),
            ("certificates", Json::List(chain.collect())),
            ("trust", self.bundle.letter().clone()),
        ]))
    }

    /// Reads it.
    ///
    /// # Errors
    /// `KEY_INVALID`, or `BUNDLE_INVALID` for the bundle inside.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let letter = letter::from_bytes(bytes, "the join file", Code::KeyInvalid)?;
        let mut fields = Fields::of(letter).map_err(fault)?;
        if fields.text("hansa").map_err(fault)? != FORM {
            return Err(invalid("the join file is of another version"));
        }
        let id =
            fields.text("id").map_err(fault)?.parse().map_err(
                |malformed: hansa_policy::id::Malformed| invalid(&malformed.to_string()),
            )?;
        let chain = fields
            .list("certificates")
            .map_err(fault)?
            .iter()
            .map(|one| {
                let text = one
                    .as_text()
                    .ok_or_else(|| invalid("a certificate of the join file is no text"))?;
                Ok(CertificateDer::from(jwk::decode(text)?))
            })
            .collect::<Result<Vec<_>, Refusal>>()?;
        let bundle = Bundle::from_json(fields.take("trust").map_err(fault)?)?;
        fields.finish().map_err(fault)?;
        Ok(Self { id, chain, bundle })
    }
}

const FORM: &str = "join/1";

fn fault(fault: FieldFault) -> Refusal {
    invalid(&format!("the join file: {fault}"))
}

fn invalid(sentence: &str) -> Refusal {
    Refusal::new(Code::KeyInvalid, sentence)
}
