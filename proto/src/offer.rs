//! An offer as it travels in the catalogue: canonical JSON `offer/1`, with its policy as ODRL.

use crate::contract::{legal, legal_json, own_purpose_json, own_purposes, template};
use crate::odrl::{self, OdrlAssignee, OdrlPolicy};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_catalog::offer::{Offer, OfferRecipients, SigningMode};
use hansa_catalog::offer_index::IdentifiedOffer;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

const FORMAT: &str = "offer/1";
const CODES: ReaderErrorCodes = ReaderErrorCodes::of(ErrorCode::PeerDataInvalid);

/// The offer for the eyes of `reader`. To whom else it is made is not told: of a list of participants only the reader is
/// written, so an offer that is not made to it can't be read back.
#[must_use]
pub fn to_bytes(offer: &IdentifiedOffer, reader: &ParticipantId) -> Vec<u8> {
    canonical(&to_json(offer, reader))
}

/// The offer that the bytes make.
///
/// # Errors
/// `PEER_DATA_INVALID` when they are not in the one accepted form, `TERM_UNKNOWN` and `TERM_ILL_TYPED` for a policy that
/// this version does not execute exactly.
pub fn from_bytes(bytes: &[u8]) -> Result<Offer, Refusal> {
    from_json(&strict_json::document(
        bytes,
        LIMITS,
        ErrorCode::PeerDataInvalid,
    )?)
}

/// As [`to_bytes`].
#[must_use]
pub fn to_json(offer: &IdentifiedOffer, reader: &ParticipantId) -> Json {
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
        uid: label(&id),
        assigner: dataset.owner.clone(),
        assignee: match to {
            OfferRecipients::Public => OdrlAssignee::Public,
            OfferRecipients::League | OfferRecipients::Participants(_) => OdrlAssignee::Open,
        },
        dataset: dataset.clone(),
        clauses: clauses.clone(),
    };
    let to = match to {
        OfferRecipients::League => Json::text(LEAGUE),
        OfferRecipients::Public => Json::text(PUBLIC),
        OfferRecipients::Participants(list) => {
            let reported = list.iter().filter(|listed| *listed == reader);
            Json::List(reported.map(Json::text).collect())
        }
    };
    Json::object([
        ("hansa", Json::text(FORMAT)),
        ("id", Json::text(id)),
        ("title", Json::text(title)),
        ("policy", odrl::to_json(&policy)),
        (
            "ownPurposes",
            Json::List(own_purposes.iter().map(own_purpose_json).collect()),
        ),
        (
            "validity",
            Json::object([
                ("notBefore", Json::text(not_before)),
                ("notAfter", Json::text(not_after)),
            ]),
        ),
        ("legal", legal.as_ref().map_or(Json::Null, legal_json)),
        ("to", to),
        (
            "sign",
            Json::text(match sign {
                SigningMode::Officer => OFFICER,
                SigningMode::Auto => AUTO,
            }),
        ),
        (
            "template",
            template.as_ref().map_or(Json::Null, template::to_json),
        ),
    ])
}

/// As [`from_bytes`].
///
/// # Errors
/// As [`from_bytes`].
pub fn from_json(json: &Json) -> Result<Offer, Refusal> {
    let mut members = StrictObjectReader::of(json.clone(), "offer", CODES)?;
    members.exactly_text("hansa", FORMAT)?;
    let id: Digest = members.parse_text("id")?;
    let policy = odrl::from_json(members.take("policy")?)?;
    let mut validity = members.object("validity")?;
    let (not_before, not_after) = (
        validity.parse_text("notBefore")?,
        validity.parse_text("notAfter")?,
    );
    validity.finish()?;
    let own = own_purposes(members.list("ownPurposes")?, "offer.ownPurposes", CODES)?;
    let to = recipients(members.take("to")?)?;
    let template = template::read(&mut members)?;
    let offer = IdentifiedOffer::from(Offer {
        dataset: policy.dataset.clone(),
        title: members.text("title")?,
        clauses: policy.clauses,
        own_purposes: own,
        not_before,
        not_after,
        legal: members.object_or_null("legal")?.map(legal).transpose()?,
        template,
        sign: match members.text("sign")?.as_str() {
            OFFICER => SigningMode::Officer,
            AUTO => SigningMode::Auto,
            other => return Err(CODES.unknown(format!("`{other}` signs nothing"))),
        },
        to,
    });
    members.finish()?;
    if offer.id() != id {
        return Err(CODES.wrong("the offer's id is not that of what it says"));
    }
    // The one participant that is told is the reader.
    let reader = match &offer.to {
        OfferRecipients::Participants(list) => list.first().cloned(),
        OfferRecipients::League | OfferRecipients::Public => None,
    };
    if to_json(&offer, &reader.unwrap_or(policy.assigner)) != *json {
        return Err(CODES.wrong("the offer is not in its one spelling"));
    }
    Ok(offer.into())
}

const LEAGUE: &str = "league";
const PUBLIC: &str = "public";
const OFFICER: &str = "officer";
const AUTO: &str = "auto";

/// An offer's policy is labelled by the offer's digest.
fn label(id: &Digest) -> String {
    format!("urn:sha256:{id}")
}

fn recipients(json: Json) -> Result<OfferRecipients, Refusal> {
    match json {
        Json::Text(word) if word == LEAGUE => Ok(OfferRecipients::League),
        Json::Text(word) if word == PUBLIC => Ok(OfferRecipients::Public),
        Json::List(items) => {
            let listed: Option<BTreeSet<ParticipantId>> = items
                .iter()
                .map(|item| item.as_text().and_then(|text| text.parse().ok()))
                .collect();
            listed
                .filter(|listed| listed.len() == 1)
                .map(OfferRecipients::Participants)
                .ok_or_else(|| CODES.wrong("`offer.to` does not name exactly its reader"))
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) | Json::Object(_) => {
            Err(CODES.unknown("`offer.to` is neither `league` nor `public` nor a list"))
        }
    }
}
