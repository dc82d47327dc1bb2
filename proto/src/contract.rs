//! The payload of a contract: the bytes that both parties sign, and the agreement that they state.
//!
//! Canonical JSON `agreement/1`. The reader takes exactly what the writer makes: no other spelling, no unknown member,
//! none missing. What a later version fills has its slot already and is null.
//!
//! `rendering` names the page that the signers are shown, by form, language and time zone, and its digest.

use crate::base64url;
use crate::canonical_document::{self, CanonicalDocument};
use crate::contract::terms_form::{
    LegalTextForm, ValidityForm, check_own_purposes, check_template,
};
use crate::odrl::{self, OdrlAssignee, OdrlPolicy, policy_vocabulary};
use crate::render;
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, serialized, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::civil_zone::CivilZone;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{
    Agreement, Assignee, ContractPartner, ContractParty, DatasetRef, TemplateReference,
};
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_policy::term::normal_form;
use hansa_policy::term::purpose::OwnPurpose;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) mod terms_form;
#[cfg(test)]
mod tests;

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(agreement: &Agreement) -> Vec<u8> {
    to_canonical_bytes(&to_json(agreement))
}

/// The agreement that the payload states.
///
/// # Errors
/// `CONTRACT_MALFORMED` for bytes that are not in the one accepted form, `TERM_UNKNOWN` and `TERM_ILL_TYPED` for a policy
/// that this version does not execute exactly, `RENDERING_DIFFERS` when its signers were shown something else than it says.
pub fn from_bytes(bytes: &[u8]) -> Result<Agreement, Refusal> {
    from_json(&strict_json::read_document(
        bytes,
        LIMITS,
        ErrorCode::ContractMalformed,
    )?)
}

/// The payload as JSON.
#[must_use]
pub(crate) fn to_json(agreement: &Agreement) -> Json {
    canonical_document::to_json(&AgreementForm::from(agreement))
}

/// The agreement of a payload that was read as JSON.
///
/// # Errors
/// As [`from_bytes`].
pub(crate) fn from_json(json: &Json) -> Result<Agreement, Refusal> {
    let form: AgreementForm = canonical_document::from_json(json)
        .map_err(|malformed| odrl::find_unknown_term(json).unwrap_or(malformed))?;
    let agreement = Agreement::try_from(form)?;
    // INVARIANT: one-payload. An agreement has one payload, so its hash names it.
    if to_json(&agreement) != *json {
        return Err(refuse_malformed(
            "the payload does not say the same in each of its places",
        ));
    }
    Ok(agreement)
}

/// Members of the payload.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AgreementForm {
    id: String,
    version: u32,
    supersedes: Option<ContractId>,
    template: Option<TemplateReference>,
    provider: ContractParty,
    consumer: ConsumerForm,
    dataset: DatasetRef,
    policy: Json,
    /// Version of the normal form and digest of the policy in it. Reading writes it again and compares.
    policy_grant_sha256: String,
    /// Clauses that are recorded and not enforced. Reading writes them again and compares.
    recorded_only: Vec<ClauseId>,
    validity: ValidityForm,
    vocabularies: VocabulariesForm,
    legal: Option<LegalTextForm>,
    signatory: Option<Digest>,
    proposed_at: UtcTimestamp,
    nonce: String,
    rendering: RenderingForm,
}

/// Consumer of a contract, or everybody of the league.
#[derive(Serialize)]
#[serde(untagged)]
enum ConsumerForm {
    Participant(ContractParty),
    Partner(ContractPartner),
    Everybody(EverybodyForm),
}

impl<'de> Deserialize<'de> for ConsumerForm {
    /// A member that only one form has decides which form is read, so that a fault names the member in it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let has = |member: &str| json.get(member).is_some();
        let form = match () {
            () if has("signingKey") => serialized::from_json(&json).map(Self::Participant),
            () if has("protocolId") => serialized::from_json(&json).map(Self::Partner),
            () => serialized::from_json(&json).map(Self::Everybody),
        };
        form.map_err(D::Error::custom)
    }
}

/// Everybody of the league, named by [`policy_vocabulary::PUBLIC`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EverybodyForm {
    id: String,
}

/// Vocabularies of purposes and areas. This version has none of areas.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VocabulariesForm {
    dpv: String,
    areas: (),
    own: Vec<OwnPurpose>,
}

/// Page of the signers, and its digest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RenderingForm {
    form: String,
    language: Language,
    sha256: Digest,
    zone: CivilZone,
}

impl CanonicalDocument for AgreementForm {
    const FORM: &'static str = "agreement/1";
    const MALFORMED: ErrorCode = ErrorCode::ContractMalformed;

