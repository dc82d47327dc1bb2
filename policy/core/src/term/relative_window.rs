//! Term 6: the contract ends this number of days after it came into force, or after the first question under it.

use super::odrl::{duration_literal, find_word, iri_json};
use super::rule::{
    AdmissionCheck, AdmissionContext, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Relative period as a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelativeWindowTerm {
    /// Number of days of 86,400 seconds.
    pub days: u32,
    /// Start of the period.
    pub since: WindowStart,
}

/// Start of a relative period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowStart {
    /// Record of the contract's activation.
    Activation,
    /// First permitted question under the contract.
    FirstUse,
}

const SINCE: [(&str, WindowStart); 2] = [
    ("h:activation", WindowStart::Activation),
    ("h:firstUse", WindowStart::FirstUse),
];

const DAY: i64 = 86_400_000_000;

pub(super) static LASTS: TermSpec = TermSpec {
    numbers: &[6],
    name: "lasts",
    position: OdrlPosition::Permission,
    operand: "elapsedTime",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Answer],
    codes: &[ErrorCode::Expired],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "renew the contract",
    test: "counted_from_activation_or_first_use",
};

impl RelativeWindowTerm {
    /// First instant after the period; none before the period has begun.
    #[must_use]
    pub fn end(
        &self,
        activated: Option<UtcTimestamp>,
        first_use: Option<UtcTimestamp>,
    ) -> Option<UtcTimestamp> {
        let begun = match self.since {
            WindowStart::Activation => activated,
            WindowStart::FirstUse => first_use,
        };
        begun.map(|begun| begun.plus_micros(DAY.saturating_mul(i64::from(self.days))))
    }
}

impl TermRule for RelativeWindowTerm {
    fn spec(&self) -> &'static TermSpec {
        &LASTS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", duration_literal(format!("P{}D", self.days))),
            ("h:since", iri_json(find_word(&SINCE, &self.since))),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("days", Json::Int(i64::from(self.days))),
            ("since", Json::from_display(find_word(&SINCE, &self.since))),
        ])
    }

    fn subject(&self) -> String {
        find_word(&SINCE, &self.since).to_owned()
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Window)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        if self.since == WindowStart::Activation && to.context.activated.is_none() {
            // The start is unknown, so the period counts as over.
            return Err(Refusal::new(
                ErrorCode::Expired,
                "it is not known here when the contract came into force",
            ));
        }
        match self.end(to.context.activated, to.context.first_use) {
            Some(end) if to.now >= end => Err(Refusal::new(
                ErrorCode::Expired,
                format!("the contract ended on {end}"),
            )
            .with_help("renew it: hansa contract request")),
            Some(_) | None => Ok(()),
        }
    }

    fn end_instant(
        &self,
        activated: Option<UtcTimestamp>,
        first_use: Option<UtcTimestamp>,
    ) -> Option<UtcTimestamp> {
        self.end(activated, first_use)
    }
}

impl RelativeWindowTerm {
    /// Comparison with another period; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        (self.since == other.since).then(|| self.days.cmp(&other.days))
    }
}

/// Reads the ODRL form.
pub(super) fn read_relative_window(
    form: &mut OdrlReader<'_>,
) -> Result<RelativeWindowTerm, Refusal> {
    let period = form.read_typed_literal("rightOperand", "xsd:duration")?;
    let days = super::odrl::read_days(&period).ok_or_else(|| {
        form.malformed_refusal(format!("`{period}` is no number of days such as P90D"))
    })?;
    let since = form.read_word("h:since", &SINCE, "beginning")?;
    Ok(RelativeWindowTerm { days, since })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{parse_time, with_admission_context};
    use crate::term::contract_context::ContractContext;

    #[track_caller]
    fn check(since: WindowStart, around: ContractContext, expect: bool) {
        let term = RelativeWindowTerm { days: 90, since };
        let met = with_admission_context("2026-06-01T00:00:00Z", |admission| {
            term.admit(&AdmissionContext {
                context: &around,
                ..*admission
            })
        });
        assert_eq!(met.is_ok(), expect);
    }

    #[test]
    fn counted_from_activation_or_first_use() {
        let activated = |text: &str| ContractContext {
            activated: Some(parse_time(text)),
            ..ContractContext::QUIET
        };
        check(
            WindowStart::Activation,
            activated("2026-05-01T00:00:00Z"),
            true,
        );
        check(
            WindowStart::Activation,
            activated("2026-03-03T00:00:00Z"),
            false,
        );
        check(
            WindowStart::Activation,
            activated("2026-03-03T00:00:01Z"),
            true,
        );
        check(WindowStart::Activation, ContractContext::QUIET, false);
        check(
            WindowStart::FirstUse,
            activated("2020-01-01T00:00:00Z"),
            true,
        );
        let used = ContractContext {
            first_use: Some(parse_time("2026-01-01T00:00:00Z")),
            ..ContractContext::QUIET
        };
        check(WindowStart::FirstUse, used, false);
    }
}
