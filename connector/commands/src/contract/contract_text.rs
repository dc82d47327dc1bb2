//! Contracts and negotiations as text and as JSON.

use crate::cli::command_report::ReportRow;
use crate::contract::contract_list::ListedFacts;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::negotiation::open_negotiation::OpenNegotiation;
use hansa_node::participant::Connector;
use hansa_node::withdrawal;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ClauseId, ContractId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_policy::term::{Clause, Term};
use hansa_proto::contract;
use hansa_proto::render::contract_status::ContractStatusLines;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::NegotiationRow;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Heads of the table of contracts and negotiations.
pub(super) const LIST_HEADER: &[&str] = &[
    "ID", "WITH", "DATASET", "TITLE", "OF", "WE ARE", "STATE", "",
];

/// Negotiation as it stands.
#[derive(Debug, Serialize)]
pub(super) struct NegotiationReport {
    negotiation: String,
    participant: String,
    dataset: String,
    role: String,
    state: String,
    turn: Option<String>,
    title: Option<String>,
    kind: Option<&'static str>,
    would_become: Option<ContractId>,
    /// Reason of its end. It stands in the message, not in the log.
    reason: Option<String>,
    ended_by: Option<&'static str>,
}

impl NegotiationReport {
    pub(super) fn new(row: &NegotiationRow, open: Option<&OpenNegotiation>) -> Self {
        let ended = open.and_then(|open| open.state.termination());
        Self {
            negotiation: row.id.clone(),
            participant: row.peer.domain().to_owned(),
            dataset: dataset_of(&row.dataset),
            role: row.role.clone(),
            state: row.state.clone(),
            turn: open.map(turn_text),
            title: row.title.clone(),
            kind: open.map(|open| contract_kind(&open.state.proposal().agreement)),
            would_become: row.contract,
            reason: ended.map(|ended| ended.reason.to_string()),
            ended_by: ended.map(|ended| ended.by.as_str()),
        }
    }
}

impl NegotiationReport {
    /// Facts by which a list is filtered.
    pub(super) fn facts(&self) -> ListedFacts<'_> {
        ListedFacts {
            state: &self.state,
            with: &self.participant,
            dataset: &self.dataset,
            title: self.title.as_deref(),
            role: &self.role,
        }
    }
}

impl ReportRow for NegotiationReport {
    const HEADER: &'static [&'static str] = LIST_HEADER;

    fn cells(&self) -> Vec<String> {
        vec![
            self.negotiation.chars().take(14).collect(),
            self.participant.clone(),
            self.dataset.clone(),
            self.title.clone().unwrap_or_default(),
            self.kind.unwrap_or_default().to_owned(),
            self.role.clone(),
            self.state.to_lowercase(),
            match (self.ended_by, &self.reason) {
                (Some(by), Some(reason)) => format!("by the {by}: {reason}"),
                (_, _) => self.turn.clone().unwrap_or_default(),
            },
        ]
    }
}

/// What a contract lets out, in one word.
fn contract_kind(agreement: &Agreement) -> &'static str {
    let aggregate = |clause: &Clause| matches!(clause.term, Term::Functions(_));
    match agreement.clauses.iter().any(aggregate) {
        true => "aggregates",
        false => "rows",
    }
}

/// Who has ended a contract, from when and why.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ContractEnd {
    /// Its domain.
    pub(super) by: String,
    pub(super) from: UtcTimestamp,
    pub(super) reason: String,
}

