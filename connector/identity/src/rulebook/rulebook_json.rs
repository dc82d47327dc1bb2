//! A rulebook as JSON, both directions. A rule that demands nothing is absent.

use super::{RulebookContent, RulebookDraft, RulebookText, invalid};
use crate::jwk;
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{ObjectErrors, StrictObject, StrictObjectError};
use hansa_policy::refusal::Refusal;
use hansa_policy::rulebook::{OfferRuleKind, OfferRules};

const FORM: &str = "rulebook/1";

/// The member of the envelope that is signed.
pub(super) const SIGNED: &str = "rulebook";

/// The content as it is signed.
pub(super) fn write(content: &RulebookContent) -> Json {
    let RulebookContent {
        league,
        key,
        version,
        issued_at,
        draft,
    } = content;
    let RulebookDraft {
        title,
        text,
        from,
        offers,
    } = draft;
    Json::object([
        ("hansa", FORM.into()),
        (
            "league",
            Json::object([("name", Json::text(league)), ("key", jwk::to_json(key))]),
        ),
        ("version", Json::count(*version)),
        ("title", Json::text(title)),
        ("issuedAt", Json::text(issued_at)),
        ("from", Json::text(from)),
        (
            "text",
            Json::object([
                ("name", Json::text(&text.name)),
                ("sha256", Json::text(text.digest())),
                ("content", Json::text(&text.content)),
            ]),
        ),
        ("offers", write_rules(offers)),
    ])
}

/// Takes an envelope completely apart and checks the signature by the key that it names.
pub(super) fn read(envelope: &Json) -> Result<RulebookContent, Refusal> {
    let mut outer = StrictObject::of(envelope.clone(), "", fault)?;
    let signed = outer.take(SIGNED)?;
    let signature = outer.text("signature")?;
    outer.finish()?;

    let mut fields = StrictObject::of(signed.clone(), "", fault)?;
    if fields.text("hansa")? != FORM {
        return Err(invalid("the rulebook is of another version of its format"));
    }
    let mut league = StrictObject::of(fields.take("league")?, "league", fault)?;
    let name = league.text("name")?;
    let key = jwk::from_json(league.take("key")?)
        .map_err(|refusal| invalid(format!("the league's key: {}", refusal.sentence)))?;
    league.finish()?;
    if !signed_envelope::signed(EnvelopeKind::Rulebook, &signed, &signature, &key) {
        return Err(invalid("the rulebook is not signed by its league"));
    }

    let mut text = StrictObject::of(fields.take("text")?, "text", fault)?;
    let digest = text.text("sha256")?;
    let document = RulebookText::new(&text.text("name")?, text.text("content")?.as_bytes())?;
    text.finish()?;
    if document.digest().to_string() != digest {
        return Err(invalid("the text of the rulebook has another digest"));
    }
    let content = RulebookContent {
        league: name,
        key,
        version: fields.count("version")?,
        issued_at: fields.time("issuedAt")?,
        draft: RulebookDraft {
            title: fields.text("title")?,
            text: document,
            from: fields.time("from")?,
            offers: read_rules(fields.take("offers")?)?,
        },
    };
    fields.finish()?;
    if content.version == 0 {
        return Err(invalid("the versions of a rulebook begin with 1"));
    }
    if write(&content) != signed {
        return Err(invalid(
            "a value of the rulebook is not in its one spelling",
        ));
    }
    Ok(content)
}

fn fault(fault: StrictObjectError) -> Refusal {
    invalid(format!("the rulebook: {fault}"))
}

