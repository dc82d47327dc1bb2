//! The policy of a contract or an offer as ODRL 2.2 in one fixed shape, both ways.
//!
//! Each clause stands in exactly one place: `permission.constraint`, `target.refinement`, `action.refinement`,
//! `permission.duty`, `prohibition` or `obligation`; its own form is that of its term (`hansa_policy::term`). What this version does not know is refused, never skipped.

pub mod policy_vocabulary;

#[cfg(test)]
mod tests;

use hansa_audit_log::json::Json;
use hansa_policy::id::{ClauseId, DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use hansa_policy::term::rule::{OdrlPosition, OdrlWriter};
use hansa_policy::term::{Clause, vocabulary};
use std::collections::BTreeSet;

/// A policy in domain form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdrlPolicy {
    /// Its label.
    pub uid: String,
    /// Who gives.
    pub assigner: ParticipantId,
    /// Who takes.
    pub assignee: OdrlAssignee,
    /// What is given.
    pub dataset: DatasetId,
    /// The clauses, in the order of their numbers.
    pub clauses: Vec<Clause>,
}

/// Who takes, and with it the kind of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OdrlAssignee {
    /// An `Agreement` with one participant.
    Participant(ParticipantId),
    /// An `Offer` to anybody in the league, which nobody countersigns.
    Public,
    /// An `Offer` whose assignee is not settled yet.
    Open,
}

/// The policy as JSON. Clauses are written in the order of their numbers.
#[must_use]
pub fn to_json(policy: &OdrlPolicy) -> Json {
    let mut clauses: Vec<&Clause> = policy.clauses.iter().collect();
    clauses.sort_by_key(|clause| clause.id);
    let mut script = OdrlWriter::new(
        &policy.assigner,
        &policy.dataset,
        policy.clauses.iter().map(|clause| clause.id),
    );
    let rule = script.spare();
    let written: Vec<(OdrlPosition, Json)> = clauses
        .into_iter()
        .map(|clause| {
            let position = clause.term.spec().position;
            (position, vocabulary::write(clause, &mut script))
        })
        .collect();
    let at = |wanted: OdrlPosition| -> Vec<Json> {
        let there = written.iter().filter(|(position, _)| *position == wanted);
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
            Json::List(vec![with_list(
                action,
                "refinement",
                at(OdrlPosition::Action),
            )]),
        ),
        (
            "target",
            with_list(target, "refinement", at(OdrlPosition::Target)),
        ),
    ]);
    let permission = with_list(permission, "constraint", at(OdrlPosition::Permission));
    let permission = with_list(permission, "duty", at(OdrlPosition::Duty));
    let (kind, assignee) = match &policy.assignee {
        OdrlAssignee::Participant(id) => ("Agreement", Some(id.as_str())),
        OdrlAssignee::Public => ("Offer", Some(policy_vocabulary::PUBLIC)),
        OdrlAssignee::Open => ("Offer", None),
    };
    let whole = Json::object([
        ("@context", context()),
        ("@type", Json::text(kind)),
        ("uid", Json::text(&policy.uid)),
        ("profile", Json::text(policy_vocabulary::PROFILE)),
        ("conflict", Json::text("prohibit")),
        ("assigner", Json::text(&policy.assigner)),
        ("permission", Json::List(vec![permission])),
    ]);
    let whole = match assignee {
        Some(assignee) => with(whole, "assignee", Json::text(assignee)),
        None => whole,
    };
    let whole = with_list(whole, "prohibition", at(OdrlPosition::Prohibition));
    with_list(whole, "obligation", at(OdrlPosition::Obligation))
}

