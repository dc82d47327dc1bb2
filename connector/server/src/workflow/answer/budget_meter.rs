//! Reserves what is about to leave, durably.

use crate::participant::Connector;
use crate::participant::prepaid_balances::BalanceReservation;
use crate::participant::quota_budget::BudgetReservation;
use async_trait::async_trait;
use hansa_policy::decision::prepaid_charge::PrepaidCharge;
use hansa_policy::decision::quota_budget::{QuotaBudget, QuotaKind};
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_query::answer::frames::QuotaMeter;
use hansa_query::execute::cancellation::CancellationSignal;
use std::sync::Arc;

/// The budgets of one answer, and what of them it has reserved.
pub(super) struct AnswerMeter {
    pub(super) connector: Arc<Connector>,
    pub(super) budgets: Vec<QuotaBudget>,
    pub(super) reserve: BudgetReservation,
    /// What it draws from what was paid beforehand, and what it has reserved of that.
    pub(super) charges: Vec<PrepaidCharge>,
    pub(super) draft: BalanceReservation,
    pub(super) request: RequestId,
    pub(super) opened: u64,
    /// How many rows may leave in a second, by contract.
    pub(super) rates: Vec<(ContractId, u64)>,
    /// Ends the wait for the next second when the answer is cut.
    pub(super) watch: CancellationSignal,
}

#[async_trait]
impl QuotaMeter for AnswerMeter {
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal> {
        if let Some(wait) =
            self.connector
                .limits
                .rate_limiter
                .wait(self.connector.ticks(), &self.rates, rows)
        {
            tokio::select! {
                biased;
                why = self.watch.wait() => return Err(why),
                () = tokio::time::sleep(wait) => {}
            }
        }
        let charged = self.connector.accounting.prepaid_balances.reserve(
            &self.charges,
            &mut self.draft,
            (self.request, self.opened),
            (rows, bytes),
        )?;
        if let Some(record) = charged {
            let _durable = self.connector.record(record).await?;
        }
        if self
            .budgets
            .iter()
            .all(|budget| budget.counts == QuotaKind::Queries)
        {
            return Ok(());
        }
        let record = self.connector.accounting.budgets.reserve(
            &self.budgets,
            &mut self.reserve,
            (self.request, self.opened),
            (rows, bytes),
        )?;
        // INVARIANT: record-before-byte. The reservation is durable before the message is handed out.
        if let Some(record) = record {
            let _durable = self.connector.record(record).await?;
        }
        Ok(())
    }
}
