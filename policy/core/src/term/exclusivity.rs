//! Term 38: exclusive contract on the dataset.

use super::odrl::right_operand;
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 38: while this contract is in force, the provider signs no other one on the dataset.
pub(super) struct ExclusivityTerm;

pub(super) static EXCLUSIVE: TermSpec = TermSpec {
    numbers: &[38],
    name: "exclusive",
    position: OdrlPosition::Permission,
    operand: "h:exclusive",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing],
    codes: &[ErrorCode::ExclusivityClash],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "the provider signs for another time, or ends the exclusive contract first",
    test: "an_exclusive_contract_bars_another",
};

impl TermRule for ExclusivityTerm {
    fn spec(&self) -> &'static TermSpec {
        &EXCLUSIVE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(super::odrl::typed_literal("xsd:boolean", true))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("exclusive"))
    }
}

/// Reads the ODRL form.
pub(super) fn read_exclusivity(form: &mut OdrlReader<'_>) -> Result<(), Refusal> {
    match form
        .read_typed_literal("rightOperand", "xsd:boolean")?
        .as_str()
    {
        "true" => Ok(()),
        other => Err(form.unknown_refusal(format!("`{other}` is no exclusivity that is known"))),
    }
}
