//! `policy diff`: what a change would let out or take away, and for which contracts.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::policy::resolve_policy;
use hansa_catalog::offer::Offer;
use hansa_node::offer::offers;
use hansa_node::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::diff::{self, ChangeAssessment, ChangeVerdict, PolicyChange, PolicyDiff};
use hansa_policy::id::{ClauseId, ContractId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use serde::Serialize;
use std::sync::Arc;

/// Compares two policies clause by clause, and the new one with each contract in force on its dataset.
pub(super) async fn diff_policies(
    connector: &Arc<Connector>,
    old: &str,
    new: &str,
    over: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let (before, after) = (
        read_offer(connector, old, over)?,
        read_offer(connector, new, over)?,
    );
    if before.dataset != after.dataset {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!(
                "`{old}` is about `{}`, `{new}` about `{}`",
                before.dataset.name, after.dataset.name
            ),
        )
        .with_help("compare two policies of one dataset, or name it: --dataset NAME")
        .into());
    }
    let found = diff::compare_policies(&before.clauses, &after.clauses);
    let contracts = affected_contracts(connector, &after);
    out.send_report(&PolicyComparison {
        dataset: after.dataset.name,
        verdict: verdict_word(found.verdict()),
        changes: ClauseChange::list(&found, Language::En),
        contracts,
        old,
        new,
        found,
    })
    .await?;
    Ok(0)
}

/// Changes between two policies, and beside each contract in force on their dataset.
#[derive(Debug, Serialize)]
struct PolicyComparison<'a> {
    dataset: SqlIdentifier,
    verdict: &'static str,
    changes: Vec<ClauseChange>,
    contracts: Vec<AffectedContract>,
    #[serde(skip)]
    old: &'a str,
    #[serde(skip)]
    new: &'a str,
    #[serde(skip)]
    found: PolicyDiff,
}

impl CommandReport for PolicyComparison<'_> {
    fn to_text(&self) -> String {
        let Self {
            dataset,
            old,
            new,
            found,
            ..
        } = self;
        let mut text = format!(
            "{old} -> {new}, for {dataset}: {}\n{found}",
            found.verdict()
        );
        if self.contracts.is_empty() {
            text.push_str("\n\nno contract in force is about this dataset");
        } else {
            text.push_str("\n\nagainst the contracts in force, which it alters only when both parties sign it anew");
        }
        for contract in &self.contracts {
            text.push_str(&contract.text());
        }
        text
    }
}

/// Change of a clause, with its old and new words.
#[derive(Debug, Serialize)]
pub(crate) struct ClauseChange {
    change: &'static str,
    clause: ClauseId,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
}

impl ClauseChange {
    fn of(assessment: &ChangeAssessment, language: Language) -> Self {
        let (change, clause, old, new) = match &assessment.change {
            PolicyChange::Added(clause) => ("added", clause.id, None, Some(clause)),
            PolicyChange::Removed(clause) => ("removed", clause.id, Some(clause), None),
            PolicyChange::Changed { old, new } => ("changed", new.id, Some(old), Some(new)),
        };
        Self {
            change,
            clause,
            verdict: verdict_word(assessment.verdict),
            old: old.map(|clause| clause.term.render(language)),
            new: new.map(|clause| clause.term.render(language)),
        }
    }

    pub(crate) fn list(found: &PolicyDiff, language: Language) -> Vec<Self> {
        let assessments = found.0.iter();
        assessments
            .map(|assessment| Self::of(assessment, language))
            .collect()
    }
}

/// Contract in force, with the changes that the new policy would be beside it.
#[derive(Debug, Serialize)]
struct AffectedContract {
    contract: ContractId,
    with: String,
    verdict: &'static str,
    changes: Vec<ClauseChange>,
    #[serde(skip)]
    found: PolicyDiff,
}

impl AffectedContract {
    fn text(&self) -> String {
        let mut text = format!(
            "\n  {} with {}: {}",
            self.contract.to_short_text(),
            self.with,
            self.found.verdict()
        );
        for change in &self.found.0 {
            text.push_str(&format!("\n      {change}"));
        }
        text
    }
}

fn read_offer(connector: &Connector, named: &str, over: Option<&str>) -> Result<Offer, Refusal> {
    // What is no file is the name of an offer, also beside a draft.
    let over = over.filter(|_| std::path::Path::new(named).is_file());
    let (written, dataset) = resolve_policy(connector, named, over)?;
    offers::read_offer(&connector.config(), &written, &dataset).map_err(combined_refusal)
}

fn affected_contracts(connector: &Connector, offer: &Offer) -> Vec<AffectedContract> {
    let now = connector.now();
    let gives = |agreement: &Agreement| {
        agreement.provider.id == connector.id() && agreement.dataset.id == offer.dataset
    };
    connector.contracts.with_registry(|registry| {
        registry
            .all_contracts(now)
            .filter(|(_, agreement, status)| {
                gives(agreement)
                    && matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
            })
            .map(|(contract, agreement, _)| {
                let found = diff::compare_policies(&agreement.clauses, &offer.clauses);
                AffectedContract {
                    contract,
                    with: agreement
                        .assignee_id()
                        .map_or("everybody".to_owned(), |id| id.domain().to_owned()),
                    verdict: verdict_word(found.verdict()),
                    changes: ClauseChange::list(&found, Language::En),
                    found,
                }
            })
            .collect()
    })
}

/// Word of a verdict in results.
pub(crate) const fn verdict_word(verdict: ChangeVerdict) -> &'static str {
    match verdict {
        ChangeVerdict::Same => "same",
        ChangeVerdict::Tighter => "tighter",
        ChangeVerdict::NotComparable => "not comparable",
        ChangeVerdict::Looser => "looser",
    }
}
