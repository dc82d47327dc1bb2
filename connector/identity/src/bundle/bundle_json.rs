//! A bundle as JSON, both directions.

use super::bundle_validation::invalid;
use super::{BundleContent, CertificateAnchor, CredentialIssuer, LeagueMember, mandates_json};
use crate::jwk;
use crate::keys::SignatureAlgorithm;
use crate::seal::{SealAnchor, SealRevocation};
use crate::signature::RegisteredKey;
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{ObjectErrors, StrictObject, StrictObjectError};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::attribute::AttributeKind;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;

/// The content as it is signed.
pub(super) fn write(content: &BundleContent) -> Json {
    let issuers = content.issuers.iter().map(write_issuer).collect();
    let mut members = vec![
        ("hansa", FORM.into()),
        (
            "league",
            Json::object([
                ("name", Json::text(&content.league)),
                ("key", jwk::to_json(&content.key)),
            ]),
        ),
        ("sequence", Json::count(content.sequence)),
        ("issuedAt", Json::text(content.issued_at)),
        ("expiresAt", Json::text(content.expires_at)),
        ("demo", Json::Bool(content.demo)),
        (
            "anchors",
            Json::List(content.anchors.iter().map(write_anchor).collect()),
        ),
        (
            "parties",
            Json::List(content.parties.iter().map(write_member).collect()),
        ),
        (
            "denied",
            Json::List(content.denied.iter().map(Json::text).collect()),
        ),
    ];
    // Only where there are any: a bundle from before there were stays as it was signed.
    if !content.issuers.is_empty() {
        members.push(("issuers", Json::List(issuers)));
    }
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// Takes an envelope completely apart and checks the signature by the key that it names.
pub(super) fn read(envelope: &Json) -> Result<BundleContent, Refusal> {
    let fault = |fault: StrictObjectError| invalid(format!("the trust bundle: {fault}"));
    let mut outer = StrictObject::of(envelope.clone(), "", fault)?;
    let bundle = outer.take("bundle")?;
    let signature = outer.text("signature")?;
    outer.finish()?;

    let mut fields = StrictObject::of(bundle.clone(), "", fault)?;
    if fields.text("hansa")? != FORM {
        return Err(invalid("the trust bundle is of another version"));
    }
    let mut league = StrictObject::of(fields.take("league")?, "", fault)?;
    let name = league.text("name")?;
    let key = jwk::from_json(league.take("key")?)
        .map_err(|refusal| invalid(format!("the league's key: {}", refusal.sentence)))?;
    league.finish()?;
    if !signed_envelope::signed(EnvelopeKind::Bundle, &bundle, &signature, &key) {
        return Err(invalid("the trust bundle is not signed by its league"));
    }

    let content = BundleContent {
        league: name,
        key,
        sequence: fields.count("sequence")?,
        issued_at: fields.time("issuedAt")?,
        expires_at: fields.time("expiresAt")?,
        demo: fields
            .take("demo")?
            .as_bool()
            .ok_or_else(|| invalid("the trust bundle: `demo` is true or false"))?,
        anchors: each(&mut fields, "anchors", read_anchor)?,
        parties: each(&mut fields, "parties", read_member)?,
        denied: each(&mut fields, "denied", |item| {
            item.as_text()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| invalid("the trust bundle: `denied` holds digests"))
        })?
        .into_iter()
        .collect(),
        issuers: some(&mut fields, "issuers", read_issuer)?,
    };
    fields.finish()?;
    Ok(content)
}

const FORM: &str = "bundle/1";

fn write_anchor(anchor: &CertificateAnchor) -> Json {
    Json::object([
        ("spki", Json::text(anchor.spki)),
        ("certificate", Json::Text(jwk::encode(&anchor.certificate))),
        (
            "identities",
            Json::List(anchor.identities.iter().map(Json::text).collect()),
        ),
        ("notAfter", Json::text(anchor.not_after)),
    ])
}

fn read_anchor(item: Json) -> Result<CertificateAnchor, Refusal> {
    let fault =
        |fault: StrictObjectError| invalid(format!("an anchor of the trust bundle: {fault}"));
    let mut fields = StrictObject::of(item, "", fault)?;
    let anchor = CertificateAnchor {
        spki: fields.parsed("spki")?,
        certificate: jwk::decode(&fields.text("certificate")?)
            .map_err(|refusal| invalid(refusal.sentence))?
            .into(),
        identities: each(&mut fields, "identities", |item| identity(item.as_text()))?
            .into_iter()
            .collect(),
        not_after: fields.time("notAfter")?,
    };
    fields.finish()?;
    Ok(anchor)
}

