//! What is spent of quotas, and what of it is given back.

use crate::state::change::Change;
use crate::state::query::reserved;
use crate::state::row::Spending;
use crate::state::signed;
use policy::refusal::Refusal;
use rusqlite::params;

impl Change<'_> {
    /// Spends `amount` of a quota in a slot. What an answer reserves for rows or bytes on their way is kept with it, so
    /// that what it does not use can be given back when it is closed.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn spend(
        &self,
        spending: &Spending,
        asker: &str,
        opened: Option<u64>,
    ) -> Result<(), Refusal> {
        let contract = spending.contract.to_string();
        let (clause, slot) = (spending.clause.0, spending.slot.micros());
        let amount = signed(spending.amount);
        self.run(
            "INSERT INTO budget (contract, clause, slot, asker, used) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (contract, clause, slot, asker) DO UPDATE SET used = used + excluded.used",
            params![contract, clause, slot, asker, amount],
        )?;
        let Some(opened) = opened else {
            return Ok(());
        };
        self.run(
            "INSERT INTO reserved (opened, contract, clause, slot, counts, amount) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (opened, contract, clause, slot) DO UPDATE SET amount = amount + excluded.amount",
            params![signed(opened), contract, clause, slot, spending.counts, amount],
        )
    }

    /// Gives back what an answer had reserved and did not use.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn give_back(&self, spending: &Spending, asker: &str) -> Result<(), Refusal> {
        self.run(
            "UPDATE budget SET used = max(0, used - ?5)
             WHERE contract = ?1 AND clause = ?2 AND slot = ?3 AND asker = ?4",
            params![
                spending.contract.to_string(),
                spending.clause.0,
                spending.slot.micros(),
                asker,
                signed(spending.amount)
            ],
        )
    }

    /// What an answer has reserved.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn reserved_by(&self, opened: u64) -> Result<Vec<Spending>, Refusal> {
        reserved(self.transaction, opened)
    }
}
