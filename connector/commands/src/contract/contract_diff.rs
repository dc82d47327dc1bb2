//! `hansa contract diff`: two versions of terms, clause by clause.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::contract::contract_lookup::{contract_by_prefix, load_negotiation};
use crate::policy::policy_diff::{ClauseChange, verdict_word};
use hansa_node::participant::Connector;
use hansa_policy::contract::Agreement;
use hansa_policy::diff;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use serde::Serialize;
use std::sync::Arc;

/// Two versions of terms, as they are named.
pub(super) struct ComparedVersions {
    /// Contract or negotiation with the old terms.
    pub(super) old: String,
    /// Contract or negotiation with the new terms; absent: those of the last message of the negotiation.
    pub(super) new: Option<String>,
    /// Language of the clauses; absent: English.
    pub(super) language: Option<Language>,
}

/// Compares the terms of two contracts, of two negotiations, or of one of each. Nothing is fetched first.
pub(super) async fn diff_contracts(
    connector: &Arc<Connector>,
    compared: ComparedVersions,
    out: &EventSink,
) -> CommandResult {
    let ComparedVersions { old, new, language } = compared;
    let (before, after) = match &new {
        Some(new) => (read_terms(connector, &old)?, read_terms(connector, new)?),
        None => read_last_change(connector, &old)?,
    };
    if before.agreement.dataset.id != after.agreement.dataset.id {
        let sentence = format!(
            "`{}` is about `{}`, `{}` about `{}`",
            before.id, before.agreement.dataset.id.name, after.id, after.agreement.dataset.id.name
        );
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("compare terms on one dataset")
            .into());
    }
    let comparison = TermComparison::new(before, after, language.unwrap_or(Language::En));
    out.send_report(&comparison).await?;
    Ok(0)
}

/// Terms of a contract or of the last proposal of a negotiation.
pub(crate) struct ComparedTerms {
    /// Whole identity of the contract or negotiation.
    pub(crate) id: String,
    pub(crate) agreement: Agreement,
}

/// Terms of a negotiation before its last message, and those of this message.
fn read_last_change(
    connector: &Connector,
    named: &str,
) -> Result<(ComparedTerms, ComparedTerms), Refusal> {
    let (id, open) = load_negotiation(connector, named)?;
    let before = open.before.clone().ok_or_else(|| {
        let sentence = format!("no message of `{id}` has changed the terms yet");
        Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("name two contracts or negotiations on one dataset")
    })?;
    let agreement = open.state.proposal().agreement.clone();
    let before = ComparedTerms {
        id: id.clone(),
        agreement: before,
    };
    Ok((before, ComparedTerms { id, agreement }))
}

fn read_terms(connector: &Connector, named: &str) -> Result<ComparedTerms, Refusal> {
    if named.starts_with("n-") {
        let (id, open) = load_negotiation(connector, named)?;
        let agreement = open.state.proposal().agreement.clone();
        return Ok(ComparedTerms { id, agreement });
    }
    let contract = contract_by_prefix(connector, named)?;
    let held = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned());
    let agreement = held.ok_or_else(|| {
        let sentence = format!(
            "the terms of contract {} are not here",
            contract.to_short_text()
        );
        Refusal::new(ErrorCode::ContractUnknown, sentence)
    })?;
    Ok(ComparedTerms {
        id: contract.to_string(),
        agreement,
    })
}

/// Changes between two versions of terms.
#[derive(Debug, Serialize)]
pub(crate) struct TermComparison {
    /// Whole identity of the contract or negotiation.
    old: String,
    new: String,
    dataset: SqlIdentifier,
    /// Effect of the change: `same`, `tighter`, `looser` or `not comparable`.
    verdict: &'static str,
    /// Changes of clauses.
    changes: Vec<ClauseChange>,
    /// All changes in words, also of the period, the schema and other parts that are no clauses.
    lines: Vec<String>,
}

impl TermComparison {
    /// Changes of clauses in a language, and all changes in English.
    pub(crate) fn new(before: ComparedTerms, after: ComparedTerms, language: Language) -> Self {
        let (old, new) = (&before.agreement, &after.agreement);
        let found = diff::compare_policies(&old.clauses, &new.clauses);
        Self {
            verdict: verdict_word(diff::of_agreements(old, new)),
            changes: ClauseChange::list(&found, language),
            lines: diff::change_lines(old, new),
            dataset: new.dataset.id.name.clone(),
            old: before.id,
            new: after.id,
        }
    }
}

impl CommandReport for TermComparison {
    fn to_text(&self) -> String {
        let head = format!(
            "{} -> {}, for {}: {}",
            self.old, self.new, self.dataset, self.verdict
        );
        match self.lines.is_empty() {
            true => format!("{head}\nthe terms are the same"),
            false => format!("{head}\n{}", self.lines.join("\n")),
        }
    }
}
