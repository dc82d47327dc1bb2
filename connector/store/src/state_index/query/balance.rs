//! Prepaid and spent amounts, and the use by month.

use crate::state_index::query::parse_column;
use crate::state_index::row::{BalanceRow, ChargeRow, MonthlyUsageRow};
use crate::state_index::{StateIndex, to_unsigned};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use rusqlite::Row;

pub(crate) const BALANCE: &str = "SELECT spent, topped, months FROM balance WHERE contract = ?1";

pub(crate) const CHARGES: &str = "SELECT contract, per, each, count FROM charge WHERE opened = ?1";

pub(crate) fn balance_row(row: &Row<'_>) -> rusqlite::Result<BalanceRow> {
    Ok(BalanceRow {
        spent: parse_column(row, 0)?,
        topped: parse_column(row, 1)?,
        months: to_unsigned(row.get(2)?),
    })
}

pub(crate) fn charge_row(row: &Row<'_>) -> rusqlite::Result<ChargeRow> {
    Ok(ChargeRow {
        contract: row.get(0)?,
        per: row.get(1)?,
        each: parse_column(row, 2)?,
        count: to_unsigned(row.get(3)?),
    })
}

impl StateIndex {
    /// Balances by the first version of the contract.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn balances(&self) -> Result<Vec<(ContractId, BalanceRow)>, Refusal> {
        self.query_rows(
            "SELECT spent, topped, months, contract FROM balance ORDER BY contract",
            [],
            |row| Ok((parse_column(row, 3)?, balance_row(row)?)),
        )
    }

    /// Use under a contract by the month (UTC) in which each answer was closed: number of questions, and the sent amounts.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn monthly_usage(&self, contract: ContractId) -> Result<Vec<MonthlyUsageRow>, Refusal> {
        self.query_rows(
            "SELECT strftime('%Y-%m', at / 1000000, 'unixepoch') AS month, COUNT(*), SUM(rows), SUM(bytes)
             FROM receipt WHERE role = 'provider' AND instr(contract, ?1) > 0 GROUP BY month ORDER BY month",
            [contract.to_string()],
            |row| {
                Ok(MonthlyUsageRow {
                    month: row.get(0)?,
                    questions: to_unsigned(row.get(1)?),
                    rows: to_unsigned(row.get(2)?),
                    bytes: to_unsigned(row.get(3)?),
                })
            },
        )
    }
}
