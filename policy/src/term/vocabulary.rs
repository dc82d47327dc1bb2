//! The whole vocabulary: every term in one list, to be read from ODRL and shown in tables.

use super::rule::{Form, Place, Script, Spec};
use super::{
    Clause, aggregate, area, band, columns, duty, mask, min_group, odrl, prefix, pseudonym,
    purpose, quota, rows, time_bucket, window,
};
use crate::id::{ClauseId, ParticipantId};
use crate::members::{Codes, Members};
use crate::refusal::Refusal;
use evidence::json::Json;

/// Every term that this version knows, in the order of their numbers.
pub static VOCABULARY: &[&Spec] = &[
    &purpose::clause::ONE_OF,
    &purpose::clause::NONE_OF,
    &window::FROM,
    &window::UNTIL,
    &rows::WHERE,
    &columns::ONLY,
    &pseudonym::PSEUDONYM,
    &mask::MASKED,
    &prefix::PREFIX,
    &band::BAND,
    &time_bucket::FLOORED,
    &area::INSIDE,
    &aggregate::clause::FUNCTIONS,
    &aggregate::clause::DIMENSIONS,
    &aggregate::clause::MEASURES,
    &min_group::AT_LEAST,
    &aggregate::clause::TOTALS,
    &aggregate::clause::GRID,
    &quota::QUERIES,
    &quota::ROWS,
    &quota::BYTES,
    &quota::RESULT_ROWS,
    &duty::DELETE,
    &duty::ATTRIBUTE,
    &duty::DISTRIBUTE,
    &duty::SELL,
    &duty::DERIVE,
];

/// The clause as it stands in its place, with its number.
#[must_use]
pub fn write(clause: &Clause, script: &mut Script<'_>) -> Json {
    let json = clause.term.with(|rule| rule.odrl(script));
    odrl::numbered(json, clause.id)
}

/// The clause that stands at `at` in a policy of `assigner`.
///
/// # Errors
/// `TERM_UNKNOWN` for an operand, operator, value or member that is not known, or known in another place; `TERM_ILL_TYPED`
/// for a value of another type. Both name the clause.
pub fn read(
    json: Json,
    at: String,
    place: Place,
    assigner: &ParticipantId,
) -> Result<Clause, Refusal> {
    let mut members = Members::of(json, at, Codes::POLICY)?;
    let id: ClauseId = members.parsed("uid")?;
    members.within(id);
    let (spec, operator) = match place {
        Place::Permission | Place::Target | Place::Action => constraint(&mut members, place)?,
        Place::Duty => (act(&mut members, place, "duty")?, String::new()),
        Place::Prohibition => (
            act(&mut members, place, "prohibited action")?,
            String::new(),
        ),
        Place::Obligation => (act(&mut members, place, "obligation")?, String::new()),
    };
    let term = (spec.read)(&mut Form {
        members: &mut members,
        operator: &operator,
        assigner,
    })?;
    members.finish()?;
    Ok(Clause { id, term })
}

fn constraint(members: &mut Members, place: Place) -> Result<(&'static Spec, String), Refusal> {
    let left = members.text("leftOperand")?;
    let known = || VOCABULARY.iter().filter(|spec| spec.operand == left);
    let Some(own) = known().map(|spec| spec.place).next() else {
        return Err(members
            .codes()
            .unknown(format!("the operand `{left}` is not known")));
    };
    if known().all(|spec| spec.place != place) {
        return Err(members.codes().unknown(format!(
            "the operand `{left}` stands in {place}, where it is not executed; its place is {own}"
        )));
    }
    let operator = members.text("operator")?;
    let found = known()
        .filter(|spec| spec.place == place)
        .find(|spec| spec.operators.contains(&operator.as_str()));
    match found {
        Some(spec) => Ok((spec, operator)),
        None => Err(members.codes().unknown(format!(
            "the operator `{operator}` is not known for the operand `{left}`"
        ))),
    }
}

fn act(members: &mut Members, place: Place, what: &str) -> Result<&'static Spec, Refusal> {
    let action = members.text("action")?;
    VOCABULARY
        .iter()
        .find(|spec| spec.place == place && spec.operand == action)
        .copied()
        .ok_or_else(|| {
            members
                .codes()
                .unknown(format!("the {what} `{action}` is not known"))
        })
}