/// The policy that the JSON states.
///
/// # Errors
/// `TERM_UNKNOWN` for what this version does not execute or that stands in another place than its own, `TERM_ILL_TYPED`
/// for a value of another type (both name the clause where one is being read), `CONTRACT_MALFORMED` for known terms that
/// are not written in their one shape.
pub fn from_json(json: Json) -> Result<OdrlPolicy, Refusal> {
    let whole = json.clone();
    let mut members = StrictObjectReader::of(json, "policy", ReaderErrorCodes::POLICY)?;
    members.exactly("@context", &context())?;
    let kind = members.text("@type")?;
    members.exactly_text("profile", policy_vocabulary::PROFILE)?;
    members.exactly_text("conflict", "prohibit")?;
    let uid = members.text("uid")?;
    let assigner: ParticipantId = members.parse_text("assigner")?;
    let assignee = assignee_of(&kind, members.text_if_there("assignee")?)?;
    let mut clauses = Vec::new();
    let mut permissions = members.list("permission")?.into_iter();
    let dataset = match (permissions.next(), permissions.next()) {
        (Some(permission), None) => read_permission(permission, &assigner, &mut clauses)?,
        _ => {
            return Err(ReaderErrorCodes::POLICY
                .unknown("a policy has exactly one permission in this version"));
        }
    };
    for (at, item) in members.items("prohibition")? {
        clauses.push(vocabulary::read(
            item,
            at,
            OdrlPosition::Prohibition,
            &assigner,
        )?);
    }
    for (at, item) in members.items("obligation")? {
        clauses.push(vocabulary::read(
            item,
            at,
            OdrlPosition::Obligation,
            &assigner,
        )?);
    }
    members.finish()?;
    clauses.sort_by_key(|clause| clause.id);
    let policy = OdrlPolicy {
        uid,
        assigner,
        assignee,
        dataset,
        clauses,
    };
    one_shape(policy, &whole)
}

// INVARIANT: one-shape. Whatever is read is written again as the very same JSON, so no two texts say the same.
fn one_shape(policy: OdrlPolicy, whole: &Json) -> Result<OdrlPolicy, Refusal> {
    let numbers: BTreeSet<ClauseId> = policy.clauses.iter().map(|clause| clause.id).collect();
    if numbers.len() != policy.clauses.len() {
        return Err(Refusal::new(
            ErrorCode::ContractMalformed,
            "two clauses of the policy have the same number",
        ));
    }
    if to_json(&policy) != *whole {
        return Err(Refusal::new(
            ErrorCode::ContractMalformed,
            "the policy is not in the one accepted shape: clauses in the order of their numbers, values in their \
             shortest spelling, the action that the clauses need",
        ));
    }
    Ok(policy)
}

fn assignee_of(kind: &str, assignee: Option<String>) -> Result<OdrlAssignee, Refusal> {
    match (kind, assignee) {
        ("Agreement", Some(id)) => match id.parse() {
            Ok(id) => Ok(OdrlAssignee::Participant(id)),
            Err(fault) => {
                Err(ReaderErrorCodes::POLICY.wrong(format!("`policy.assignee` is `{id}`: {fault}")))
            }
        },
        ("Offer", Some(id)) if id == policy_vocabulary::PUBLIC => Ok(OdrlAssignee::Public),
        ("Offer", None) => Ok(OdrlAssignee::Open),
        (kind, assignee) => Err(ReaderErrorCodes::POLICY.unknown(format!(
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
    let mut permission = StrictObjectReader::of(json, "permission", ReaderErrorCodes::POLICY)?;
    let _: ClauseId = permission.parse_text("uid")?;
    let mut actions = permission.list("action")?.into_iter();
    let (Some(action), None) = (actions.next(), actions.next()) else {
        return Err(
            ReaderErrorCodes::POLICY.unknown("a permission has exactly one action in this version")
        );
    };
    let mut action = StrictObjectReader::of(action, "action", ReaderErrorCodes::POLICY)?;
    let mut value = action.object("rdf:value")?;
    let met = value.text("@id")?;
    value.finish()?;
    if met != policy_vocabulary::QUERY && met != policy_vocabulary::AGGREGATE {
        return Err(ReaderErrorCodes::POLICY.unknown(format!("the action `{met}` is not known")));
    }
    let mut target = permission.object("target")?;
    target.exactly_text("@type", "AssetCollection")?;
    let dataset = target.parse_text("source")?;
    let places = [
        (action.items("refinement")?, OdrlPosition::Action),
        (target.items("refinement")?, OdrlPosition::Target),
        (permission.items("constraint")?, OdrlPosition::Permission),
        (permission.items("duty")?, OdrlPosition::Duty),
    ];
    for (items, position) in places {
        for (at, item) in items {
            clauses.push(vocabulary::read(item, at, position, assigner)?);
        }
    }
    action.finish()?;
    target.finish()?;
    permission.finish()?;
    Ok(dataset)
}

fn action_of(clauses: &[Clause]) -> &'static str {
    if clauses.iter().any(|clause| clause.term.aggregates()) {
        policy_vocabulary::AGGREGATE
    } else {
        policy_vocabulary::QUERY
    }
}

fn context() -> Json {
    Json::List(vec![
        Json::text("http://www.w3.org/ns/odrl.jsonld"),
        Json::text(policy_vocabulary::PROFILE),
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
