//! Term 32: rows are hidden until they have a certain age. A cube shows only buckets that ended before that.

use super::odrl::duration_literal;
use super::rule::{
    ClauseSubject, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{Refusal, contradiction_refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;
use std::fmt;

/// Embargo as a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbargoTerm {
    /// Column of the event: an instant or a date.
    pub column: SqlIdentifier,
    /// Age from which rows are shown.
    pub delay: EmbargoDelay,
}

/// Duration in whole seconds. Its text uses the largest of hours, minutes and seconds that is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmbargoDelay(pub u64);

impl fmt::Display for EmbargoDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds.is_multiple_of(3600) => write!(f, "PT{}H", seconds / 3600),
            seconds if seconds.is_multiple_of(60) => write!(f, "PT{}M", seconds / 60),
            seconds => write!(f, "PT{seconds}S"),
        }
    }
}

impl EmbargoDelay {
    /// Parses the canonical text of a delay.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("PT")?;
        let (digits, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        let number: u64 = digits.parse().ok()?;
        let seconds = match unit {
            "H" => number.checked_mul(3600)?,
            "M" => number.checked_mul(60)?,
            "S" => number,
            _ => return None,
        };
        let delay = Self(seconds);
        (delay.to_string() == text).then_some(delay)
    }
}

pub(super) static EMBARGO: TermSpec = TermSpec {
    numbers: &[32],
    name: "embargo",
    position: OdrlPosition::Target,
    operand: "delayPeriod",
    operators: &["gteq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "newer rows do not exist yet",
    test: "what_is_too_new_does_not_exist",
};

impl TermRule for EmbargoTerm {
    fn spec(&self) -> &'static TermSpec {
        &EMBARGO
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", duration_literal(self.delay)),
            ("h:column", Json::from_display(&self.column)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("column", Json::from_display(&self.column)),
            ("seconds", Json::from_display(self.delay.0)),
        ])
    }

    fn subject(&self) -> String {
        self.column.to_string()
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        vec![self.column.clone()]
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("embargo"))
    }

    fn effect(&self, to: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if self.delay.0 == 0 {
            return Err(contradiction_refusal("a delay of nothing hides nothing"));
        }
        let delay = i64::try_from(self.delay.0)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000_000);
        // Without an instant of the question, no row is old enough.
        let before = to.now.map_or(UtcTimestamp::EARLIEST, |now| {
            now.plus_micros(delay.saturating_neg())
        });
        Ok(Some(EffectKind::KeepBefore {
            column: self.column.clone(),
            before,
        }))
    }
}

impl EmbargoTerm {
    /// Comparison with another embargo; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        (self.column == other.column).then(|| other.delay.cmp(&self.delay))
    }
}

/// Reads the ODRL form.
pub(super) fn read_embargo(form: &mut OdrlReader<'_>) -> Result<EmbargoTerm, Refusal> {
    let text = form.read_typed_literal("rightOperand", "xsd:duration")?;
    let delay = EmbargoDelay::read(&text)
        .ok_or_else(|| form.malformed_refusal(format!("`{text}` is no delay such as PT24H")))?;
    Ok(EmbargoTerm {
        column: form.read_column("h:column")?,
        delay,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_have_one_spelling() {
        for (seconds, text) in [(86_400, "PT24H"), (5_400, "PT90M"), (1, "PT1S")] {
            assert_eq!(EmbargoDelay(seconds).to_string(), text);
            assert_eq!(EmbargoDelay::read(text), Some(EmbargoDelay(seconds)));
        }
        for bad in ["PT60M", "P1D", "PT024H", "PT", "PTH", "24H", "PT1€"] {
            assert_eq!(EmbargoDelay::read(bad), None, "{bad}");
        }
        let term = crate::term::Term::Embargo(EmbargoTerm {
            column: "at".parse().unwrap(),
            delay: EmbargoDelay(172_800),
        });
        let sentence = term.render(crate::term::language::Language::De);
        assert!(sentence.contains(" 2 Tage "), "{sentence}");
    }
}
