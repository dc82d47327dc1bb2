//! The payload of a contract: the bytes that both parties sign, and the agreement that they state.
//!
//! Canonical JSON `agreement/1`. The reader takes exactly what the writer makes: no other spelling, no unknown member,
//! none missing. What a later version fills has its slot already and is null.
//!
//! `rendering` names the page that the signers are shown, by form, language and time zone, and its digest.

use crate::base64url;
use crate::odrl::{self, OdrlAssignee, OdrlPolicy, policy_vocabulary};
use crate::render;
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{
    Agreement, Assignee, ContractPartner, ContractParty, DatasetRef, LegalText,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use hansa_policy::term::normal_form;
use hansa_policy::term::purpose::OwnPurpose;

pub(crate) mod template;
#[cfg(test)]
mod tests;

const FORMAT: &str = "agreement/1";
const CODES: ReaderErrorCodes = ReaderErrorCodes::of(ErrorCode::ContractMalformed);

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(agreement: &Agreement) -> Vec<u8> {
    canonical(&to_json(agreement))
}

/// The agreement that the payload states.
///
/// # Errors
/// `CONTRACT_MALFORMED` for bytes that are not in the one accepted form, `TERM_UNKNOWN` and `TERM_ILL_TYPED` for a policy
/// that this version does not execute exactly, `RENDERING_DIFFERS` when its signers were shown something else than it says.
pub fn from_bytes(bytes: &[u8]) -> Result<Agreement, Refusal> {
    let json = strict_json::document(bytes, LIMITS, ErrorCode::ContractMalformed)?;
    let agreement = from_json(json)?;
    // INVARIANT: one-payload. An agreement has one payload, so its hash names it.
    if to_bytes(&agreement) != bytes {
        return Err(CODES.wrong("the payload does not say the same in each of its places"));
    }
    Ok(agreement)
}

/// The payload as JSON.
#[must_use]
pub fn to_json(agreement: &Agreement) -> Json {
    let consumer = match &agreement.assignee {
        Assignee::Participant(party) => party_json(party),
        Assignee::Public => Json::object([("id", Json::text(policy_vocabulary::PUBLIC))]),
        Assignee::Partner(partner) => Json::object([
            ("id", Json::text(&partner.id)),
            ("name", Json::text(&partner.name)),
            ("protocolId", Json::text(&partner.protocol_id)),
        ]),
    };
    let recorded = agreement
        .clauses
        .iter()
        .filter(|clause| clause.term.is_recorded_only())
        .map(|clause| Json::text(clause.id));
    Json::object([
        ("hansa", Json::text(FORMAT)),
        ("id", Json::text(&agreement.uid)),
        ("version", Json::count(u64::from(agreement.version))),
        ("supersedes", text_or_null(agreement.supersedes)),
        (
            "template",
            agreement
                .template
                .as_ref()
                .map_or(Json::Null, template::to_json),
        ),
        ("provider", party_json(&agreement.provider)),
        ("consumer", consumer),
        (
            "dataset",
            Json::object([
                ("id", Json::text(&agreement.dataset.id)),
                ("schemaSha256", Json::text(agreement.dataset.schema)),
                ("highValue", Json::Bool(agreement.dataset.high_value)),
            ]),
        ),
        ("policy", odrl::to_json(&policy_of(agreement))),
        ("policyGrantSha256", Json::text(grant_label(agreement))),
        ("recordedOnly", Json::List(recorded.collect())),
        (
            "validity",
            Json::object([
                ("notBefore", Json::text(agreement.not_before)),
                ("notAfter", Json::text(agreement.not_after)),
            ]),
        ),
        ("vocabularies", vocabularies_json(agreement)),
        (
            "legal",
            agreement.legal.as_ref().map_or(Json::Null, legal_json),
        ),
        ("signatory", text_or_null(agreement.signatory)),
        ("proposedAt", Json::text(agreement.proposed_at)),
        ("nonce", Json::text(&agreement.nonce)),
        ("rendering", rendering_json(agreement)),
    ])
}

fn rendering_json(agreement: &Agreement) -> Json {
    let PageRendering { language, zone } = agreement.rendering;
    Json::object([
        ("form", Json::text(PageRendering::FORM)),
        ("language", Json::text(language)),
        ("sha256", Json::text(page_digest(agreement))),
        ("zone", Json::text(zone)),
    ])
}

/// The digest of the page that the signers of an agreement are shown.
#[must_use]
pub fn page_digest(agreement: &Agreement) -> Digest {
    Digest::of(render::page(agreement.rendering, agreement).as_bytes())
}

fn vocabularies_json(agreement: &Agreement) -> Json {
    let own = agreement.own_purposes.iter().map(own_purpose_json);
    Json::object([
        ("dpv", Json::text(&agreement.purposes)),
        ("areas", Json::Null),
        ("own", Json::List(own.collect())),
    ])
}

/// The version of the normal form and the digest of what the agreement grants in it.
fn grant_label(agreement: &Agreement) -> String {
    format!(
        "{}:{}",
        normal_form::FORM,
        normal_form::grant_hash(&agreement.clauses)
    )
}

fn policy_of(agreement: &Agreement) -> OdrlPolicy {
    OdrlPolicy {
        uid: agreement.uid.clone(),
        assigner: agreement.provider.id.clone(),
        assignee: match &agreement.assignee {
            Assignee::Participant(party) => OdrlAssignee::Participant(party.id.clone()),
            Assignee::Partner(partner) => OdrlAssignee::Participant(partner.id.clone()),
            Assignee::Public => OdrlAssignee::Public,
        },
        dataset: agreement.dataset.id.clone(),
        clauses: agreement.clauses.clone(),
    }
}

fn from_json(json: Json) -> Result<Agreement, Refusal> {
    let mut payload = StrictObjectReader::of(json, "", CODES)?;
    payload.exactly_text("hansa", FORMAT)?;
    let uid = payload.text("id")?;
    if !is_label(&uid) {
        return Err(CODES.wrong(format!("the id `{uid}` is no `urn:uuid:` in lower case")));
    }
    let version = version(payload.count("version")?)?;
    let supersedes = payload.parsed_or_null("supersedes")?;
    let template = template::read(&mut payload)?;
    let provider = party(payload.object("provider")?)?;
    let assignee = assignee(payload.object("consumer")?)?;
    let dataset = dataset(payload.object("dataset")?)?;
    let policy = odrl::from_json(payload.take("policy")?)?;
    // Both are written from what was read and compared at the end.
    let _: String = payload.text("policyGrantSha256")?;
    let _: Vec<Json> = payload.list("recordedOnly")?;
    let mut validity = payload.object("validity")?;
    let (not_before, not_after) = (
        validity.parse_text("notBefore")?,
        validity.parse_text("notAfter")?,
    );
    validity.finish()?;
    let (purposes, own_purposes) = vocabularies(payload.object("vocabularies")?)?;
    let legal = payload.object_or_null("legal")?.map(legal).transpose()?;
    let signatory = payload.parsed_or_null("signatory")?;
    let (rendering, shown) = rendering(payload.object("rendering")?)?;
    let proposed_at = payload.parse_text("proposedAt")?;
    let nonce = payload.text("nonce")?;
    if base64url::decode(&nonce).is_none_or(|bytes| bytes.len() != 16) {
        return Err(CODES.wrong("the nonce is not 16 bytes in base64url"));
    }
    payload.finish()?;
    let agreement = Agreement {
        uid,
        version,
        supersedes,
        provider,
        assignee,
        dataset,
        clauses: policy.clauses.clone(),
        not_before,
        not_after,
        purposes,
        own_purposes,
        legal,
        template,
        signatory,
        rendering,
        proposed_at,
        nonce,
    };
    if policy != policy_of(&agreement) {
        return Err(CODES.wrong(
            "the policy names other parties, another dataset or another id than the rest of the payload",
        ));
    }
    if not_before >= not_after {
        return Err(CODES.wrong(format!(
            "the contract is in force from {not_before} until {not_after}, which is never"
        )));
    }
    check_shown(&agreement, shown)?;
    Ok(agreement)
}

/// The page that the payload names, and its digest. One that this version can't show is refused, as a term that it can't
/// enforce is: nobody here could say what was signed.
fn rendering(mut members: StrictObjectReader) -> Result<(PageRendering, Digest), Refusal> {
    members.exactly_text("form", PageRendering::FORM)?;
    let page = PageRendering {
        language: members.parse_text("language")?,
        zone: members.parse_text("zone")?,
    };
    let reported = members.parse_text("sha256")?;
    members.finish()?;
    Ok((page, reported))
}

// INVARIANT: shown-is-signed. Wherever an agreement is read, its page is made again and held against what was signed.
fn check_shown(agreement: &Agreement, reported: Digest) -> Result<(), Refusal> {
    let ours = page_digest(agreement);
    if ours == reported {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::RenderingDiffers,
        format!(
            "the contract says that its page `{}` in `{}` has the digest {}; its terms make one with {}",
            PageRendering::FORM,
            agreement.rendering.language,
            reported.short(),
            ours.short()
        ),
    ))
}

