//! Contracts and negotiations as text and as JSON.

use hansa_audit_log::time::UtcTimestamp;
use hansa_node::negotiation::open_negotiation::OpenNegotiation;
use hansa_node::participant::Connector;
use hansa_node::withdrawal;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_policy::term::{Clause, Term};
use hansa_proto::contract;
use hansa_proto::render::contract_status::ContractStatusLines;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::NegotiationRow;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn negotiation_json(row: &NegotiationRow, open: Option<&OpenNegotiation>) -> Value {
    let ended = open.and_then(|open| open.state.termination());
    json!({
        "negotiation": row.id,
        "participant": row.peer.domain(),
        "dataset": dataset_of(&row.dataset),
        "role": row.role,
        "state": row.state,
        "turn": open.map(turn),
        "title": row.title,
        "kind": open.map(|open| kind(&open.state.proposal().agreement)),
        "would_become": row.contract.map(|id| id.to_string()),
        // What somebody wrote stands in the message, not in the log.
        "reason": ended.map(|ended| &ended.reason),
        "ended_by": ended.map(|ended| ended.by.as_str()),
    })
}

/// What a contract lets out, in one word.
pub(super) fn kind(agreement: &Agreement) -> &'static str {
    let aggregate = |clause: &Clause| matches!(clause.term, Term::Functions(_));
    match agreement.clauses.iter().any(aggregate) {
        true => "aggregates",
        false => "rows",
    }
}

/// Who has ended a contract, from when and why.
#[derive(Debug, Clone)]
pub(super) struct ContractEnd {
    pub(super) by: ParticipantId,
    pub(super) from: UtcTimestamp,
    pub(super) reason: String,
}

/// The end of each contract that somebody has ended, by the statements that are kept.
pub(super) fn ends(connector: &Connector) -> Result<BTreeMap<ContractId, ContractEnd>, Refusal> {
    let mut ends: BTreeMap<ContractId, ContractEnd> = BTreeMap::new();
    for bytes in connector.records.documents.all(Document::Withdrawal)? {
        // One that can't be read ended nothing.
        let Ok(withdrawal) = hansa_proto::envelope::parse_withdrawal(&bytes) else {
            continue;
        };
        let end = ContractEnd {
            from: withdrawal::effective_from(&withdrawal),
            by: withdrawal.party,
            reason: withdrawal.reason,
        };
        let known = ends
            .entry(withdrawal.contract)
            .or_insert_with(|| end.clone());
        if end.from < known.from {
            *known = end;
        }
    }
    Ok(ends)
}

pub(super) fn contract_json(
    id: ContractId,
    agreement: &Agreement,
    status: ContractStatus,
    role: &str,
) -> Value {
    json!({
        "contract": id.to_string(),
        "provider": agreement.provider.id.domain(),
        "consumer": agreement.assignee_id().map(ParticipantId::domain),
        "dataset": agreement.dataset.id.name.as_str(),
        "kind": kind(agreement),
        "role": role,
        "state": status.as_str(),
        "not_before": agreement.not_before.to_string(),
        "not_after": agreement.not_after.to_string(),
        "template": agreement.template.as_ref().map(|template| json!({
            "author": template.author.as_str(),
            "title": template.title,
            "version": template.version,
            "sha256": template.sha256.to_string(),
        })),
        "terms": terms_json(agreement),
    })
}

/// The clauses in words.
pub(super) fn terms_json(agreement: &Agreement) -> Vec<Value> {
    agreement
        .clauses
        .iter()
        .map(|clause| {
            json!({
                "clause": clause.id.to_string(),
                "text": clause.term.plain(),
                "enforced": !clause.term.is_recorded_only(),
            })
        })
        .collect()
}

/// The payload of an agreement, laid out for reading.
pub(super) fn payload_text(agreement: &Agreement) -> String {
    let value: Value =
        serde_json::from_slice(&contract::to_bytes(agreement)).unwrap_or(Value::Null);
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// What changed between two proposals, a line each.
pub(super) fn describe_changes(before: &Agreement, after: &Agreement) -> String {
    let lines = hansa_policy::diff::lines(before, after);
    if lines.is_empty() {
        "the terms are the same".to_owned()
    } else {
        lines.join("\n")
    }
}

pub(super) fn turn(open: &OpenNegotiation) -> String {
    match open.state.turn() {
        None => String::new(),
        Some(side) if side == open.own => "our turn".to_owned(),
        Some(_) => "their turn".to_owned(),
    }
}

/// Last day of a contract, as its page tells it.
pub(super) fn last_day(agreement: &Agreement) -> String {
    ContractStatusLines::of(Language::En, agreement).last_day()
}

pub(super) fn short(id: &str) -> String {
    id.chars().take(14).collect()
}

pub(super) fn dataset_of(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}
