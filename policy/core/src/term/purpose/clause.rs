//! The clauses about purposes, in a policy and in words.

use crate::effect::What;
use crate::id::{ParticipantId, PurposeId};
use crate::refusal::{Code, Refusal};
use crate::term::odrl::{iri, says, set};
use crate::term::rule::{Binding, Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use crate::term::tongue::Tongue;
use crate::term::{Term, contradiction, order};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// The term.
pub(in crate::term) struct OneOf<'a>(pub(in crate::term) &'a [PurposeId]);

pub(in crate::term) static ONE_OF: Spec = Spec {
    numbers: &[4],
    name: "purpose",
    place: Place::Permission,
    operand: "purpose",
    operators: &["isA", "isAnyOf"],
    executed: &[Stage::Admission],
    codes: &[
        Code::PurposeNotCovered,
        Code::PurposeMissing,
        Code::PurposeUnknown,
    ],
    nature: Nature::Use,
    hides_rows: false,
    mend: "declare one of the covered purposes, which the refusal lists",
    test: "purposes_are_covered_or_refused",
    read,
};

impl Rule for OneOf<'_> {
    fn spec(&self) -> &'static Spec {
        &ONE_OF
    }

    fn odrl(&self, script: &mut Script<'_>) -> Json {
        match self.0 {
            [one] => says("purpose", "isA", written(one, script.assigner())),
            several => says("purpose", "isAnyOf", all_written(several, script)),
        }
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.one_of(self.0);
        tongue.pick(
            format!("purpose is {list}"),
            format!("Zweck ist {list}"),
            format!("a finalidade é {list}"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        not_empty(self.0).map(|()| None)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Purpose(other) => order::subset(self.0, other),
            _ => None,
        }
    }
}

/// The purposes that are not covered, whatever else is.
pub(in crate::term) struct NoneOf<'a>(pub(in crate::term) &'a [PurposeId]);

pub(in crate::term) static NONE_OF: Spec = Spec {
    numbers: &[4],
    name: "purpose_not",
    place: Place::Permission,
    operand: "purpose",
    operators: &["isNoneOf"],
    executed: &[Stage::Admission],
    codes: &[Code::PurposeNotCovered, Code::PurposeMissing],
    nature: Nature::Use,
    hides_rows: false,
    mend: "declare a purpose that is none of those excluded, nor narrower",
    test: "purposes_that_are_excluded",
    read,
};

impl Rule for NoneOf<'_> {
    fn spec(&self) -> &'static Spec {
        &NONE_OF
    }

    fn odrl(&self, script: &mut Script<'_>) -> Json {
        says("purpose", "isNoneOf", all_written(self.0, script))
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.one_of(self.0);
        tongue.pick(
            format!("purpose is not {list}, nor part of it"),
            format!("Zweck ist nicht {list} und kein Teil davon"),
            format!("a finalidade não é {list} nem parte dela"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("purpose_not"))
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        not_empty(self.0).map(|()| None)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            // More that is excluded is tighter.
            Term::PurposeNot(other) => order::subset(other, self.0),
            _ => None,
        }
    }
}

fn not_empty(list: &[PurposeId]) -> Result<(), Refusal> {
    if list.is_empty() {
        return Err(contradiction("the list of purposes is empty"));
    }
    Ok(())
}

/// Own purposes get the IRI of their provider, those of the vocabulary keep theirs.
fn written(purpose: &PurposeId, assigner: &ParticipantId) -> Json {
    if purpose.as_str().starts_with("dpv:") {
        iri(purpose.as_str())
    } else {
        iri(&format!("{assigner}/purpose/{purpose}"))
    }
}

fn all_written(list: &[PurposeId], script: &Script<'_>) -> Json {
    Json::List(
        list.iter()
            .map(|one| written(one, script.assigner()))
            .collect(),
    )
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let list = match form.operator {
        "isA" => vec![form.iri("rightOperand")?],
        _ => form.iris("rightOperand")?,
    };
    let list = list
        .iter()
        .map(|one| named(one, form))
        .collect::<Result<_, _>>()?;
    Ok(match form.operator {
        "isNoneOf" => Term::PurposeNot(list),
        _ => Term::Purpose(list),
    })
}

fn named(iri: &str, form: &Form<'_>) -> Result<PurposeId, Refusal> {
    let assigner = form.assigner;
    let own = iri
        .strip_prefix(assigner.as_str())
        .and_then(|rest| rest.strip_prefix("/purpose/"))
        .filter(|name| !name.starts_with("dpv:"));
    let known = if iri.starts_with("dpv:") {
        Some(iri)
    } else {
        own
    };
    known.and_then(|id| id.parse().ok()).ok_or_else(|| {
        form.unknown(format!(
            "the purpose `{iri}` is neither one of dpv: nor an own one of {assigner}"
        ))
    })
}