fn vocabularies(mut members: StrictObjectReader) -> Result<(String, Vec<OwnPurpose>), Refusal> {
    let purposes = members.text("dpv")?;
    members.exactly("areas", &Json::Null)?;
    let own = own_purposes(members.list("own")?, "vocabularies.own", CODES)?;
    members.finish()?;
    Ok((purposes, own))
}

fn version(number: u64) -> Result<u32, Refusal> {
    u32::try_from(number)
        .ok()
        .filter(|version| *version > 0)
        .ok_or_else(|| CODES.wrong(format!("`version` is {number} instead of a number from 1")))
}

fn party_json(party: &ContractParty) -> Json {
    Json::object([
        ("id", Json::text(&party.id)),
        ("name", Json::text(&party.name)),
        ("legalId", text_or_null(party.legal_id.as_ref())),
        ("signingKey", Json::text(&party.signing_key)),
        ("tlsIssuer", Json::text(party.tls_issuer)),
    ])
}

fn party(mut members: StrictObjectReader) -> Result<ContractParty, Refusal> {
    let party = ContractParty {
        id: members.parse_text("id")?,
        name: members.text("name")?,
        legal_id: members.text_or_null("legalId")?,
        signing_key: members.text("signingKey")?,
        tls_issuer: members.parse_text("tlsIssuer")?,
    };
    members.finish()?;
    if base64url::decode(&party.signing_key).is_none_or(|bytes| bytes.len() != 32) {
        return Err(CODES.wrong(format!(
            "the signing key of {} is no thumbprint of 32 bytes in base64url",
            party.id
        )));
    }
    Ok(party)
}

