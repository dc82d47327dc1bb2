//! Prepaid and spent amounts, by the first version of a contract. Amounts are stored as text, since they are exact and exceed the
//! integers of SQLite.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::balance::{BALANCE, CHARGES, balance_row, charge_row};
use crate::state_index::row::{BalanceRow, ChargeRow};
use crate::state_index::to_signed;
use hansa_policy::money::MoneyAmount;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// Adds a prepaid amount.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_top_up(&self, contract: &str, amount: MoneyAmount) -> Result<(), Refusal> {
        let mut balance = self.read_balance(contract)?;
        balance.topped = balance.topped.saturating_add(amount);
        self.write_balance(contract, &balance)
    }

    /// Adds a charge, in the record that opens an answer or during the answer. A charge during the answer is stored with it, so
    /// that the unused part can be returned at its close.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_charge(&self, charge: &ChargeRow, opened: Option<u64>) -> Result<(), Refusal> {
        let mut balance = self.read_balance(&charge.contract)?;
        balance.spent = balance
            .spent
            .saturating_add(charge.each.saturating_mul(charge.count));
        if charge.per == "month" {
            balance.months = balance.months.saturating_add(charge.count);
        }
        self.write_balance(&charge.contract, &balance)?;
        let Some(opened) = opened else {
            return Ok(());
        };
        self.run(
            "INSERT INTO charge (opened, contract, per, each, count) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (opened, contract) DO UPDATE SET count = count + excluded.count",
            params![
                to_signed(opened),
                charge.contract,
                charge.per,
                charge.each.to_string(),
                to_signed(charge.count)
            ],
        )
    }

    /// Settles the charges of a closed answer: the unused part is returned. After a crash the sent amount is unknown, and nothing
    /// is returned.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn settle_charges(
        &self,
        opened: u64,
        rows: Option<u64>,
        bytes: Option<u64>,
    ) -> Result<(), Refusal> {
        for charge in self.query_rows(CHARGES, [to_signed(opened)], charge_row)? {
            let used = match charge.per.as_str() {
                "row" => rows,
                "MB" => bytes,
                _ => None,
            };
            if let Some(used) = used {
                let mut balance = self.read_balance(&charge.contract)?;
                let unused = charge
                    .each
                    .saturating_mul(charge.count.saturating_sub(used));
                balance.spent = balance.spent.saturating_sub(unused);
                self.write_balance(&charge.contract, &balance)?;
            }
        }
        self.run("DELETE FROM charge WHERE opened = ?1", [to_signed(opened)])
    }

    fn read_balance(&self, contract: &str) -> Result<BalanceRow, Refusal> {
        let found = self.query_row(BALANCE, [contract], balance_row)?;
        Ok(found.unwrap_or_default())
    }

    fn write_balance(&self, contract: &str, balance: &BalanceRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO balance (contract, spent, topped, months) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (contract) DO UPDATE SET spent = excluded.spent, topped = excluded.topped,
                 months = excluded.months",
            params![
                contract,
                balance.spent.to_string(),
                balance.topped.to_string(),
                to_signed(balance.months)
            ],
        )
    }
}
