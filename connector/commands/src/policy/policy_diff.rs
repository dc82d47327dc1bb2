//! `policy diff`: what a change would let out or take away, and for which contracts.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::event_sink::EventSink;
use crate::policy::resolve_policy;
use hansa_catalog::offer::Offer;
use hansa_node::offer::offers;
use hansa_node::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::diff::{self, ChangeAssessment, ChangeVerdict, PolicyChange, PolicyDiff};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};
use std::sync::Arc;

/// Compares two policies clause by clause, and the new one with each contract in force on its dataset.
pub(super) async fn diff(
    connector: &Arc<Connector>,
    (old, new): (&str, &str),
    over: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let (before, after) = (read(connector, old, over)?, read(connector, new, over)?);
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
    let found = diff::compare(&before.clauses, &after.clauses);
    let touched = contracts(connector, &after);
    let data = json!({
        "dataset": after.dataset.name.as_str(),
        "verdict": word(found.verdict()),
        "changes": changes(&found),
        "contracts": touched.iter().map(AffectedContract::json).collect::<Vec<_>>(),
    });
    let mut text = format!(
        "{old} -> {new}, for {}: {}\n{found}",
        after.dataset.name,
        found.verdict()
    );
    if touched.is_empty() {
        text.push_str("\n\nno contract in force is about this dataset");
    } else {
        text.push_str("\n\nagainst the contracts in force, which it alters only when both parties sign it anew");
    }
    for touched in &touched {
        text.push_str(&touched.text());
    }
    out.object(data, text).await?;
    Ok(0)
}

/// A contract in force, and what the new policy would be beside it.
struct AffectedContract {
    contract: ContractId,
    with: String,
    found: PolicyDiff,
}

impl AffectedContract {
    fn json(&self) -> Value {
        json!({
            "contract": self.contract.to_string(),
            "with": self.with,
            "verdict": word(self.found.verdict()),
            "changes": changes(&self.found),
        })
    }

    fn text(&self) -> String {
        let mut text = format!(
            "\n  {} with {}: {}",
            self.contract.short(),
            self.with,
            self.found.verdict()
        );
        for change in &self.found.0 {
            text.push_str(&format!("\n      {change}"));
        }
        text
    }
}

fn read(connector: &Connector, named: &str, over: Option<&str>) -> Result<Offer, Refusal> {
    // What is no file is the name of an offer, also beside a draft.
    let over = over.filter(|_| std::path::Path::new(named).is_file());
    let (written, dataset) = resolve_policy(connector, named, over)?;
    offers::read(&connector.config(), &written, &dataset).map_err(combined_refusal)
}

fn contracts(connector: &Connector, offer: &Offer) -> Vec<AffectedContract> {
    let now = connector.now();
    let gives = |agreement: &Agreement| {
        agreement.provider.id == connector.id() && agreement.dataset.id == offer.dataset
    };
    connector.contracts.with_registry(|registry| {
        registry
            .all(now)
            .filter(|(_, agreement, status)| {
                gives(agreement)
                    && matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
            })
            .map(|(contract, agreement, _)| AffectedContract {
                contract,
                with: agreement
                    .assignee_id()
                    .map_or("everybody".to_owned(), |id| id.domain().to_owned()),
                found: diff::compare(&agreement.clauses, &offer.clauses),
            })
            .collect()
    })
}

fn changes(found: &PolicyDiff) -> Vec<Value> {
    let one = |assessment: &ChangeAssessment| {
        let verdict = word(assessment.verdict);
        match &assessment.change {
            PolicyChange::Added(clause) => json!({
                "change": "added", "clause": clause.id.to_string(), "verdict": verdict,
                "new": clause.term.plain(),
            }),
            PolicyChange::Removed(clause) => json!({
                "change": "removed", "clause": clause.id.to_string(), "verdict": verdict,
                "old": clause.term.plain(),
            }),
            PolicyChange::Changed { old, new } => json!({
                "change": "changed", "clause": new.id.to_string(), "verdict": verdict,
                "old": old.term.plain(), "new": new.term.plain(),
            }),
        }
    };
    found.0.iter().map(one).collect()
}

const fn word(verdict: ChangeVerdict) -> &'static str {
    match verdict {
        ChangeVerdict::Same => "same",
        ChangeVerdict::Tighter => "tighter",
        ChangeVerdict::NotComparable => "not comparable",
        ChangeVerdict::Looser => "looser",
    }
}
