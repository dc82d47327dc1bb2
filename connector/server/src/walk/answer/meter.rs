//! Reserves what is about to leave, durably.

use crate::node::Node;
use crate::node::budget::Reserve;
use crate::node::purse::Draft;
use async_trait::async_trait;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_policy::ruling::fare::Fare;
use hansa_policy::ruling::{Budget, Counted};
use hansa_query::answer::frames::Meter;
use hansa_query::execute::watch::Watch;
use std::sync::Arc;

/// The budgets of one answer, and what of them it has reserved.
pub(super) struct NodeMeter {
    pub(super) node: Arc<Node>,
    pub(super) budgets: Vec<Budget>,
    pub(super) reserve: Reserve,
    /// What it draws from what was paid beforehand, and what it has reserved of that.
    pub(super) fares: Vec<Fare>,
    pub(super) draft: Draft,
    pub(super) request: RequestId,
    pub(super) opened: u64,
    /// How many rows may leave in a second, by contract.
    pub(super) rates: Vec<(ContractId, u64)>,
    /// Ends the wait for the next second when the answer is cut.
    pub(super) watch: Watch,
}

#[async_trait]
impl Meter for NodeMeter {
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal> {
        if let Some(wait) = self.node.paces.wait(self.node.ticks(), &self.rates, rows) {
            tokio::select! {
                biased;
                why = self.watch.wait() => return Err(why),
                () = tokio::time::sleep(wait) => {}
            }
        }
        let charged = self.node.purses.reserve(
            &self.fares,
            &mut self.draft,
            (self.request, self.opened),
            (rows, bytes),
        )?;
        if let Some(record) = charged {
            let _durable = self.node.record(record).await?;
        }
        if self
            .budgets
            .iter()
            .all(|budget| budget.counts == Counted::Queries)
        {
            return Ok(());
        }
        let record = self.node.budgets.reserve(
            &self.budgets,
            &mut self.reserve,
            (self.request, self.opened),
            (rows, bytes),
        )?;
        // INVARIANT: record-before-byte. The reservation is durable before the message is handed out.
        if let Some(record) = record {
            let _durable = self.node.record(record).await?;
        }
        Ok(())
    }
}
