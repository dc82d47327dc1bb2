//! The instant at which an answer that runs may run no longer.

use crate::participant::Connector;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// So long the clock is not looked at, in microseconds: what ends, ends within a second.
const LOOK: u64 = 500_000;

/// Bounds of an answer: the end that was decided, and withdrawals that give notice. Such a withdrawal may come while it runs.
pub(super) struct AnswerEnd {
    /// Contracts under which it runs; none for our own people.
    pub(super) contracts: Vec<ContractId>,
    /// The end that was decided.
    pub(super) decided: UtcTimestamp,
    /// The refusal that is told where it is cut there.
    pub(super) cut: Refusal,
}

impl AnswerEnd {
    /// Waits until it is over, and gives why. The clock may be set meanwhile, so it is looked at again and again; one that is set
    /// back, and stands still for the log until it has caught up, puts no end off.
    pub(super) async fn wait(&self, connector: &Connector) -> Refusal {
        let (begun, clock) = (connector.ticks(), connector.now().micros());
        loop {
            let withdrawn = self.withdrawn(connector);
            let end = withdrawn.map_or(self.decided, |(_, from)| from.min(self.decided));
            let by_clock = end.micros().saturating_sub(connector.now().micros());
            let passed = connector.ticks().saturating_sub(begun);
            let by_ticks = end.micros().saturating_sub(clock).saturating_sub(passed);
            match u64::try_from(by_clock.min(by_ticks)) {
                Ok(left) if left > 0 => {
                    tokio::time::sleep(Duration::from_micros(left.min(LOOK))).await;
                }
                _ => return self.reason(withdrawn),
            }
        }
    }

    /// The first of its contracts that is withdrawn from a later instant on, and that instant. What ends at once is cut by who ends it.
    fn withdrawn(&self, connector: &Connector) -> Option<(ContractId, UtcTimestamp)> {
        connector.contracts.with_registry(|registry| {
            let each = self.contracts.iter();
            each.filter_map(|id| Some((*id, registry.withdrawn_from(*id)?)))
                .filter(|(_, from)| *from > UtcTimestamp::EARLIEST)
                .min_by_key(|(_, from)| *from)
        })
    }

    fn reason(&self, withdrawn: Option<(ContractId, UtcTimestamp)>) -> Refusal {
        // Where both come at the same instant, the decision has taken its end from the withdrawal.
        match withdrawn.filter(|(_, from)| *from <= self.decided) {
            Some((contract, _)) => {
                let sentence = format!("contract `{}` was withdrawn", contract.short());
                Refusal::new(ErrorCode::Withdrawn, sentence).with_contract(contract)
            }
            None => self.cut.clone(),
        }
    }
}
