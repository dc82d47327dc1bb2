//! An offer as it travels in the catalogue: canonical JSON `offer/1`, with its policy as ODRL.

use crate::canonical_document::{self, CanonicalDocument};
use crate::contract::terms_form::{
    LegalTextForm, ValidityForm, check_own_purposes, check_template,
};
use crate::odrl::{self, OdrlAssignee, OdrlPolicy};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_catalog::offer::{Offer, OfferRecipients, SigningMode};
use hansa_catalog::offer_index::IdentifiedOffer;
use hansa_policy::contract::TemplateReference;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::purpose::OwnPurpose;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// The offer for the eyes of `reader`. To whom else it is made is not told: of a list of participants only the reader is
/// written, so an offer that is not made to it can't be read back.
#[must_use]
pub fn to_bytes(offer: &IdentifiedOffer, reader: &ParticipantId) -> Vec<u8> {
    to_canonical_bytes(&to_json(offer, reader))
}

/// The offer that the bytes make.
///
/// # Errors
/// `PEER_DATA_INVALID` when they are not in the one accepted form, `TERM_UNKNOWN` and `TERM_ILL_TYPED` for a policy that
/// this version does not execute exactly.
pub fn from_bytes(bytes: &[u8]) -> Result<Offer, Refusal> {
    from_json(&strict_json::read_document(
        bytes,
        LIMITS,
        ErrorCode::PeerDataInvalid,
    )?)
}

/// Members of the document.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfferForm {
    id: Digest,
    title: String,
    policy: Json,
    own_purposes: Vec<OwnPurpose>,
    validity: ValidityForm,
    legal: Option<LegalTextForm>,
    to: RecipientsForm,
    sign: SigningMode,
    template: Option<TemplateReference>,
}

/// Recipients of an offer, as one of them is told.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "neither `league` nor `public` nor a list of participants"
)]
enum RecipientsForm {
    Everybody(EverybodyForm),
    /// The reader alone.
    Participants(BTreeSet<ParticipantId>),
}

/// Everybody of the league, with a contract or without one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EverybodyForm {
    League,
    Public,
}

impl CanonicalDocument for OfferForm {
    const FORM: &'static str = "offer/1";
    const MALFORMED: ErrorCode = ErrorCode::PeerDataInvalid;

    fn check_rules(&self) -> Result<(), String> {
        check_own_purposes(&self.own_purposes)?;
        check_template(self.template.as_ref())?;
        match &self.to {
            RecipientsForm::Participants(listed) if listed.len() != 1 => {
                Err("`to` does not name exactly its reader".to_owned())
            }
            RecipientsForm::Participants(_) | RecipientsForm::Everybody(_) => Ok(()),
        }
    }
}

impl OfferForm {
    fn for_reader(offer: &IdentifiedOffer, reader: &ParticipantId) -> Self {
        let id = offer.id();
        let Offer {
            dataset,
            title,
            clauses,
            own_purposes,
            not_before,
            not_after,
            legal,
            template,
            to,
            sign,
        } = &**offer;
        let policy = OdrlPolicy {
            uid: policy_label(&id),
            assigner: dataset.owner.clone(),
            assignee: match to {
                OfferRecipients::Public => OdrlAssignee::Public,
                OfferRecipients::League | OfferRecipients::Participants(_) => OdrlAssignee::Open,
            },
            dataset: dataset.clone(),
            clauses: clauses.clone(),
        };
        Self {
            id,
            title: title.clone(),
            policy: odrl::to_json(&policy),
            own_purposes: own_purposes.clone(),
            validity: ValidityForm {
                not_before: *not_before,
                not_after: *not_after,
            },
            legal: legal.clone().map(LegalTextForm::from),
            to: match to {
                OfferRecipients::League => RecipientsForm::Everybody(EverybodyForm::League),
                OfferRecipients::Public => RecipientsForm::Everybody(EverybodyForm::Public),
                OfferRecipients::Participants(list) => {
                    let told = list.iter().filter(|listed| *listed == reader);
                    RecipientsForm::Participants(told.cloned().collect())
                }
            },
            sign: *sign,
            template: template.clone(),
        }
    }
}

fn to_json(offer: &IdentifiedOffer, reader: &ParticipantId) -> Json {
    canonical_document::to_json(&OfferForm::for_reader(offer, reader))
}

fn from_json(json: &Json) -> Result<Offer, Refusal> {
    let form: OfferForm = canonical_document::from_json(json)
        .map_err(|malformed| odrl::find_unknown_term(json).unwrap_or(malformed))?;
    let policy = odrl::from_json(form.policy)?;
    let offer = IdentifiedOffer::from(Offer {
        dataset: policy.dataset,
        title: form.title,
        clauses: policy.clauses,
        own_purposes: form.own_purposes,
        not_before: form.validity.not_before,
        not_after: form.validity.not_after,
        legal: form.legal.map(Into::into),
        template: form.template,
        to: match form.to {
            RecipientsForm::Everybody(EverybodyForm::League) => OfferRecipients::League,
            RecipientsForm::Everybody(EverybodyForm::Public) => OfferRecipients::Public,
            RecipientsForm::Participants(listed) => OfferRecipients::Participants(listed),
        },
        sign: form.sign,
    });
    if offer.id() != form.id {
        return Err(refuse_malformed(
            "the offer's id is not that of what it says",
        ));
    }
    // The one participant that is told is the reader.
    let reader = match &offer.to {
        OfferRecipients::Participants(list) => list.first().cloned(),
        OfferRecipients::League | OfferRecipients::Public => None,
    };
    if to_json(&offer, &reader.unwrap_or(policy.assigner)) != *json {
        return Err(refuse_malformed("the offer is not in its one spelling"));
    }
    Ok(offer.into())
}

/// An offer's policy is labelled by the offer's digest.
fn policy_label(id: &Digest) -> String {
    format!("urn:sha256:{id}")
}

fn refuse_malformed(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::PeerDataInvalid, sentence)
}