/// The end of each contract that somebody has ended, by the statements that are kept.
pub(super) fn read_contract_ends(
    connector: &Connector,
) -> Result<BTreeMap<ContractId, ContractEnd>, Refusal> {
    let mut ends: BTreeMap<ContractId, ContractEnd> = BTreeMap::new();
    for bytes in connector
        .records
        .documents
        .read_documents(Document::Withdrawal)?
    {
        // One that can't be read ended nothing.
        let Ok(withdrawal) = hansa_proto::envelope::parse_withdrawal(&bytes) else {
            continue;
        };
        let end = ContractEnd {
            from: withdrawal::effective_from(&withdrawal),
            by: withdrawal.party.domain().to_owned(),
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

/// Contract with its clauses in words.
#[derive(Debug, Serialize)]
pub(super) struct ContractReport {
    contract: ContractId,
    provider: String,
    consumer: Option<String>,
    dataset: SqlIdentifier,
    kind: &'static str,
    role: &'static str,
    state: &'static str,
    not_before: UtcTimestamp,
    not_after: UtcTimestamp,
    template: Option<TemplateReport>,
    /// Clauses; null in a brief list.
    terms: Option<Vec<TermReport>>,
}

/// Template from which a contract was made.
#[derive(Debug, Serialize)]
struct TemplateReport {
    author: ParticipantId,
    title: String,
    version: u32,
    sha256: Digest,
}

impl ContractReport {
    pub(super) fn new(
        id: ContractId,
        agreement: &Agreement,
        status: ContractStatus,
        role: &'static str,
    ) -> Self {
        let consumer = agreement.assignee_id().map(ParticipantId::domain);
        let template = agreement.template.as_ref();
        Self {
            contract: id,
            provider: agreement.provider.id.domain().to_owned(),
            consumer: consumer.map(str::to_owned),
            dataset: agreement.dataset.id.name.clone(),
            kind: contract_kind(agreement),
            role,
            state: status.as_str(),
            not_before: agreement.not_before,
            not_after: agreement.not_after,
            template: template.map(|template| TemplateReport {
                author: template.author.clone(),
                title: template.title.clone(),
                version: template.version,
                sha256: template.sha256,
            }),
            terms: Some(TermReport::from_agreement(agreement)),
        }
    }

    /// With its clauses or without.
    pub(super) fn with_terms(mut self, has_terms: bool) -> Self {
        self.terms = self.terms.filter(|_| has_terms);
        self
    }
}

/// Contract in a list, with its title and its end.
#[derive(Debug, Serialize)]
pub(super) struct ListedContract {
    #[serde(flatten)]
    pub(super) contract: ContractReport,
    pub(super) title: Option<String>,
    pub(super) ended: Option<ContractEnd>,
    /// The other side.
    #[serde(skip)]
    pub(super) with: String,
    /// Words for its end.
    #[serde(skip)]
    pub(super) until: String,
}

impl ReportRow for ListedContract {
    const HEADER: &'static [&'static str] = LIST_HEADER;

    fn cells(&self) -> Vec<String> {
        vec![
            self.contract.contract.to_short_text(),
            self.with.clone(),
            self.contract.dataset.to_string(),
            self.title.clone().unwrap_or_default(),
            self.contract.kind.to_owned(),
            self.contract.role.to_owned(),
            self.contract.state.to_owned(),
            self.until.clone(),
        ]
    }
}

/// Clause in words.
#[derive(Debug, Serialize)]
pub(super) struct TermReport {
    clause: ClauseId,
    /// Name of the term in the vocabulary.
    term: &'static str,
    text: String,
    enforced: bool,
}

impl TermReport {
    /// The clauses of an agreement.
    pub(super) fn from_agreement(agreement: &Agreement) -> Vec<Self> {
        let clauses = agreement.clauses.iter().map(|clause| Self {
            clause: clause.id,
            term: clause.term.spec().name,
            text: clause.term.to_english(),
            enforced: !clause.term.is_recorded_only(),
        });
        clauses.collect()
    }
}

/// The payload of an agreement, laid out for reading.
pub(super) fn payload_text(agreement: &Agreement) -> String {
    let value: Value =
        serde_json::from_slice(&contract::to_bytes(agreement)).unwrap_or(Value::Null);
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// What changed between two proposals, a line each.
pub(super) fn describe_changes(before: &Agreement, after: &Agreement) -> String {
    let lines = hansa_policy::diff::change_lines(before, after);
    if lines.is_empty() {
        "the terms are the same".to_owned()
    } else {
        lines.join("\n")
    }
}

pub(super) fn turn_text(open: &OpenNegotiation) -> String {
    match open.state.next_side() {
        None => String::new(),
        Some(side) if side == open.own => "our turn".to_owned(),
        Some(_) => "their turn".to_owned(),
    }
}

/// Last day of a contract, as its page tells it.
pub(super) fn last_day(agreement: &Agreement) -> String {
    ContractStatusLines::new(Language::En, agreement).last_day()
}

pub(super) fn dataset_of(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}
