//! What was agreed on: the datasets of contracts, and their models.

use crate::state::State;
use crate::state::query::parsed;
use evidence::time::Time;
use policy::id::{ContractId, DatasetId};
use policy::refusal::Refusal;
use std::collections::BTreeMap;

impl State {
    /// Of which models the dataset of each contract was seen to be; none is one of them.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn models(&self) -> Result<BTreeMap<ContractId, Vec<Option<String>>>, Refusal> {
        let rows: Vec<(ContractId, String)> =
            self.all("SELECT contract, model FROM model", [], |row| {
                Ok((parsed(row, 0)?, row.get(1)?))
            })?;
        let mut models: BTreeMap<ContractId, Vec<Option<String>>> = BTreeMap::new();
        for (contract, model) in rows {
            let model = (!model.is_empty()).then_some(model);
            models.entry(contract).or_default().push(model);
        }
        Ok(models)
    }

    /// The contracts that the log has come into force and not ended at `now`, with their datasets; whether their files can
    /// be read is for others to say.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn agreed_on(&self, now: Time) -> Result<Vec<(ContractId, DatasetId)>, Refusal> {
        self.all(
            "SELECT id, dataset FROM contract WHERE activated IS NOT NULL AND dataset IS NOT NULL
             AND begins <= ?1 AND ends > ?1 AND (withdrawn IS NULL OR withdrawn > ?1) ORDER BY id",
            [now.micros()],
            |row| Ok((parsed(row, 0)?, parsed(row, 1)?)),
        )
    }
}
