//! One dataset as a participant would see it: columns, rows, clauses.

use crate::cli::command_report::CommandReport;
use crate::cli::output::RefusalReport;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::query_view::ViewShape;
use hansa_node::answer::dry_run::{DryRunQuery, clause_outcomes, count_visible_rows};
use hansa_node::participant::Connector;
use hansa_policy::contract::DatasetGrant;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;
use serde::Serialize;
use std::sync::Arc;

/// Dataset as one contract shows it.
#[derive(Debug, Serialize)]
pub(super) struct DatasetPreview {
    participant: ParticipantId,
    at: UtcTimestamp,
    dataset: SqlIdentifier,
    contract: Option<ContractId>,
    aggregates_only: bool,
    columns: Vec<ColumnPreview>,
    hidden_columns: Vec<SqlIdentifier>,
    /// Rows of the dataset.
    rows: u64,
    visible_rows: Option<u64>,
    clauses: Vec<ClausePreview>,
    /// Number of visible rows, or the code with which each question would be refused.
    #[serde(skip)]
    visible: Result<u64, ErrorCode>,
}

/// Column that is shown, with its treatment.
#[derive(Debug, Serialize)]
struct ColumnPreview {
    column: SqlIdentifier,
    shown: &'static str,
}

/// Clause in words, with the refusal that it would cause.
#[derive(Debug, Serialize)]
struct ClausePreview {
    clause: ClauseId,
    says: String,
    /// Stages that execute it.
    executed: Vec<&'static str>,
    refuses: Option<RefusalReport>,
    /// Refusal as text for people.
    #[serde(skip)]
    refusal_text: Option<String>,
}

impl ClausePreview {
    fn of(clause: &Clause, refusal: Option<&Refusal>) -> Self {
        let stages = clause.term.spec().executed.iter();
        Self {
            clause: clause.id,
            says: clause.term.to_english(),
            executed: stages.map(|stage| stage.as_str()).collect(),
            refuses: refusal.map(RefusalReport::of),
            refusal_text: refusal.map(ToString::to_string),
        }
    }
}

/// Every dataset of the standing.
pub(super) async fn preview_datasets(
    connector: &Arc<Connector>,
    rehearsal: &DryRunQuery<'_>,
    who: &ParticipantId,
) -> Result<Vec<DatasetPreview>, Refusal> {
    let view = connector
        .datasets
        .catalog(|catalog| catalog.build_view(rehearsal.active, None))?;
    let mut said = clause_outcomes(connector, rehearsal)?;
    let mut seen = Vec::new();
    for (id, grant) in rehearsal.active.grants() {
        let entry = connector
            .datasets
            .catalog(|catalog| catalog.by_id(id).cloned())
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::DatasetUnknown,
                    format!("no dataset `{}`", id.name),
                )
            })?;
        let shape = view
            .table(id.name.as_str())
            .map(|table| &table.shape)
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::DatasetUnknown,
                    format!("no dataset `{}`", id.name),
                )
            })?;
        let aggregates_only = matches!(shape, ViewShape::Cube { .. });
        let (columns, hidden_columns) = split_columns(&entry, grant, shape);
        let visible = count_visible_rows(connector, rehearsal, &id.name, aggregates_only).await;
        let visible = visible.map_err(|refusal| refusal.code);
        let outcomes = said.remove(id).unwrap_or_default();
        let clauses = outcomes.iter();
        seen.push(DatasetPreview {
            participant: who.clone(),
            at: rehearsal.now,
            dataset: id.name.clone(),
            contract: grant.contract(),
            aggregates_only,
            columns,
            hidden_columns,
            rows: entry.rows,
            visible_rows: visible.ok(),
            clauses: clauses
                .map(|(clause, refusal)| ClausePreview::of(clause, refusal.as_ref()))
                .collect(),
            visible,
        });
    }
    Ok(seen)
}

/// The columns that are there, each with how; and those that are not.
fn split_columns(
    entry: &Dataset,
    grant: &DatasetGrant,
    shape: &ViewShape,
) -> (Vec<ColumnPreview>, Vec<SqlIdentifier>) {
    let schema = match shape {
        ViewShape::Rows(schema) => schema,
        ViewShape::Cube { base, .. } => base,
    };
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    for column in &entry.columns {
        if schema.column_with_name(column.name.as_str()).is_none() {
            hidden.push(column.name.clone());
            continue;
        }
        let treated = grant
            .clauses()
            .iter()
            .find(|clause| clause.term.treated_column().as_ref() == Some(&column.name));
        let how = treated.map_or("as stored", |clause| clause.term.spec().name);
        shown.push(ColumnPreview {
            column: column.name.clone(),
            shown: how,
        });
    }
    for clause in grant.clauses() {
        if let Some(made) = clause.term.output_column()
            && schema.column_with_name(made.as_str()).is_some()
        {
            shown.push(ColumnPreview {
                column: made,
                shown: clause.term.spec().name,
            });
        }
    }
    (shown, hidden)
}

impl CommandReport for DatasetPreview {
    fn to_text(&self) -> String {
        let contract = self.contract.map_or("a public view".to_owned(), |id| {
            format!("contract {}", id.to_short_text())
        });
        let mut text = format!("{} under {contract}", self.dataset);
        let shown: Vec<String> = self
            .columns
            .iter()
            .map(|column| match column.shown {
                "as stored" => column.column.to_string(),
                how => format!("{} ({how})", column.column),
            })
            .collect();
        let mut line = |name: &str, value: String| {
            text.push_str(&format!("\n  {name:<9} {value}"));
        };
        line("shows", shown.join(", "));
        if !self.hidden_columns.is_empty() {
            let hidden: Vec<&str> = self
                .hidden_columns
                .iter()
                .map(SqlIdentifier::as_str)
                .collect();
            line("hides", hidden.join(", "));
        }
        line(
            "rows",
            match &self.visible {
                Ok(visible) if self.aggregates_only => format!(
                    "none: aggregates only; {visible} of {} rows are in cells that are published",
                    self.rows
                ),
                Ok(visible) => format!("{visible} of {} are visible", self.rows),
                Err(code) => format!("no question would be let in: {code}"),
            },
        );
        for clause in &self.clauses {
            let id = clause.clause.to_string();
            text.push_str(&format!(
                "\n  {id:<5}{} [{}]",
                clause.says,
                clause.executed.join(", ")
            ));
            if let Some(refusal) = &clause.refusal_text {
                text.push_str(&format!("\n       REFUSES {refusal}"));
            }
        }
        text
    }
}
