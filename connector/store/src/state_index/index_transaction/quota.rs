//! Used amounts of own datasets by asking participant, as counted for quotas.
//!
//! A quota is a clause of one contract, but the count belongs to the participant and the dataset: another contract on the dataset,
//! an amendment or a renewed public view continues the count.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::reserved_spendings;
use crate::state_index::row::QuotaSpending;
use crate::state_index::to_signed;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// Adds a used amount. The reservation of an answer for rows or bytes is stored with it, so that the unused part can be
    /// returned at its close.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_spending(
        &self,
        spending: &QuotaSpending,
        asker: &str,
        opened: Option<u64>,
    ) -> Result<(), Refusal> {
        let dataset = spending.dataset.to_string();
        let (counts, at) = (&spending.counts, spending.at.micros());
        let amount = to_signed(spending.amount);
        self.run(
            "INSERT INTO budget (asker, dataset, counts, at, used) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (asker, dataset, counts, at) DO UPDATE SET used = used + excluded.used",
            params![asker, dataset, counts, at, amount],
        )?;
        let Some(opened) = opened else {
            return Ok(());
        };
        self.run(
            "INSERT INTO reserved (opened, dataset, counts, at, amount) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (opened, dataset, counts, at) DO UPDATE SET amount = amount + excluded.amount",
            params![to_signed(opened), dataset, counts, at, amount],
        )
    }

    /// Returns the unused part of an answer's reservation.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn give_back(&self, spending: &QuotaSpending, asker: &str) -> Result<(), Refusal> {
        self.run(
            "UPDATE budget SET used = max(0, used - ?5)
             WHERE asker = ?1 AND dataset = ?2 AND counts = ?3 AND at = ?4",
            params![
                asker,
                spending.dataset.to_string(),
                spending.counts,
                spending.at.micros(),
                to_signed(spending.amount)
            ],
        )
    }

    /// Reservations of an answer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn list_reservations(&self, opened: u64) -> Result<Vec<QuotaSpending>, Refusal> {
        reserved_spendings(self.transaction, opened)
    }

    /// Dataset of a contract in the log.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn dataset_of(&self, contract: ContractId) -> Result<Option<DatasetId>, Refusal> {
        let found: Option<Option<String>> = self.query_row(
            "SELECT dataset FROM contract WHERE id = ?1",
            [contract.to_string()],
            |row| row.get(0),
        )?;
        Ok(found.flatten().and_then(|dataset| dataset.parse().ok()))
    }
}
