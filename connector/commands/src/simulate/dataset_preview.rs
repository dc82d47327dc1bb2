//! One dataset as a participant would see it: columns, rows, clauses.

use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::query_view::ViewShape;
use hansa_node::answer::dry_run::{DryRunQuery, clause_outcomes, count};
use hansa_node::participant::Connector;
use hansa_policy::contract::DatasetGrant;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;
use serde_json::{Value, json};
use std::sync::Arc;

/// What one contract shows of one dataset.
pub(super) struct DatasetPreview {
    dataset: DatasetId,
    contract: Option<ContractId>,
    shown: Vec<(SqlIdentifier, &'static str)>,
    hidden: Vec<SqlIdentifier>,
    aggregate: bool,
    visible: Result<u64, Refusal>,
    rows: u64,
    clauses: Vec<(Clause, Option<Refusal>)>,
}

/// Every dataset of the standing.
pub(super) async fn datasets(
    connector: &Arc<Connector>,
    rehearsal: &DryRunQuery<'_>,
) -> Result<Vec<DatasetPreview>, Refusal> {
    let view = connector
        .datasets
        .catalog(|catalog| catalog.view(rehearsal.active, None))?;
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
        let aggregate = matches!(shape, ViewShape::Cube { .. });
        let (shown, hidden) = columns(&entry, grant, shape);
        let visible = count(connector, rehearsal, &id.name, aggregate).await;
        let clauses = said.remove(id).unwrap_or_default();
        seen.push(DatasetPreview {
            dataset: id.clone(),
            contract: grant.contract(),
            shown,
            hidden,
            aggregate,
            visible,
            rows: entry.rows,
            clauses,
        });
    }
    Ok(seen)
}

/// The columns that are there, each with how; and those that are not.
fn columns(
    entry: &Dataset,
    grant: &DatasetGrant,
    shape: &ViewShape,
) -> (Vec<(SqlIdentifier, &'static str)>, Vec<SqlIdentifier>) {
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
            .find(|clause| clause.term.column().as_ref() == Some(&column.name));
        let how = treated.map_or("as stored", |clause| clause.term.spec().name);
        shown.push((column.name.clone(), how));
    }
    for clause in grant.clauses() {
        if let Some(made) = clause.term.output_column()
            && schema.column_with_name(made.as_str()).is_some()
        {
            shown.push((made, clause.term.spec().name));
        }
    }
    (shown, hidden)
}

impl DatasetPreview {
    pub(super) fn json(&self, who: &ParticipantId, now: UtcTimestamp) -> Value {
        let clause = |(clause, refusal): &(Clause, Option<Refusal>)| {
            json!({
                "clause": clause.id.to_string(),
                "says": clause.term.plain(),
                "executed": clause.term.spec().executed.iter().map(|stage| stage.as_str()).collect::<Vec<_>>(),
                "refuses": refusal.as_ref().map(crate::cli::output::refusal_json),
            })
        };
        json!({
            "participant": who.to_string(),
            "at": now.to_string(),
            "dataset": self.dataset.name.as_str(),
            "contract": self.contract.map(|id| id.to_string()),
            "aggregates_only": self.aggregate,
            "columns": self.shown.iter().map(|(name, how)| json!({"column": name.as_str(), "shown": how})).collect::<Vec<_>>(),
            "hidden_columns": self.hidden.iter().map(SqlIdentifier::as_str).collect::<Vec<_>>(),
            "rows": self.rows,
            "visible_rows": self.visible.as_ref().ok(),
            "clauses": self.clauses.iter().map(clause).collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> String {
        let contract = self.contract.map_or("a public view".to_owned(), |id| {
            format!("contract {}", id.short())
        });
        let mut text = format!("{} under {contract}", self.dataset.name);
        let shown: Vec<String> = self
            .shown
            .iter()
            .map(|(name, how)| match *how {
                "as stored" => name.to_string(),
                how => format!("{name} ({how})"),
            })
            .collect();
        let mut line = |name: &str, value: String| {
            text.push_str(&format!("\n  {name:<9} {value}"));
        };
        line("shows", shown.join(", "));
        if !self.hidden.is_empty() {
            let hidden: Vec<&str> = self.hidden.iter().map(SqlIdentifier::as_str).collect();
            line("hides", hidden.join(", "));
        }
        line(
            "rows",
            match &self.visible {
                Ok(visible) if self.aggregate => format!(
                    "none: aggregates only; {visible} of {} rows are in cells that are published",
                    self.rows
                ),
                Ok(visible) => format!("{visible} of {} are visible", self.rows),
                Err(refusal) => format!("no question would be let in: {}", refusal.code),
            },
        );
        for (clause, refusal) in &self.clauses {
            let stages: Vec<&str> = clause
                .term
                .spec()
                .executed
                .iter()
                .map(|stage| stage.as_str())
                .collect();
            let id = clause.id.to_string();
            text.push_str(&format!(
                "\n  {id:<5}{} [{}]",
                clause.term.plain(),
                stages.join(", ")
            ));
            if let Some(refusal) = refusal {
                text.push_str(&format!("\n       REFUSES {refusal}"));
            }
        }
        text
    }
}
