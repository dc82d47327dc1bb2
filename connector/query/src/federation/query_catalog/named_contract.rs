//! The contract under which a dataset is asked for: one that was named binds or refuses, with a reason of its own.

use super::{QueryCatalog, RemoteTable, ViewShape};
use crate::federation::federated_query::QueryOptions;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
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
pub fn unused(contract: ContractId, dataset: &str) -> Refusal {
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
pub(super) fn is_named(table: &RemoteTable, wish: &QueryOptions) -> bool {
    table
        .contract
        .is_some_and(|contract| wish.contracts.contains(&contract))
}

/// The table to ask, of those that one dataset has under several contracts: that of the contract that was named, or else
/// the only one that can be asked.
pub(super) fn chosen(
    candidates: Vec<Arc<RemoteTable>>,
    wish: &QueryOptions,
) -> Result<Option<Arc<RemoteTable>>, Refusal> {
    let named = candidates.iter().any(|table| is_named(table, wish));
    let fitting: Vec<_> = candidates
        .into_iter()
        .filter(|table| !named || is_named(table, wish))
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

impl QueryCatalog {
    /// Checks that under each contract that was named something can be asked.
    ///
    /// # Errors
    /// The reason of the first under which nothing can.
    pub(in crate::federation) fn check_named(&self, wish: &QueryOptions) -> Result<(), Refusal> {
        for contract in &wish.contracts {
            if self.table_under(*contract).is_some() {
                continue;
            }
            match self.cause(*contract) {
                Some(UnusableContractCause::Refused(why)) => return Err(why.clone()),
                Some(UnusableContractCause::NotAsked(why)) if !wish.among_several => {
                    return Err(why.clone());
                }
                Some(
                    UnusableContractCause::NotAsked(_) | UnusableContractCause::OutOfReach(..),
                ) => {}
                None => return Err(unknown(*contract)),
            }
        }
        Ok(())
    }

    /// Checks that the question uses each contract that was named; `bound` are those under which its tables are asked. One whose
    /// table is told to be lacking is not used and has its reason there; so has one whose participant can't be reached.
    ///
    /// # Errors
    /// The reason of the first that it does not use.
    pub(in crate::federation) fn check_bound(
        &self,
        wish: &QueryOptions,
        bound: &BTreeSet<ContractId>,
        left_out: &[(ParticipantId, Refusal)],
    ) -> Result<(), Refusal> {
        for contract in &wish.contracts {
            let is_told = |who: &ParticipantId, is_of_it: &dyn Fn(&Refusal) -> bool| {
                let mut told = left_out.iter();
                told.any(|(lacking, why)| lacking == who && is_of_it(why))
            };
            if bound.contains(contract) || wish.among_several {
                continue;
            }
            if let Some(table) = self.table_under(*contract) {
                let why = table.barred.as_ref().or(table.misfit.as_ref());
                // What is told of another dataset of that participant is no reason of this one.
                if is_told(&table.dataset.owner, &|told| {
                    told.contract == Some(*contract) || why == Some(told)
                }) {
                    continue;
                }
                let name = format!("{}.{}", table.alias, table.dataset.name);
                return Err(why.cloned().unwrap_or_else(|| unused(*contract, &name)));
            }
            match self.cause(*contract) {
                Some(UnusableContractCause::OutOfReach(who, _))
                    if is_told(who, &|told| told.contract.is_none_or(|of| of == *contract)) => {}
                Some(
                    UnusableContractCause::OutOfReach(_, why)
                    | UnusableContractCause::Refused(why)
                    | UnusableContractCause::NotAsked(why),
                ) => return Err(why.clone()),
                None => return Err(unknown(*contract)),
            }
        }
        Ok(())
    }

    /// The reason of the first contract that was named and whose dataset a statement does not mention at all: it is told before
    /// anything about the datasets that are mentioned.
    pub(in crate::federation) fn unmentioned(
        &self,
        sql: &str,
        wish: &QueryOptions,
    ) -> Option<Refusal> {
        if wish.among_several {
            return None;
        }
        let sql = sql.to_lowercase();
        let words: BTreeSet<&str> = sql
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .collect();
        wish.contracts.iter().find_map(|contract| {
            let table = self.table_under(*contract)?;
            let model = table.model.as_deref();
            let mentioned = words.contains(table.dataset.name.as_str())
                || model.is_some_and(|model| words.contains(model));
            let name = format!("{}.{}", table.alias, table.dataset.name);
            (!mentioned).then(|| unused(*contract, &name))
        })
    }

    fn table_under(&self, contract: ContractId) -> Option<&RemoteTable> {
        let mut tables = self.tables.iter();
        let found = tables.find(|table| table.contract == Some(contract));
        found.map(AsRef::as_ref)
    }

    fn cause(&self, contract: ContractId) -> Option<&UnusableContractCause> {
        let mut all = self.unusable.iter();
        let found = all.find(|one| one.contract == contract);
        found.map(|one| &one.cause)
    }
}

fn unknown(contract: ContractId) -> Refusal {
    Refusal::new(
        ErrorCode::ContractUnknown,
        format!("no contract `{}` is held here", contract.short()),
    )
    .with_contract(contract)
    .with_help("hansa contract list")
}
