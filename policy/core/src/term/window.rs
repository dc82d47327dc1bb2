//! Term 5: period of the contract, half open, in UTC.

use super::odrl::{right_operand, typed_literal};
use super::rule::{DemandKind, EnforcementPoint, OdrlPosition, OdrlWriter, TermRule, TermSpec};
use crate::refusal::ErrorCode;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Start of the period.
pub(super) struct NotBeforeTerm(pub(super) UtcTimestamp);

pub(super) static FROM: TermSpec = TermSpec {
    numbers: &[5],
    name: "not_before",
    position: OdrlPosition::Permission,
    operand: "dateTime",
    operators: &["gteq"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::NotYetValid],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "ask again from that instant on",
    test: "the_first_check_that_fails_decides_the_code",
};

impl TermRule for NotBeforeTerm {
    fn spec(&self) -> &'static TermSpec {
        &FROM
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(typed_literal("xsd:dateTime", self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }
}

impl NotBeforeTerm {
    /// Comparison with another start; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(other.0.cmp(&self.0))
    }
}

/// End of the period.
pub(super) struct NotAfterTerm(pub(super) UtcTimestamp);

pub(super) static UNTIL: TermSpec = TermSpec {
    numbers: &[5],
    name: "not_after",
    position: OdrlPosition::Permission,
    operand: "dateTime",
    operators: &["lt"],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Answer],
    codes: &[ErrorCode::Expired],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "renew the contract",
    test: "the_first_check_that_fails_decides_the_code",
};

impl TermRule for NotAfterTerm {
    fn spec(&self) -> &'static TermSpec {
        &UNTIL
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(typed_literal("xsd:dateTime", self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }
}

impl NotAfterTerm {
    /// Comparison with another end; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(self.0.cmp(&other.0))
    }
}