fn write_rules(rules: &OfferRules) -> Json {
    let OfferRules {
        purposes_required,
        purposes,
        longest_days,
        least_rows,
        licences,
        attribution_required,
        no_public_views,
        delete_after_most_days,
    } = rules;
    let flag = |value: bool, stated: bool| value.then_some(Json::Bool(stated));
    let number = |value: Option<u32>| value.map(|value| Json::count(u64::from(value)));
    let list = |values: Vec<Json>| (!values.is_empty()).then_some(Json::List(values));
    let members = [
        (
            OfferRuleKind::PurposesRequired,
            flag(*purposes_required, true),
        ),
        (
            OfferRuleKind::Purposes,
            list(purposes.iter().map(Json::text).collect()),
        ),
        (OfferRuleKind::LongestDays, number(*longest_days)),
        (OfferRuleKind::LeastRows, number(*least_rows)),
        (
            OfferRuleKind::Licences,
            list(licences.iter().map(Json::text).collect()),
        ),
        (
            OfferRuleKind::AttributionRequired,
            flag(*attribution_required, true),
        ),
        (OfferRuleKind::PublicViews, flag(*no_public_views, false)),
        (
            OfferRuleKind::DeleteAfterMostDays,
            number(*delete_after_most_days),
        ),
    ];
    let stated = members.into_iter();
    Json::Object(
        stated
            .filter_map(|(rule, value)| Some((rule.as_str().to_owned(), value?)))
            .collect(),
    )
}

fn read_rules(json: Json) -> Result<OfferRules, Refusal> {
    let mut members = StrictObject::of(json, "offers", fault)?;
    let rules = OfferRules {
        purposes_required: stated(&mut members, OfferRuleKind::PurposesRequired)?.is_some(),
        purposes: list(&mut members, OfferRuleKind::Purposes)?
            .into_iter()
            .map(|text| {
                text.parse()
                    .map_err(|cause| invalid(format!("`{text}` is no purpose")).caused_by(cause))
            })
            .collect::<Result<_, _>>()?,
        longest_days: number(&mut members, OfferRuleKind::LongestDays)?,
        least_rows: number(&mut members, OfferRuleKind::LeastRows)?,
        licences: list(&mut members, OfferRuleKind::Licences)?,
        attribution_required: stated(&mut members, OfferRuleKind::AttributionRequired)?.is_some(),
        no_public_views: stated(&mut members, OfferRuleKind::PublicViews)?.is_some(),
        delete_after_most_days: number(&mut members, OfferRuleKind::DeleteAfterMostDays)?,
    };
    members.finish()?;
    Ok(rules)
}

/// A flag, if it is there; with another value than the one that demands something, the spelling of the whole differs.
fn stated<C: ObjectErrors<Error = Refusal>>(
    members: &mut StrictObject<C>,
    rule: OfferRuleKind,
) -> Result<Option<bool>, Refusal> {
    match members.has(rule.as_str()) {
        true => members.flag(rule.as_str()).map(Some),
        false => Ok(None),
    }
}

fn number<C: ObjectErrors<Error = Refusal>>(
    members: &mut StrictObject<C>,
    rule: OfferRuleKind,
) -> Result<Option<u32>, Refusal> {
    if !members.has(rule.as_str()) {
        return Ok(None);
    }
    let value = members.count(rule.as_str())?;
    let value = u32::try_from(value).ok().filter(|value| *value > 0);
    value
        .map(Some)
        .ok_or_else(|| invalid(format!("`{}` is out of its range", rule.as_str())))
}

fn list<C: ObjectErrors<Error = Refusal>>(
    members: &mut StrictObject<C>,
    rule: OfferRuleKind,
) -> Result<Vec<String>, Refusal> {
    if !members.has(rule.as_str()) {
        return Ok(Vec::new());
    }
    let texts = members.list(rule.as_str())?.into_iter();
    let texts: Option<Vec<String>> = texts
        .map(|item| item.as_text().map(str::to_owned))
        .collect();
    let wrong = || invalid(format!("`{}` is a list of texts", rule.as_str()));
    let texts = texts.filter(|texts| !texts.is_empty()).ok_or_else(wrong)?;
    let ascending = texts.iter().zip(texts.iter().skip(1));
    match ascending.into_iter().any(|(one, next)| one >= next) {
        true => Err(wrong()),
        false => Ok(texts),
    }
}
