//! Term 32: rows are hidden until they are so old; of a cube only buckets are shown that ended so long ago.

use super::odrl::{duration, says, with};
use super::rule::{Binding, Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Term, contradiction};
use crate::effect::What;
use crate::id::Name;
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::Time;
use std::cmp::Ordering;
use std::fmt;

/// The term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embargo {
    /// The column of the event; an instant or a date.
    pub column: Name,
    /// The delay.
    pub delay: Delay,
}

/// A length of time in whole seconds, written as a duration in the largest of hours, minutes and seconds that is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delay(pub u64);

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds.is_multiple_of(3600) => write!(f, "PT{}H", seconds / 3600),
            seconds if seconds.is_multiple_of(60) => write!(f, "PT{}M", seconds / 60),
            seconds => write!(f, "PT{seconds}S"),
        }
    }
}

impl Delay {
    /// Reads the one spelling of a delay.
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

    fn said(self, tongue: Tongue) -> String {
        let (number, unit) = match self.0 {
            seconds if seconds.is_multiple_of(86_400) => {
                (seconds / 86_400, tongue.pick("days", "Tage", "dias"))
            }
            seconds if seconds.is_multiple_of(3600) => {
                (seconds / 3600, tongue.pick("hours", "Stunden", "horas"))
            }
            seconds if seconds.is_multiple_of(60) => {
                (seconds / 60, tongue.pick("minutes", "Minuten", "minutos"))
            }
            seconds => (seconds, tongue.pick("seconds", "Sekunden", "segundos")),
        };
        format!("{} {unit}", tongue.number(number))
    }
}

pub(super) static EMBARGO: Spec = Spec {
    numbers: &[32],
    name: "embargo",
    place: Place::Target,
    operand: "delayPeriod",
    operators: &["gteq"],
    executed: &[Stage::Plan],
    codes: &[],
    nature: Nature::Protection,
    hides_rows: true,
    mend: "newer rows do not exist yet",
    test: "what_is_too_new_does_not_exist",
    read,
};

impl Rule for Embargo {
    fn spec(&self) -> &'static Spec {
        &EMBARGO
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            says("delayPeriod", "gteq", duration(self.delay)),
            [("h:column", Json::text(&self.column))],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let column = &self.column;
        let delay = self.delay.said(tongue);
        tongue.pick(
            format!("only rows whose {column} is at least {delay} ago"),
            format!("nur Zeilen, deren {column} mindestens {delay} zurückliegt"),
            format!("só linhas cujo {column} foi há pelo menos {delay}"),
        )
    }

    fn normal(&self) -> Json {
        Json::object([
            ("column", Json::text(&self.column)),
            ("seconds", Json::text(self.delay.0)),
        ])
    }

    fn about(&self) -> String {
        self.column.to_string()
    }

    fn columns(&self) -> Vec<Name> {
        vec![self.column.clone()]
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("embargo"))
    }

    fn effect(&self, to: &Binding<'_>) -> Result<Option<What>, Refusal> {
        if self.delay.0 == 0 {
            return Err(contradiction("a delay of nothing hides nothing"));
        }
        let delay = i64::try_from(self.delay.0)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000_000);
        // Where nobody asks at an instant, no row is old enough.
        let before = to.now.map_or(Time::EARLIEST, |now| {
            now.plus_micros(delay.saturating_neg())
        });
        Ok(Some(What::KeepBefore {
            column: self.column.clone(),
            before,
        }))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Embargo(other) if other.column == self.column => {
                Some(other.delay.cmp(&self.delay))
            }
            _ => None,
        }
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let text = form.typed("rightOperand", "xsd:duration")?;
    let delay = Delay::read(&text)
        .ok_or_else(|| form.wrong(format!("`{text}` is no delay such as PT24H")))?;
    Ok(Term::Embargo(Embargo {
        column: form.column("h:column")?,
        delay,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_have_one_spelling() {
        for (seconds, text) in [(86_400, "PT24H"), (5_400, "PT90M"), (1, "PT1S")] {
            assert_eq!(Delay(seconds).to_string(), text);
            assert_eq!(Delay::read(text), Some(Delay(seconds)));
        }
        for bad in ["PT60M", "P1D", "PT024H", "PT", "PTH", "24H", "PT1€"] {
            assert_eq!(Delay::read(bad), None, "{bad}");
        }
        assert_eq!(Delay(172_800).said(Tongue::De), "2 Tage");
    }
}
