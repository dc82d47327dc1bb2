//! The policy of a contract or an offer as ODRL 2.2 in one fixed shape, both ways.
//!
//! Each clause stands in exactly one place: `permission.constraint`, `target.refinement`, `action.refinement`,
//! `permission.duty`, `prohibition` or `obligation`; its own form is that of its term (`hansa_policy::term`). What this version does not know is refused, never skipped.

mod policy_document;
pub mod policy_vocabulary;

#[cfg(test)]
mod tests;

use hansa_audit_log::json::{Json, serialized};
use hansa_policy::id::{ClauseId, DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::ReaderErrorCodes;
use hansa_policy::term::rule::{OdrlPosition, OdrlWriter};
use hansa_policy::term::{Clause, vocabulary};
use policy_document::{
    ActionIri, ActionObject, ConflictStrategy, OdrlContext, OdrlProfile, PermissionObject,
    PermittedAction, PolicyDocument, PolicyKind, TargetKind, TargetObject,
};
use std::collections::{BTreeMap, BTreeSet};

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
    let numbers = clauses.iter().map(|clause| clause.id);
    let mut script = OdrlWriter::new(&policy.assigner, &policy.dataset, numbers);
    let uid = script.take_clause_number();
    let mut written: BTreeMap<OdrlPosition, Vec<Json>> = BTreeMap::new();
    for clause in clauses {
        let there = written.entry(clause.term.spec().position).or_default();
        there.push(vocabulary::write_clause(clause, &mut script));
    }
    let mut take = |position| written.remove(&position).unwrap_or_default();
    let aggregates = policy
        .clauses
        .iter()
        .any(|clause| clause.term.limits_to_aggregates());
    let id = match aggregates {
        true => PermittedAction::Aggregate,
        false => PermittedAction::Query,
    };
    let (kind, assignee) = match &policy.assignee {
        OdrlAssignee::Participant(id) => (PolicyKind::Agreement, Some(id.to_string())),
        OdrlAssignee::Public => (
            PolicyKind::Offer,
            Some(policy_vocabulary::PUBLIC.to_owned()),
        ),
        OdrlAssignee::Open => (PolicyKind::Offer, None),
    };
    serialized::to_json(&PolicyDocument {
        context: (OdrlContext::Odrl, OdrlProfile::Hansa),
        kind,
        uid: policy.uid.clone(),
        profile: OdrlProfile::Hansa,
        conflict: ConflictStrategy::Prohibit,
        assigner: policy.assigner.clone(),
        assignee,
        permission: vec![PermissionObject {
            uid,
            action: vec![ActionObject {
                value: ActionIri { id },
                refinement: take(OdrlPosition::Action),
            }],
            target: TargetObject {
                kind: TargetKind::AssetCollection,
                source: policy.dataset.clone(),
                refinement: take(OdrlPosition::Target),
            },
            constraint: take(OdrlPosition::Permission),
            duty: take(OdrlPosition::Duty),
        }],
        prohibition: take(OdrlPosition::Prohibition),
        obligation: take(OdrlPosition::Obligation),
    })
}

/// The policy that the JSON states.
///
/// # Errors
/// `TERM_UNKNOWN` for what this version does not execute or that stands in another place than its own, `TERM_ILL_TYPED`
/// for a value of another type (both name the clause where one is being read), `CONTRACT_MALFORMED` for known terms that
/// are not written in their one shape.
pub fn from_json(json: Json) -> Result<OdrlPolicy, Refusal> {
    let document: PolicyDocument = serialized::from_json(&json).map_err(refuse_document)?;
    let assignee = assignee_of(document.kind, document.assignee)?;
    let unknown = |sentence: &str| Err(ReaderErrorCodes::POLICY.unknown_refusal(sentence));
    let Ok([permission]) = <[PermissionObject; 1]>::try_from(document.permission) else {
        return unknown("a policy has exactly one permission in this version");
    };
    let Ok([action]) = <[ActionObject; 1]>::try_from(permission.action) else {
        return unknown("a permission has exactly one action in this version");
    };
    let places = [
        (OdrlPosition::Action, action.refinement),
        (OdrlPosition::Target, permission.target.refinement),
        (OdrlPosition::Permission, permission.constraint),
        (OdrlPosition::Duty, permission.duty),
        (OdrlPosition::Prohibition, document.prohibition),
        (OdrlPosition::Obligation, document.obligation),
    ];
    let mut clauses = Vec::new();
    for (position, items) in places {
        for (number, item) in items.into_iter().enumerate() {
            let at = format!("{position}[{number}]");
            clauses.push(vocabulary::read_clause(
                item,
                at,
                position,
                &document.assigner,
            )?);
        }
    }
    clauses.sort_by_key(|clause| clause.id);
    let policy = OdrlPolicy {
        uid: document.uid,
        assigner: document.assigner,
        assignee,
        dataset: permission.target.source,
        clauses,
    };
    one_shape(policy, &json)
}

/// Refusal of the policy in a malformed document, if the policy has a term that this version does not know.
///
/// A document of a later version can have both a new member and a new term. The term decides then: the document is not understood,
/// rather than broken.
pub(crate) fn find_unknown_term(document: &Json) -> Option<Refusal> {
    let refusal = from_json(document.get("policy")?.clone()).err()?;
    (refusal.code == ErrorCode::TermUnknown).then_some(refusal)
}

/// Refusal of JSON around the clauses. An unknown member, value or further entry of the context is told apart by the beginning of the fault, behind the path of the
/// member: what follows can quote foreign text.
fn refuse_document(fault: String) -> Refusal {
    let cause = fault
        .strip_prefix('`')
        .and_then(|rest| rest.split_once("`: "))
        .map_or(fault.as_str(), |(_, cause)| cause);
    let unknown = ["unknown field", "unknown variant", "trailing characters"];
    let is_unknown = unknown.iter().any(|start| cause.starts_with(start));
    match is_unknown {
        true => ReaderErrorCodes::POLICY.unknown_refusal(format!("the policy: {fault}")),
        false => ReaderErrorCodes::POLICY.malformed_refusal(format!("the policy: {fault}")),
    }
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

fn assignee_of(kind: PolicyKind, assignee: Option<String>) -> Result<OdrlAssignee, Refusal> {
    match (kind, assignee) {
        (PolicyKind::Agreement, Some(id)) => match id.parse() {
            Ok(id) => Ok(OdrlAssignee::Participant(id)),
            Err(fault) => Err(ReaderErrorCodes::POLICY
                .malformed_refusal(format!("`policy.assignee` is `{id}`: {fault}"))),
        },
        (PolicyKind::Offer, Some(id)) if id == policy_vocabulary::PUBLIC => {
            Ok(OdrlAssignee::Public)
        }
        (PolicyKind::Offer, None) => Ok(OdrlAssignee::Open),
        (kind, assignee) => Err(ReaderErrorCodes::POLICY.unknown_refusal(format!(
            "a policy of type `{kind:?}` with the assignee `{}` is not known",
            assignee.unwrap_or_default()
        ))),
    }
}
