//! `hansa contract tables`: the tables that a question may name, by the contracts in force, as they are known here.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::ReportRow;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ContractId, ParticipantId, PurposeId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Part of the list.
#[derive(Debug)]
pub(super) struct TableListArgs {
    /// Identity of the contract behind which the list begins.
    pub(super) after: Option<String>,
    /// Most tables of the list.
    pub(super) limit: Option<usize>,
}

/// Lists the tables in the order of their contracts. No peer is asked.
pub(super) async fn list_tables(
    connector: &Arc<Connector>,
    args: TableListArgs,
    out: &EventSink,
) -> CommandResult {
    let after = args.after.as_deref().map(parse_identity).transpose()?;
    let peers = connector.known_peers()?;
    let aliases: BTreeMap<ParticipantId, String> = peers
        .into_iter()
        .map(|peer| (peer.id, peer.alias.to_string()))
        .collect();
    let (own, now) = (connector.id(), connector.now());
    let tables: Vec<AskableTable> = connector.contracts.with_registry(|registry| {
        let held = registry.taken_by(&own, now);
        let in_force = held.filter(|(_, _, status)| *status == ContractStatus::InForce);
        let behind = in_force.filter(|(id, _, _)| after.is_none_or(|after| *id > after));
        let listed = behind.take(args.limit.unwrap_or(usize::MAX));
        listed
            .map(|(id, agreement, _)| {
                let alias = aliases.get(&agreement.provider.id);
                AskableTable::new(id, agreement, alias.map(String::as_str))
            })
            .collect()
    });
    out.send_list(&tables).await?;
    Ok(0)
}

fn parse_identity(text: &str) -> Result<ContractId, Refusal> {
    text.parse().map_err(|_| {
        let sentence = format!("`{text}` is no whole identity of a contract");
        Refusal::new(ErrorCode::UsageWrong, sentence)
    })
}

/// Table of a question, with the part of it that its contract shows.
#[derive(Debug, Serialize)]
struct AskableTable {
    /// Name in a question; absent while the provider has no alias here.
    table: Option<String>,
    participant: String,
    dataset: SqlIdentifier,
    contract: ContractId,
    /// `aggregates` or `rows`.
    kind: &'static str,
    /// Purposes that the contract permits; absent where it names none.
    purposes: Option<Vec<PurposeId>>,
    /// Columns that the contract shows; absent for all columns of the dataset.
    columns: Option<Vec<SqlIdentifier>>,
    /// Columns by which a question may group.
    group_by: Vec<SqlIdentifier>,
    /// Columns that a question may aggregate.
    measures: Vec<SqlIdentifier>,
    /// Permitted functions, in words of SQL.
    functions: Vec<&'static str>,
    /// Last instant, exclusive.
    until: UtcTimestamp,
}

impl AskableTable {
    fn new(contract: ContractId, agreement: &Agreement, alias: Option<&str>) -> Self {
        let dataset = agreement.dataset.id.name.clone();
        let mut table = Self {
            table: alias.map(|alias| format!("{alias}.{dataset}")),
            participant: agreement.provider.id.domain().to_owned(),
            dataset,
            contract,
            kind: "rows",
            purposes: None,
            columns: None,
            group_by: Vec::new(),
            measures: Vec::new(),
            functions: Vec::new(),
            until: agreement.not_after,
        };
        for clause in &agreement.clauses {
            match &clause.term {
                Term::Purpose(purposes) => table.purposes = Some(purposes.clone()),
                Term::Columns(columns) => table.columns = Some(columns.clone()),
                Term::Dimensions(columns) => table.group_by.clone_from(columns),
                Term::Measures(columns) => table.measures.clone_from(columns),
                Term::Functions(functions) => {
                    table.kind = "aggregates";
                    table.functions = functions.iter().map(|function| function.as_str()).collect();
                }
                _ => {}
            }
        }
        table
    }
}

impl ReportRow for AskableTable {
    const HEADER: &'static [&'static str] = &["TABLE", "CONTRACT", "OF", "PURPOSES", "COLUMNS"];

    fn cells(&self) -> Vec<String> {
        let names = |columns: &[SqlIdentifier]| {
            let names: Vec<&str> = columns.iter().map(SqlIdentifier::as_str).collect();
            names.join(", ")
        };
        let columns = match (&self.columns, self.kind) {
            (_, "aggregates") => format!(
                "{} of {} by {}",
                self.functions.join(", "),
                names(&self.measures),
                names(&self.group_by)
            ),
            (Some(columns), _) => names(columns),
            (None, _) => "all".to_owned(),
        };
        let purposes = self.purposes.iter().flatten();
        let purposes: Vec<&str> = purposes.map(PurposeId::as_str).collect();
        vec![
            self.table.clone().unwrap_or_default(),
            self.contract.to_short_text(),
            self.kind.to_owned(),
            purposes.join(", "),
            columns,
        ]
    }
}