fn write_member(member: &LeagueMember) -> Json {
    let mut object = BTreeMap::from([
        ("id".to_owned(), Json::text(&member.id)),
        ("name".to_owned(), Json::text(&member.name)),
        (
            "keys".to_owned(),
            Json::List(member.keys.iter().map(write_key).collect()),
        ),
        ("noteKey".to_owned(), jwk::to_json(&member.note_key)),
    ]);
    // These, too, only where there are any.
    if !member.seals.is_empty() {
        let seals = member.seals.iter().map(write_seal).collect();
        object.insert("seals".to_owned(), Json::List(seals));
    }
    mandates_json::write(&member.mandates, &mut object);
    if let Some(address) = &member.address {
        object.insert("address".to_owned(), Json::text(address));
    }
    if let Some(at) = member.expelled_at {
        object.insert("expelledAt".to_owned(), Json::text(at));
    }
    Json::Object(object)
}

fn read_member(item: Json) -> Result<LeagueMember, Refusal> {
    let fault =
        |fault: StrictObjectError| invalid(format!("a participant of the trust bundle: {fault}"));
    let mut fields = StrictObject::of(item, "", fault)?;
    let id = identity(Some(&fields.text("id")?))?;
    let member = LeagueMember {
        name: fields.text("name")?,
        keys: each(&mut fields, "keys", read_key)?,
        seals: some(&mut fields, "seals", read_seal)?,
        mandates: mandates_json::read(&mut fields)?,
        note_key: key(fields.take("noteKey")?)?,
        address: match fields.optional("address") {
            None => None,
            Some(Json::Text(address)) => Some(address),
            Some(_) => return Err(invalid(format!("the address of {id} is no text"))),
        },
        expelled_at: instant(fields.optional("expelledAt"))?,
        id,
    };
    fields.finish()?;
    Ok(member)
}

fn write_issuer(issuer: &CredentialIssuer) -> Json {
    Json::object([
        ("id", Json::text(&issuer.id)),
        ("name", Json::text(&issuer.name)),
        (
            "keys",
            Json::List(issuer.keys.iter().map(write_key).collect()),
        ),
        (
            "states",
            Json::List(
                issuer
                    .states
                    .iter()
                    .map(|kind| Json::text(kind.as_str()))
                    .collect(),
            ),
        ),
    ])
}

fn read_issuer(item: Json) -> Result<CredentialIssuer, Refusal> {
    let fault =
        |fault: StrictObjectError| invalid(format!("an issuer of the trust bundle: {fault}"));
    let mut fields = StrictObject::of(item, "", fault)?;
    let states = each(&mut fields, "states", |item| {
        item.as_text()
            .and_then(AttributeKind::named)
            .ok_or_else(|| invalid("the trust bundle: an issuer states what is not known here"))
    })?;
    let issuer = CredentialIssuer {
        id: identity(Some(&fields.text("id")?))?,
        name: fields.text("name")?,
        keys: each(&mut fields, "keys", read_key)?,
        states: states.iter().copied().collect(),
    };
    fields.finish()?;
    if !issuer.states.iter().eq(&states) {
        return Err(invalid(
            "the trust bundle: what an issuer states stands in another order, or twice",
        ));
    }
    Ok(issuer)
}

fn write_key(registered: &RegisteredKey) -> Json {
    let mut object = BTreeMap::from([
        ("jwk".to_owned(), jwk::to_json(&registered.key)),
        (
            "alg".to_owned(),
            Json::text(registered.key.algorithm().as_str()),
        ),
        ("notBefore".to_owned(), Json::text(registered.not_before)),
        ("notAfter".to_owned(), Json::text(registered.not_after)),
    ]);
    if registered.only_contracts {
        object.insert("use".to_owned(), CONTRACTS.into());
    }
    if let Some(at) = registered.revoked_at {
        object.insert("revokedAt".to_owned(), Json::text(at));
    }
    if let Some(at) = registered.compromised_since {
        object.insert("compromisedSince".to_owned(), Json::text(at));
    }
    Json::Object(object)
}

fn read_key(item: Json) -> Result<RegisteredKey, Refusal> {
    let fault = |fault: StrictObjectError| invalid(format!("a key of the trust bundle: {fault}"));
    let mut fields = StrictObject::of(item, "", fault)?;
    let key = key(fields.take("jwk")?)?;
    if SignatureAlgorithm::named(&fields.text("alg")?) != Some(key.algorithm()) {
        return Err(invalid(format!(
            "the key `{}` is registered for an algorithm of another kind of key",
            key.kid()
        )));
    }
    let registered = RegisteredKey {
        key,
        not_before: fields.time("notBefore")?,
        not_after: fields.time("notAfter")?,
        revoked_at: instant(fields.optional("revokedAt"))?,
        compromised_since: instant(fields.optional("compromisedSince"))?,
        only_contracts: match fields.optional("use") {
            None => false,
            Some(Json::Text(word)) if word == CONTRACTS => true,
            Some(_) => return Err(invalid("a key of the trust bundle: its `use` is not known")),
        },
    };
    fields.finish()?;
    Ok(registered)
}

