//! Term 11: a column shows a keyed hash. Equal values stay equal, and nobody can guess them without the key.
//!
//! HMAC-SHA-256, cut to 128 bits and written as 32 hexadecimal digits. The key belongs to the dataset, the consumer, the first
//! version of the contract and the epoch. It stays over amendments, and rows of two contracts can't be joined over the column.

use super::odrl::{integer_literal, iri_json};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;

/// Pseudonym as a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PseudonymTerm {
    /// Column of text or integers.
    pub column: SqlIdentifier,
    /// Number of the key. An amendment that raises it makes later values unlinkable with earlier ones.
    pub epoch: u32,
}

pub(super) static PSEUDONYM: TermSpec = TermSpec {
    numbers: &[11],
    name: "pseudonym",
    position: OdrlPosition::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "the column shows 32 hexadecimal digits; equal values have equal ones",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for PseudonymTerm {
    fn spec(&self) -> &'static TermSpec {
        &PSEUDONYM
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri_json("h:hmac")),
            ("h:column", Json::from_display(&self.column)),
            ("h:epoch", integer_literal(self.epoch)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("column", Json::from_display(&self.column)),
            ("epoch", Json::Int(i64::from(self.epoch))),
        ])
    }

    fn treated_column(&self) -> Option<&SqlIdentifier> {
        Some(&self.column)
    }

    fn effect(&self, to: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        Ok(Some(EffectKind::Pseudonymise {
            column: self.column.clone(),
            consumer: to.asker.clone(),
            contract: to.contract,
            epoch: self.epoch,
        }))
    }
}

/// Reads the ODRL form.
pub(super) fn read_pseudonym(form: &mut OdrlReader<'_>) -> Result<PseudonymTerm, Refusal> {
    Ok(PseudonymTerm {
        column: form.read_column("h:column")?,
        epoch: form.read_number("h:epoch")?,
    })
}
