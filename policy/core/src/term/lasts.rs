//! Term 6: the contract is over so long after it came into force, or after the first question under it.

use super::Term;
use super::odrl::{duration, iri, says, with, word};
use super::rule::{Admission, Check, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::Time;
use std::cmp::Ordering;

/// The term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasts {
    /// Days of 86,400 seconds.
    pub days: u32,
    /// From when they are counted.
    pub since: Since,
}

/// From when a relative window is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The record with which the contract came into force.
    Activation,
    /// The first question that was permitted under it.
    FirstUse,
}

const SINCE: [(&str, Since); 2] = [
    ("h:activation", Since::Activation),
    ("h:firstUse", Since::FirstUse),
];

const DAY: i64 = 86_400_000_000;

pub(super) static LASTS: Spec = Spec {
    numbers: &[6],
    name: "lasts",
    place: Place::Permission,
    operand: "elapsedTime",
    operators: &["lteq"],
    executed: &[Stage::Admission, Stage::Answer],
    codes: &[Code::Expired],
    nature: Nature::Use,
    hides_rows: false,
    mend: "renew the contract",
    test: "counted_from_activation_or_first_use",
    read,
};

impl Lasts {
    /// The first instant at which it is over; none while nothing has begun that is counted from.
    #[must_use]
    pub fn end(&self, activated: Option<Time>, first_use: Option<Time>) -> Option<Time> {
        let begun = match self.since {
            Since::Activation => activated,
            Since::FirstUse => first_use,
        };
        begun.map(|begun| begun.plus_micros(DAY.saturating_mul(i64::from(self.days))))
    }
}

impl Rule for Lasts {
    fn spec(&self) -> &'static Spec {
        &LASTS
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            says("elapsedTime", "lteq", duration(format!("P{}D", self.days))),
            [("h:since", iri(word(&SINCE, &self.since)))],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let days = self.days;
        match self.since {
            Since::Activation => tongue.pick(
                format!("for {days} days from the day on which it came into force"),
                format!("{days} Tage lang ab dem Inkrafttreten"),
                format!("durante {days} dias a partir da entrada em vigor"),
            ),
            Since::FirstUse => tongue.pick(
                format!("for {days} days from the first question under it"),
                format!("{days} Tage lang ab der ersten Frage"),
                format!("durante {days} dias a partir da primeira pergunta"),
            ),
        }
    }

    fn normal(&self) -> Json {
        Json::object([
            ("days", Json::Int(i64::from(self.days))),
            ("since", Json::text(word(&SINCE, &self.since))),
        ])
    }

    fn about(&self) -> String {
        word(&SINCE, &self.since).to_owned()
    }

    fn check(&self) -> Option<Check> {
        Some(Check::Window)
    }

    fn admit(&self, to: &Admission<'_>) -> Result<(), Refusal> {
        if self.since == Since::Activation && to.around.activated.is_none() {
            // Nobody knows how long it has been in force: what can't be counted is over.
            return Err(Refusal::new(
                Code::Expired,
                "it is not known here when the contract came into force",
            ));
        }
        match self.end(to.around.activated, to.around.first_use) {
            Some(end) if to.now >= end => Err(Refusal::new(
                Code::Expired,
                format!("the contract ended on {end}"),
            )
            .with_help("renew it: hansa contract request")),
            Some(_) | None => Ok(()),
        }
    }

    fn ends(&self, activated: Option<Time>, first_use: Option<Time>) -> Option<Time> {
        self.end(activated, first_use)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Lasts(other) if other.since == self.since => Some(self.days.cmp(&other.days)),
            _ => None,
        }
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let period = form.typed("rightOperand", "xsd:duration")?;
    let days = super::duty::days(&period)
        .ok_or_else(|| form.wrong(format!("`{period}` is no number of days such as P90D")))?;
    let since = form.word("h:since", &SINCE, "beginning")?;
    Ok(Term::Lasts(Lasts { days, since }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{admitting, time};
    use crate::term::around::Around;

    #[track_caller]
    fn check(since: Since, around: Around, expect: bool) {
        let term = Lasts { days: 90, since };
        let met = admitting("2026-06-01T00:00:00Z", |admission| {
            term.admit(&Admission {
                around: &around,
                ..*admission
            })
        });
        assert_eq!(met.is_ok(), expect);
    }

    #[test]
    fn counted_from_activation_or_first_use() {
        let activated = |text: &str| Around {
            activated: Some(time(text)),
            ..Around::QUIET
        };
        check(Since::Activation, activated("2026-05-01T00:00:00Z"), true);
        check(Since::Activation, activated("2026-03-03T00:00:00Z"), false);
        check(Since::Activation, activated("2026-03-03T00:00:01Z"), true);
        check(Since::Activation, Around::QUIET, false);
        check(Since::FirstUse, activated("2020-01-01T00:00:00Z"), true);
        let used = Around {
            first_use: Some(time("2026-01-01T00:00:00Z")),
            ..Around::QUIET
        };
        check(Since::FirstUse, used, false);
    }
}
