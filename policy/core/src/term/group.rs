//! Term 2: only for the members of a group, by the list that the provider signs.
//!
//! The group is always one of the provider's: its list lies where the question is judged, so that nobody brings one along.

use super::Term;
use super::odrl::{iri, says};
use super::rule::{Admission, Check, Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::attribute::Paper;
use crate::group::{GroupName, stale};
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 2: only for members of this group.
pub(super) struct Member<'a>(pub(super) &'a GroupName);

pub(super) static MEMBER: Spec = Spec {
    numbers: &[2],
    name: "group",
    place: Place::Permission,
    operand: "recipient",
    operators: &["isPartOf"],
    executed: &[Stage::Signing, Stage::Admission, Stage::Answer],
    codes: &[
        Code::PartyNotInGroup,
        Code::AttributeStale,
        Code::TermNotExecutableHere,
    ],
    nature: Nature::Use,
    hides_rows: false,
    mend: "ask the provider, who keeps the list of the group, to add you",
    test: "a_group_lets_in_its_members_and_cuts_who_leaves",
    read,
};

impl Rule for Member<'_> {
    fn spec(&self) -> &'static Spec {
        &MEMBER
    }

    fn odrl(&self, script: &mut Script<'_>) -> Json {
        let group = format!("{}/g/{}", script.assigner(), self.0);
        says("recipient", "isPartOf", iri(&group))
    }

    fn say(&self, tongue: Tongue) -> String {
        let group = self.0;
        tongue.pick(
            format!(
                "only for the members of the group {group}, by a list that the provider has signed within 24 hours"
            ),
            format!(
                "nur für die Mitglieder der Gruppe {group}, nach einer Liste, die der Anbieter binnen 24 Stunden unterschrieben hat"
            ),
            format!(
                "só para os membros do grupo {group}, segundo uma lista que o fornecedor assinou nas últimas 24 horas"
            ),
        )
    }

    fn normal(&self) -> Json {
        Json::text(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("group"))
    }

    fn check(&self) -> Option<Check> {
        Some(Check::Party)
    }

    fn admit(&self, to: &Admission<'_>) -> Result<(), Refusal> {
        match &to.around.listed {
            Some(Ok(_)) => Ok(()),
            Some(Err(why)) => Err(why.clone()),
            None => Err(stale(format!(
                "the list of the group {} is not here",
                self.0
            ))),
        }
    }

    fn paper(&self, to: &Admission<'_>) -> Option<Paper> {
        match &to.around.listed {
            Some(Ok(listed)) => Some(listed.paper()),
            Some(Err(_)) | None => None,
        }
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Group(other) if other == self.0 => Some(Ordering::Equal),
            _ => None,
        }
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let group = form.iri("rightOperand")?;
    let own = format!("{}/g/", form.assigner);
    let Some(name) = group.strip_prefix(&own) else {
        return Err(form.unknown(format!(
            "`{group}` is no group of the provider, whose list alone is looked at: {own}…"
        )));
    };
    let name = name
        .parse()
        .map_err(|fault| form.wrong(format!("`{name}`: {fault}")))?;
    Ok(Term::Group(name))
}
