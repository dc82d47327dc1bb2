//! Choice of the contract for a dataset. A named contract is used, or refuses with its own reason.

use crate::federation::options::QueryOptions;
use crate::federation::table::RemoteTable;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Contract that was named for a question and gives no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableContract {
    /// Id of the contract.
    pub contract: ContractId,
    /// Reason of the failure.
    pub cause: UnusableContractCause,
}

/// Reason why a named contract gives no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnusableContractCause {
    /// No question is possible under the contract.
    Refused(Refusal),
    /// The participant is unreachable. An answer may lack this participant if that is reported.
    OutOfReach(ParticipantId, Refusal),
    /// The question does not name the participant.
    NotAsked(Refusal),
}

/// Refusal of a question that does not use a contract named for it.
#[must_use]
pub fn unused_contract_refusal(contract: ContractId, dataset: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ContractUnused,
        format!(
            "the question does not use `{dataset}`, the dataset of contract `{}`",
            contract.to_short_text()
        ),
    )
    .with_contract(contract)
    .with_help("leave the contract out, or ask for its dataset")
}

/// Checks that the table is under a named contract.
pub(super) fn is_named(table: &RemoteTable, options: &QueryOptions) -> bool {
    table
        .contract
        .is_some_and(|contract| options.contracts.contains(&contract))
}

/// Chooses the table of a dataset that is under several contracts: that of the named contract, or the only usable one.
pub(super) fn choose_table(
    candidates: Vec<Arc<RemoteTable>>,
    options: &QueryOptions,
) -> Result<Option<Arc<RemoteTable>>, Refusal> {
    let named = candidates.iter().any(|table| is_named(table, options));
    let fitting: Vec<_> = candidates
        .into_iter()
        .filter(|table| !named || is_named(table, options))
        .collect();
    let barred = fitting.iter().find(|table| table.barred.is_some());
    let choice: Vec<_> = match barred {
        // A named contract is never skipped.
        Some(barred) if named => vec![Arc::clone(barred)],
        _ => fitting
            .iter()
            .filter(|table| table.barred.is_none())
            .cloned()
            .collect(),
    };
    match choice.as_slice() {
        [] => Ok(fitting.into_iter().next()),
        [only] => Ok(Some(Arc::clone(only))),
        [first, ..] => Err(ambiguous_dataset_refusal(first, &choice, named)),
    }
}

fn ambiguous_dataset_refusal(
    first: &RemoteTable,
    all: &[Arc<RemoteTable>],
    named: bool,
) -> Refusal {
    let list = all
        .iter()
        .filter_map(|table| Some(describe_contract(table, table.contract?)))
        .collect::<Vec<_>>()
        .join(", ");
    let dataset = format!("{}.{}", first.alias, first.dataset.name);
    let (sentence, help) = match named {
        true => (
            format!("several of the contracts that were named give `{dataset}`: {list}"),
            "name one contract for each dataset",
        ),
        false => (
            format!("several contracts in force let you ask `{dataset}`: {list}"),
            "name one with --contract",
        ),
    };
    Refusal::new(ErrorCode::ContractAmbiguous, sentence).with_help(help)
}

/// Description of a contract for people: its name, title and shown data.
fn describe_contract(table: &RemoteTable, contract: ContractId) -> String {
    let kind = match table.shape {
        ViewShape::Rows(_) => "rows",
        ViewShape::Cube { .. } => "aggregates",
    };
    match &table.title {
        Some(title) => format!("{} \"{title}\" ({kind})", contract.to_short_text()),
        None => format!("{} ({kind})", contract.to_short_text()),
    }
}

/// Refusal of the cells of a dataset under a contract that shows rows.
pub(super) fn without_cells(table: &RemoteTable) -> Refusal {
    let name = format!("{}.{}", table.alias, table.dataset.name);
    let refusal = Refusal::new(
        ErrorCode::DatasetUnknown,
        format!("`{name}` has no cells under the contract that was named: it shows rows"),
    )
    .with_participant(table.dataset.owner.clone())
    .with_help(format!("ask for its rows: SELECT … FROM {name}"));
    match table.contract {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    }
}
