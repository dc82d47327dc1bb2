//! `policy diff`: what a change would let out or take away, and for which contracts.

use super::meant;
use crate::desk::out::Out;
use crate::desk::{Outcome, gathered};
use crate::node::{Node, offers};
use hansa_catalog::offer::Offer;
use hansa_policy::contract::{Agreement, Standing};
use hansa_policy::diff::{self, Change, Differences, Judged, Verdict};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{Code, Refusal};
use serde_json::{Value, json};
use std::sync::Arc;

/// Compares two policies clause by clause, and the new one with each contract in force on its dataset.
pub(super) async fn diff(
    node: &Arc<Node>,
    (old, new): (&str, &str),
    over: Option<&str>,
    out: &Out,
) -> Outcome {
    let (before, after) = (read(node, old, over)?, read(node, new, over)?);
    if before.dataset != after.dataset {
        return Err(Refusal::new(
            Code::UsageWrong,
            format!(
                "`{old}` is about `{}`, `{new}` about `{}`",
                before.dataset.name, after.dataset.name
            ),
        )
        .with_help("compare two policies of one dataset, or name it: --dataset NAME")
        .into());
    }
    let found = diff::of(&before.clauses, &after.clauses);
    let touched = contracts(node, &after);
    let data = json!({
        "dataset": after.dataset.name.as_str(),
        "verdict": word(found.verdict()),
        "changes": changes(&found),
        "contracts": touched.iter().map(Touched::json).collect::<Vec<_>>(),
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
struct Touched {
    contract: ContractId,
    with: String,
    found: Differences,
}

impl Touched {
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

fn read(node: &Node, named: &str, over: Option<&str>) -> Result<Offer, Refusal> {
    // What is no file is the name of an offer, also beside a draft.
    let over = over.filter(|_| std::path::Path::new(named).is_file());
    let (written, dataset) = meant(node, named, over)?;
    offers::read(&node.config(), &written, &dataset).map_err(gathered)
}

fn contracts(node: &Node, offer: &Offer) -> Vec<Touched> {
    let now = node.now();
    let gives = |agreement: &Agreement| {
        agreement.provider.id == node.id() && agreement.dataset.id == offer.dataset
    };
    node.book(|book| {
        book.all(now)
            .filter(|(_, agreement, standing)| {
                gives(agreement) && matches!(standing, Standing::InForce | Standing::NotYet)
            })
            .map(|(contract, agreement, _)| Touched {
                contract,
                with: agreement
                    .assignee_id()
                    .map_or("everybody".to_owned(), |id| id.domain().to_owned()),
                found: diff::of(&agreement.clauses, &offer.clauses),
            })
            .collect()
    })
}

fn changes(found: &Differences) -> Vec<Value> {
    let one = |judged: &Judged| {
        let verdict = word(judged.verdict);
        match &judged.change {
            Change::Added(clause) => json!({
                "change": "added", "clause": clause.id.to_string(), "verdict": verdict,
                "new": clause.term.plain(),
            }),
            Change::Removed(clause) => json!({
                "change": "removed", "clause": clause.id.to_string(), "verdict": verdict,
                "old": clause.term.plain(),
            }),
            Change::Changed { old, new } => json!({
                "change": "changed", "clause": new.id.to_string(), "verdict": verdict,
                "old": old.term.plain(), "new": new.term.plain(),
            }),
        }
    };
    found.0.iter().map(one).collect()
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Tighter => "tighter",
        Verdict::NotComparable => "not comparable",
        Verdict::Looser => "looser",
    }
}
