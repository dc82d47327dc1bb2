//! What was paid beforehand and what was spent of it, by the first version of a contract. Amounts are kept as text, since
//! they are exact and larger than SQLite's integers.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::balance::{FARES, PURSE, balance_row, charge_row};
use crate::state_index::row::{BalanceRow, ChargeRow};
use crate::state_index::to_signed;
use hansa_policy::money::MoneyAmount;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// More was paid.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn topped_up(&self, contract: &str, amount: MoneyAmount) -> Result<(), Refusal> {
        let mut balance = self.balance(contract)?;
        balance.topped = balance.topped.plus(amount);
        self.write_balance(contract, &balance)
    }

    /// So many were charged, in the record that opens an answer or while it runs. What is charged while it runs is kept with
    /// it, so that what it does not use can be given back when it is closed.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn add_charge(&self, charge: &ChargeRow, opened: Option<u64>) -> Result<(), Refusal> {
        let mut balance = self.balance(&charge.contract)?;
        balance.spent = balance.spent.plus(charge.each.times(charge.count));
        if charge.per == "month" {
            balance.months = balance.months.saturating_add(charge.count);
        }
        self.write_balance(&charge.contract, &balance)?;
        let Some(opened) = opened else {
            return Ok(());
        };
        self.run(
            "INSERT INTO fare (opened, contract, per, each, count) VALUES (?1, ?2, ?3, ?4, ?5)
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

    /// An answer was closed: what it was charged for and did not use is given back. After a crash nobody knows what was
    /// sent, and nothing is.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn settle_charges(
        &self,
        opened: u64,
        rows: Option<u64>,
        bytes: Option<u64>,
    ) -> Result<(), Refusal> {
        for charge in self.many(FARES, [to_signed(opened)], charge_row)? {
            let used = match charge.per.as_str() {
                "row" => rows,
                "MB" => bytes,
                _ => None,
            };
            if let Some(used) = used {
                let mut balance = self.balance(&charge.contract)?;
                let unused = charge.each.times(charge.count.saturating_sub(used));
                balance.spent = balance.spent.less(unused);
                self.write_balance(&charge.contract, &balance)?;
            }
        }
        self.run("DELETE FROM fare WHERE opened = ?1", [to_signed(opened)])
    }

    fn balance(&self, contract: &str) -> Result<BalanceRow, Refusal> {
        let found = self.one(PURSE, [contract], balance_row)?;
        Ok(found.unwrap_or_default())
    }

    fn write_balance(&self, contract: &str, balance: &BalanceRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO purse (contract, spent, topped, months) VALUES (?1, ?2, ?3, ?4)
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
