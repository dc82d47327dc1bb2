//! Durable reservation of budgets before rows leave.

use crate::answer::bound_reservation::BoundReservation;
use crate::contract::prepaid_balances::BalanceReservation;
use crate::contract::quota_budget::{BudgetReservation, FrameSize};
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use async_trait::async_trait;
use hansa_audit_log::record::answers::ProgressRecord;
use hansa_policy::decision::prepaid_charge::PrepaidCharge;
use hansa_policy::decision::quota_budget::QuotaBudget;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_query::answer::frames::QuotaMeter;
use hansa_query::execute::cancellation::CancellationSignal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Budgets of one answer, and the amounts reserved from them.
pub(super) struct AnswerMeter {
    pub(super) connector: Arc<Connector>,
    pub(super) budgets: Vec<QuotaBudget>,
    pub(super) reserve: BudgetReservation,
    /// Prepaid charges of the answer, with the amounts reserved from them.
    pub(super) charges: Vec<PrepaidCharge>,
    pub(super) draft: BalanceReservation,
    /// Upper bound of the rows and bytes that have left, as recorded in the log.
    pub(super) bound: BoundReservation,
    pub(super) request: RequestId,
    pub(super) opened: u64,
    /// Highest number of rows per second, by contract.
    pub(super) rates: Vec<(ContractId, u64)>,
    /// Signal that ends the wait for the next second when the answer is cut.
    pub(super) watch: CancellationSignal,
    /// Rows that left, for the list of running answers.
    pub(super) sent_rows: Arc<AtomicU64>,
}

#[async_trait]
impl QuotaMeter for AnswerMeter {
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal> {
        if let Some(wait) = self.connector.limits.rate_limiter.charge_rows(
            self.connector.ticks(),
            &self.rates,
            rows,
        ) {
            tokio::select! {
                biased;
                why = self.watch.wait() => return Err(why),
                () = tokio::time::sleep(wait) => {}
            }
        }
        // INVARIANT: record-before-byte. The reservation is durable before the message is handed out.
        if let Some(record) = self.reserve_all(rows, bytes)? {
            let _durable = self.connector.record(record).await?;
        }
        self.sent_rows.fetch_add(rows, Ordering::Relaxed);
        Ok(())
    }
}

impl AnswerMeter {
    /// Reserves room for a message in all quotas, in the prepaid balances and in the bound.
    ///
    /// Returns the record that must be durable before the message leaves, or `None` if earlier reservations cover the message.
    fn reserve_all(&mut self, rows: u64, bytes: u64) -> Result<Option<AuditEvent>, Refusal> {
        let accounting = &self.connector.accounting;
        let frame = FrameSize { rows, bytes };
        let charges = accounting
            .prepaid_balances
            .reserve(&self.charges, &mut self.draft, frame)?;
        let reservations = accounting
            .budgets
            .reserve(&self.budgets, &mut self.reserve, frame)?;
        let bound = self.bound.reserve(rows, bytes, self.connector.ticks());
        if charges.is_empty() && reservations.is_empty() && bound.is_none() {
            return Ok(None);
        }
        let record = ProgressRecord {
            request_id: self.request.to_string(),
            opened: self.opened,
            reservations,
            charges,
            at_most: bound,
        };
        Ok(Some(record.into()))
    }
}