/// What a key with a use of its own is for.
const CONTRACTS: &str = "contracts";

/// What is revoked of a seal: one certificate, or a key with all that it has.
const CERTIFICATE: &str = "certificate";
const KEY: &str = "key";

fn write_seal(seal: &SealAnchor) -> Json {
    let revoked = seal.revoked.iter().map(|(what, from)| {
        let what = match what {
            SealRevocation::Certificate(digest) => (CERTIFICATE, Json::text(digest)),
            SealRevocation::Key(kid) => (KEY, Json::text(kid)),
        };
        Json::object([what, ("from", Json::text(from))])
    });
    let mut object = BTreeMap::from([
        (
            "certificate".to_owned(),
            Json::Text(jwk::encode(&seal.certificate)),
        ),
        ("organization".to_owned(), Json::text(&seal.organization)),
        ("notBefore".to_owned(), Json::text(seal.not_before)),
        ("notAfter".to_owned(), Json::text(seal.not_after)),
    ]);
    if !seal.revoked.is_empty() {
        object.insert("revoked".to_owned(), Json::List(revoked.collect()));
    }
    Json::Object(object)
}

fn read_seal(item: Json) -> Result<SealAnchor, Refusal> {
    let fault = |fault: StrictObjectError| invalid(format!("a seal of the trust bundle: {fault}"));
    let mut fields = StrictObject::of(item, "", fault)?;
    let seal = SealAnchor {
        certificate: jwk::decode(&fields.text("certificate")?)
            .map_err(|refusal| invalid(refusal.sentence))?
            .into(),
        organization: fields.text("organization")?,
        not_before: fields.time("notBefore")?,
        not_after: fields.time("notAfter")?,
        revoked: some(&mut fields, "revoked", |item| {
            let mut fields = StrictObject::of(item, "", fault)?;
            let key = fields.optional(KEY).map(|kid| match kid {
                Json::Text(kid) if jwk::decode(&kid).is_ok_and(|bytes| bytes.len() == 32) => {
                    Ok(SealRevocation::Key(kid))
                }
                _ => Err(invalid(
                    "a seal of the trust bundle: `key` is no thumbprint",
                )),
            });
            let what = match key {
                Some(key) => key?,
                None => SealRevocation::Certificate(fields.parsed(CERTIFICATE)?),
            };
            let from = fields.time("from")?;
            fields.finish()?;
            Ok((what, from))
        })?,
    };
    fields.finish()?;
    Ok(seal)
}

/// A list that is there only where it holds something: what was signed before there was such a thing stays as it was.
pub(super) fn some<T>(
    fields: &mut StrictObject<impl ObjectErrors>,
    name: &str,
    read: impl Fn(Json) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    match fields.optional(name) {
        None => Ok(Vec::new()),
        Some(Json::List(items)) if !items.is_empty() => items.into_iter().map(read).collect(),
        Some(_) => Err(invalid(format!(
            "the trust bundle: `{name}` is no list, or empty"
        ))),
    }
}

fn each<T>(
    fields: &mut StrictObject<impl ObjectErrors>,
    name: &str,
    read: impl Fn(Json) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let fault = |fault: StrictObjectError| invalid(format!("the trust bundle: {fault}"));
    // Of an item, too, a list is told as one of the bundle.
    let items = match fields.optional(name) {
        Some(Json::List(items)) => items,
        Some(actual) => {
            let (name, wanted) = (name.to_owned(), "a list");
            return Err(fault(StrictObjectError::Wrong {
                name,
                actual,
                wanted,
            }));
        }
        None => return Err(fault(StrictObjectError::Absent(name.to_owned()))),
    };
    items.into_iter().map(read).collect()
}

fn key(jwk: Json) -> Result<crate::keys::PublicKey, Refusal> {
    jwk::from_json(jwk).map_err(|refusal| invalid(refusal.sentence))
}

pub(super) fn instant(value: Option<Json>) -> Result<Option<UtcTimestamp>, Refusal> {
    value
        .map(|value| {
            value
                .as_text()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    invalid("the trust bundle: a time is written like 2026-12-01T00:00:00Z")
                })
        })
        .transpose()
}

/// The whole spelling alone: `munster.example` without its scheme is for people.
fn identity(text: Option<&str>) -> Result<ParticipantId, Refusal> {
    text.and_then(|text| {
        let id: ParticipantId = text.parse().ok()?;
        (id.as_str() == text).then_some(id)
    })
    .ok_or_else(|| invalid("the trust bundle: an identity is written hansa://<domain>"))
}
