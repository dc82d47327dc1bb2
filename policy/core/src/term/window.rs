//! Term 5: the window of time, half open, in UTC.

use super::odrl::{says, typed};
use super::rule::{Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Clause, Term, cite};
use crate::contract::Grant;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::Time;
use std::cmp::Ordering;

/// Checks that `now` lies in the window of every clause and of the contract itself.
pub(crate) fn check(grant: &Grant, now: Time) -> Result<(), Refusal> {
    for clause in grant.clauses() {
        check_clause(clause, now)?;
    }
    if now < grant.not_before() {
        return Err(not_yet(grant.not_before()));
    }
    if now >= grant.not_after() {
        return Err(expired(grant.not_after()));
    }
    Ok(())
}

/// The first instant at which the grant no longer holds.
pub(crate) fn end(grant: &Grant) -> Time {
    grant
        .clauses()
        .iter()
        .fold(grant.not_after(), |end, clause| {
            if let Term::NotAfter(until) = clause.term {
                end.min(until)
            } else {
                end
            }
        })
}

/// The beginning.
pub(super) struct From(pub(super) Time);

pub(super) static FROM: Spec = Spec {
    numbers: &[5],
    name: "not_before",
    place: Place::Permission,
    operand: "dateTime",
    operators: &["gteq"],
    executed: &[Stage::Admission],
    codes: &[Code::NotYetValid],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "ask again from that instant on",
    test: "the_first_check_that_fails_decides_the_code",
    read: from,
};

impl Rule for From {
    fn spec(&self) -> &'static Spec {
        &FROM
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("dateTime", "gteq", typed("xsd:dateTime", self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let from = self.0;
        tongue.pick(
            format!("in force from {from}"),
            format!("in Kraft ab {from}"),
            format!("em vigor a partir de {from}"),
        )
    }

    fn normal(&self) -> Json {
        Json::text(self.0)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::NotBefore(other) => Some(other.cmp(&self.0)),
            _ => None,
        }
    }
}

/// The end.
pub(super) struct Until(pub(super) Time);

pub(super) static UNTIL: Spec = Spec {
    numbers: &[5],
    name: "not_after",
    place: Place::Permission,
    operand: "dateTime",
    operators: &["lt"],
    executed: &[Stage::Admission, Stage::Answer],
    codes: &[Code::Expired],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "renew the contract",
    test: "the_first_check_that_fails_decides_the_code",
    read: until,
};

impl Rule for Until {
    fn spec(&self) -> &'static Spec {
        &UNTIL
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("dateTime", "lt", typed("xsd:dateTime", self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let until = self.0;
        tongue.pick(
            format!("in force until {until}"),
            format!("in Kraft bis {until}"),
            format!("em vigor até {until}"),
        )
    }

    fn normal(&self) -> Json {
        Json::text(self.0)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::NotAfter(other) => Some(self.0.cmp(other)),
            _ => None,
        }
    }
}

fn from(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.instant("rightOperand").map(Term::NotBefore)
}

fn until(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.instant("rightOperand").map(Term::NotAfter)
}

pub(crate) fn check_clause(clause: &Clause, now: Time) -> Result<(), Refusal> {
    if let Term::NotBefore(from) = clause.term
        && now < from
    {
        return Err(cite(not_yet(from), clause));
    }
    if let Term::NotAfter(until) = clause.term
        && now >= until
    {
        return Err(cite(expired(until), clause));
    }
    Ok(())
}

fn not_yet(from: Time) -> Refusal {
    Refusal::new(
        Code::NotYetValid,
        format!("the contract is in force from {from}"),
    )
    .with_help(format!("ask again from {from} on"))
}

fn expired(until: Time) -> Refusal {
    Refusal::new(Code::Expired, format!("the contract ended on {until}"))
        .with_help("renew it: hansa contract request")
}
