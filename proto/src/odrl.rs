//! The policy of a contract or an offer as ODRL 2.2 in one fixed shape, both ways.
//!
//! Each clause stands in exactly one place: `permission.constraint`, `target.refinement`, `action.refinement`,
//! `permission.duty`, `prohibition` or `obligation`; its own form is that of its term (`hansa_policy::term`). What this version does not know is refused, never skipped.

pub mod name;

#[cfg(test)]
mod tests;

use hansa_audit_log::json::Json;
use hansa_policy::id::{ClauseId, DatasetId, ParticipantId};
use hansa_policy::members::{Codes, Members};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::rule::{Place, Script};
use hansa_policy::term::{Clause, vocabulary};
use std::collections::BTreeSet;

/// A policy in domain form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its label.
    pub uid: String,
    /// Who gives.
    pub assigner: ParticipantId,
    /// Who takes.
    pub taker: Taker,
    /// What is given.
    pub dataset: DatasetId,
    /// The clauses, in the order of their numbers.
    pub clauses: Vec<Clause>,
}

/// Who takes, and with it the kind of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taker {
    /// An `Agreement` with one participant.
    Participant(ParticipantId),
    /// An `Offer` to anybody in the league, which nobody countersigns.
    Public,
    /// An `Offer` whose taker is not settled yet.
    Open,
}

/// The policy as JSON. Clauses are written in the order of their numbers.
#[must_use]
pub fn to_json(policy: &Policy) -> Json {
    let mut clauses: Vec<&Clause> = policy.clauses.iter().collect();
    clauses.sort_by_key(|clause| clause.id);
    let mut script = Script::new(&policy.assigner, &policy.dataset, &policy.clauses);
    let rule = script.spare();
    let written: Vec<(Place, Json)> = clauses
        .into_iter()
        .map(|clause| {
            let place = clause.term.spec().place;
            (place, vocabulary::write(clause, &mut script))
        })
        .collect();
    let at = |wanted: Place| -> Vec<Json> {
        let there = written.iter().filter(|(place, _)| *place == wanted);
        there.map(|(_, json)| json.clone()).collect()
    };

    let action = Json::object([("rdf:value", iri(action_of(&policy.clauses)))]);
    let target = Json::object([
        ("@type", Json::text("AssetCollection")),
        ("source", Json::text(&policy.dataset)),
    ]);
    let permission = Json::object([
        ("uid", Json::text(rule)),
        (
            "action",
            Json::List(vec![with_list(action, "refinement", at(Place::Action))]),
        ),
        ("target", with_list(target, "refinement", at(Place::Target))),
    ]);
    let permission = with_list(permission, "constraint", at(Place::Permission));
    let permission = with_list(permission, "duty", at(Place::Duty));
    let (kind, assignee) = match &policy.taker {
        Taker::Participant(id) => ("Agreement", Some(id.as_str())),
        Taker::Public => ("Offer", Some(name::PUBLIC)),
        Taker::Open => ("Offer", None),
    };
    let whole = Json::object([
        ("@context", context()),
        ("@type", Json::text(kind)),
        ("uid", Json::text(&policy.uid)),
        ("profile", Json::text(name::PROFILE)),
        ("conflict", Json::text("prohibit")),
        ("assigner", Json::text(&policy.assigner)),
        ("permission", Json::List(vec![permission])),
    ]);
    let whole = match assignee {
        Some(assignee) => with(whole, "assignee", Json::text(assignee)),
        None => whole,
    };
    let whole = with_list(whole, "prohibition", at(Place::Prohibition));
    with_list(whole, "obligation", at(Place::Obligation))
}

/// The policy that the JSON states.
///
/// # Errors
/// `TERM_UNKNOWN` for what this version does not execute or that stands in another place than its own, `TERM_ILL_TYPED`
/// for a value of another type (both name the clause where one is being read), `CONTRACT_MALFORMED` for known terms that
/// are not written in their one shape.
pub fn from_json(json: Json) -> Result<Policy, Refusal> {
    let whole = json.clone();
    let mut members = Members::of(json, "policy", Codes::POLICY)?;
    members.exactly("@context", &context())?;
    let kind = members.text("@type")?;
    members.exactly_text("profile", name::PROFILE)?;
    members.exactly_text("conflict", "prohibit")?;
    let uid = members.text("uid")?;
    let assigner: ParticipantId = members.parsed("assigner")?;
    let taker = taker(&kind, members.text_if_there("assignee")?)?;
    let mut clauses = Vec::new();
    let mut permissions = members.list("permission")?.into_iter();
    let dataset = match (permissions.next(), permissions.next()) {
        (Some(permission), None) => read_permission(permission, &assigner, &mut clauses)?,
        _ => {
            return Err(
                Codes::POLICY.unknown("a policy has exactly one permission in this version")
            );
        }
    };
    for (at, item) in members.items("prohibition")? {
        clauses.push(vocabulary::read(item, at, Place::Prohibition, &assigner)?);
    }
    for (at, item) in members.items("obligation")? {
        clauses.push(vocabulary::read(item, at, Place::Obligation, &assigner)?);
    }
    members.finish()?;
    clauses.sort_by_key(|clause| clause.id);
    let policy = Policy {
        uid,
        assigner,
        taker,
        dataset,
        clauses,
    };
    one_shape(policy, &whole)
}

