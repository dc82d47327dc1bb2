//! Check that a question uses each contract that was named for it.

use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::QueryCatalog;
use crate::federation::query_catalog::named_contract::{
    UnusableContractCause, unused_contract_refusal,
};
use crate::federation::table::RemoteTable;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

impl QueryCatalog {
    /// Checks that each named contract gives a usable table.
    ///
    /// # Errors
    /// The reason of the first contract without one.
    pub(in crate::federation) fn check_named(&self, options: &QueryOptions) -> Result<(), Refusal> {
        for contract in &options.contracts {
            if self.table_under(*contract).is_some() {
                continue;
            }
            match self.cause(*contract) {
                Some(UnusableContractCause::Refused(why)) => return Err(why.clone()),
                Some(UnusableContractCause::NotAsked(why)) if !options.among_several => {
                    return Err(why.clone());
                }
                Some(
                    UnusableContractCause::NotAsked(_) | UnusableContractCause::OutOfReach(..),
                ) => {}
                None => return Err(unknown_contract_refusal(*contract)),
            }
        }
        Ok(())
    }

    /// Checks that the question uses each named contract. `bound` are the contracts of its tables. A contract also passes if its
    /// table or participant is reported as missing, since the report contains the reason.
    ///
    /// # Errors
    /// The reason of the first unused contract.
    pub(in crate::federation) fn check_bound(
        &self,
        options: &QueryOptions,
        bound: &BTreeSet<ContractId>,
        left_out: &[(ParticipantId, Refusal)],
    ) -> Result<(), Refusal> {
        for contract in &options.contracts {
            let is_reported = |who: &ParticipantId, is_of_it: &dyn Fn(&Refusal) -> bool| {
                let mut reported = left_out.iter();
                reported.any(|(lacking, why)| lacking == who && is_of_it(why))
            };
            if bound.contains(contract) || options.among_several {
                continue;
            }
            if let Some(table) = self.table_under(*contract) {
                let why = table.barred.as_ref().or(table.misfit.as_ref());
                // A report about another dataset of that participant is no reason for this contract.
                if is_reported(&table.dataset.owner, &|refusal| {
                    refusal.contract == Some(*contract) || why == Some(refusal)
                }) {
                    continue;
                }
                let name = format!("{}.{}", table.alias, table.dataset.name);
                return Err(why
                    .cloned()
                    .unwrap_or_else(|| unused_contract_refusal(*contract, &name)));
            }
            match self.cause(*contract) {
                Some(UnusableContractCause::OutOfReach(who, _))
                    if is_reported(who, &|refusal| {
                        refusal.contract.is_none_or(|of| of == *contract)
                    }) => {}
                Some(
                    UnusableContractCause::OutOfReach(_, why)
                    | UnusableContractCause::Refused(why)
                    | UnusableContractCause::NotAsked(why),
                ) => return Err(why.clone()),
                None => return Err(unknown_contract_refusal(*contract)),
            }
        }
        Ok(())
    }

    /// Reason of the first named contract whose dataset the statement does not mention. It is reported before any refusal about
    /// mentioned datasets.
    pub(in crate::federation) fn unmentioned_contract_refusal(
        &self,
        sql: &str,
        options: &QueryOptions,
    ) -> Option<Refusal> {
        if options.among_several {
            return None;
        }
        let sql = sql.to_lowercase();
        let words: BTreeSet<&str> = sql
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .collect();
        options.contracts.iter().find_map(|contract| {
            let table = self.table_under(*contract)?;
            let model = table.model.as_deref();
            let mentioned = words.contains(table.dataset.name.as_str())
                || model.is_some_and(|model| words.contains(model));
            let name = format!("{}.{}", table.alias, table.dataset.name);
            (!mentioned).then(|| unused_contract_refusal(*contract, &name))
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

fn unknown_contract_refusal(contract: ContractId) -> Refusal {
    Refusal::new(
        ErrorCode::ContractUnknown,
        format!("no contract `{}` is held here", contract.to_short_text()),
    )
    .with_contract(contract)
    .with_help("hansa contract list")
}
