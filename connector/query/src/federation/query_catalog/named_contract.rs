//! The contract under which a dataset is asked for: one that was named binds or refuses, with a reason of its own.

use crate::federation::options::QueryOptions;
use crate::federation::table::RemoteTable;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// A contract that was named for a question and gives no table here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableContract {
    /// Which.
    pub contract: ContractId,
    /// Why.
    pub cause: UnusableContractCause,
}

/// Why a contract that was named gives no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnusableContractCause {
    /// Nothing can be asked under it.
    Refused(Refusal),
    /// Its participant can't be reached: an answer may lack that one where it is told.
    OutOfReach(ParticipantId, Refusal),
    /// The question does not name its participant.
    NotAsked(Refusal),
}

/// The refusal of a question that asks for nothing under a contract that was named for it.
#[must_use]
pub fn unused_contract_refusal(contract: ContractId, dataset: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ContractUnused,
        format!(
            "the question asks for nothing of `{dataset}`, which contract `{}` gives",
            contract.short()
        ),
    )
    .with_contract(contract)
    .with_help("leave the contract out, or ask for its dataset")
}

/// Whether the table is under a contract that was named.
pub(super) fn is_named(table: &RemoteTable, options: &QueryOptions) -> bool {
    table
        .contract
        .is_some_and(|contract| options.contracts.contains(&contract))
}

/// The table to ask, of those that one dataset has under several contracts: that of the contract that was named, or else
/// the only one that can be asked.
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
        // What was named is not passed over.
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
        [first, ..] => Err(ambiguous(first, &choice, named)),
    }
}

fn ambiguous(first: &RemoteTable, all: &[Arc<RemoteTable>], named: bool) -> Refusal {
    let list = all
        .iter()
        .filter_map(|table| Some(chosen_by(table, table.contract?)))
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

/// What tells a contract apart for people: its name, its title and what it lets out.
fn chosen_by(table: &RemoteTable, contract: ContractId) -> String {
    let kind = match table.shape {
        ViewShape::Rows(_) => "rows",
        ViewShape::Cube { .. } => "aggregates",
    };
    match &table.title {
        Some(title) => format!("{} \"{title}\" ({kind})", contract.short()),
        None => format!("{} ({kind})", contract.short()),
    }
}

/// The refusal for the cells of a dataset under a contract that shows rows.
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