fn assignee(mut members: StrictObjectReader) -> Result<Assignee, Refusal> {
    if members.has_text("id", policy_vocabulary::PUBLIC) {
        members.exactly_text("id", policy_vocabulary::PUBLIC)?;
        members.finish()?;
        return Ok(Assignee::Public);
    }
    if members.has("protocolId") {
        let partner = ContractPartner {
            id: members.parse_text("id")?,
            name: members.text("name")?,
            protocol_id: members.text("protocolId")?,
        };
        members.finish()?;
        return Ok(Assignee::Partner(partner));
    }
    party(members).map(Assignee::Participant)
}

fn dataset(mut members: StrictObjectReader) -> Result<DatasetRef, Refusal> {
    let dataset = DatasetRef {
        id: members.parse_text("id")?,
        schema: members.parse_text("schemaSha256")?,
        high_value: members.flag("highValue")?,
    };
    members.finish()?;
    Ok(dataset)
}

/// An own purpose as it travels in contracts and offers.
pub(crate) fn own_purpose_json(own: &OwnPurpose) -> Json {
    Json::object([
        ("name", Json::text(&own.name)),
        ("parent", Json::text(&own.parent)),
        ("text", Json::text(&own.text)),
    ])
}

/// The own purposes in a list.
pub(crate) fn own_purposes(
    items: Vec<Json>,
    at: &str,
    codes: ReaderErrorCodes,
) -> Result<Vec<OwnPurpose>, Refusal> {
    let mut found: Vec<OwnPurpose> = Vec::new();
    for item in items {
        let mut members = StrictObjectReader::of(item, at, codes)?;
        let own = OwnPurpose {
            name: members.parse_text("name")?,
            parent: members.parse_text("parent")?,
            text: members.text("text")?,
        };
        members.finish()?;
        if found.iter().any(|other| other.name == own.name) {
            return Err(codes.wrong(format!("the purpose `{}` stands twice in `{at}`", own.name)));
        }
        found.push(own);
    }
    Ok(found)
}

/// The legal text. Jurisdiction and annexes have their slots; this version writes and reads them empty.
pub(crate) fn legal_json(legal: &LegalText) -> Json {
    Json::object([
        ("textRef", Json::text(&legal.text_ref)),
        ("textSha256", Json::text(legal.text)),
        ("language", Json::text(&legal.language)),
        ("jurisdiction", Json::Null),
        ("annexes", Json::List(Vec::new())),
    ])
}

/// The legal text that the members state.
pub(crate) fn legal(mut members: StrictObjectReader) -> Result<LegalText, Refusal> {
    let legal = LegalText {
        text_ref: members.text("textRef")?,
        text: members.parse_text("textSha256")?,
        language: members.text("language")?,
    };
    members.exactly("jurisdiction", &Json::Null)?;
    members.exactly("annexes", &Json::List(Vec::new()))?;
    members.finish()?;
    Ok(legal)
}

/// A text, or `null`.
pub(crate) fn text_or_null(value: Option<impl std::fmt::Display>) -> Json {
    value.map_or(Json::Null, Json::text)
}

/// Whether the text is `urn:uuid:` and a UUID in lower case.
fn is_label(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else {
        return false;
    };
    let groups: Vec<&str> = uuid.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| {
            group
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
}