    fn check_rules(&self) -> Result<(), String> {
        if !is_label(&self.id) {
            return Err(format!(
                "the id `{}` is no `urn:uuid:` in lower case",
                self.id
            ));
        }
        if self.version == 0 {
            return Err("`version` is 0 instead of a number from 1".to_owned());
        }
        check_template(self.template.as_ref())?;
        check_signing_key(&self.provider)?;
        match &self.consumer {
            ConsumerForm::Participant(party) => check_signing_key(party)?,
            ConsumerForm::Partner(_) => {}
            ConsumerForm::Everybody(everybody) if everybody.id == policy_vocabulary::PUBLIC => {}
            ConsumerForm::Everybody(other) => {
                return Err(format!(
                    "`consumer` names `{}` and has no other member",
                    other.id
                ));
            }
        }
        let ValidityForm {
            not_before,
            not_after,
        } = self.validity;
        if not_before >= not_after {
            return Err(format!(
                "the contract is in force from {not_before} until {not_after}, which is never"
            ));
        }
        check_own_purposes(&self.vocabularies.own)?;
        // A page that this version can't show is refused, as a term that it can't enforce is: nobody here could say what was signed.
        if self.rendering.form != PageRendering::FORM {
            return Err(format!(
                "`rendering.form` is `{}` instead of `{}`",
                self.rendering.form,
                PageRendering::FORM
            ));
        }
        if base64url::decode(&self.nonce).is_none_or(|bytes| bytes.len() != 16) {
            return Err("the nonce is not 16 bytes in base64url".to_owned());
        }
        Ok(())
    }
}

fn check_signing_key(party: &ContractParty) -> Result<(), String> {
    if base64url::decode(&party.signing_key).is_none_or(|bytes| bytes.len() != 32) {
        return Err(format!(
            "the signing key of {} is no thumbprint of 32 bytes in base64url",
            party.id
        ));
    }
    Ok(())
}

impl From<&Agreement> for AgreementForm {
    fn from(agreement: &Agreement) -> Self {
        let recorded = agreement
            .clauses
            .iter()
            .filter(|clause| clause.term.is_recorded_only());
        let PageRendering { language, zone } = agreement.rendering;
        Self {
            id: agreement.uid.clone(),
            version: agreement.version,
            supersedes: agreement.supersedes,
            template: agreement.template.clone(),
            provider: agreement.provider.clone(),
            consumer: agreement.assignee.clone().into(),
            dataset: agreement.dataset.clone(),
            policy: odrl::to_json(&policy_of(agreement)),
            policy_grant_sha256: grant_label(agreement),
            recorded_only: recorded.map(|clause| clause.id).collect(),
            validity: ValidityForm {
                not_before: agreement.not_before,
                not_after: agreement.not_after,
            },
            vocabularies: VocabulariesForm {
                dpv: agreement.purposes.clone(),
                areas: (),
                own: agreement.own_purposes.clone(),
            },
            legal: agreement.legal.clone().map(LegalTextForm::from),
            signatory: agreement.signatory,
            proposed_at: agreement.proposed_at,
            nonce: agreement.nonce.clone(),
            rendering: RenderingForm {
                form: PageRendering::FORM.to_owned(),
                language,
                sha256: page_digest(agreement),
                zone,
            },
        }
    }
}

impl TryFrom<AgreementForm> for Agreement {
    type Error = Refusal;

    fn try_from(form: AgreementForm) -> Result<Self, Refusal> {
        let policy = odrl::from_json(form.policy)?;
        let agreement = Self {
            uid: form.id,
            version: form.version,
            supersedes: form.supersedes,
            provider: form.provider,
            assignee: form.consumer.into(),
            dataset: form.dataset,
            clauses: policy.clauses.clone(),
            not_before: form.validity.not_before,
            not_after: form.validity.not_after,
            purposes: form.vocabularies.dpv,
            own_purposes: form.vocabularies.own,
            legal: form.legal.map(Into::into),
            template: form.template,
            signatory: form.signatory,
            rendering: PageRendering {
                language: form.rendering.language,
                zone: form.rendering.zone,
            },
            proposed_at: form.proposed_at,
            nonce: form.nonce,
        };
        if policy != policy_of(&agreement) {
            return Err(refuse_malformed(
                "the policy names other parties, another dataset or another id than the rest of the payload",
            ));
        }
        check_shown(&agreement, form.rendering.sha256)?;
        Ok(agreement)
    }
}

impl From<Assignee> for ConsumerForm {
    fn from(assignee: Assignee) -> Self {
        match assignee {
            Assignee::Participant(party) => Self::Participant(party),
            Assignee::Partner(partner) => Self::Partner(partner),
            Assignee::Public => Self::Everybody(EverybodyForm {
                id: policy_vocabulary::PUBLIC.to_owned(),
            }),
        }
    }
}

impl From<ConsumerForm> for Assignee {
    fn from(form: ConsumerForm) -> Self {
        match form {
            ConsumerForm::Participant(party) => Self::Participant(party),
            ConsumerForm::Partner(partner) => Self::Partner(partner),
            ConsumerForm::Everybody(_) => Self::Public,
        }
    }
}

fn refuse_malformed(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::ContractMalformed, sentence)
}

/// The digest of the page that the signers of an agreement are shown.
#[must_use]
pub fn page_digest(agreement: &Agreement) -> Digest {
    Digest::of(render::render_page(agreement.rendering, agreement).as_bytes())
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

// INVARIANT: shown-is-signed. Wherever an agreement is read, its page is made again and held against what was signed.
fn check_shown(agreement: &Agreement, reported: Digest) -> Result<(), Refusal> {
    let ours = page_digest(agreement);
    if ours == reported {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::RenderingDiffers,
        format!(
            "the contract says that its page `{}` in `{}` has the digest {}; the page of its terms has {}",
            PageRendering::FORM,
            agreement.rendering.language,
            reported.to_short_text(),
            ours.to_short_text()
        ),
    ))
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
