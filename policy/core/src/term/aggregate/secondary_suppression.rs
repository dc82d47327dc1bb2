//! Term 20: protection of withheld groups against computation from totals.

use crate::refusal::ErrorCode;
use crate::term::odrl::{integer_literal, iri_json, right_operand};
use crate::term::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlWriter, TermRule, TermSpec,
};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// First form: totals are computed from published groups.
pub(in crate::term) struct PublishedTotalsTerm;

/// Second form: totals include withheld groups, and further groups are withheld until no total discloses a small one.
pub(in crate::term) struct ComplementSuppressionTerm;

/// Third form: counts are rounded to multiples of a base, up or down by random values of the units in the group.
pub(in crate::term) struct CellKeyTerm(pub(in crate::term) u32);

pub(in crate::term) static TOTALS: TermSpec = secondary_spec(
    "totals_from_published",
    &[EnforcementPoint::Plan],
    &[],
    "totals are those of the groups shown",
    "what_is_learned_is_a_function_of_the_cells",
);

pub(in crate::term) static COMPLEMENT: TermSpec = secondary_spec(
    "suppress_complement",
    &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    &[ErrorCode::GridConflict],
    "where one group is withheld another may be, so that no total gives it back",
    "a_total_does_not_give_back_what_is_withheld",
);

pub(in crate::term) static ROUNDED: TermSpec = secondary_spec(
    "cell_key",
    &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    &[ErrorCode::GridConflict],
    "counts are multiples of the base, the same for the same units",
    "the_same_units_are_rounded_the_same_way",
);

const fn secondary_spec(
    name: &'static str,
    executed: &'static [EnforcementPoint],
    codes: &'static [ErrorCode],
    remedy: &'static str,
    test: &'static str,
) -> TermSpec {
    TermSpec {
        numbers: &[20],
        name,
        position: OdrlPosition::Action,
        operand: "h:secondary",
        operators: &["eq"],
        executed,
        codes,
        nature: DemandKind::Protection,
        hides_rows: false,
        remedy,
        test,
    }
}

/// A policy has at most one of the forms.
const DECIDES: Option<ClauseSubject> = Some(ClauseSubject::Kind("secondary"));

impl TermRule for PublishedTotalsTerm {
    fn spec(&self) -> &'static TermSpec {
        &TOTALS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json("h:fromPublishedOnly"))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        DECIDES
    }

    // Totals are always computed from published cells; the clause only states it.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}

impl TermRule for ComplementSuppressionTerm {
    fn spec(&self) -> &'static TermSpec {
        &COMPLEMENT
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json("h:suppressComplement"))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        DECIDES
    }

    // Every release is made like this; the clause states it, and is refused where it does not apply.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}

impl TermRule for CellKeyTerm {
    fn spec(&self) -> &'static TermSpec {
        &ROUNDED
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri_json("h:cellKey")),
            ("h:base", integer_literal(self.0)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        DECIDES
    }
}
