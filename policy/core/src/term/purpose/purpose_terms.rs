//! Clauses on purposes: their ODRL form and normal form.

use crate::effect::EffectKind;
use crate::id::{ParticipantId, PurposeId};
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::odrl::{iri_json, right_operand, sorted_list};
use crate::term::rule::{
    ClauseSubject, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::term::tightness_order;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Permitted purposes.
pub(in crate::term) struct PurposeTerm<'a>(pub(in crate::term) &'a [PurposeId]);

pub(in crate::term) static ONE_OF: TermSpec = TermSpec {
    numbers: &[4],
    name: "purpose",
    position: OdrlPosition::Permission,
    operand: "purpose",
    operators: &["isA", "isAnyOf"],
    executed: &[EnforcementPoint::Admission],
    codes: &[
        ErrorCode::PurposeNotCovered,
        ErrorCode::PurposeMissing,
        ErrorCode::PurposeUnknown,
    ],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "declare one of the covered purposes, which the refusal lists",
    test: "purposes_are_covered_or_refused",
};

impl TermRule for PurposeTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &ONE_OF
    }

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        match self.0 {
            [one] => right_operand(purpose_iri(one, script.assigner())),
            several => Json::object([
                ("operator", Json::from_display("isAnyOf")),
                ("rightOperand", all_written(several, script)),
            ]),
        }
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_empty(self.0).map(|()| None)
    }
}

impl PurposeTerm<'_> {
    /// Comparison with other permitted purposes; less is tighter.
    pub(in crate::term) fn compare(&self, other: &Self) -> Option<Ordering> {
        tightness_order::compare_lists(self.0, other.0)
    }
}

/// Excluded purposes, which override the permitted ones.
pub(in crate::term) struct PurposeNotTerm<'a>(pub(in crate::term) &'a [PurposeId]);

pub(in crate::term) static NONE_OF: TermSpec = TermSpec {
    numbers: &[4],
    name: "purpose_not",
    position: OdrlPosition::Permission,
    operand: "purpose",
    operators: &["isNoneOf"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::PurposeNotCovered, ErrorCode::PurposeMissing],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "declare a purpose that is none of those excluded, nor narrower",
    test: "purposes_that_are_excluded",
};

impl TermRule for PurposeNotTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &NONE_OF
    }

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        right_operand(all_written(self.0, script))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("purpose_not"))
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_empty(self.0).map(|()| None)
    }
}

fn not_empty(list: &[PurposeId]) -> Result<(), Refusal> {
    if list.is_empty() {
        return Err(contradiction_refusal("the list of purposes is empty"));
    }
    Ok(())
}

/// IRI of a purpose. Own purposes get an IRI of their provider.
fn purpose_iri(purpose: &PurposeId, assigner: &ParticipantId) -> Json {
    if purpose.as_str().starts_with("dpv:") {
        iri_json(purpose.as_str())
    } else {
        iri_json(&format!("{assigner}/purpose/{purpose}"))
    }
}

fn all_written(list: &[PurposeId], script: &OdrlWriter<'_>) -> Json {
    Json::List(
        list.iter()
            .map(|one| purpose_iri(one, script.assigner()))
            .collect(),
    )
}

/// Reads the ODRL form of the purposes.
pub(in crate::term) fn read_purposes(form: &mut OdrlReader<'_>) -> Result<Vec<PurposeId>, Refusal> {
    let list = match form.operator {
        "isA" => vec![form.read_iri("rightOperand")?],
        _ => form.read_iris("rightOperand")?,
    };
    list.iter()
        .map(|one| parse_purpose_iri(one, form))
        .collect()
}

fn parse_purpose_iri(iri: &str, form: &OdrlReader<'_>) -> Result<PurposeId, Refusal> {
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
        form.unknown_refusal(format!(
            "the purpose `{iri}` is neither one of dpv: nor an own one of {assigner}"
        ))
    })
}
