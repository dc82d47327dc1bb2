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
use serde::Serialize;
use std::sync::Arc;

/// Compares the terms of two contracts, of two negotiations, or of one of each. Nothing is fetched first.
pub(super) async fn diff_contracts(
    connector: &Arc<Connector>,
    old: &str,
    new: &str,
    out: &EventSink,
) -> CommandResult {
    let before = read_terms(connector, old)?;
    let after = read_terms(connector, new)?;
    if before.agreement.dataset.id != after.agreement.dataset.id {
        let sentence = format!(
            "`{old}` is about `{}`, `{new}` about `{}`",
            before.agreement.dataset.id.name, after.agreement.dataset.id.name
        );
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("compare terms on one dataset")
            .into());
    }
    let found = diff::compare_policies(&before.agreement.clauses, &after.agreement.clauses);
    out.send_report(&TermComparison {
        old: before.id,
        new: after.id,
        verdict: verdict_word(diff::of_agreements(&before.agreement, &after.agreement)),
        changes: ClauseChange::list(&found),
        lines: diff::change_lines(&before.agreement, &after.agreement),
        dataset: after.agreement.dataset.id.name,
    })
    .await?;
    Ok(0)
}

/// Terms of a contract or of the last proposal of a negotiation.
struct ComparedTerms {
    id: String,
    agreement: Agreement,
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
struct TermComparison {
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
