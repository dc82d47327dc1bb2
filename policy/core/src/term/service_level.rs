//! Term 39: service level that the provider promises; recorded and shown.

use super::odrl::{decimal_literal, integer_literal};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 39: service level that the provider promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLevelTerm {
    /// Availability in percent, as decimal text.
    pub availability: String,
    /// Time until the first byte for 95 % of the answers, milliseconds.
    pub p95_ms: u32,
}

pub(super) static SERVICE: TermSpec = TermSpec {
    numbers: &[39],
    name: "service",
    position: OdrlPosition::Obligation,
    operand: "h:provideService",
    operators: &[],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "hold the provider to it; nothing is executed",
    test: "every_term_has_a_sentence_of_its_own",
};

impl TermRule for ServiceLevelTerm {
    fn spec(&self) -> &'static TermSpec {
        &SERVICE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("h:availability", decimal_literal(&self.availability)),
            ("h:p95ms", integer_literal(self.p95_ms)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            (
                "availability",
                Json::from_display(super::canonical_value::canonical_decimal(
                    &self.availability,
                )),
            ),
            ("p95_ms", Json::Int(i64::from(self.p95_ms))),
        ])
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("service"))
    }

    // A promise of the provider does not change the disclosed data.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}

/// Reads the ODRL form.
pub(super) fn read_service_level(form: &mut OdrlReader<'_>) -> Result<ServiceLevelTerm, Refusal> {
    let availability = form.read_decimal("h:availability")?;
    let share: f64 = availability.parse().unwrap_or(f64::NAN);
    if !(0.0..=100.0).contains(&share) {
        return Err(form.malformed_refusal(format!("`{availability}` is no share in percent")));
    }
    Ok(ServiceLevelTerm {
        availability,
        p95_ms: form.read_number("h:p95ms")?,
    })
}
