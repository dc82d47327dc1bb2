//! Term 47: programs of the consumer may ask the provider without a connector. Their receipts have one signature.

use super::odrl::{iri_json, right_operand};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 47: programs of the consumer may ask the provider without a connector. No connector countersigns, so that only the provider
/// confirms the receipt.
pub(super) struct OneSidedReceiptsTerm;

pub(super) static ONE_SIDED_RECEIPTS: TermSpec = TermSpec {
    numbers: &[47],
    name: "one_sided_receipts",
    position: OdrlPosition::Permission,
    operand: "h:receipt",
    operators: &["eq"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::ConnectorRequired],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "without the clause a program is refused: ask through your own connector, or request an amendment",
    test: "a_program_asks_under_a_clause_alone",
};

impl TermRule for OneSidedReceiptsTerm {
    fn spec(&self) -> &'static TermSpec {
        &ONE_SIDED_RECEIPTS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json("h:oneSided"))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("one_sided_receipts"))
    }

    /// A policy with the term permits more than one without.
    fn presence(&self) -> Ordering {
        Ordering::Greater
    }
}

/// Kinds of receipts that a clause names: one.
const KINDS: [(&str, ()); 1] = [("h:oneSided", ())];

/// Reads the ODRL form.
pub(super) fn read_one_sided_receipts(form: &mut OdrlReader<'_>) -> Result<(), Refusal> {
    form.read_word("rightOperand", &KINDS, "kind of receipt")
}
