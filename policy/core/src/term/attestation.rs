//! Term 35, second half: the consumer signs a statement that received data is deleted.
//!
//! The deletion itself can't be observed by the provider. The provider can check that the statement came in time; further questions
//! of a consumer with an overdue statement are refused.

use super::odrl::write_deadline;
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlWriter, TermRule, TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 35: number of days after the end of each answer for the statement.
pub(super) struct AttestTerm(pub(super) u32);

pub(super) static ATTEST: TermSpec = TermSpec {
    numbers: &[35],
    name: "attest_within_days",
    position: OdrlPosition::Duty,
    operand: "h:attest",
    operators: &[],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Ledger],
    codes: &[ErrorCode::AttestationOverdue],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "file the statement for the answers that the refusal names: hansa contract attest",
    test: "a_statement_that_is_overdue_stops_new_questions",
};

impl TermRule for AttestTerm {
    fn spec(&self) -> &'static TermSpec {
        &ATTEST
    }

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        write_deadline(self.0, script)
    }

    fn to_canonical_json(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("attest"))
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Count)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        let owed = &to.context.overdue;
        if owed.count == 0 {
            return Ok(());
        }
        let named: Vec<String> = owed.first.iter().map(ToString::to_string).collect();
        let named = named.join(", ");
        let more = if owed.first.len() < usize::try_from(owed.count).unwrap_or(usize::MAX) {
            " and more"
        } else {
            ""
        };
        Err(Refusal::new(
            ErrorCode::AttestationOverdue,
            format!("no statement says that the data of these answers was deleted: {named}{more}"),
        )
        .with_help("delete it and file the statement: hansa contract attest CONTRACT"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::with_admission_context;
    use crate::id::RequestId;
    use crate::term::contract_context::{ContractContext, OverdueAttestations};

    #[test]
    fn a_statement_that_is_overdue_refuses_and_is_named() {
        let met = |owed: OverdueAttestations| {
            let around = ContractContext {
                overdue: owed,
                ..ContractContext::QUIET
            };
            with_admission_context("2026-06-01T00:00:00Z", |admission| {
                AttestTerm(30).admit(&AdmissionContext {
                    context: &around,
                    ..*admission
                })
            })
        };
        assert!(met(OverdueAttestations::NOTHING).is_ok());
        let request = RequestId([7; 16]);
        let refusal = met(OverdueAttestations {
            count: 2,
            first: vec![request],
        });
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.code, ErrorCode::AttestationOverdue);
        assert!(refusal.sentence.contains(&format!("{request} and more")));
        assert!(met(OverdueAttestations::EVERYTHING).is_err());
    }
}
