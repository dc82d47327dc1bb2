//! Explanation of a question: the remote queries and the local steps. No remote query is sent for it.

use crate::federation::federated_query::FederatedQuery;
use crate::federation::key_pushdown::MOST_KEYS;
use crate::federation::remote_query::{KeySourceDataset, PushdownKeys, RemoteQuery};
use crate::federation::remote_query_source::RemoteQuerySource;
use datafusion::logical_expr::{LogicalPlan, TableScan};
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use std::fmt;
use std::sync::Arc;

/// Explanation of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct FederatedExplanation {
    /// Remote queries that would be sent.
    pub remote_queries: Vec<Arc<RemoteQuery>>,
    /// Participants that are not asked, with the reason.
    pub left_out: Vec<(ParticipantId, Refusal)>,
    /// Local steps from the last to the first, each with its depth.
    pub here: Vec<(usize, String)>,
}

impl FederatedQuery {
    /// Explains the remote queries and the local steps of this question.
    #[must_use]
    pub fn explain(&self) -> FederatedExplanation {
        let mut here = Vec::new();
        collect_steps(&self.plan, 0, &mut here);
        FederatedExplanation {
            remote_queries: self.remote_queries.clone(),
            left_out: self.left_out.clone(),
            here,
        }
    }
}

impl fmt::Display for FederatedExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remote_query in &self.remote_queries {
            let reads: Vec<String> = remote_query
                .reads
                .iter()
                .map(|reading| {
                    let contract = reading.contract.map_or_else(
                        || "own data".to_owned(),
                        |contract| format!("contract {}", contract.to_short_text()),
                    );
                    let relation = reading.format_relation(&remote_query.alias);
                    format!("{contract}, {relation} of {}", reading.snapshot)
                })
                .collect();
            writeln!(
                f,
                "{} ({})",
                remote_query.participant.domain(),
                reads.join("; ")
            )?;
            writeln!(f, "  {}", remote_query.sql)?;
            if remote_query.most_rows == 0 {
                writeln!(f, "  how many rows it brings is not told beforehand")?;
            } else {
                writeln!(
                    f,
                    "  brings {} {} rows, about {} bytes",
                    if remote_query.guessed {
                        "about"
                    } else {
                        "at most"
                    },
                    remote_query.most_rows,
                    remote_query.most_bytes
                )?;
            }
            for keys in &remote_query.keys {
                writeln!(f, "  {keys}")?;
            }
            for space in &remote_query.relies {
                writeln!(
                    f,
                    "  relies on its statement that nobody else has its keys of `{space}`"
                )?;
            }
        }
        for (participant, refusal) in &self.left_out {
            writeln!(f, "{}: not asked: {refusal}", participant.domain())?;
        }
        writeln!(f, "here")?;
        for (depth, step) in &self.here {
            writeln!(f, "  {:width$}{step}", "", width = depth.saturating_mul(2))?;
        }
        Ok(())
    }
}

impl fmt::Display for PushdownKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of: Vec<String> = self
            .of
            .iter()
            .map(|one| key_source_text(&self.alias, one))
            .collect();
        let of = of.join("; ");
        match self.values {
            Some(count) => write!(f, "asked for rows that fit {count} values of {of}"),
            None => write!(
                f,
                "waits for values of {of}, and asks for rows that fit them if they are at most {MOST_KEYS}"
            ),
        }
    }
}

/// Text such as `bremen.part.p_partkey (contract 6ebb5ac9686c, clause #c7)`.
fn key_source_text(alias: &SqlIdentifier, key_source: &KeySourceDataset) -> String {
    let column = key_source.column.iter().map(|name| format!(".{name}"));
    let relation = format!(
        "{alias}.{}{}",
        key_source.dataset.name,
        column.collect::<String>()
    );
    match (key_source.contract, key_source.clause) {
        (Some(contract), Some(clause)) => {
            format!(
                "{relation} (contract {}, clause {clause})",
                contract.to_short_text()
            )
        }
        _ => relation,
    }
}

fn collect_steps(plan: &LogicalPlan, depth: usize, lines: &mut Vec<(usize, String)>) {
    let step = match plan {
        LogicalPlan::TableScan(scan) => Some(describe_scan(scan)),
        // An alias only renames columns.
        LogicalPlan::SubqueryAlias(_) => None,
        other => Some(other.display().to_string()),
    };
    let below = if step.is_some() {
        depth.saturating_add(1)
    } else {
        depth
    };
    lines.extend(step.map(|step| (depth, step)));
    for input in plan.inputs() {
        collect_steps(input, below, lines);
    }
}

fn describe_scan(scan: &TableScan) -> String {
    match scan.source.downcast_ref::<RemoteQuerySource>() {
        Some(source) => format!("rows from {}", source.remote_query.participant.domain()),
        None => "rows".to_owned(),
    }
}
