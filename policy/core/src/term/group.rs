//! Term 2: members of a group only, by the list that the provider signs.
//!
//! The group is always one of the provider's. Its list is stored where the question is judged, so that no caller can bring its own.

use super::odrl::{iri_json, right_operand};
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use crate::attribute::SupportingCredential;
use crate::group::{GroupName, stale_list_refusal};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 2: members of this group only.
pub(super) struct GroupTerm<'a>(pub(super) &'a GroupName);

pub(super) static MEMBER: TermSpec = TermSpec {
    numbers: &[2],
    name: "group",
    position: OdrlPosition::Permission,
    operand: "recipient",
    operators: &["isPartOf"],
    executed: &[
        EnforcementPoint::Signing,
        EnforcementPoint::Admission,
        EnforcementPoint::Answer,
    ],
    codes: &[
        ErrorCode::PartyNotInGroup,
        ErrorCode::AttributeStale,
        ErrorCode::TermNotExecutableHere,
    ],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "ask the provider, who keeps the list of the group, to add you",
    test: "a_group_lets_in_its_members_and_cuts_who_leaves",
};

impl TermRule for GroupTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &MEMBER
    }

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        let group = format!("{}/g/{}", script.assigner(), self.0);
        right_operand(iri_json(&group))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("group"))
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Party)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        match &to.context.listed {
            Some(Ok(_)) => Ok(()),
            Some(Err(why)) => Err(why.clone()),
            None => Err(stale_list_refusal(format!(
                "the list of the group {} is not here",
                self.0
            ))),
        }
    }

    fn supporting_credential(&self, to: &AdmissionContext<'_>) -> Option<SupportingCredential> {
        match &to.context.listed {
            Some(Ok(listed)) => Some(listed.supporting_credential()),
            Some(Err(_)) | None => None,
        }
    }
}

/// Reads the ODRL form.
pub(super) fn read_group(form: &mut OdrlReader<'_>) -> Result<GroupName, Refusal> {
    let group = form.read_iri("rightOperand")?;
    let own = format!("{}/g/", form.assigner);
    let Some(name) = group.strip_prefix(&own) else {
        return Err(form.unknown_refusal(format!(
            "`{group}` is no group of the provider, whose list alone is looked at: {own}…"
        )));
    };
    name.parse()
        .map_err(|fault| form.malformed_refusal(format!("`{name}`: {fault}")))
}
