//! Budgets of the contracts that a question uses: the used part, the part that is left, and the most that the question takes.

use crate::contract::contract_page::quota_usage::read_quota_usage;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_policy::decision::quota_budget::QuotaKind;
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_query::federation::remote_query::RemoteQuery;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Budget of a contract, beside the most that a question takes of it.
#[derive(Debug, Serialize)]
pub(super) struct QuestionBudget {
    contract: ContractId,
    clause: ClauseId,
    /// Unit: `questions`, `rows` or `bytes` of a period, or `rows of an answer`.
    kind: &'static str,
    used: u64,
    left: u64,
    /// Absent where the catalogue does not say it.
    this_at_most: Option<u64>,
    /// End of the period; absent for the rows of one answer.
    until: Option<UtcTimestamp>,
    /// Source of the used part: `receipts` of the provider, or its `counters`.
    by: &'static str,
    /// True if the question fails by this budget in any case.
    would_fail: bool,
}

impl QuestionBudget {
    /// Line for people.
    pub(super) fn to_text(&self) -> String {
        let most = match self.this_at_most {
            Some(most) => format!("this takes at most {most}"),
            None => "how many this takes is not told beforehand".to_owned(),
        };
        let until = match self.until {
            Some(until) => format!(" until {until}"),
            None => String::new(),
        };
        let end = if self.would_fail { "; it fails" } else { "" };
        format!(
            "contract {} clause {}: {} {} left{until}, {most}{end}",
            self.contract.to_short_text(),
            self.clause,
            self.left,
            self.kind
        )
    }

    /// True if the question fails by this budget in any case.
    pub(super) const fn would_fail(&self) -> bool {
        self.would_fail
    }
}

/// Most that a question takes under one contract.
#[derive(Debug, Default, Clone, Copy)]
struct ContractDemand {
    questions: u64,
    /// Absent where the catalogue does not say it.
    rows: Option<u64>,
    bytes: Option<u64>,
}

/// Budgets of all contracts that the remote queries of a question use.
///
/// # Errors
/// When the index can't be read.
pub(super) fn read_question_budgets(
    connector: &Connector,
    remote_queries: &[Arc<RemoteQuery>],
) -> Result<Vec<QuestionBudget>, Refusal> {
    let mut budgets = Vec::new();
    for (contract, demand) in sum_demands(remote_queries) {
        let agreement = connector
            .contracts
            .with_registry(|registry| registry.agreement(contract).cloned());
        // Nobody but the provider counts what a public view has given.
        let Some(agreement) = agreement else {
            continue;
        };
        for usage in read_quota_usage(connector, contract, &agreement)? {
            let (most, fails) = match usage.counts {
                QuotaKind::Queries => (Some(demand.questions), usage.left() < demand.questions),
                QuotaKind::Rows => (demand.rows, usage.left() == 0),
                QuotaKind::Bytes => (demand.bytes, usage.left() == 0),
            };
            budgets.push(QuestionBudget {
                contract,
                clause: usage.clause.id,
                kind: usage.what,
                used: usage.used,
                left: usage.left(),
                this_at_most: most,
                until: Some(usage.until),
                by: usage.source(),
                would_fail: fails,
            });
        }
        for clause in &agreement.clauses {
            if let Term::ResultRows(most) = &clause.term {
                budgets.push(QuestionBudget {
                    contract,
                    clause: clause.id,
                    kind: "rows of an answer",
                    used: 0,
                    left: *most,
                    this_at_most: demand.rows,
                    until: None,
                    by: "counters",
                    would_fail: false,
                });
            }
        }
    }
    Ok(budgets)
}

fn sum_demands(remote_queries: &[Arc<RemoteQuery>]) -> BTreeMap<ContractId, ContractDemand> {
    let mut demands: BTreeMap<ContractId, ContractDemand> = BTreeMap::new();
    for remote_query in remote_queries {
        // Zero rows mean that the catalogue does not tell their number.
        let is_told = remote_query.most_rows > 0 && !remote_query.guessed;
        let contracts = remote_query.reads.iter().filter_map(|read| read.contract);
        for contract in contracts {
            let demand = demands.entry(contract).or_insert(ContractDemand {
                questions: 0,
                rows: Some(0),
                bytes: Some(0),
            });
            let add = |sum: Option<u64>, more: u64| {
                let sum = sum.filter(|_| is_told)?;
                Some(sum.saturating_add(more))
            };
            demand.questions = demand.questions.saturating_add(1);
            demand.rows = add(demand.rows, remote_query.most_rows);
            demand.bytes = add(demand.bytes, remote_query.most_bytes);
        }
    }
    demands
}
