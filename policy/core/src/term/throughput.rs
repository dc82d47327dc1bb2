//! Terms 29 and 30: rate of sent rows, and number of simultaneous answers under the contract.

use super::odrl::{integer_literal, right_operand};
use super::quota::not_zero;
use super::rule::{
    AdmissionCheck, AdmissionContext, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition,
    OdrlWriter, TermRule, TermSpec,
};
use crate::effect::EffectKind;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 29: rows per second over all answers under the contract. It slows answers and refuses none.
pub(super) struct RowRateTerm(pub(super) u64);

pub(super) static RATE: TermSpec = TermSpec {
    numbers: &[29],
    name: "rows_per_second",
    position: OdrlPosition::Permission,
    operand: "h:rowsPerSecond",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Answer],
    codes: &[],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "the answer takes longer",
    test: "a_rate_holds_over_all_answers",
};

impl TermRule for RowRateTerm {
    fn spec(&self) -> &'static TermSpec {
        &RATE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(integer_literal(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_zero(self.0).map(|()| None)
    }
}

/// Term 30: simultaneous answers over all connections.
pub(super) struct ConcurrencyTerm(pub(super) u32);

pub(super) static AT_ONCE: TermSpec = TermSpec {
    numbers: &[30],
    name: "concurrent",
    position: OdrlPosition::Permission,
    operand: "h:concurrent",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::TooManyStreams],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "read one of the running answers to its end, or close it",
    test: "one_more_than_permitted_is_refused",
};

impl TermRule for ConcurrencyTerm {
    fn spec(&self) -> &'static TermSpec {
        &AT_ONCE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(integer_literal(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_zero(u64::from(self.0)).map(|()| None)
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Count)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        if to.context.running < u64::from(self.0) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::TooManyStreams,
            format!("{} answers run under the contract", to.context.running),
        )
        .with_help("read one of them to its end, or close it"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::with_admission_context;
    use crate::term::contract_context::ContractContext;

    #[test]
    fn one_more_than_permitted_is_refused() {
        let check = |running| {
            let around = ContractContext {
                running,
                ..ContractContext::QUIET
            };
            with_admission_context("2026-06-01T00:00:00Z", |admission| {
                ConcurrencyTerm(2).admit(&AdmissionContext {
                    context: &around,
                    ..*admission
                })
            })
        };
        assert!(check(1).is_ok());
        assert_eq!(check(2).unwrap_err().code, ErrorCode::TooManyStreams);
    }
}