// INVARIANT: one-shape. Whatever is read is written again as the very same JSON, so no two texts say the same.
fn one_shape(policy: Policy, whole: &Json) -> Result<Policy, Refusal> {
    let numbers: BTreeSet<ClauseId> = policy.clauses.iter().map(|clause| clause.id).collect();
    if numbers.len() != policy.clauses.len() {
        return Err(Refusal::new(
            Code::ContractMalformed,
            "two clauses of the policy have the same number",
        ));
    }
    if to_json(&policy) != *whole {
        return Err(Refusal::new(
            Code::ContractMalformed,
            "the policy is not in the one accepted shape: clauses in the order of their numbers, values in their \
             shortest spelling, the action that the clauses need",
        ));
    }
    Ok(policy)
}

fn taker(kind: &str, assignee: Option<String>) -> Result<Taker, Refusal> {
    match (kind, assignee) {
        ("Agreement", Some(id)) => match id.parse() {
            Ok(id) => Ok(Taker::Participant(id)),
            Err(fault) => Err(Codes::POLICY.wrong(format!("`policy.assignee` is `{id}`: {fault}"))),
        },
        ("Offer", Some(id)) if id == name::PUBLIC => Ok(Taker::Public),
        ("Offer", None) => Ok(Taker::Open),
        (kind, assignee) => Err(Codes::POLICY.unknown(format!(
            "a policy of type `{kind}` with the assignee `{}` is not known",
            assignee.unwrap_or_default()
        ))),
    }
}

fn read_permission(
    json: Json,
    assigner: &ParticipantId,
    clauses: &mut Vec<Clause>,
) -> Result<DatasetId, Refusal> {
    let mut permission = Members::of(json, "permission", Codes::POLICY)?;
    let _: ClauseId = permission.parsed("uid")?;
    let mut actions = permission.list("action")?.into_iter();
    let (Some(action), None) = (actions.next(), actions.next()) else {
        return Err(Codes::POLICY.unknown("a permission has exactly one action in this version"));
    };
    let mut action = Members::of(action, "action", Codes::POLICY)?;
    let mut value = action.object("rdf:value")?;
    let met = value.text("@id")?;
    value.finish()?;
    if met != name::QUERY && met != name::AGGREGATE {
        return Err(Codes::POLICY.unknown(format!("the action `{met}` is not known")));
    }
    let mut target = permission.object("target")?;
    target.exactly_text("@type", "AssetCollection")?;
    let dataset = target.parsed("source")?;
    let places = [
        (action.items("refinement")?, Place::Action),
        (target.items("refinement")?, Place::Target),
        (permission.items("constraint")?, Place::Permission),
        (permission.items("duty")?, Place::Duty),
    ];
    for (items, place) in places {
        for (at, item) in items {
            clauses.push(vocabulary::read(item, at, place, assigner)?);
        }
    }
    action.finish()?;
    target.finish()?;
    permission.finish()?;
    Ok(dataset)
}

fn action_of(clauses: &[Clause]) -> &'static str {
    if clauses.iter().any(|clause| clause.term.aggregates()) {
        name::AGGREGATE
    } else {
        name::QUERY
    }
}

fn context() -> Json {
    Json::List(vec![
        Json::text("http://www.w3.org/ns/odrl.jsonld"),
        Json::text(name::PROFILE),
    ])
}

fn iri(value: &str) -> Json {
    Json::object([("@id", Json::text(value))])
}

fn with(json: Json, member: &str, value: Json) -> Json {
    match json {
        Json::Object(mut members) => {
            members.insert(member.to_owned(), value);
            Json::Object(members)
        }
        other => other,
    }
}

fn with_list(json: Json, member: &str, items: Vec<Json>) -> Json {
    if items.is_empty() {
        json
    } else {
        with(json, member, Json::List(items))
    }
}
