//! Terms 29 and 30: how fast rows leave, and how many answers run at once under the contract.

use super::Term;
use super::odrl::{integer, says};
use super::quota::not_zero;
use super::rule::{Admission, Binding, Check, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::effect::What;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 29: rows in a second, over all answers under the contract; it slows them and refuses nothing.
pub(super) struct Rate(pub(super) u64);

pub(super) static RATE: Spec = Spec {
    numbers: &[29],
    name: "rows_per_second",
    place: Place::Permission,
    operand: "h:rowsPerSecond",
    operators: &["lteq"],
    executed: &[Stage::Answer],
    codes: &[],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "the answer takes longer",
    test: "a_rate_holds_over_all_answers",
    read: |form| form.number("rightOperand").map(Term::RowsPerSecond),
};

impl Rule for Rate {
    fn spec(&self) -> &'static Spec {
        &RATE
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:rowsPerSecond", "lteq", integer(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let rows = tongue.number(self.0);
        tongue.pick(
            format!("at most {rows} rows in a second"),
            format!("höchstens {rows} Zeilen je Sekunde"),
            format!("no máximo {rows} linhas por segundo"),
        )
    }

    fn normal(&self) -> Json {
        Json::text(self.0)
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        not_zero(self.0).map(|()| None)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::RowsPerSecond(other) => Some(self.0.cmp(other)),
            _ => None,
        }
    }
}

/// Term 30: answers under way, over all connections.
pub(super) struct AtOnce(pub(super) u32);

pub(super) static AT_ONCE: Spec = Spec {
    numbers: &[30],
    name: "concurrent",
    place: Place::Permission,
    operand: "h:concurrent",
    operators: &["lteq"],
    executed: &[Stage::Admission],
    codes: &[Code::TooManyStreams],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "read one of the running answers to its end, or close it",
    test: "one_more_than_permitted_is_refused",
    read,
};

impl Rule for AtOnce {
    fn spec(&self) -> &'static Spec {
        &AT_ONCE
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:concurrent", "lteq", integer(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let most = self.0;
        tongue.pick(
            format!("at most {most} answers at once"),
            format!("höchstens {most} Antworten zugleich"),
            format!("no máximo {most} respostas ao mesmo tempo"),
        )
    }

    fn normal(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        not_zero(u64::from(self.0)).map(|()| None)
    }

    fn check(&self) -> Option<Check> {
        Some(Check::Count)
    }

    fn admit(&self, to: &Admission<'_>) -> Result<(), Refusal> {
        if to.around.running < u64::from(self.0) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::TooManyStreams,
            format!("{} answers run under the contract", to.around.running),
        )
        .with_help("read one of them to its end, or close it"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Concurrent(other) => Some(self.0.cmp(other)),
            _ => None,
        }
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.number("rightOperand").map(Term::Concurrent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::admitting;
    use crate::term::around::Around;

    #[test]
    fn one_more_than_permitted_is_refused() {
        let check = |running| {
            let around = Around {
                running,
                ..Around::QUIET
            };
            admitting("2026-06-01T00:00:00Z", |admission| {
                AtOnce(2).admit(&Admission {
                    around: &around,
                    ..*admission
                })
            })
        };
        assert!(check(1).is_ok());
        assert_eq!(check(2).unwrap_err().code, Code::TooManyStreams);
    }
}
