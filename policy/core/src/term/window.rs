//! Term 5: the window of time, half open, in UTC.

use super::language::Language;
use super::odrl::{says, typed};
use super::rule::{
    DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use super::{Clause, Term, cite};
use crate::contract::DatasetGrant;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Checks that `now` lies in the window of every clause and of the contract itself.
pub(crate) fn check(grant: &DatasetGrant, now: UtcTimestamp) -> Result<(), Refusal> {
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
pub(crate) fn end(grant: &DatasetGrant) -> UtcTimestamp {
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
    read: from,
};

impl TermRule for NotBeforeTerm {
    fn spec(&self) -> &'static TermSpec {
        &FROM
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("dateTime", "gteq", typed("xsd:dateTime", self.0))
    }

    fn render(&self, tongue: Language) -> String {
        let from = self.0;
        tongue.pick(
            format!("in force from {from}"),
            format!("in Kraft ab {from}"),
            format!("em vigor a partir de {from}"),
        )
    }

    fn canonical(&self) -> Json {
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
    read: until,
};

impl TermRule for NotAfterTerm {
    fn spec(&self) -> &'static TermSpec {
        &UNTIL
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("dateTime", "lt", typed("xsd:dateTime", self.0))
    }

    fn render(&self, tongue: Language) -> String {
        let until = self.0;
        tongue.pick(
            format!("in force until {until}"),
            format!("in Kraft bis {until}"),
            format!("em vigor até {until}"),
        )
    }

    fn canonical(&self) -> Json {
        Json::text(self.0)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::NotAfter(other) => Some(self.0.cmp(other)),
            _ => None,
        }
    }
}

fn from(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    form.instant("rightOperand").map(Term::NotBefore)
}

fn until(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    form.instant("rightOperand").map(Term::NotAfter)
}

pub(crate) fn check_clause(clause: &Clause, now: UtcTimestamp) -> Result<(), Refusal> {
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

fn not_yet(from: UtcTimestamp) -> Refusal {
    Refusal::new(
        ErrorCode::NotYetValid,
        format!("the contract is in force from {from}"),
    )
    .with_help(format!("ask again from {from} on"))
}

fn expired(until: UtcTimestamp) -> Refusal {
    Refusal::new(ErrorCode::Expired, format!("the contract ended on {until}"))
        .with_help("renew it: hansa contract request")
}
