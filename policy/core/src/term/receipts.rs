//! Term 47: largest number of receipts without the consumer's countersignature.

use super::odrl::{integer_literal, right_operand};
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlWriter, TermRule, TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 47: largest number of receipts without the consumer's countersignature.
pub(super) struct OpenReceiptsTerm(pub(super) u32);

pub(super) static RECEIPTS: TermSpec = TermSpec {
    numbers: &[47],
    name: "receipts",
    position: OdrlPosition::Permission,
    operand: "h:outstanding",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Ledger],
    codes: &[ErrorCode::ReceiptOverdue],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "countersign the receipts that are open; a connector does so when it greets its peer",
    test: "open_receipts_stop_new_questions",
};

impl TermRule for OpenReceiptsTerm {
    fn spec(&self) -> &'static TermSpec {
        &RECEIPTS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(integer_literal(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("receipts"))
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Count)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        if to.context.outstanding <= u64::from(self.0) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::ReceiptOverdue,
            format!(
                "{} receipts wait for your signature",
                to.context.outstanding
            ),
        )
        .with_help("to countersign them, connect to the provider once: `hansa peer show`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::with_admission_context;
    use crate::term::contract_context::ContractContext;

    #[test]
    fn open_receipts_stop_new_questions() {
        let check = |outstanding| {
            let around = ContractContext {
                outstanding,
                ..ContractContext::QUIET
            };
            with_admission_context("2026-06-01T00:00:00Z", |admission| {
                OpenReceiptsTerm(2).admit(&AdmissionContext {
                    context: &around,
                    ..*admission
                })
            })
        };
        assert!(check(2).is_ok());
        assert_eq!(check(3).unwrap_err().code, ErrorCode::ReceiptOverdue);
    }
}
